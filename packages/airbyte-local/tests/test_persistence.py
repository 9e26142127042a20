"""Everything survives a restart and kill -9; two servers never share a folder; requests may come at once."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest
from airbyte_local import server
from airbyte_local.store.database import DataFolderInUse, DataFolderUnreadable

FAKER = "dfd88b22-b603-4c3d-aad7-3701784586b1"


def child_environment():
    return {
        key: value
        for key, value in os.environ.items()
        if key not in {"PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"}
    }


@contextmanager
def serving(data, *more):
    """`airbyte-local serve` as a process; yields it and its URL."""
    command = [sys.executable, "-c", "from airbyte_local.cli import main; main()", "serve", "--port", "0"]
    with subprocess.Popen(
        [*command, "--data", str(data), *more],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=child_environment(),
    ) as process:
        try:
            line = process.stdout.readline()
            yield process, line.split(" is at ")[1].split()[0]
        finally:
            process.kill()


def workspace_of(client):
    nil = "00000000-0000-0000-0000-000000000000"
    return client.post("/workspaces/list_by_user_id", json={"userId": nil}).json()["workspaces"][0]["workspaceId"]


def test_what_was_answered_survives_kill_9(tmp_path):
    with serving(tmp_path) as (process, url), httpx.Client(base_url=f"{url}/api/v1", verify=False) as client:
        workspace = workspace_of(client)
        for n in range(20):
            body = {
                "workspaceId": workspace,
                "sourceDefinitionId": FAKER,
                "name": f"s{n}",
                "connectionConfiguration": {},
            }
            last = client.post("/sources/create", json=body).json()
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    with serving(tmp_path) as (_, url), httpx.Client(base_url=f"{url}/api/v1", verify=False) as client:
        assert workspace_of(client) == workspace
        assert client.post("/sources/get", json={"sourceId": last["sourceId"]}).json() == last
        assert client.post("/sources/list", json={"workspaceId": workspace}).json()["num_connections"] == 20


def test_everything_survives_a_restart(api):
    made = api.connection(tags=[api.ok("tags/create", workspaceId=api.workspace, name="t", color="00AAFF")])
    key = {"connectionId": made["connectionId"]}
    state = {**key, "stateType": "legacy", "state": {"x": 1}}
    api.ok("state/create_or_update", {**key, "connectionState": state})
    pages = ("sources", "destinations")
    before = [api.ok("web_backend/connections/get", key), *(api.names(page) for page in pages)]
    api.server.restart()
    assert [api.ok("web_backend/connections/get", key), *(api.names(page) for page in pages)] == before
    assert api.ok("state/get", key) == state
    assert api.ok("sources/discover_schema", sourceId=made["sourceId"])["jobInfo"]["createdAt"] == 0


def test_a_request_that_fails_half_way_leaves_nothing(api):
    operation = {"workspaceId": api.workspace, "name": "o", "operatorConfiguration": {"operatorType": "dbt"}}
    unknown = "11111111-1111-1111-1111-111111111111"
    body = {"sourceId": unknown, "destinationId": unknown, "status": "active", "operations": [operation]}
    api.refused(404, "web_backend/connections/create", body)
    with api.server.world.store.transaction() as session:
        assert session._database.execute("SELECT count(*) FROM operation").fetchone() == (0,)


def test_a_folder_has_one_server_at_a_time(tmp_path):
    with server(tmp_path) as first:
        with pytest.raises(DataFolderInUse), server(tmp_path):
            pass
        assert httpx.get(f"{first.url}/api/v1/health", verify=False).status_code == 200
    with server(tmp_path) as second:
        assert second.workspace_id


def test_many_requests_at_once_are_all_done(api):
    def create(n):
        body = {
            "workspaceId": workspace,
            "sourceDefinitionId": FAKER,
            "name": f"s{n}",
            "connectionConfiguration": {},
        }
        return api.client.post("/api/v1/sources/create", json=body).status_code

    workspace = api.workspace
    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(create, range(100))) == {200}
    assert sorted(api.names("sources")) == sorted(f"s{n}" for n in range(100))


def test_the_state_file_is_the_owners_alone(api):
    api.source()
    files = list(api.server.data.glob("state.db*"))
    assert len(files) > 1  # SQLite's own log lies beside it, and holds the same secrets
    assert [file.stat().st_mode & 0o077 for file in files] == [0] * len(files)


@pytest.mark.parametrize("content", [b"no database at all" * 99, "other version"])
def test_a_state_file_of_something_else_is_refused_and_left_alone(tmp_path, content):
    file = tmp_path / "state.db"
    if isinstance(content, bytes):
        file.write_bytes(content)
    else:
        with contextlib.closing(sqlite3.connect(file)) as database:
            database.execute("PRAGMA user_version=99")
    before = file.read_bytes()
    with pytest.raises(DataFolderUnreadable), server(tmp_path):
        pass
    assert file.read_bytes() == before


@pytest.mark.slow
def test_many_discoveries_of_files_of_the_same_server_do_not_wait_for_each_other(api):
    (api.server.files / "t.csv").write_text("a,b\n1,2\n")
    configuration = {"dataset_name": "t", "format": "csv", "provider": {"storage": "HTTPS"}}
    url = f"{api.server.url}/_local/files/t.csv"
    sources = [{"name": "f{n}", "type": "File", "configuration": {**configuration, "url": url}, "count": 100}]
    ids = api.server.seed(sources=sources)["sources"]

    def discover(source_id):
        return api.client.post("/api/v1/sources/discover_schema", json={"sourceId": source_id}).json()

    with ThreadPoolExecutor(100) as pool:
        assert all(answer["jobInfo"]["succeeded"] for answer in pool.map(discover, ids))


def test_a_temporary_server_leaves_no_folder_behind():
    with server() as running:
        assert running.data.exists()
    assert not running.data.exists()
