"""`dagster-me snapshot` and `check --against`: a place without its secrets, compared with where nobody is there."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import airbyte_local
import httpx
import pytest
from click.testing import CliRunner
from dagster_managed_elements.cli import main

from testing.populated import SECRET, Populated, populate

MODULE = """
import os
from dagster_managed_elements.airbyte import *

airbyte = AirbyteInstance(url={url!r}, username="airbyte", password=EnvVar("AIRBYTE_PASSWORD"), api={api!r})
shop = AirbyteSource("shop", "Stripe", {{"account_id": {account!r}, "client_secret": EnvVar("SHOP_SECRET")}})
disk = AirbyteDestination("disk", "Local JSON", {{"destination_path": "/local/disk"}})
reconciler = AirbyteManagedElementReconciler(airbyte, elements=[shop, disk])
"""
AS_IT_IS = ["Found 1 managed elements, checking...", "No diff found."]


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def run(*words: str):
        sys.modules.pop("mine", None)
        return CliRunner().invoke(main, words)

    yield run
    sys.modules.pop("mine", None)


def declare(url: str, *, account: str = "acct", api: str = "config") -> None:
    Path("mine.py").write_text(MODULE.format(url=url, account=account, api=api))


@pytest.mark.parametrize("api", ["config", pytest.param("public", marks=pytest.mark.slow)])
def test_a_module_is_compared_without_a_server_and_without_credentials(run, monkeypatch, api):
    with airbyte_local.server(airbyte_version="2.0", auth="basic") as server:
        declare(url := server.url, api=api)
        monkeypatch.setenv("AIRBYTE_PASSWORD", "password")
        monkeypatch.setenv("SHOP_SECRET", f"{SECRET}-shop")
        assert run("apply", "-m", "mine", "--yes").exit_code == 0
        taken = run("snapshot", "-m", "mine", "-o", "airbyte.json")
        assert (taken.exit_code, taken.stdout) == (0, "Wrote airbyte.json.\n")
        before = Path("airbyte.json").read_text()
        assert run("snapshot", "-m", "mine").stdout == before
        assert {exchange.status for exchange in server.requests} <= {200, 404}
    monkeypatch.delenv("AIRBYTE_PASSWORD")
    monkeypatch.delenv("SHOP_SECRET")
    assert SECRET not in before
    assert "password" not in json.dumps(
        [row for row in json.loads(before)["answers"] if "definition" not in row["request"]]
    )
    # Nobody is there any more: a request would end with "Cannot reach".
    same = run("check", "-m", "mine", "--against", "airbyte.json", "--exit-code")
    assert (same.exit_code, same.stdout.splitlines()) == (0, AS_IT_IS), same.stderr
    declare(url, account="another", api=api)
    other = run("check", "-m", "mine", "--against", "airbyte.json", "--exit-code")
    assert (other.exit_code, other.stdout.splitlines()[1:]) == (1, ["~ shop:", "  ~ account_id: acct -> another"])
    online = run("check", "-m", "mine")
    assert online.exit_code != 0


def test_all_of_a_place_is_in_its_snapshot_and_no_secret(run):
    with airbyte_local.server(airbyte_version="2.0") as server:
        populate(Populated(server, "2.0"), sources=9, connections=6)
        Path("mine.py").write_text(
            f"from dagster_managed_elements.airbyte import *\nairbyte = AirbyteInstance(url={server.url!r})\n"
        )
        assert run("snapshot", "--instance", "mine:airbyte", "-o", "airbyte.json").exit_code == 0
        exported = run("export", "--instance", "mine:airbyte", "-o", "warehouse.py")
        assert exported.exit_code == 0
    text = Path("airbyte.json").read_text()
    assert SECRET not in text
    assert "00112233" not in text
    assert run("check", "-m", "warehouse", "--against", "airbyte.json").stdout.splitlines() == AS_IT_IS
    sys.modules.pop("warehouse", None)


def test_what_is_no_snapshot_or_has_too_little_is_one_line(run):
    declare("http://127.0.0.1:1")
    for text, told in (
        ("{}", "airbyte.json: It is no snapshot of `dagster-me snapshot`."),
        ('{"snapshot": 9, "answers": []}', "airbyte.json: It is a snapshot of version 9, and only 1 can be read;"),
        ('{"snapshot": 1, "answers": []}', "The snapshot does not have what this comparison takes: "),
    ):
        Path("airbyte.json").write_text(text)
        result = run("check", "-m", "mine", "--against", "airbyte.json")
        assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
        assert result.stderr.startswith(f"Error: {told}")
    neither = run("snapshot")
    assert neither.stderr == "Error: Give --module, or --instance: one of the two says what is looked at.\n"


def test_what_a_module_calls_secret_is_in_no_snapshot_of_it(run, monkeypatch):
    """Airbyte itself shows a login, and the parameters of a URL."""
    told = {"SHOP_LOGIN": f"{SECRET}-login", "SHOP_KEY": f"{SECRET}-key", "SHOP_PASSWORD": "p"}
    with airbyte_local.server(airbyte_version="2.0") as server:
        Path("mine.py").write_text(WRAPPED.format(url=server.url))
        for variable, value in told.items():
            monkeypatch.setenv(variable, value)
        assert run("apply", "-m", "mine", "--yes").exit_code == 0
        monkeypatch.setenv("SHOP_LOGIN", "another by now")
        assert run("snapshot", "-m", "mine", "-o", "airbyte.json").exit_code == 0
    for variable in told:
        monkeypatch.delenv(variable)
    assert SECRET not in Path("airbyte.json").read_text()
    assert run("check", "-m", "mine", "--against", "airbyte.json").stdout.splitlines() == AS_IT_IS


WRAPPED = """
from dagster_managed_elements.airbyte import *

database = {{"host": "db", "port": 5432, "database": "shop", "username": EnvVar("SHOP_LOGIN")}}
parameters = Secret.format("sslkey={{}}", EnvVar("SHOP_KEY"))
shop = AirbyteSource(
    "shop", "Postgres", {{**database, "password": EnvVar("SHOP_PASSWORD"), "jdbc_url_params": parameters}}
)
reconciler = AirbyteManagedElementReconciler(AirbyteInstance(url={url!r}), elements=[shop])
"""


def test_no_sync_state_is_in_a_snapshot_which_says_what_becomes_of_it_if_it_was_asked(run):
    with airbyte_local.server(airbyte_version="2.0") as server:
        first, moved = (SYNCED.format(url=server.url, source=name) for name in ("shop", "other"))
        Path("mine.py").write_text(first)
        assert run("apply", "-m", "mine", "--yes").exit_code == 0
        api = f"{server.url}/api/v1"
        listed = httpx.post(
            f"{api}/connections/list", json={"workspaceId": server.workspace_id}, verify=False
        ).json()
        id_ = {"connectionId": listed["connections"][0]["connectionId"]}
        row = {"streamDescriptor": {"name": "customers", "namespace": "public"}, "streamState": {"at": SECRET}}
        state = {**id_, "stateType": "global", "globalState": {"shared_state": {}, "streamStates": [row]}}
        told = httpx.post(
            f"{api}/state/create_or_update_safe", json={**id_, "connectionState": state}, verify=False
        )
        assert told.status_code == 200
        Path("mine.py").write_text(moved)
        assert run("snapshot", "-m", "mine", "-o", "moved.json").exit_code == 0
    assert '"global"' in Path("moved.json").read_text()
    assert SECRET not in Path("moved.json").read_text()
    says = run("check", "-m", "mine", "--against", "moved.json")
    assert "a place in the log of the other source" in says.stdout + says.stderr
    snapshot = json.loads(Path("moved.json").read_text())
    rows = [row for row in snapshot["answers"] if not row["request"].endswith("state/get")]
    Path("without.json").write_text(json.dumps({**snapshot, "answers": rows}))
    says = run("check", "-m", "mine", "--against", "without.json")
    assert "goes on from where it was" in says.stdout + says.stderr, "as far as such a snapshot tells"


SYNCED = """
from dagster_managed_elements.airbyte import *

databases = {{
    name: AirbyteSource(name, "Postgres", {{"host": "db", "port": 5432, "database": name, "username": "u"}})
    for name in ("shop", "other")
}}
disk = AirbyteDestination("disk", "Local JSON", {{"destination_path": "/local/disk"}})
customers = AirbyteStream(AirbyteSyncMode.INCREMENTAL_APPEND, cursor_field="id")
sync = AirbyteConnection("sync", databases[{source!r}], disk, {{"customers": customers}})
reconciler = AirbyteManagedElementReconciler(
    AirbyteInstance(url={url!r}), elements=[*databases.values(), disk, sync]
)
"""
