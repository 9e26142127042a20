"""Definitions and specifications, public and custom."""

from __future__ import annotations

import json

import pytest
from airbyte_local.connectors.registry import PUBLIC
from jsonschema import Draft7Validator

UNKNOWN = "11111111-1111-1111-1111-111111111111"
KINDS = pytest.mark.parametrize("kind", ["source", "destination"])


def custom(api, kind, repository="me/source-mine"):
    definition = {
        "name": "Mine",
        "dockerRepository": repository,
        "dockerImageTag": "0.1.0",
        "documentationUrl": "https://example.com",
    }
    return api.ok(
        f"{kind}_definitions/create_custom", {"workspaceId": api.workspace, f"{kind}Definition": definition}
    )


def test_the_real_ids_names_and_images_are_there():
    facts = {(public.kind, public.name): (public.id, public.repository) for public in PUBLIC}
    assert facts["source", "File (CSV, JSON, Excel, Feather, Parquet)"] == (
        "778daa7c-feaf-4db6-96f3-70fd645acc77",
        "airbyte/source-file",
    )
    assert facts["source", "Sample Data"] == ("dfd88b22-b603-4c3d-aad7-3701784586b1", "airbyte/source-faker")
    assert facts["destination", "Local JSON"] == (
        "a625d593-bba5-4a1c-a53d-2d246268a816",
        "airbyte/destination-local-json",
    )
    assert len({public.id for public in PUBLIC}) == len(PUBLIC) >= 24


@pytest.mark.parametrize("public", PUBLIC, ids=lambda public: public.repository)
def test_every_specification_is_a_valid_schema_that_the_masking_takes(public):
    specification = public.stand_in.spec()
    Draft7Validator.check_schema(specification)
    assert "properties" in specification or "oneOf" in specification


@KINDS
def test_definitions_are_listed_and_read(api, kind):
    listed = api.ok(f"{kind}_definitions/list_for_workspace", workspaceId=api.workspace)[f"{kind}Definitions"]
    assert len(listed) == sum(public.kind == kind for public in PUBLIC)
    key = {f"{kind}DefinitionId": listed[0][f"{kind}DefinitionId"]}
    for path, body in (
        ("get", key),
        ("get_for_workspace", {**key, "workspaceId": api.workspace}),
    ):
        assert api.ok(f"{kind}_definitions/{path}", body) == listed[0]
    assert api.ok(f"{kind}_definitions/list_latest")[f"{kind}Definitions"] == listed
    api.refused(404, f"{kind}_definitions/get", {f"{kind}DefinitionId": UNKNOWN})


def test_only_definitions_in_use_are_listed_where_asked(api):
    api.source()
    body = {"workspaceId": api.workspace, "filterByUsed": True}
    found = api.ok("source_definitions/list_for_workspace", body)["sourceDefinitions"]
    assert [definition["name"] for definition in found] == ["Sample Data"]


@KINDS
def test_a_specification_is_found_by_definition_and_by_actor(api, kind):
    configuration = {"host": "h", "port": 1, "database": "d", "schema": "s", "username": "u"}
    actor = getattr(api, kind)("pg", "Postgres", **configuration)
    key = {f"{kind}DefinitionId": actor[f"{kind}DefinitionId"], "workspaceId": api.workspace}
    by_definition = api.ok(f"{kind}_definition_specifications/get", key)
    by_actor = api.ok(f"{kind}_definition_specifications/get_for_{kind}", {f"{kind}Id": actor[f"{kind}Id"]})
    assert by_definition["connectionSpecification"] == by_actor["connectionSpecification"]
    assert by_actor["connectionSpecification"]["properties"]["password"]["airbyte_secret"] is True


@pytest.mark.parametrize(
    ("name", "modes"),
    [
        ("Local JSON", ["overwrite", "append"]),
        ("Postgres", ["overwrite", "append", "append_dedup", "overwrite_dedup"]),
    ],
)
def test_overwrite_dedup_is_added_where_a_destination_can(api, name, modes):
    key = {"destinationDefinitionId": api.definition("destination", name), "workspaceId": api.workspace}
    assert api.ok("destination_definition_specifications/get", key)["supportedDestinationSyncModes"] == modes


@KINDS
def test_a_custom_definition_belongs_to_its_workspace_until_granted(api, kind):
    made = custom(api, kind)
    key = f"{kind}DefinitionId"
    other = api.ok("workspaces/create", name="o", organizationId="00000000-0000-0000-0000-000000000000")[
        "workspaceId"
    ]
    assert made["custom"] is True
    api.refused(404, f"{kind}_definitions/get_for_workspace", {key: made[key], "workspaceId": other})
    scope = {"actorDefinitionId": made[key], "scopeId": other, "scopeType": "workspace"}
    assert api.ok(f"{kind}_definitions/grant_definition", scope)["granted"] is True
    assert api.ok(f"{kind}_definitions/get_for_scope", scope) == made
    private = api.ok(f"{kind}_definitions/list_private", workspaceId=other)[f"{kind}Definitions"]
    assert [entry["granted"] for entry in private] == [True]
    api.ok(f"{kind}_definitions/revoke_definition", scope)
    api.refused(404, f"{kind}_definitions/get_for_scope", scope)


def test_a_custom_definition_of_a_known_image_acts_as_that_connector(api):
    made = custom(api, "source", "airbyte/source-postgres")
    body = {
        "sourceDefinitionId": made["sourceDefinitionId"],
        "workspaceId": api.workspace,
        "name": "x",
        "connectionConfiguration": {},
    }
    api.refused(422, "sources/create", body)
    other = custom(api, "source", "me/unheard-of")
    api.ok("sources/create", {**body, "sourceDefinitionId": other["sourceDefinitionId"]})


@KINDS
def test_a_new_version_of_a_public_definition_is_used_from_now_on(api, kind):
    key = {f"{kind}DefinitionId": api.definition(kind, "Postgres")}
    change = {**key, "dockerImageTag": "9.9.9", "workspaceId": api.workspace}
    assert api.ok(f"{kind}_definitions/update", change)["dockerImageTag"] == "9.9.9"
    api.server.restart()
    assert api.ok(f"{kind}_definitions/get", key)["dockerImageTag"] == "9.9.9"
    refusal = api.refused(400, f"{kind}_definitions/update", {**change, "name": "x"})
    assert "public" in json.dumps(refusal)


@KINDS
def test_deleting_a_definition_deletes_what_uses_it_and_leaves_it_readable(api, kind):
    connection = api.connection()
    type_name = {"source": "Sample Data", "destination": "Local JSON"}[kind]
    key = {f"{kind}DefinitionId": api.definition(kind, type_name)}
    assert api.ask(f"{kind}_definitions/delete", key).status == 204
    assert api.names(f"{kind}s") == []
    assert api.ok("connections/get", connectionId=connection["connectionId"])["status"] == "deprecated"
    assert api.ok(f"{kind}_definitions/get", key)["name"] == type_name
    listed = api.ok(f"{kind}_definitions/list")[f"{kind}Definitions"]
    assert type_name not in {definition["name"] for definition in listed}
