"""The way back from what was done to an Airbyte: a check of what was declared before is empty again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from airbyte_local import LocalAirbyte
from dagster_managed_elements.airbyte import (
    AirbyteConnection,
    AirbyteDestination,
    AirbyteInstance,
    AirbyteSource,
    AirbyteStream,
    AirbyteSyncMode,
    AirbyteTag,
    EnvVar,
)
from dagster_managed_elements.applying import apply
from dagster_managed_elements.engine.elements import Element
from dagster_managed_elements.engine.errors import DeclarationError
from dagster_managed_elements.engine.guarding import Policy
from dagster_managed_elements.engine.planning import Plan
from dagster_managed_elements.reconciler import Reconciler
from dagster_managed_elements.reconciling import Options, Result, check

PASSWORD = "correct-horse-battery"


class Bench:
    """One server, with a state in a file beside it."""

    def __init__(self, server: LocalAirbyte, api: Any, folder: Path) -> None:
        self.server, self.api, self.folder = server, api, folder
        self.state = f"file://{folder / 'state.json'}"

    def of(self, elements: Sequence[Element]) -> Reconciler:
        instance = AirbyteInstance(url=self.server.url, api=self.api)
        return Reconciler(instance, elements, delete_unmentioned_resources=True)

    def planned(self, elements: Sequence[Element], **how: Any) -> list[tuple[str, str]]:
        (result,) = anyio.run(check, [self.of(elements)], Options(state=self.state, **how))
        assert result.error is None, result.error
        return [(entry.action, entry.key.name) for entry in result.plan.entries]

    def apply(self, elements: Sequence[Element], **how: Any) -> Result:
        async def decide(_plan: Plan) -> Policy:
            return Policy(allow_all=True)

        async def go() -> list[Result]:
            return await apply([self.of(elements)], Options(state=self.state, decide=decide, **how), anyio.Event())

        (result,) = anyio.run(go)
        return result

    def done(self, elements: Sequence[Element], **how: Any) -> None:
        result = self.apply(elements, **how)
        assert result.error is None, result.error
        assert result.report.ok, result.report

    def password(self) -> str:
        listed = {"workspaceId": self.server.workspace_id}
        rows = httpx.post(f"{self.server.url}/api/v1/sources/list", json=listed, verify=False).json()["sources"]
        (id_,) = (row["sourceId"] for row in rows if row["name"] == "shop")
        return self.server.stored("source", id_)["password"]


def elements(version: int, api: str) -> list[Element]:
    """The first version, or another in every way that there is."""
    first = version == 1
    lake = AirbyteDestination("lake", "Local JSON", {"destination_path": f"/local/{version}"})
    sample = AirbyteSource("sample", "Sample Data", {"count": 10 + version})
    shop = {"host": f"db-{version}", "port": 5432, "database": "shop", "username": "airbyte"}
    users = AirbyteStream(AirbyteSyncMode.incremental_append("updated_at"))
    products = AirbyteSyncMode.FULL_REFRESH_OVERWRITE
    more: dict[str, Any] = {} if first else {"tags": [AirbyteTag("gold", color="FFD700")]}
    if api == "config":
        more["notify_schema_changes"] = first
    connection = AirbyteConnection(
        "sync",
        sample,
        lake,
        {"users": users, "products": products} if first else {"products": AirbyteSyncMode.FULL_REFRESH_APPEND},
        prefix="p_" if first else None,
        schedule="0 0 5 * * ?" if first else "0 30 6 * * ?",
        **more,
    )
    return [connection, AirbyteSource("shop", "Postgres", {**shop, "password": EnvVar("SHOP")})]


@pytest.fixture
def bench(airbyte_local, tmp_path, monkeypatch, request):
    monkeypatch.setenv("DAGSTER_ME_STATE_KEY", "k" * 64)
    monkeypatch.setenv("SHOP", PASSWORD)
    return Bench(airbyte_local, request.param, tmp_path)


BOTH = pytest.mark.parametrize("bench", ["config", pytest.param("public", marks=pytest.mark.slow)], indirect=True)


@BOTH
def test_creates_updates_and_deletes_are_undone_to_the_last_field(bench, monkeypatch):
    before, after = elements(1, bench.api), elements(2, bench.api)
    bench.done(before)
    bench.done(after)
    bench.done(after, undo="last")
    assert bench.planned(before) == []
    bench.done([])
    monkeypatch.delenv("SHOP")
    lacking = bench.apply([], undo="last")
    assert isinstance(lacking.error, DeclarationError)
    assert str(lacking.error) == (
        "shop.password: it needs this secret to be as it was: set SHOP, or declare it in the module"
    )
    monkeypatch.setenv("SHOP", PASSWORD)
    bench.done([], undo="last")
    assert bench.planned(before) == []
    assert bench.password() == PASSWORD
    bench.done([], undo="last")
    assert bench.planned([]) == []
    kept = "".join(file.read_text() for file in (bench.folder / "state.json.history").iterdir())
    assert not [PASSWORD[start : start + 8] for start in range(14) if PASSWORD[start : start + 8] in kept]


READ, WRITTEN = "with its source", "with its destination"


@pytest.mark.parametrize(
    ("bench", "gone"),
    [
        pytest.param(api, gone, marks=() if (api, gone) == ("config", WRITTEN) else pytest.mark.slow)
        for api in ("config", "public")
        for gone in ("alone", READ, WRITTEN)
    ],
    indirect=["bench"],
)
def test_a_connection_that_is_there_again_goes_on_from_where_it_was(bench, gone):
    people = AirbyteSource("people", "Sample Data", {"count": 3, "always_updated": False})
    here = AirbyteDestination("here", "Local JSON", {"destination_path": "/local/here"})
    streams = {"users": AirbyteSyncMode.INCREMENTAL_APPEND, "products": AirbyteSyncMode.FULL_REFRESH_APPEND}
    before = [AirbyteConnection("sync", people, here, streams)]

    def call(path: str, **body: Any) -> Any:
        return httpx.post(f"{bench.server.url}/api/v1/{path}", json=body).json()

    def connection() -> str:
        (found,) = call("connections/list", workspaceId=bench.server.workspace_id)["connections"]
        return found["connectionId"]

    def state() -> Any:
        return call("state/get", connectionId=connection()).get("streamState")

    bench.done(before)
    assert bench.server.sync(connection()).status == "succeeded"
    was, read = connection(), state()
    bench.done({"alone": [people, here], READ: [here], WRITTEN: [people]}[gone])
    undone = bench.apply([], undo="last")
    assert undone.report.ok
    assert connection() != was
    said = {each.code: each.text for each in undone.plan.consequences}
    if bench.api == "public":
        assert (said, state()) == ({}, None)
    elif gone == "alone":
        assert said == {"state-kept": "sync (connection): its stream users goes on from where it was"}
        assert state() == read
    else:
        assert said == {
            "reread": "sync (connection) has no sync state of its stream users, since its "
            f"{gone.removeprefix('with its ')} is another one by now; it is read in full"
        }
        assert state() is None
