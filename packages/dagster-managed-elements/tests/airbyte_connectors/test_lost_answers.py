"""Writes of connectors whose answers are lost, or that fail half way: nothing twice, nothing falsely done."""

from __future__ import annotations

from typing import Any

import pytest
from dagster_managed_elements.airbyte import AirbyteLowCodeConnector, AirbyteSource, AirbyteSourceDefinition

MINE = AirbyteSourceDefinition("Mine", docker_repository="me/x", docker_image_tag="1")


def ours(*streams: str) -> AirbyteLowCodeConnector:
    manifest = {
        "version": "6.0.0",
        "streams": [{"type": "DeclarativeStream", "name": name} for name in streams],
        "spec": {"type": "Spec", "connection_specification": {"type": "object", "properties": {}}},
    }
    return AirbyteLowCodeConnector("Ours", manifest=manifest)


def versions(workspace: Any) -> list[int]:
    here = {"workspaceId": workspace.server.workspace_id}
    which = {**here, "sourceDefinitionId": workspace.definitions("source")["Ours"]["sourceDefinitionId"]}
    rows = workspace.call("declarative_source_definitions/list_manifests", **which)["manifestVersions"]
    return [row["version"] for row in rows]


@pytest.mark.parametrize("element", [MINE, ours("a")], ids=["image", "low-code"])
def test_a_create_whose_answer_is_lost_is_found_and_not_sent_again(workspace, element):
    for path in ("source_definitions/create_custom", "connector_builder_projects/publish", "workspaces/"):
        if not path.startswith("workspaces") or workspace.api == "public":
            workspace.server.fault(path, "lost-after-commit", times=1, method="POST")
    result = workspace.apply(element)
    assert result.report.ok, result.report
    assert list(workspace.definitions("source")) == [element.name]
    assert workspace.lines(element) == []


def test_a_version_whose_answer_is_lost_is_published_once(workspace):
    workspace.applied(ours("a"))
    public = f"workspaces/{workspace.server.workspace_id}/definitions/declarative_sources/"
    for path, method in (("declarative_source_definitions/create_manifest", "POST"), (public, "PUT")):
        workspace.server.fault(path, "lost-after-commit", times=1, method=method)
    result = workspace.apply(ours("a", "b"))
    assert result.report.ok, result.report
    assert workspace.lines(ours("a", "b")) == []
    assert versions(workspace) == [1, 2]


def test_a_version_whose_answer_is_empty_is_looked_at(workspace):
    """Something in between answered, and nothing was published."""
    workspace.applied(ours("a"))
    for path, method in (("declarative_source_definitions/create_manifest", "POST"), ("workspaces/", "PUT")):
        workspace.server.fault(path, "status", status=200, method=method)
    report = workspace.apply(ours("a", "b")).report
    assert [outcome.status for outcome in report.outcomes] == ["unknown"]
    workspace.server.faults()
    assert workspace.applied(ours("a", "b")) == ["update Ours (low-code connector)"]


def test_a_low_code_connector_is_kept_that_the_server_failed_at_the_answer_of_alone(workspace):
    for path in ("connector_builder_projects/publish", "workspaces/"):
        if not path.startswith("workspaces") or workspace.api == "public":
            workspace.server.fault(path, "status", status=500, commit=True, times=1, method="POST")
    result = workspace.apply(ours("a"))
    assert result.report.ok, result.report
    assert workspace.lines(ours("a")) == []
    assert workspace.applied(ours("a", "b")) == ["update Ours (low-code connector)"]


@pytest.mark.parametrize("status", [422, 500])
def test_a_draft_that_cannot_be_published_is_taken_back(serve, status):
    workspace = serve("config")
    workspace.server.fault("connector_builder_projects/publish", "status", status=status)
    assert not workspace.apply(ours("a"), AirbyteSource("things", ours("a"), {})).report.ok
    assert workspace.call("connector_builder_projects/list", workspaceId=workspace.server.workspace_id) == {
        "projects": []
    }
    assert workspace.actors("source") == {}


def test_a_low_code_connector_without_a_project_is_a_problem_that_says_why_there_may_be_none(serve):
    workspace = serve("config")
    workspace.applied(ours("a"))
    here = {"workspaceId": workspace.server.workspace_id}
    (project,) = workspace.call("connector_builder_projects/list", **here)["projects"]
    workspace.call("connector_builder_projects/delete", **here, builderProjectId=project["builderProjectId"])
    (said,) = workspace.problems(ours("a", "b"))
    assert "built in another workspace" in said
    assert "or its project was deleted" in said


def test_an_image_whose_specification_cannot_be_had_fails_with_what_is_made_of_it_alone(workspace):
    broken = AirbyteSourceDefinition("Mine", docker_repository="me/x", docker_image_tag="fail:spec")
    people = AirbyteSource("people", "Sample Data", {"count": 10})
    report = workspace.apply(AirbyteSource("thing", broken, {}), people).report
    statuses = {str(outcome.step): outcome.status for outcome in report.outcomes}
    assert statuses == {
        "create Mine (source definition)": "failed",
        "create thing (source)": "skipped",
        "create people (source)": "done",
    }


def test_two_connectors_of_one_declared_name_are_a_problem_that_shows_both(workspace):
    image = {
        "name": "Mine",
        "dockerRepository": "me/x",
        "dockerImageTag": "1",
        "documentationUrl": "https://x.example",
    }
    ids = [
        workspace.call(
            "source_definitions/create_custom", workspaceId=workspace.server.workspace_id, sourceDefinition=image
        )["sourceDefinitionId"]
        for _ in range(2)
    ]
    (said,) = workspace.problems(MINE)
    assert all(id_ in said for id_ in ids)
