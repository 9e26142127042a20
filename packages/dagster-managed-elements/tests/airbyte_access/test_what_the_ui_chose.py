"""What a server holds and nobody declared: streams that do not change, the version a connector is pinned to."""

from __future__ import annotations

import json

import anyio
import httpx
import pytest
from airbyte_local import server
from dagster_managed_elements import Reconciler
from dagster_managed_elements.airbyte import (
    AirbyteConnection,
    AirbyteDestination,
    AirbyteInstance,
    AirbyteSource,
    AirbyteSyncMode,
    existing,
)
from dagster_managed_elements.reconciling import Options, check

from testing.proxies import spoiling

FULL, APPEND = AirbyteSyncMode.FULL_REFRESH_OVERWRITE, AirbyteSyncMode.FULL_REFRESH_APPEND
PEOPLE = AirbyteSource("people", "Sample Data", {"count": 10})
FILES = AirbyteDestination("files", "Local JSON", {"destination_path": "/local/out"})
LATER = {"brandNew": {"of": ["a later version"]}, "mappers": [{"type": "hashing", "mapperConfiguration": {"x": 1}}]}
DATABASE = {"host": "h", "port": 5432, "database": "d", "username": "u"}


@pytest.fixture(scope="module")
def airbyte(tmp_path_factory):
    with server(tmp_path_factory.mktemp("airbyte"), airbyte_version="1.6") as running:
        yield running


def with_more(path, said):
    """Every stream of a connection has parts that no version of today has."""
    if "/connections" not in path:
        return said
    body = json.loads(said)
    for row in body.get("connections", body.get("data", [])):
        for stream in row.get("syncCatalog", row.get("configurations"))["streams"]:
            if "config" in stream:
                stream["config"].update(LATER)
                stream["stream"]["brandNew"] = 1
            else:
                stream.update(LATER)
    return json.dumps(body).encode()


def listed(url, api):
    """The streams of the only connection as the server shows them, through the proxy."""
    if api == "public":
        (row,) = httpx.get(f"{url}/api/public/v1/connections", trust_env=False, verify=False).json()["data"]
        return {stream["name"]: stream for stream in row["configurations"]["streams"]}
    workspace = httpx.post(f"{url}/api/v1/workspaces/list", json={}, trust_env=False, verify=False).json()[
        "workspaces"
    ][0]
    asked = {"workspaceId": workspace["workspaceId"]}
    (row,) = httpx.post(f"{url}/api/v1/connections/list", json=asked, trust_env=False, verify=False).json()[
        "connections"
    ]
    return {stream["stream"]["name"]: stream for stream in row["syncCatalog"]["streams"]}


@pytest.mark.parametrize("api", ["config", "public"])
def test_streams_that_do_not_change_go_back_as_they_came(airbyte, api):
    def declared(url, products):
        streams = {"users": FULL, "products": products, "purchases": APPEND}
        connection = AirbyteConnection("sync", PEOPLE, FILES, streams)
        return Reconciler(AirbyteInstance(url=url, api=api), [connection])

    declared(airbyte.url, FULL).apply(allow_destructive=True)
    with spoiling(airbyte.url, with_more) as url:
        before = listed(url, api)
        airbyte.forget_requests()
        declared(url, APPEND).apply(allow_destructive=True)
    (sent,) = [
        request.request
        for request in airbyte.requests
        if "syncCatalog" in str(request.request) or request.method == "PATCH"
    ]
    streams = sent["syncCatalog"]["streams"] if api == "config" else sent["configurations"]["streams"]
    rows = {row["stream"]["name"] if api == "config" else row["name"]: row for row in streams}
    assert list(rows) == ["users", "products", "purchases"]
    for name in ("users", "purchases"):
        kept = {key: value for key, value in before[name].items() if value not in (None, [], "")}
        assert rows[name] == (before[name] if api == "config" else {**kept, **rows[name]})
        assert "brandNew" in json.dumps(rows[name])
    assert "brandNew" in json.dumps(rows["products"])


OLD = {
    "type": "object",
    "required": ["address"],
    "additionalProperties": False,
    "properties": {"address": {"type": "string"}, "passphrase": {"type": "string", "airbyte_secret": True}},
}


def pinned(path, said):
    """The source "old" is pinned to a version of its connector with settings of its own."""
    body = json.loads(said) if said else None
    if "/sources/list" in path:
        for row in body["sources"]:
            if row["name"] == "old":
                row["isVersionOverrideApplied"] = True
                row["connectionConfiguration"] = {"address": "a", "passphrase": "**********"}
    elif path.endswith("/get_for_source"):
        body["connectionSpecification"] = OLD
    return said if body is None else json.dumps(body).encode()


def test_a_source_pinned_to_a_version_is_held_to_the_specification_of_that_version(airbyte):
    def checked(url, *elements):
        (result,) = anyio.run(check, [Reconciler(AirbyteInstance(url=url), elements)], Options())
        return result

    old, new = (AirbyteSource(name, "Postgres", DATABASE) for name in ("old", "new"))
    Reconciler(AirbyteInstance(url=airbyte.url), [old, new]).apply()
    with spoiling(airbyte.url, pinned) as url:
        of_old = AirbyteSource("old", "Postgres", {"address": "a", "passphrase": "hush"})
        result = checked(url, of_old, new)
        assert result.error is None, result.error
        assert result.plan.entries == ()
        assert "hush" not in repr(result)
        changed = AirbyteSource("old", "Postgres", {"address": "b", "passphrase": "hush"})
        (entry,) = checked(url, changed, new).plan.entries
        assert [(change.path, change.before, change.after) for change in entry.fields] == [(("address",), "a", "b")]
        said = str(checked(url, old, AirbyteSource("new", "Postgres", {"address": "a"})).error)
    assert "old.address: is required" in said
    assert "old.host: is not a setting of this connector" in said
    assert "new.host: is required" in said
    asked = [request.request for request in airbyte.requests if request.path.endswith("/get_for_source")]
    assert len({json.dumps(each) for each in asked}) == 1


def appending(path, said):
    """The destination "sink" is pinned to a version of its connector that only appends."""
    body = json.loads(said) if said else None
    if "/destinations/list" in path:
        for row in body["destinations"]:
            row["isVersionOverrideApplied"] = row["name"] == "sink"
    elif path.endswith("/get_for_destination"):
        body["supportedDestinationSyncModes"] = ["append"]
    return said if body is None else json.dumps(body).encode()


def test_a_destination_that_nobody_declares_is_held_to_its_own_version_and_to_nothing_that_is_not_told(airbyte):
    sink = AirbyteDestination("sink", "Local JSON", {"destination_path": "/local/out"})
    Reconciler(AirbyteInstance(url=airbyte.url), [PEOPLE, sink]).apply()
    sync = AirbyteConnection("to sink", PEOPLE, existing("destination", "sink"), {"users": FULL})

    def said(url):
        (result,) = anyio.run(check, [Reconciler(AirbyteInstance(url=url), [sync])], Options())
        return str(result.error)

    with spoiling(airbyte.url, appending) as url:
        assert said(url) == "to sink.streams.users: the destination cannot write it as overwrite, only as append"
    airbyte.fault("destination_definition_specifications/get", "status", status=404, times=1)
    assert said(airbyte.url) == "None"
