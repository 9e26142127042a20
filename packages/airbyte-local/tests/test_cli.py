"""`airbyte-local serve`: one friendly line, one line for what goes wrong, and a quiet end."""

from __future__ import annotations

import http.client
import importlib.metadata
import json
import os
import signal
import socket
import subprocess
import sys

import httpx
import pytest
from airbyte_local import server
from airbyte_local.cli import VERSIONS, main
from airbyte_local.versions.profiles import PROFILES
from click.testing import CliRunner


def environment():
    return {
        key: value
        for key, value in os.environ.items()
        if key not in {"PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"}
    }


def start(*arguments, cwd=None):
    return subprocess.Popen(
        [sys.executable, "-c", "from airbyte_local.cli import main; main()", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
        cwd=cwd,
    )


@pytest.fixture
def run(tmp_path, monkeypatch):
    """In this process: the exit code, and what was said."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        done = CliRunner().invoke(main, arguments)
        return done.exit_code, done.stdout, done.stderr

    return run


def test_it_says_where_it_is_and_ends_quietly_on_ctrl_c(tmp_path):
    with start("serve", "--port", "0", cwd=tmp_path) as process:
        line = process.stdout.readline()
        url = line.split(" is at ")[1].split()[0]
        assert line == f"Airbyte 2.0.0 (local) is at {url} with its data in {tmp_path / '.airbyte-local'}\n"
        assert httpx.get(f"{url}/api/v1/health", verify=False).json() == {"available": True}
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=10)
    assert (process.returncode, out, err) == (0, "", "")


@pytest.mark.slow
def test_it_ends_soon_and_without_a_traceback_while_a_request_waits(tmp_path):
    with start("serve", "--port", "0", cwd=tmp_path) as process:
        url = process.stdout.readline().split(" is at ")[1].split()[0]
        httpx.put(
            f"{url}/_local/faults", json=[{"match": "health", "action": "latency", "base_ms": 60_000}], verify=False
        )
        asking = http.client.HTTPConnection(url.removeprefix("http://"), timeout=30)
        asking.putrequest("POST", "/api/v1/health")
        asking.putheader("Content-Length", "2")
        asking.putheader("Expect", "100-continue")
        asking.endheaders()
        begun = asking.sock.recv(100)  # said once the request has arrived, and is being worked on
        asking.send(b"{}")
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=10)
        answer = asking.getresponse()
        told = json.loads(answer.read())
        asking.close()
    assert begun.startswith(b"HTTP/1.1 100 ")
    assert (process.returncode, answer.status) == (0, 503)
    assert told == {"message": "The server was stopped."}
    assert "Traceback" not in err


def test_a_port_in_use_is_one_line_that_says_what_to_do(run):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, out, err = run("serve", "--port", str(port))
    assert (code, out) == (2, "")
    assert (
        err == f"Port {port} is in use. Stop what listens there, or choose another with --port (0: any free one).\n"
    )


def test_a_folder_in_use_is_one_line_that_says_what_to_do(run, tmp_path):
    with server(tmp_path / "data"):
        code, out, err = run("serve", "--port", "0", "--data", "data")
    assert (code, out) == (2, "")
    assert err == "data is in use by another local Airbyte. Stop that one, or choose another folder with --data.\n"


def test_a_folder_of_something_else_is_one_line_that_says_what_to_do(run, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "state.db").write_bytes(b"something else entirely" * 100)
    code, out, err = run("serve", "--port", "0", "--data", "data")
    assert (code, out) == (2, "")
    assert err == (
        "data/state.db was not written by this version. Move it away, or choose another folder with --data.\n"
    )


@pytest.mark.parametrize("arguments", [["--host", "192.0.2.1"], ["--data", "file/below"]])
def test_what_cannot_be_served_is_one_line(run, tmp_path, arguments):
    (tmp_path / "file").write_text("")
    code, _, err = run("serve", "--port", "0", *arguments)
    assert code == 2
    assert err.startswith("Cannot serve on ")
    assert err.count("\n") == 1


def test_bodies_are_logged_only_where_asked_for(tmp_path):
    for flags, logged in (([], None), (["--log-bodies"], {"sourceId": "x"})):
        with start("serve", "--port", "0", *flags, cwd=tmp_path) as process:
            url = process.stdout.readline().split(" is at ")[1].split()[0]
            httpx.post(f"{url}/api/v1/sources/get", json={"sourceId": "x"}, verify=False)
            assert httpx.get(f"{url}/_local/requests", verify=False).json()[0]["request"] == logged
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=10)


def test_a_process_asked_to_die_is_gone(tmp_path):
    with start("serve", "--port", "0", cwd=tmp_path) as process:
        url = process.stdout.readline().split(" is at ")[1].split()[0]
        httpx.put(f"{url}/_local/faults", json=[{"match": "health", "action": "die"}], verify=False)
        with pytest.raises(httpx.TransportError):
            httpx.get(f"{url}/api/v1/health", verify=False)
        assert process.wait(timeout=5) == 137


def test_other_programs_find_the_command_by_its_entry_point():
    (found,) = importlib.metadata.entry_points(group="dagster_managed_elements.serve")
    command = found.load()
    options = {parameter.name: parameter.default for parameter in command.params}
    assert (options["port"], options["host"], str(options["data"])) == (8000, "127.0.0.1", ".airbyte-local")


def test_the_help_does_not_load_the_server():
    code = "import sys, airbyte_local.cli; print('uvicorn' in sys.modules, 'starlette' in sys.modules)"
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment()
    )
    assert found.stdout == "False False\n"


def test_a_server_loads_no_http_client_and_no_database_before_one_is_asked_for():
    heavy = "{'httpx', 'duckdb', 'psycopg', 'pyarrow'}"
    code = f"import sys, airbyte_local.serving.lifecycle; print({heavy} & {{*sys.modules}})"
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment()
    )
    assert found.stdout == "set()\n"


def test_every_version_but_that_of_the_future_can_be_served():
    assert set(VERSIONS) == set(PROFILES) - {"9.9"}


@pytest.mark.parametrize(
    ("version", "auth", "legal"), [("0.50", "client", "none, basic"), ("cloud", "basic", "client")]
)
def test_a_cell_that_nobody_can_have_is_one_line_that_names_the_legal_ones(run, tmp_path, version, auth, legal):
    code, out, err = run("serve", "--airbyte-version", version, "--auth", auth)
    assert (code, out) == (2, "")
    assert err == f"Airbyte {version} cannot be had with auth '{auth}', only with {legal}.\n"
    assert not (tmp_path / ".airbyte-local").exists()


def test_credentials_are_said_and_open_the_door(tmp_path):
    with start("serve", "--port", "0", "--airbyte-version", "cloud", "--client-id", "me", cwd=tmp_path) as process:
        lines = [process.stdout.readline() for _ in range(3)]
        url = lines[0].split(" is at ")[1].split()[0]
        assert lines[1] == "Client id      me\n"
        mine = {"client_id": "me", "client_secret": lines[2].split()[-1]}
        assert httpx.post(f"{url}/v1/applications/token", json=mine, verify=False).status_code == 200
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=10)
