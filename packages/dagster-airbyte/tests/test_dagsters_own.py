"""Dagster's own dagster-airbyte, in the place of the door, beside our dagster-managed-elements."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import requires
from pathlib import Path
from threading import Thread

import pytest

LIBRARY = Path(__file__).parents[2] / "dagster-managed-elements"
THEIRS = "dagster-airbyte==0.29.27"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

MODULE = """
from dagster_airbyte import AirbyteConnection, AirbyteDestination, AirbyteManagedElementReconciler
from dagster_airbyte import AirbyteSource, AirbyteSyncMode, airbyte_resource

configuration = {"url": "http://x", "provider": {"storage": "HTTPS"}, "password": "hunter2"}
source = AirbyteSource("cereals-csv", "File", configuration)
destination = AirbyteDestination("local-json", "Local JSON", {"destination_path": "/local/x.json"})
streams = {"cereals": AirbyteSyncMode.full_refresh_overwrite()}
connection = AirbyteConnection("download", source, destination, streams)
reconciler = AirbyteManagedElementReconciler(
    airbyte_resource.configured({"host": "127.0.0.1", "port": "PORT", "request_max_retries": 0}), [connection]
)
"""

RESOURCES = """
from dagster import EnvVar
from dagster_airbyte import AirbyteCloudResource, AirbyteCloudWorkspace, AirbyteResource, AirbyteWorkspace
from dagster_managed_elements.airbyte import AirbyteManagedElementReconciler, AirbyteSource

url = "http://127.0.0.1:PORT"
workspace = AirbyteWorkspace(
    rest_api_base_url=f"{url}/api/public/v1",
    configuration_api_base_url=EnvVar("CONFIGURATION_API"),
    workspace_id="WORKSPACE",
    client_id="me",
    client_secret=EnvVar("SECRET"),
)
legacy = AirbyteResource(host=EnvVar("HOST"), port="PORT", username="u", password=EnvVar("SECRET"))
source = AirbyteSource("numbers", "Sample Data", {"count": 3})
by_workspace = AirbyteManagedElementReconciler(workspace, elements=[source])
by_legacy = AirbyteManagedElementReconciler(legacy, elements=[source])
cloud = [
    AirbyteManagedElementReconciler(AirbyteCloudWorkspace(workspace_id="w", client_id="i", client_secret="s")),
    AirbyteManagedElementReconciler(AirbyteCloudResource(client_id="i", client_secret="s")),
]
"""

EXPECTED = """\
Found 1 managed elements, checking...
+ cereals-csv:
  + url: http://x
  + password: **********
  + provider:
    + storage: HTTPS
+ local-json:
  + destination_path: /local/x.json
+ download:
  + source: cereals-csv
  + destination: local-json
  + normalize data: None
  + destination namespace: SAME_AS_SOURCE
  + prefix: None
  + streams:
    + cereals:
      + syncMode: full_refresh
      + destinationSyncMode: overwrite
"""

ANSWERS = {
    "workspaces/list": {"workspaces": [{"workspaceId": "w"}]},
    "sources/list": {"sources": []},
    "destinations/list": {"destinations": []},
    "connections/list": {"connections": []},
    "source_definitions/list": {"sourceDefinitions": [{"sourceDefinitionId": "f", "name": "File"}]},
    "destination_definitions/list": {
        "destinationDefinitions": [{"destinationDefinitionId": "l", "name": "Local JSON"}]
    },
}


class OldAirbyte(BaseHTTPRequestHandler):
    """As much of an Airbyte of their days as their check asks for."""

    def do_POST(self):
        answer = ANSWERS.get(self.path.removeprefix("/api/v1/"))
        body = json.dumps(answer).encode()
        self.send_response(200 if answer else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    """The bin folder of an environment that has theirs, and ours without the door."""
    folder = tmp_path_factory.mktemp("theirs")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    needed = [requirement for requirement in requires("dagster-managed-elements") if "extra ==" not in requirement]
    pip = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, THEIRS, *needed], check=True)
    subprocess.run([*pip, "--no-deps", LIBRARY], check=True)
    return folder / "bin"


@pytest.fixture
def port():
    server = ThreadingHTTPServer(("127.0.0.1", 0), OldAirbyte)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_port
    server.shutdown()
    server.server_close()
    thread.join()


def run(folder, *command, **more):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")} | more
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_their_reconciler_runs_under_our_command_line(theirs, port, tmp_path):
    (tmp_path / "theirs.py").write_text(MODULE.replace("PORT", str(port)))
    done = run(tmp_path, theirs / "dagster-me", "check", "-m", "theirs")
    assert (done.returncode, done.stdout) == (0, EXPECTED)


def test_what_their_reconciler_raises_is_one_line(theirs, tmp_path):
    (tmp_path / "theirs.py").write_text(MODULE.replace("PORT", "1"))
    done = run(tmp_path, theirs / "dagster-me", "check", "-m", "theirs")
    assert (done.returncode, done.stdout) == (3, "Found 1 managed elements, checking...\n")
    assert done.stderr.splitlines()[-1].startswith("Error: ")
    assert "Traceback" not in done.stderr


def test_the_version_warns_that_theirs_stands_in_the_door(theirs, tmp_path):
    done = run(tmp_path, theirs / "dagster-me", "--version")
    assert done.returncode == 0
    assert "dagster-airbyte 0.29.27\n" in done.stdout
    assert "is not the one of dagster-managed-elements" in done.stderr


@pytest.mark.parametrize("which", ["by_workspace", "by_legacy"])
def test_their_resources_say_where_our_reconciler_goes(theirs, airbyte_local, tmp_path, which):
    text = RESOURCES.replace("PORT", str(airbyte_local.port)).replace("WORKSPACE", airbyte_local.workspace_id)
    (tmp_path / "ours.py").write_text(text)
    environment = {"HOST": "127.0.0.1", "SECRET": "hush", "CONFIGURATION_API": f"{airbyte_local.url}/api/v1"}
    done = run(tmp_path, theirs / "dagster-me", "check", "-m", f"ours:{which}", **environment)
    assert done.stdout == "Found 1 managed elements, checking...\n+ numbers:\n  + count: 3\n", done.stderr
    unset = run(tmp_path, theirs / "dagster-me", "check", "-m", f"ours:{which}")
    assert unset.returncode == 2
    assert "is not set" in unset.stderr
