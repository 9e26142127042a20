"""What a snapshot tells that a declaration does not: streams of patterns, columns, prefixes and namespaces."""

from __future__ import annotations

import json
from pathlib import Path

import anyio
import dagster as dg
import pytest
from airbyte_local import server
from dagster_managed_elements import DeclarationError
from dagster_managed_elements.airbyte import (
    AirbyteConnection,
    AirbyteDestination,
    AirbyteInstance,
    AirbyteInstanceResource,
    AirbyteManagedElementReconciler,
    AirbyteResource,
    AirbyteSource,
    AirbyteStream,
    AirbyteSyncMode,
    airbyte_resource,
    build_connection_assets,
    mappers,
)
from dagster_managed_elements.engine.kinds import Settings
from dagster_managed_elements.engine.recording import Recording
from dagster_managed_elements.reconciling import Options, check

FULL = AirbyteSyncMode.full_refresh_overwrite()
PEOPLE = AirbyteSource("people", "Sample Data", {"count": 10})
LAKE = AirbyteDestination(
    "lake", "Postgres", {"host": "h", "port": 5432, "database": "d", "schema": "public", "username": "u"}
)
PREFIXED = AirbyteConnection("all", PEOPLE, LAKE, {"*": FULL}, prefix="raw_", destination_namespace="lake")
UNSAID = AirbyteConnection("all", PEOPLE, LAKE, {"*": FULL})


@pytest.fixture(scope="module", params=["config", pytest.param("public", marks=pytest.mark.slow)])
def taken(request, tmp_path_factory) -> tuple[AirbyteInstance, Path]:
    """A snapshot of what is applied; the server is gone."""
    folder = tmp_path_factory.mktemp("snapshot")
    with server(folder / "airbyte") as airbyte:
        instance = AirbyteInstance(url=airbyte.url, api=request.param)
        reconciler = AirbyteManagedElementReconciler(instance, [PREFIXED])
        reconciler.apply()
        recording = Recording()
        (result,) = anyio.run(check, [reconciler], Options(settings=Settings(recording=recording)))
        assert result.error is None
    (folder / "airbyte.json").write_text(recording.document())
    return instance, folder / "airbyte.json"


class Foreign:
    """Of the shape of dagster-airbyte's AirbyteWorkspace."""

    configuration_api_base_url = dg.EnvVar("NOT_SET")
    rest_api_base_url = dg.EnvVar("NOT_SET")
    workspace_id = dg.EnvVar("NOT_SET")
    client_id = client_secret = "hush"


@pytest.mark.parametrize(
    "resource",
    [
        AirbyteInstanceResource(url=dg.EnvVar("NOT_SET"), client_id="dagster", client_secret=dg.EnvVar("NOT_SET")),
        AirbyteResource(host=dg.EnvVar("NOT_SET"), password=dg.EnvVar("NOT_SET")),
        AirbyteInstanceResource(
            url="https://elsewhere", workspace=dg.EnvVar("NOT_SET"), token=dg.EnvVar("NOT_SET")
        ),
        airbyte_resource.configured({"host": {"env": "NOT_SET"}}),
    ],
    ids=lambda resource: type(resource).__name__,
)
def test_a_snapshot_is_read_where_the_environment_of_the_runs_is_not(taken, resource):
    _, path = taken
    (definition,) = build_connection_assets(resource, [UNSAID], snapshot=path)
    assert len(definition.keys) == 3


def test_a_workspace_that_only_the_environment_names_is_the_one_that_was_looked_at(taken, tmp_path):
    told = json.loads(taken[1].read_text())
    ids = {id_ for row in told["answers"] for id_ in (row.get("body") or {}).get("workspaceIds", ())}
    if not ids:
        pytest.skip("the Public API lists workspaces, whichever is meant")
    (known,) = ({"workspaceId": id_} for id_ in ids)
    rows = next(row for row in told["answers"] if "workspaces" in row.get("answer", ()))["answer"]["workspaces"]
    (of_it,) = (row for row in rows if row["workspaceId"] == known["workspaceId"])
    told["answers"] = [row for row in told["answers"] if "/workspaces/list" not in row["request"]]
    asked = {"at": told["answers"][0]["at"], "request": "POST /api/v1/workspaces/get", "body": known}
    told["answers"].append({**asked, "answer": of_it})
    (tmp_path / "airbyte.json").write_text(json.dumps(told))
    (definition,) = build_connection_assets(Foreign(), [UNSAID], snapshot=tmp_path / "airbyte.json")
    assert len(definition.keys) == 3


def columns(definition: dg.AssetsDefinition, *key: str) -> list[str] | None:
    spec = next(spec for spec in definition.specs if list(spec.key.path) == list(key))
    schema = spec.metadata.get("dagster/column_schema")
    return schema and [column.name for column in schema.columns]


def test_what_is_not_declared_is_told_by_the_snapshot(taken):
    instance, path = taken
    (definition,) = build_connection_assets(instance, [UNSAID], snapshot=path)
    assert {key.to_user_string() for key in definition.keys} == {"raw_users", "raw_products", "raw_purchases"}
    tables = {spec.metadata["dagster/table_name"] for spec in definition.specs}
    assert tables == {"d.lake.raw_users", "d.lake.raw_products", "d.lake.raw_purchases"}


def test_columns_are_those_that_are_synced(taken):
    instance, path = taken
    streams = {
        "users": FULL,
        "products": AirbyteStream(FULL, fields=["id", "make"]),
        "purchases": AirbyteStream(FULL, mappers=[mappers.Hashing("id")]),
    }
    told = AirbyteConnection("all", PEOPLE, LAKE, streams, prefix="")
    (definition,) = build_connection_assets(instance, [told], snapshot=path)
    assert {"id", "name", "age"} <= set(columns(definition, "users"))
    assert columns(definition, "products") == ["id", "make"]
    assert columns(definition, "purchases") is None


def test_a_connection_that_the_snapshot_does_not_have_says_what_it_needs(taken):
    instance, path = taken
    with pytest.raises(DeclarationError, match="dagster-me snapshot"):
        build_connection_assets(instance, [AirbyteConnection("new", PEOPLE, LAKE, {"*": FULL})], snapshot=path)


def test_a_file_that_is_no_snapshot_is_said_to_be_none(tmp_path):
    for text, said in (("{}", "no snapshot"), (None, "cannot be read")):
        path = tmp_path / "x.json"
        if text is not None:
            path.write_text(text)
        else:
            path.unlink()
        with pytest.raises(DeclarationError, match=said):
            build_connection_assets(AirbyteInstance(url="http://127.0.0.1:9"), [UNSAID], snapshot=path)
