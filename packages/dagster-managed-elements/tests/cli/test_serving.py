"""`serve --module`: what a module declares beside what a server has, for as long as the server runs."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from dagster_managed_elements.cli.monitoring import Monitor

SECONDS = 30.0
SERVER = """
import click

@click.command()
@click.option("--port", type=int, default=1)
@click.option("--host", default="127.0.0.1")
def serve(port, host):
    click.echo(f"serving {host}:{port}")
"""


class Local:
    """A local server as far as a watch knows one."""

    def __init__(self):
        self.revision, self.status, self.put = "1", 200, []
        self.news = threading.Condition()
        local = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self.answer(200, local.revision)

            def do_PUT(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                with local.news:
                    local.put.append((self.path, json.loads(body)))
                    local.news.notify_all()
                self.answer(local.status, "{}")

            def answer(self, status, text):
                self.send_response(status)
                self.send_header("content-length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def taken(self, count):
        """The body of the PUT of that number, once it has come."""
        with self.news:
            assert self.news.wait_for(lambda: len(self.put) >= count, SECONDS), self.put
            path, body = self.put[count - 1]
            assert path == "/_local/diff"
            return body

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def local():
    made = Local()
    yield made
    made.close()


@pytest.fixture
def watched(project, local, monkeypatch):
    """`watched(source)`: a module with a toy whose place is the server, and a watch of it."""
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)  # else each child compiles all it imports

    def watch(source, port=None):
        project.write(source.replace("HERE", f'Toy("http://localhost:{port or local.port} toy")'))
        return Monitor("mine", project.folder, host="127.0.0.1", port=local.port, seconds=0.02)

    return watch


DECLARED = 'reconciler = Reconciler(HERE, [Connection("c", source=Source("s"))])'


def test_what_differs_is_put_on_the_servers_page(watched, local, capfd):
    with watched(DECLARED):
        body = local.taken(1)
    assert body["module"] == "mine"
    assert body["document"]["summary"]["create"] == 2
    assert body["document"]["places"][0]["reconcilers"] == ["mine:reconciler"]
    assert (body["in_sync"], "error" in body) == ([], False)
    assert capfd.readouterr().out == f"mine: 2 to create. See http://127.0.0.1:{local.port}/diff\n"


def test_what_is_in_sync_is_named(watched, local, capfd):
    module = DECLARED + '\nreconciler.instance.store["source", "s"] = Source("s").fields()'
    with watched(module):
        body = local.taken(1)
    assert body["in_sync"] == [{"kind": "source", "name": "s"}]
    assert [change["name"] for change in body["document"]["places"][0]["changes"]] == ["c"]


def test_it_is_compared_again_when_the_module_changes_and_said_once_a_change(watched, local, project, capfd):
    with watched(DECLARED):
        local.taken(1)
        file = project.folder / "mine.py"
        file.write_text(file.read_text() + "\n# the same\n")
        local.taken(2)
        file.write_text(file.read_text().replace('[Connection("c", source=Source("s"))]', "[]"))
        assert local.taken(3)["document"]["in_sync"]
    said = capfd.readouterr().out.splitlines()
    assert [line.partition(" See")[0] for line in said] == ["mine: 2 to create.", "mine: in sync."]


@pytest.mark.slow
def test_it_is_compared_again_when_something_is_written_there(watched, local):
    with watched(DECLARED):
        local.taken(1)
        local.revision = "2"
        local.taken(2)


@pytest.mark.wide("no good")
@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("raise ValueError('no good')", "mine.py, line 3: ValueError: no good"),
        ("def (", "mine.py, line 3: SyntaxError: invalid syntax"),
        ("x = 1", "The module mine has no reconciler."),
        ("import os\nos._exit(7)", "mine ended the check of it with code 7."),
        ("raise SystemExit(3)", "mine.py, line 3: SystemExit: 3"),
    ],
)
def test_an_error_in_the_module_is_said_and_mending_it_is_seen(watched, local, project, capfd, source, said):
    with watched(source):
        assert local.taken(1)["error"].startswith(said)
        project.write(DECLARED.replace("HERE", f'Toy("http://localhost:{local.port} toy")'))
        assert local.taken(2)["document"]["summary"]["create"] == 2
    assert capfd.readouterr().err.startswith(f"Error: {said}")


@pytest.mark.slow
def test_a_module_that_is_not_there_yet_is_waited_for(watched, local, project):
    with watched(DECLARED):
        local.taken(1)
    (project.folder / "mine.py").unlink()
    with Monitor("mine", project.folder, host="127.0.0.1", port=local.port, seconds=0.02):
        assert "There is no module mine" in local.taken(2)["error"]
        project.write(DECLARED.replace("HERE", f'Toy("http://127.0.0.1:{local.port}")'))
        assert local.taken(3)["document"]["summary"]["create"] == 2


def test_a_module_about_another_server_is_told_so(watched, local, capfd):
    with watched(DECLARED, port=local.port - 1):
        error = local.taken(1)["error"]
    assert error == (
        f"mine is about http://localhost:{local.port - 1}, not about this server. "
        f"Give its instance the address http://127.0.0.1:{local.port}."
    )
    assert capfd.readouterr().err == f"Error: {error}\n"


def test_of_several_places_those_that_are_elsewhere_are_left_out(watched, local):
    with watched(DECLARED + '\nother = Reconciler(Toy("http://elsewhere:1"), [Source("x")])'):
        assert len(local.taken(1)["document"]["places"]) == 1


def test_a_server_without_such_a_page_is_asked_once(watched, local, project, capfd):
    local.status = 404
    watch = watched(DECLARED)
    with watch:
        local.taken(1)
        watch._thread.join(SECONDS)
        assert not watch._thread.is_alive()
    assert capfd.readouterr().err == "note: this server has no page for what differs\n"


@pytest.mark.slow
def test_what_is_too_much_for_a_page_is_said(watched, local, capfd):
    local.status = 413
    with watched(DECLARED):
        local.taken(1)
        local.revision = "2"
        local.taken(2)
    assert capfd.readouterr().err == (
        "Error: What differs is too much for a page. dagster-me check --module mine says it.\n"
    )


def test_a_check_that_hangs_ends_with_the_server(watched, local, project):
    os.mkfifo(project.folder / "never")
    watch = watched('open("begun", "w").close()\nopen("never").read()')
    with watch:
        while not (project.folder / "begun").exists() and watch._thread.is_alive():
            watch._thread.join(0.01)
        child = watch._child
    assert child.wait() == -signal.SIGKILL
    assert local.put == []


def test_the_servers_own_options_and_help_stay_beside_ours(project, monkeypatch):
    info = project.folder / "somebody-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: somebody\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[dagster_managed_elements.serve]\ntoy = somebody:serve")
    (project.folder / "somebody.py").write_text(SERVER)
    monkeypatch.setattr(sys, "path", [str(project.folder)])
    shown = project.run("serve", "--help").stdout
    assert all(option in shown for option in ("--module", "--working-directory", "--port", "--host"))
    project.write("reconciler = None")
    assert project.run("serve", "-m", "mine", "--port", "9").stdout == "serving 127.0.0.1:9\n"
    assert "serving 127.0.0.1:" in project.run("serve", "-m", "mine", "--port", "0").stdout
    wrong = project.run("serve", "-d", ".")
    assert (wrong.exit_code, "name it with --module" in wrong.stderr) == (2, True)
