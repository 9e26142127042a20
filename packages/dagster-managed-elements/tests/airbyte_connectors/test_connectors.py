"""Connectors as elements, over both APIs: made, clean, drifted, restored, deleted; and what is made of them."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest
from dagster_managed_elements.airbyte import (
    AirbyteConnection,
    AirbyteDestination,
    AirbyteDestinationDefinition,
    AirbyteLowCodeConnector,
    AirbyteSource,
    AirbyteSourceDefinition,
    AirbyteSyncMode,
    existing,
)

MANIFEST: dict[str, Any] = {
    "version": "6.0.0",
    "type": "DeclarativeSource",
    "check": {"type": "CheckStream", "stream_names": ["things"]},
    "streams": [
        {"type": "DeclarativeStream", "name": "things", "primary_key": ["id"]},
        {"type": "DeclarativeStream", "name": "others", "primary_key": ["id"]},
    ],
    "spec": {
        "type": "Spec",
        "connection_specification": {
            "type": "object",
            "required": ["key"],
            "properties": {
                "key": {"type": "string", "airbyte_secret": True},
                "pages": {"type": "integer", "default": 10},
            },
        },
    },
}
IMAGE = {"docker_repository": "me/image", "docker_image_tag": "1.0"}
KINDS = {
    "source": (AirbyteSourceDefinition, AirbyteSource, "source definition"),
    "destination": (AirbyteDestinationDefinition, AirbyteDestination, "destination definition"),
}
EVERYWHERE = [
    *(("config", version) for version in ("0.50", "1.5", "1.6", "1.8", "2.0", "9.9")),
    *(("public", version) for version in ("1.6", "1.8", "2.0", "9.9")),
]


def edited(**changes: Any) -> dict[str, Any]:
    manifest = copy.deepcopy(MANIFEST)
    manifest["streams"][0] |= changes
    return manifest


def check_images(workspace: Any, side: str) -> None:
    """A connector of an image, from its first apply in one with what is made of it to the last."""
    definition, actor, kind = KINDS[side]
    mine = definition("Mine", **IMAGE)
    assert workspace.applied(actor("thing", mine, {"host": "h"})) == [
        f"create Mine ({kind})",
        f"create thing ({side})",
    ]
    made, before = workspace.definitions(side)["Mine"], workspace.actors(side)["thing"]
    assert (made["dockerRepository"], made["dockerImageTag"]) == ("me/image", "1.0")
    assert before[f"{side}DefinitionId"] == made[f"{side}DefinitionId"]
    drift = {f"{side}DefinitionId": made[f"{side}DefinitionId"], "workspaceId": workspace.server.workspace_id}
    workspace.call(f"{side}_definitions/update", **drift, dockerImageTag="0.9")
    assert workspace.lines(actor("thing", mine, {"host": "h"})) == ["~ Mine:", "  ~ docker image tag: 0.9 -> 1.0"]
    assert workspace.applied(actor("thing", mine, {"host": "h"})) == [f"update Mine ({kind})"]
    newer = definition("Mine", docker_repository="me/image", docker_image_tag="1.1")
    assert workspace.applied(actor("thing", newer, {"host": "g"})) == [
        f"update Mine ({kind})",
        f"update thing ({side})",
    ]
    assert workspace.actors(side)["thing"][f"{side}Id"] == before[f"{side}Id"]
    other = definition("Other", **IMAGE)
    assert workspace.applied(newer, other, delete=True) == [f"create Other ({kind})", f"delete thing ({side})"]
    deleted = workspace.plan(other, delete=True)
    (consequence,) = deleted.consequences
    assert f"every {side} made of it, in other workspaces too" in consequence.text
    assert workspace.applied(other, delete=True) == [f"delete Mine ({kind})"]
    assert set(workspace.definitions(side)) == {"Other"}


def check_low_code(workspace: Any) -> None:
    """A low-code connector: its manifest edited by either side, its sources where they were."""
    low = AirbyteLowCodeConnector("Ours", manifest=MANIFEST)
    assert workspace.lines(AirbyteSource("things", low, {"key": "s3cret"})) == [
        "+ Ours:",
        '  + streams: ["things", "others"]',
        "+ things:",
        "  + key: **********",
    ]
    assert workspace.applied(AirbyteSource("things", low, {"key": "s3cret"})) == [
        "create Ours (low-code connector)",
        "create things (source)",
    ]
    before = workspace.actors("source")["things"]["sourceId"]
    which = {
        "workspaceId": workspace.server.workspace_id,
        "sourceDefinitionId": workspace.definitions("source")["Ours"]["sourceDefinitionId"],
    }
    spec = {"connectionSpecification": MANIFEST["spec"]["connection_specification"]}
    drifted = {"version": 2, "description": "", "manifest": edited(primary_key=["uid"]), "spec": spec}
    drift = {**which, "setAsActiveManifest": True, "declarativeManifest": drifted}
    workspace.call("declarative_source_definitions/create_manifest", **drift)
    assert workspace.lines(AirbyteSource("things", low, {"key": "s3cret"})) == [
        "~ Ours:",
        "  ~ manifest:",
        "    ~ streams:",
        "      ~ things:",
        '        ~ primary_key: ["uid"] -> ["id"]',
    ]
    assert workspace.applied(AirbyteSource("things", low, {"key": "s3cret"})) == [
        "update Ours (low-code connector)"
    ]
    newer = AirbyteLowCodeConnector("Ours", manifest=edited(primary_key=["id", "at"]), description="with a time")
    assert workspace.applied(AirbyteSource("things", newer, {"key": "s3cret"})) == [
        "update Ours (low-code connector)"
    ]
    versions = workspace.call("declarative_source_definitions/list_manifests", **which)["manifestVersions"]
    assert [(version["version"], version["isActive"]) for version in versions] == [
        *((number, False) for number in (1, 2, 3)),
        (4, True),
    ]
    assert workspace.actors("source")["things"]["sourceId"] == before
    other = AirbyteLowCodeConnector("Other", manifest=MANIFEST)
    workspace.applied(other, delete=True)
    assert set(workspace.definitions("source")) == {"Other"}
    assert workspace.actors("source") == {}


@pytest.mark.parametrize("side", ["source", "destination"])
def test_a_connector_of_an_image_is_made_watched_moved_and_deleted(workspace, side):
    check_images(workspace, side)


def test_an_edited_manifest_is_a_new_version_and_its_sources_stay(workspace):
    check_low_code(workspace)


@pytest.mark.slow
@pytest.mark.parametrize(("api", "version"), EVERYWHERE)
def test_connectors_in_every_version(serve, api, version):
    for side in KINDS:
        check_images(serve(api, version), side)
    check_low_code(serve(api, version))


def test_a_source_of_a_new_connector_is_written_with_its_connection_in_one_apply(workspace):
    low = AirbyteLowCodeConnector("Ours", manifest=MANIFEST)
    source = AirbyteSource("things", low, {"key": "s3cret"})
    sink = AirbyteDestination("sink", "Local JSON", {"destination_path": "/local/x"})
    result = workspace.apply(AirbyteSource("others", low, {"key": "s3cret"}), source, sink)
    assert result.report.ok, result.report
    assert "s3cret" not in repr(result.plan)


def test_a_configuration_is_held_against_the_manifest_before_anything_is_written(workspace):
    low = AirbyteLowCodeConnector("Ours", manifest=MANIFEST)
    said = workspace.problems(AirbyteSource("things", low, {"pages": "ten"}))
    assert len(said) == 2
    assert any("things.key" in line for line in said)
    assert any("things.pages" in line for line in said)


def test_a_source_that_names_a_declared_connector_refers_to_it(workspace):
    mine = AirbyteSourceDefinition("Mine", **IMAGE)
    workspace.applied(mine)
    assert workspace.applied(mine, AirbyteSource("thing", "Mine", {"host": "h"}), delete=True) == [
        "create thing (source)"
    ]
    # Of another sort one is declared, so that those not declared go; what a declared source is made of stays.
    other = AirbyteSourceDefinition("Other", **IMAGE)
    assert workspace.applied(other, AirbyteSource("thing", "Mine", {"host": "h"}), delete=True) == [
        "create Other (source definition)"
    ]


def test_a_name_is_a_reference_before_the_connector_is_there_too(workspace):
    mine, ours = AirbyteSourceDefinition("Mine", **IMAGE), AirbyteLowCodeConnector("Ours", manifest=MANIFEST)
    things = AirbyteSource("things", "Ours", {"key": "s3cret"})
    assert len(workspace.applied(mine, ours, AirbyteSource("thing", "Mine", {"host": "h"}), things)) == 4


def test_two_new_low_code_connectors_are_told_apart(workspace):
    other = copy.deepcopy(MANIFEST)
    other["spec"]["connection_specification"]["required"] = ["word"]
    other["spec"]["connection_specification"]["properties"] = {"word": {"type": "string"}}
    sources = [
        AirbyteSource("a", AirbyteLowCodeConnector("A", manifest=MANIFEST), {"key": "s3cret"}),
        AirbyteSource("b", AirbyteLowCodeConnector("B", manifest=other), {"word": "w"}),
    ]
    workspace.applied(*sources)
    assert {name: row["sourceName"] for name, row in workspace.actors("source").items()} == {"a": "A", "b": "B"}


@pytest.mark.parametrize(
    "connector",
    [AirbyteSourceDefinition("Mine", **IMAGE), AirbyteLowCodeConnector("Ours", manifest=MANIFEST)],
    ids=["image", "low-code"],
)
def test_a_source_is_moved_to_a_new_connector_by_a_replacement(workspace, connector):
    sink = AirbyteDestination("sink", "Local JSON", {"destination_path": "/local/x"})
    streams = {"users": AirbyteSyncMode.FULL_REFRESH_APPEND}
    people = AirbyteSource("people", "Sample Data", {"count": 10})
    workspace.applied(AirbyteConnection("c", source=people, destination=sink, stream_config=streams))
    moved = AirbyteSource("people", connector, {"key": "s3cret"})
    plan = workspace.plan(moved)
    assert {consequence.code for consequence in plan.consequences} >= {"replace", "cascade"}
    workspace.applied(moved)
    assert workspace.actors("source")["people"]["sourceName"] == connector.name


def test_connectors_that_nobody_declares_stay(workspace):
    mine = AirbyteSourceDefinition("Mine", **IMAGE)
    workspace.applied(mine, AirbyteLowCodeConnector("Ours", manifest=MANIFEST))
    people = AirbyteSource("people", "Sample Data", {"count": 10})
    assert workspace.applied(people, delete=True) == ["create people (source)"]
    assert set(workspace.definitions("source")) == {"Mine", "Ours"}


def test_what_exists_is_referred_to_and_left_alone(workspace):
    people = AirbyteSource("people", "Sample Data", {"count": 10})
    sink = AirbyteDestination("sink", "Local JSON", {"destination_path": "/local/x"})
    workspace.applied(people, sink, AirbyteSource("odd", "Sample Data", {"count": 1}))
    copied = AirbyteConnection(
        "copied",
        source=existing("source", "people"),
        destination=existing("destination", "sink"),
        stream_config={"users": AirbyteSyncMode.FULL_REFRESH_APPEND},
    )
    assert workspace.applied(copied, delete=True) == ["create copied (connection)", "delete odd (source)"]
    assert set(workspace.actors("source")) == {"people"}
    assert workspace.lines(copied) == []
    referred = workspace.asked()
    assert workspace.lines(replace(copied, source=people, destination=sink)) == []
    assert len(referred) <= len(workspace.asked())


def test_what_does_not_exist_is_a_problem_and_what_is_of_another_kind(workspace):
    sink = AirbyteDestination("sink", "Local JSON", {"destination_path": "/local/x"})
    streams = {"users": AirbyteSyncMode.FULL_REFRESH_APPEND}
    lost = AirbyteConnection("c", source=existing("source", "nobody"), destination=sink, stream_config=streams)
    (said,) = workspace.problems(lost)
    assert said == "c: refers to a source named 'nobody', of which none is declared and none exists"
    (said,) = workspace.problems(AirbyteSource("s", existing("low-code connector", "nobody"), {}))
    assert said.startswith("s: refers to a low-code connector named 'nobody'")


def test_a_check_that_uses_none_of_it_asks_no_more(workspace):
    people = AirbyteSource("people", "Sample Data", {"count": 10})
    sink = AirbyteDestination("sink", "Local JSON", {"destination_path": "/local/x"})
    streams = {"users": AirbyteSyncMode.FULL_REFRESH_APPEND}
    connection = AirbyteConnection("c", source=people, destination=sink, stream_config=streams)
    workspace.applied(connection)
    workspace.plan(connection)
    asked = workspace.asked()
    assert not [path for path in asked if "builder" in path or "workspaces/get" in path]
    assert len(asked) == {"config": 13, "public": 11}[workspace.api], asked
    # Connectors of an image come with what is asked for anyway.
    tag = workspace.call("source_definitions/list_for_workspace", workspaceId=workspace.server.workspace_id)
    tags = {row["name"]: row["dockerImageTag"] for row in tag["sourceDefinitions"]}
    in_use = AirbyteSourceDefinition("Sample Data", docker_image_tag=tags["Sample Data"])
    assert workspace.lines(connection, in_use) == []
    assert len(workspace.asked()) == len(asked)


def test_where_what_is_referred_to_is_of_another_kind_that_is_said(workspace):
    workspace.applied(AirbyteLowCodeConnector("Ours", manifest=MANIFEST))
    (said,) = workspace.problems(AirbyteSource("s", existing("source definition", "Ours"), {}))
    assert said == (
        "s: refers to a source definition named 'Ours', of which none is declared and none exists; there is a "
        "low-code connector of that name"
    )
    (said,) = workspace.problems(AirbyteSource("s", existing("low-code connector", "Postgres"), {}))
    assert said.endswith("none exists; there is a source definition of that name")
