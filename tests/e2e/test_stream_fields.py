"""Every field of a stream, in both APIs: declared and applied it is clean, changed on the server it is one line,
and an apply restores it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import airbyte_local
import anyio
import httpx
import pytest
from click.testing import CliRunner
from dagster_managed_elements.airbyte import (
    AirbyteConnection,
    AirbyteDestination,
    AirbyteInstance,
    AirbyteSource,
    AirbyteStream,
    AirbyteSyncMode,
    Secret,
    mappers,
)
from dagster_managed_elements.applying import apply
from dagster_managed_elements.cli import main
from dagster_managed_elements.engine.guarding import Policy
from dagster_managed_elements.reconciler import Reconciler
from dagster_managed_elements.reconciling import Options, check
from dagster_managed_elements.rendering.sections import Section
from dagster_managed_elements.rendering.trees import flattened, tree
from dagster_managed_elements.rendering.values import inline

from testing.airbytes import CELLS, Workload
from testing.contracts import check_exchange, require_contract

KEY = "00112233445566778899aabbccddeeff"
CURSOR = "_ab_source_file_last_modified"
SOURCE = AirbyteSource(
    "files", "S3", {"bucket": "b", "streams": [{"name": "orders", "format": {"filetype": "csv"}}]}
)
DESTINATION = AirbyteDestination(
    "lake", "Postgres", {"host": "h", "port": 5432, "database": "d", "schema": "public", "username": "u"}
)
MAPPERS = [
    mappers.Hashing("data"),
    mappers.FieldRenaming("data_hashed", "hash"),
    mappers.RowFiltering(mappers.Or(mappers.Equal("hash", "a"), mappers.Not(mappers.Equal("hash", "b")))),
    mappers.AesEncryption(CURSOR, Secret.literal(KEY)),
    mappers.RsaEncryption(f"{CURSOR}_encrypted", "30819f300d06"),
]
_FIELDS = {
    "cursor_field": CURSOR,
    "primary_key": "data",
    "fields": ["data", CURSOR],
    "mappers": MAPPERS,
    "include_files": True,
    "destination_object_name": "Contact",
}
SINCE = {("fields", "public"): "1.5", "mappers": "1.5", "include_files": "1.8", "destination_object_name": "1.8"}


@dataclass(frozen=True)
class Row:
    """*change* alters a stream's configuration as an API has it; *lines* are what a check says of it, from the
    first that is of the stream's own. *given* is declared instead of *needs*.
    """

    label: str
    change: Callable[[dict[str, Any], str], None]
    lines: tuple[str, ...]
    needs: str = ""
    given: Mapping[str, Any] = field(default_factory=dict[str, Any])
    by_config: bool = False  # the Public API refuses to


def _mode(config: dict[str, Any], api: str) -> None:
    config |= {"syncMode": "incremental_append"} if api == "public" else {"destinationSyncMode": "append"}


def _method(config: dict[str, Any], _api: str) -> None:
    config["mappers"][0]["mapperConfiguration"]["method"] = "MD5"


def _order(config: dict[str, Any], _api: str) -> None:
    """Of two that have nothing to do with each other: Airbyte refuses one that reads what is not there by then."""
    config["mappers"][2:4] = config["mappers"][3:1:-1]


def _shown(order: Sequence[int]) -> str:
    """Of the mappers as they are declared those in *order*, on one line."""
    return inline([_BLOCKS[number] for number in order])


_BLOCKS = [mappers.block_of(mapper) for mapper in MAPPERS]
_SENT = "********** -> ********** (sent along as declared)"
_KEPT = f'"{CURSOR}", "data"'


ROWS = [
    Row("mode", _mode, ("mode: INCREMENTAL_APPEND -> INCREMENTAL_APPEND_DEDUP",)),
    Row(
        "cursor",
        lambda c, _: c.update(cursorField=["data"]),
        (f'cursor: ["data"] -> ["{CURSOR}"]',),
        by_config=True,
    ),
    Row(
        "primary key",
        lambda c, _: c.update(primaryKey=[["data"], [CURSOR]]),
        (f'primary key: [["{CURSOR}"], ["data"]] -> [["data"]]',),
    ),
    Row(
        "fields",
        lambda c, _: c.update(fieldSelectionEnabled=False, selectedFields=[]),
        (f"fields: all -> [{_KEPT}]",),
        needs="fields",
    ),
    Row(
        "excluded fields",
        lambda c, _: c.update(fieldSelectionEnabled=False, selectedFields=[]),
        (f"fields: all -> [{_KEPT}]",),
        needs="fields",
        given={"exclude_fields": ["_ab_source_file_url"]},
    ),
    Row(
        "mappers",
        _method,
        ("mappers:", "0:", "hashing:", "method: MD5 -> SHA-256", "3:", "encryption:", f"key: {_SENT}"),
        needs="mappers",
    ),
    Row(
        "no mappers",
        lambda c, _: c.update(mappers=[], hashedFields=[]),
        (f"mappers: [] -> {_shown(range(5))}",),
        needs="mappers",
    ),
    Row("order", _order, (f"mappers: {_shown((0, 1, 3, 2, 4))} -> {_shown(range(5))}",), needs="mappers"),
    Row(
        "include files",
        lambda c, _: c.update(includeFiles=False),
        ("include files: False -> True",),
        needs="include_files",
    ),
    Row(
        "destination object name",
        lambda c, _: c.update(destinationObjectName="Lead"),
        ("destination object name: Lead -> Contact",),
        needs="destination_object_name",
    ),
]


def fields_of(version: str, api: str) -> dict[str, Any]:
    """What an Airbyte has of a stream, a value for each."""
    since = {name: SINCE.get((name, api)) or SINCE.get(name, "0.50") for name in _FIELDS}
    return {name: value for name, value in _FIELDS.items() if version == "cloud" or since[name] <= version}


class Place:
    def __init__(self, server: airbyte_local.LocalAirbyte, version: str, api: str) -> None:
        self.server, self.version, self.api = server, version, api
        self.instance = AirbyteInstance(url=server.url, api=api)
        self.fields = fields_of(version, api)
        self.client = httpx.Client(verify=False)
        self.declared: AirbyteConnection | None = None

    def connection(self) -> AirbyteConnection:
        if self.declared is not None:
            return self.declared
        mode = AirbyteSyncMode("incremental", "append_dedup")
        return AirbyteConnection("sync", SOURCE, DESTINATION, {"orders": AirbyteStream(mode, **self.fields)})

    def lines(self) -> list[str]:
        (result,) = anyio.run(check, [Reconciler(self.instance, [self.connection()])], Options())
        assert result.error is None, result.error
        return [line.text for line in flattened(tree(Section(of=(), plan=result.plan)))]

    def apply(self) -> None:
        async def agree(_plan: Any) -> Policy:
            return Policy(allow_all=True)

        async def go() -> Any:
            reconciler = Reconciler(self.instance, [self.connection()])
            return await apply([reconciler], Options(decide=agree), anyio.Event())

        (result,) = anyio.run(go)
        assert result.error is None, result.error
        assert result.report is not None
        assert result.report.ok, result.report

    def stored(self) -> dict[str, Any]:
        return self.call("list", {"workspaceId": self.server.workspace_id})["connections"][0]

    def change(self, row: Row) -> None:
        """By a raw request of the API."""
        stored = self.stored()
        if self.api == "config" or row.by_config:
            # As the UI does: the schema that a connection keeps is cut to the columns that were chosen.
            shown = self.call("get", {"connectionId": stored["connectionId"]}, "web_backend/connections")
            row.change(shown["syncCatalog"]["streams"][0]["config"], self.api)
            self.call("update", {"connectionId": stored["connectionId"], "syncCatalog": shown["syncCatalog"]})
            return
        url = f"{self.server.url}/api/public/v1/connections/{stored['connectionId']}"
        (stream,) = self.client.get(url).json()["configurations"]["streams"]
        row.change(stream, self.api)
        sent = {name: value for name, value in stream.items() if value != []}  # an answer's own [] is refused
        answer = self.client.patch(url, json={"configurations": {"streams": [sent]}})
        assert answer.status_code == 200, answer.text

    def call(self, endpoint: str, body: Mapping[str, Any], folder: str = "connections") -> Any:
        answer = self.client.post(f"{self.server.url}/api/v1/{folder}/{endpoint}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()


ALONE = [(version, api) for version in ("0.50", "1.5", "1.6", "1.8", "2.0") for api in ("config", "public")]


@pytest.fixture(
    params=[pytest.param(cell, marks=() if cell[0] == "2.0" else pytest.mark.slow) for cell in ALONE],
    ids="-".join,
)
def place(request: pytest.FixtureRequest):
    version, api = request.param
    with airbyte_local.server(airbyte_version=version) as server:
        place = Place(server, version, api)
        with place.client:
            yield place


@pytest.mark.wide("public")
def test_each_field_of_a_stream_is_seen_alone_and_restored(place: Place):
    contract = require_contract({"0.50": "0.50"}.get(place.version, f"{place.version}.0"))
    place.apply()
    assert place.lines() == []
    ids = [mapper["id"] for mapper in _config(place).get("mappers", [])]
    for row in ROWS:
        if row.needs and row.needs not in place.fields:
            continue
        declared = place.fields
        place.fields = {name: value for name, value in declared.items() if not row.given or name != row.needs}
        place.fields |= row.given
        assert place.lines() == []  # what was changed before is restored
        place.change(row)
        assert place.lines() == ["sync:", "streams:", "orders:", *row.lines]
        place.apply()
        place.fields = declared
        if row.label == "mappers":
            assert [mapper["id"] for mapper in _config(place)["mappers"]] == ids
    assert place.lines() == []
    if "mappers" in place.fields:
        id_ = place.stored()["connectionId"]
        with place.server.world.store.transaction() as session:
            (kept,) = session.connections.whole([id_])
        assert kept.details["streams"][0]["config"]["mappers"][3]["mapperConfiguration"]["key"] == KEY
    violations = {
        violation
        for each in place.server.requests
        if each.path.endswith(("connections/create", "connections/update")) or each.method == "PATCH"
        for violation in check_exchange(
            contract, each.path, each.request, each.status, each.response, method=each.method
        )
    }
    assert violations == set()


NAMESPACED = [(version, "config") for version in ("0.50", "1.5", "1.6")] + ALONE[-4:]
"""Those in which a stream is told by its namespace: the Public API before 1.8 has none."""


@pytest.mark.parametrize(
    ("version", "api"),
    [pytest.param(*cell, marks=() if cell == ("2.0", "config") else pytest.mark.slow) for cell in NAMESPACED],
)
def test_a_stream_of_another_namespace_is_seen_as_another_and_the_declared_one_restored(version, api):
    settings = {"host": "h", "port": 5432, "database": "d", "username": "u", "schemas": ["public", "audit"]}
    shop = AirbyteSource("shop", "Postgres", settings)
    with airbyte_local.server(airbyte_version=version) as server:
        place = Place(server, version, api)
        full = AirbyteStream(AirbyteSyncMode.FULL_REFRESH_OVERWRITE, namespace="public")
        place.declared = AirbyteConnection("sync", shop, DESTINATION, {"orders": full})
        with place.client:
            place.apply()
            assert place.lines() == []
            id_ = place.stored()["connectionId"]
            shown = place.call("get", {"connectionId": id_}, "web_backend/connections")["syncCatalog"]
            for entry in shown["streams"]:
                of_audit = (entry["stream"]["namespace"], entry["stream"]["name"]) == ("audit", "orders")
                entry["config"]["selected"] = of_audit
            place.call("update", {"connectionId": id_, "syncCatalog": shown})
            assert place.lines() == [
                "sync:",
                "streams:",
                "public.orders: FULL_REFRESH_OVERWRITE",
                "audit.orders: FULL_REFRESH_OVERWRITE",
            ]
            place.apply()
            assert place.lines() == []
            (entry,) = place.stored()["syncCatalog"]["streams"]
            assert entry["stream"]["namespace"] == "public"


def _config(place: Place) -> dict[str, Any]:
    return place.stored()["syncCatalog"]["streams"][0]["config"]


MODULE = """
from dagster_managed_elements.airbyte import *
shop = AirbyteSource("shop", "Postgres", {{
    "host": "h", "port": 5432, "database": "d", "username": "u", "schemas": {schemas},
}})
lake = AirbyteDestination("lake", "Postgres", {{
    "host": "h", "port": 5432, "database": "d", "schema": "p", "username": "u",
}})
FULL = AirbyteSyncMode.FULL_REFRESH_OVERWRITE
streams = {{
    "*": AirbyteStream(FULL, exclude_fields=["note"]),
    ("public", "orders"): AirbyteStream(
        FULL, mappers=[mappers.Hashing("note"), mappers.AesEncryption("updated_at", EnvVar("NOTE_KEY"))]
    ),
    "tmp_*": EXCLUDED,
}}
same = AirbyteDestinationNamespace.SAME_AS_SOURCE
sync = AirbyteConnection("sync", shop, lake, streams, destination_namespace=same)
reconciler = AirbyteManagedElementReconciler(AirbyteInstance(url={url!r}, api={api!r}), [sync])
"""


@pytest.mark.wide("config")
@pytest.mark.parametrize("api", ["config", "public"])
def test_what_came_to_the_source_shows_once_catalogs_are_refreshed_and_no_key_shows_at_all(
    api, airbyte_local, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NOTE_KEY", KEY)
    said: list[str] = []

    def run(*arguments: str, schemas: tuple[str, ...]) -> list[str]:
        name = f"declared_{len(said)}_{api}"
        text = MODULE.format(url=airbyte_local.url, api=api, schemas=list(schemas))
        (tmp_path / f"{name}.py").write_text(text)
        airbyte_local.forget_requests()
        result = CliRunner().invoke(main, [arguments[0], "-m", name, *arguments[1:]])
        assert result.exit_code == 0, result.output
        said.append(result.output)
        return result.stdout.splitlines()

    old, new = ("public",), ("public", "audit")
    run("check", "-v", schemas=old)
    run("apply", "--yes", "-v", "--output", "json", schemas=old)
    assert run("check", schemas=old)[1] == "No diff found."
    run("apply", "--yes", schemas=new)
    # The source has more by now, and the connection has not been told.
    if api == "config":
        assert run("check", schemas=new)[1] == "No diff found."
        asked = [each.path for each in airbyte_local.requests]
        assert not [path for path in asked if "discover_schema" in path]
    lines = run("check", "--refresh-catalogs", schemas=new)
    assert lines[1:5] == [
        "~ sync:",
        "  + streams:",
        "    + audit.customers:",
        "      + mode: FULL_REFRESH_OVERWRITE",
    ]
    assert lines[5:] == [
        '      + fields: ["id", "updated_at"]',
        "    + audit.orders:",
        "      + mode: FULL_REFRESH_OVERWRITE",
        '      + fields: ["id", "updated_at"]',
    ]
    (asked,) = [
        each for each in airbyte_local.requests if "discover_schema" in each.path or "/streams" in each.path
    ]
    assert (asked.request or {}).get("disable_cache") is True or "ignoreCache=true" in asked.query
    assert "connectionId" not in (asked.request or {})
    run("check", "--refresh-catalogs", "--output", "markdown", schemas=new)
    run("apply", "--yes", "--refresh-catalogs", schemas=new)
    for more in ((), ("--refresh-catalogs",)):
        assert run("check", *more, schemas=new)[1] == "No diff found."
    forced = run("check", "--include-secret", "sync.streams.public.orders.mappers.1.encryption.key", schemas=new)
    assert forced[-1].strip() == "~ key: ********** -> **********"
    run("apply", "--yes", "-v", "--include-all-secrets", "--output", "markdown", schemas=new)
    assert not [text for text in said if KEY in text]


@pytest.mark.slow
@pytest.mark.parametrize("api", ["config", "public"])
@pytest.mark.parametrize("version", ["0.50", "1.5", "1.6"])
def test_what_a_version_does_not_have_of_a_stream_is_a_problem_before_any_write(version, api):
    with airbyte_local.server(airbyte_version=version) as server:
        place = Place(server, version, api)
        lacking = _FIELDS.keys() - place.fields.keys()
        place.fields = _FIELDS
        (result,) = anyio.run(check, [Reconciler(place.instance, [place.connection()])], Options())
        said = str(result.error).splitlines()
    assert {line.partition(":")[0] for line in said} == {
        f"sync.streams.orders.{name.replace('_', ' ')}" for name in lacking
    }


@pytest.mark.slow
@pytest.mark.parametrize("cell", [pytest.param(cell, id=str(cell)) for cell in CELLS])
def test_every_field_of_a_stream_and_a_pattern_in_every_airbyte(cell):
    """Forty elements: what is declared is applied, and a check finds it so."""
    with airbyte_local.server(airbyte_version=cell.version, auth=cell.auth) as server:
        work = Workload(cell, server)
        mode = AirbyteSyncMode("incremental", "append_dedup")
        declared = {"ord*": AirbyteStream(mode, **fields_of(cell.version, cell.api))}
        sources = [replace(SOURCE, name=f"files-{number}") for number in range(18)]
        lakes = [replace(DESTINATION, name=f"lake-{number}") for number in range(4)]
        made = [AirbyteConnection(f"sync-{n}", one, lakes[n % 4], declared) for n, one in enumerate(sources)]
        assert len(work.converge(made).entries) == 40
        server.forget_requests()
        assert work.plan(made).entries == ()
        lookups = ("web_backend/connections/get", "/streams")
        assert sum(each.path.endswith(lookups) for each in server.requests) == len(made)
