"""One row that is not what Airbyte promises stands in the way of those that need it, and of nobody else."""

from __future__ import annotations

import json

import anyio
import pytest
from airbyte_local import server
from dagster_managed_elements import Reconciler, ServerFault
from dagster_managed_elements.airbyte import (
    AirbyteConnection,
    AirbyteDestination,
    AirbyteInstance,
    AirbyteSource,
    AirbyteSyncMode,
)
from dagster_managed_elements.reconciling import Options, check

from testing.proxies import spoiling

LISTS = {
    ("config", "source"): "/sources/list",
    ("config", "destination"): "/destinations/list",
    ("config", "connection"): "/connections/list",
    ("public", "source"): "/v1/sources?",
    ("public", "destination"): "/v1/destinations?",
    ("public", "connection"): "/v1/connections?",
}


def deep(levels):
    return {"in": deep(levels - 1)} if levels else 1


FORMS = {
    "no id": lambda row, kind: {name: value for name, value in row.items() if name != f"{kind}Id"},
    "an id that is a number": lambda row, kind: {**row, f"{kind}Id": 5},
    "a configuration that is a list": lambda row, kind: {
        **row,
        "configuration": [],
        "connectionConfiguration": [],
        "sourceId": [],
    },
    "no name": lambda row, kind: {name: value for name, value in row.items() if name != "name"},
    "a name that is a number": lambda row, kind: {**row, "name": 5},
    "a row that is a text": lambda row, kind: "gone",
    "a row that is null": lambda row, kind: None,
}
NAMELESS = frozenset({"no name", "a name that is a number", "a row that is a text", "a row that is null"})
CELLS = [(api, kind, form) for api, kind in LISTS for form in FORMS]


CONNECTORS = {
    ("config", "source"): ("/source_definitions/list", "sourceDefinition"),
    ("config", "destination"): ("/destination_definitions/list", "destinationDefinition"),
    ("public", "source"): ("/definitions/sources", ""),
    ("public", "destination"): ("/definitions/destinations", ""),
}
OURS = {"source": "Sample Data", "destination": "Local JSON"}


def spoilt(listed, name, form):
    """What makes a row malformed: that of *name* in the list."""

    def spoil(path, said):
        if listed not in path:
            return said
        body = json.loads(said)
        for key, rows in body.items():
            if isinstance(rows, list):
                body[key] = [form(row) if row.get("name") == name else row for row in rows]
        return json.dumps(body).encode()

    return spoil


@pytest.fixture(scope="module")
def airbyte(tmp_path_factory):
    with server(tmp_path_factory.mktemp("airbyte"), airbyte_version="1.6") as running:
        Reconciler(AirbyteInstance(url=running.url), everything("mine")).apply()
        Reconciler(AirbyteInstance(url=running.url), everything("theirs")).apply()
        yield running


def everything(name):
    source = AirbyteSource(name, "Sample Data", {"count": 10})
    destination = AirbyteDestination(name, "Local JSON", {"destination_path": f"/local/{name}"})
    streams = {"users": AirbyteSyncMode.FULL_REFRESH_APPEND}
    return [AirbyteConnection(name, source, destination, streams)]


def checked(url, api, name, **more):
    (result,) = anyio.run(
        check, [Reconciler(AirbyteInstance(url=url, api=api), everything(name), **more)], Options()
    )
    return result


@pytest.mark.wide("config-source", "public-connection")
@pytest.mark.parametrize(("api", "kind", "form"), CELLS)
def test_a_row_nobody_declared_is_left_out_with_a_notice_that_has_its_path(airbyte, api, kind, form):
    with spoiling(airbyte.url, spoilt(LISTS[api, kind], "theirs", lambda row: FORMS[form](row, kind))) as url:
        result = checked(url, api, "mine")
    assert result.error is None, result.error
    assert result.plan.entries == ()
    (said,) = [notice for notice in result.plan.notices if notice.code == "unreadable"]
    assert said.key.kind == kind
    assert f"this {kind} is left out, since it cannot be read: " in said.text
    assert LISTS[api, kind].strip("/?") in said.text
    assert said.text.partition("[")[2][0].isdecimal()


@pytest.mark.wide("config-source-no id", "config-source-no name", "public-connection-a row")
@pytest.mark.parametrize(("api", "kind", "form"), CELLS)
def test_the_row_of_what_is_declared_is_a_fault_of_the_server(airbyte, api, kind, form):
    with spoiling(airbyte.url, spoilt(LISTS[api, kind], "mine", lambda row: FORMS[form](row, kind))) as url:
        result = checked(url, api, "mine")
    assert isinstance(result.error, ServerFault), result
    assert "the answer is not what Airbyte promises" in str(result.error)


@pytest.mark.wide("config-source-no id", "config-source-no name", "public-connection-a row")
@pytest.mark.parametrize(("api", "kind", "form"), CELLS)
def test_a_row_without_a_name_may_be_what_is_absent_and_one_with_a_name_may_not(airbyte, api, kind, form):
    with spoiling(airbyte.url, spoilt(LISTS[api, kind], "theirs", lambda row: FORMS[form](row, kind))) as url:
        result = checked(url, api, "new")
    assert isinstance(result.error, ServerFault) is (form in NAMELESS), result


@pytest.mark.parametrize("kind", ["source", "destination", "connection"])
def test_nothing_is_deleted_while_what_may_depend_on_it_cannot_be_read(airbyte, kind):
    with spoiling(
        airbyte.url, spoilt(LISTS["config", kind], "theirs", lambda row: FORMS["no id"](row, kind))
    ) as url:
        result = checked(url, "config", "mine", delete_unmentioned_resources=True)
    assert isinstance(result.error, ServerFault) is (kind != "source"), result
    if result.plan is not None:
        assert (kind, "theirs") not in {(entry.key.kind, entry.key.name) for entry in result.plan.entries}


def test_a_configuration_too_deep_to_be_walked_is_malformed_too(airbyte):
    def deepened(row):
        return {**row, "connectionConfiguration": deep(300)}

    with spoiling(airbyte.url, spoilt("/sources/list", "theirs", deepened)) as url:
        assert checked(url, "config", "mine").plan.entries == ()
    with spoiling(airbyte.url, spoilt("/sources/list", "mine", deepened)) as url:
        assert "nests more than 100 levels deep" in str(checked(url, "config", "mine").error)


def connector_form(form, kind):
    """In the Public API a connector's id is called nothing but that."""
    if not kind and form in {"no id", "an id that is a number"}:
        return lambda row: {**row, "id": 5}
    return lambda row: FORMS[form](row, kind)


CONNECTOR_FORMS = [form for form in FORMS if form != "a configuration that is a list"]


@pytest.mark.wide("public-source")
@pytest.mark.parametrize("form", CONNECTOR_FORMS)
@pytest.mark.parametrize(("api", "side"), CONNECTORS)
def test_a_connector_that_cannot_be_read_stands_in_nobodys_way_who_declares_another(airbyte, api, side, form):
    listed, kind = CONNECTORS[api, side]
    spoil = spoilt(listed, "Postgres", connector_form(form, kind))
    with spoiling(airbyte.url, spoil) as url:
        result = checked(url, api, "mine")
    assert result.error is None, result.error
    assert result.plan.entries == ()
    (said,) = [notice for notice in result.plan.notices if notice.code == "unreadable"]
    assert said.key.kind == f"{side} connector"
    assert f"this {side} connector is left out, since it cannot be read: " in said.text
    assert listed.strip("/") in said.text
    assert said.text.partition("[")[2][0].isdecimal()


@pytest.mark.wide("public-source")
@pytest.mark.parametrize("form", CONNECTOR_FORMS)
@pytest.mark.parametrize(("api", "side"), CONNECTORS)
def test_the_connector_of_what_is_declared_is_a_fault_of_the_server_in_one_line(airbyte, api, side, form):
    listed, kind = CONNECTORS[api, side]
    spoil = spoilt(listed, OURS[side], connector_form(form, kind))
    with spoiling(airbyte.url, spoil) as url:
        result = checked(url, api, "mine")
    assert isinstance(result.error, ServerFault), result
    (line,) = str(result.error).splitlines()
    assert f"{side} connector '{OURS[side]}'" in line
    assert "the answer is not what Airbyte promises" in line
    assert listed.strip("/") in line


@pytest.mark.parametrize("api", ["config", "public"])
def test_a_workspace_that_cannot_be_read_stands_in_nobodys_way_who_names_another(tmp_path, api):
    listed = {"config": "/workspaces/list", "public": "/v1/workspaces?"}[api]
    with server(tmp_path, airbyte_version="1.6") as running:
        running.seed(workspaces=[{"name": "Other"}])
        with spoiling(running.url, spoilt(listed, "Other", lambda row: FORMS["no id"](row, "workspace"))) as url:
            given = {"url": url, "api": api}
            named, unnamed, other = (
                anyio.run(check, [Reconciler(AirbyteInstance(**given, workspace=workspace), [])], Options())[0]
                for workspace in ("Default Workspace", None, "Other")
            )
    assert named.error is None, named.error
    (said,) = named.plan.notices
    assert (said.code, said.key.kind, said.key.name) == ("unreadable", "workspace", "Other")
    assert "expected" in said.text or "missing" in said.text
    for result in (unnamed, other):
        assert isinstance(result.error, ServerFault), result
        assert "give the id of yours: " in str(result.error)
