"""Which version is in use: of a public connector as a reviewed change, of a low-code one an older too."""

from __future__ import annotations

from typing import Any

import airbyte_local
import pytest
from dagster_managed_elements.airbyte import (
    AirbyteInstance,
    AirbyteLowCodeConnector,
    AirbyteManagedElementReconciler,
    AirbyteSource,
    AirbyteSourceDefinition,
    AirbyteWorkspace,
    Secret,
)
from dagster_managed_elements.airbyte.breaking_changes import between
from dagster_managed_elements.airbyte.kinds.low_code import LowCodeKind
from dagster_managed_elements.airbyte.wire import Actor
from dagster_managed_elements.engine.changes import Create, Declared, FieldChange, Observed, Update
from dagster_managed_elements.engine.errors import DeclarationError
from dagster_managed_elements.engine.guarding import Policy, objections
from dagster_managed_elements.engine.values import ABSENT, Key

FEED = AirbyteSource("feed", "E2E Testing", {"type": "INFINITE_FEED", "max_records": 3})
SCHEMA = {"type": "object", "properties": {}}


def manifest(*streams: str, **more: Any) -> dict[str, Any]:
    return {
        **more,
        "version": "6.0.0",
        "type": "DeclarativeSource",
        "streams": [{"type": "DeclarativeStream", "name": name} for name in streams],
        "spec": {"type": "Spec", "connection_specification": SCHEMA},
    }


def newer(tag: str) -> AirbyteSourceDefinition:
    return AirbyteSourceDefinition("E2E Testing", docker_image_tag=tag)


def test_the_version_of_a_public_connector_names_what_breaks_and_until_when(serve):
    workspace = serve("config")
    workspace.applied(FEED)
    assert workspace.lines(newer("3.1.0")) == ["~ E2E Testing:", "  ~ docker image tag: 2.2.2 -> 3.1.0"]
    (said,) = workspace.plan(newer("3.1.0")).consequences
    assert said.code == "breaking-change"
    assert said.text == (
        "E2E Testing (source definition): 3.0.0 is a breaking change: Messages are numbered from one; it has to be "
        "made by 2027-03-31, or Airbyte makes it "
        "(https://docs.airbyte.com/integrations/sources/e2e-test-migrations#3.0.0)"
    )
    both = workspace.plan(newer("4.0.0"))
    assert [objection.text.split(": ")[1].split()[0] for objection in objections(both, Policy())] == [
        "3.0.0",
        "4.0.0",
    ]
    assert workspace.plan(newer("2.3.0")).consequences == ()
    assert workspace.applied(newer("3.1.0"), FEED) == ["update E2E Testing (source definition)"]
    assert workspace.applied(FEED, newer("3.1.0"), delete=True) == []


def test_over_the_public_api_the_version_of_a_public_connector_is_a_problem(serve):
    (said,) = serve("public").problems(newer("3.1.0"))
    assert "cannot change the version of a connector that is not your own" in said


def test_cloud_takes_low_code_connectors_and_none_of_an_image():
    with airbyte_local.server(airbyte_version="cloud", auth="client") as server:
        cloud = AirbyteInstance(
            url=f"{server.url}/v1", client_id=server.client_id, client_secret=server.client_secret
        )
        ours = AirbyteSource("things", AirbyteLowCodeConnector("Ours", manifest=manifest("a")), {})
        reconciler = AirbyteManagedElementReconciler(cloud, elements=[ours])
        reconciler.apply()
        assert reconciler.check().is_empty()
        mine = AirbyteSourceDefinition("Mine", docker_repository="me/x", docker_image_tag="1")
        with pytest.raises(DeclarationError, match="Airbyte Cloud takes no connectors of an image"):
            AirbyteManagedElementReconciler(cloud, elements=[mine]).check()
        mail = AirbyteWorkspace("W", email="a@b.example")
        with pytest.raises(DeclarationError, match='use api="config", which Airbyte Cloud has not'):
            AirbyteManagedElementReconciler(cloud, elements=[mail]).check()


def test_older_servers_say_in_a_line_what_they_lack(serve):
    mine = AirbyteSourceDefinition("Mine", docker_repository="me/x", docker_image_tag="1")
    (said,) = serve("public", "1.5").problems(mine)
    assert "the Public API of this Airbyte has no connectors (1.6 and later have)" in said
    (said,) = serve("public", "1.5").problems(AirbyteLowCodeConnector("Ours", manifest=manifest("a")))
    assert "1.6 and later have" in said
    old = serve("config", "0.50")
    old.applied(mine)
    renamed = AirbyteSourceDefinition("His", renamed_from="Mine", docker_repository="me/x", docker_image_tag="1")
    (said,) = old.problems(renamed)
    assert said == "His.name: this Airbyte cannot rename a connector; 1.5 and later can"


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        (AirbyteSourceDefinition("E2E Testin", docker_image_tag="1"), "Did you mean 'E2E Testing'?"),
        (
            AirbyteSourceDefinition("E2E Testing", docker_repository="me/x", docker_image_tag="1"),
            "Airbyte's own connector of this name has another image",
        ),
        (
            AirbyteSourceDefinition("Mine", docker_repository="me/y", docker_image_tag="1"),
            "it is 'me/x', and Airbyte cannot change it",
        ),
        (
            AirbyteSourceDefinition("Mine", docker_image_tag="1", documentation_url="https://other.example"),
            "it is 'https://x.example', and Airbyte cannot change it",
        ),
        (AirbyteLowCodeConnector("Ours", manifest={"version": "6.0.0"}), "a manifest needs spec:"),
        (
            AirbyteLowCodeConnector("Ours", manifest=manifest("a", key=Secret.literal("k-1"))),
            "what is secret belongs into the configuration of its sources",
        ),
        (
            AirbyteLowCodeConnector("Ours", manifest={"spec": {"connection_specification": {}}}),
            "version of the CDK",
        ),
    ],
)
def test_what_cannot_be_is_one_problem(workspace, declared, said):
    mine = {"docker_repository": "me/x", "docker_image_tag": "1", "documentation_url": "https://x.example"}
    workspace.applied(AirbyteSourceDefinition("Mine", **mine))
    (line,) = workspace.problems(declared)
    assert said in line


def test_a_connector_is_renamed_and_what_is_made_of_it_stays(workspace):
    image = {"docker_repository": "me/x", "docker_image_tag": "1"}
    mine = AirbyteSourceDefinition("Mine", **image)
    workspace.applied(AirbyteSource("thing", mine, {"host": "h"}))
    renamed = AirbyteSourceDefinition("His", renamed_from="Mine", **image)
    assert workspace.applied(AirbyteSource("thing", renamed, {"host": "h"})) == ["update His (source definition)"]


def test_an_older_version_of_a_manifest_is_put_into_use_and_nothing_published(serve):
    workspace = serve("config")
    for streams in (("a",), ("a", "b")):
        workspace.applied(AirbyteLowCodeConnector("Ours", manifest=manifest(*streams)))
    back = AirbyteLowCodeConnector("Ours", active_version=1)
    assert workspace.lines(back) == ["~ Ours:", "  ~ active version: 2 -> 1"]
    assert workspace.applied(back) == ["update Ours (low-code connector)"]
    both = AirbyteLowCodeConnector("Ours", manifest=manifest("a", "b"), active_version=2)
    assert workspace.lines(both) == [
        "~ Ours:",
        "  ~ active version: 1 -> 2",
        "  + manifest:",
        "    + streams:",
        "      + b:",
        "        + type: DeclarativeStream",
        "        + name: b",
    ]
    workspace.applied(both)
    assert not [path for path in workspace.asked() if path.endswith("create_manifest")]
    workspace.applied(AirbyteLowCodeConnector("Ours", manifest=manifest("c"), active_version=7))
    (said,) = workspace.problems(AirbyteLowCodeConnector("Ours", manifest=manifest("d"), active_version=7))
    assert "version 7 was published with another manifest" in said
    (said,) = workspace.problems(AirbyteLowCodeConnector("Ours", manifest=manifest("d"), active_version=1))
    assert "version 1 was published with another manifest" in said
    (said,) = workspace.problems(AirbyteLowCodeConnector("Ours", active_version=3))
    assert said == "Ours.active version: version 3 was not published, only 1, 2, 7"
    (said,) = workspace.problems(AirbyteLowCodeConnector("Nobody's", active_version=2))
    assert "there is no low-code connector of this name" in said
    (said,) = serve("public").problems(AirbyteLowCodeConnector("Ours", manifest=manifest("a"), active_version=1))
    assert "tells of no version but the one in use" in said


def test_true_is_another_manifest_than_1_and_null_is_none(serve):
    """Told by one rule, whether a version is named or not: nothing is published unseen, or left out as done."""
    workspace = serve("config")
    workspace.applied(AirbyteLowCodeConnector("Ours", manifest=manifest("a", max=1, also=[{"name": "x", "v": 1}])))
    inside = manifest("a", max=1, also=[{"name": "x", "v": True}])
    shown = workspace.lines(AirbyteLowCodeConnector("Ours", manifest=inside))
    assert [line.strip() for line in shown][-2:] == ["~ x:", "~ v: 1 -> True"]
    beside = {**manifest("a", max=True, also=[{"name": "x", "v": 1}]), "none": None}
    (said,) = workspace.problems(AirbyteLowCodeConnector("Ours", manifest=beside, active_version=1))
    assert "version 1 was published with another manifest" in said
    same = {**beside, "max": 1}
    assert workspace.lines(AirbyteLowCodeConnector("Ours", manifest=same, active_version=1)) == []
    assert workspace.lines(AirbyteLowCodeConnector("Ours", manifest=same)) == []


def test_what_was_not_published_in_the_builder_is_not_lost_unseen(serve):
    workspace = serve("config")
    workspace.applied(AirbyteLowCodeConnector("Ours", manifest=manifest("a")))
    here = {"workspaceId": workspace.server.workspace_id}
    (project,) = workspace.call("connector_builder_projects/list", **here)["projects"]
    draft = {"name": "Ours", "draftManifest": manifest("theirs")}
    which = {**here, "builderProjectId": project["builderProjectId"]}
    workspace.call("connector_builder_projects/update", **which, builderProject=draft)
    changed = AirbyteLowCodeConnector("Ours", manifest=manifest("b"))
    (said,) = workspace.plan(changed).consequences
    assert (said.code, said.destructive) == ("draft-lost", True)
    assert workspace.plan(AirbyteLowCodeConnector("Ours", manifest=manifest("a"))).operations == ()
    workspace.applied(changed)


def test_a_draft_that_an_earlier_run_could_not_publish_is_gone_on_with(serve):
    workspace = serve("config")
    here = {"workspaceId": workspace.server.workspace_id}
    draft = {"name": "Ours", "draftManifest": manifest("a")}
    workspace.call("connector_builder_projects/create", **here, builderProject=draft)
    workspace.applied(AirbyteLowCodeConnector("Ours", manifest=manifest("a")))
    assert len(workspace.call("connector_builder_projects/list", **here)["projects"]) == 1


def actor(*versions: str, pinned: bool = False) -> Actor:
    rows = [
        {"version": version, "message": f"m {version}", "upgradeDeadline": "2027-01-01"} for version in versions
    ]
    told = {"upcomingBreakingChanges": rows}
    return Actor(id="a", definition_id="d", name="n", breaking_changes=told, is_version_override_applied=pinned)


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ("1.0.0", "3.0.0", ["2.0.0", "3.0.0"]),
        ("1.0.0", "2.9", ["2.0.0"]),
        ("2.0.0", "3.0.1", ["3.0.0"]),
        ("2.0.0", "10.0.0", ["3.0.0", "10.0.0"]),
        ("3.1.0", "2.0.0", []),
        ("1.0.0", "dev", ["2.0.0", "3.0.0", "10.0.0"]),
        ("1.0.0", "3.0.0-rc.1", ["2.0.0", "3.0.0"]),
    ],
)
def test_breaking_changes_lie_after_the_old_version_and_not_after_the_new(before, after, found):
    said = between([actor("10.0.0", "2.0.0"), actor("3.0.0", "2.0.0")], "d", before, after)
    assert [change.version for change in said] == found


@pytest.mark.parametrize(
    "told", [None, "x", {}, {"upcomingBreakingChanges": "x"}, {"upcomingBreakingChanges": [7, {}]}]
)
def test_what_says_nothing_of_breaking_changes_breaks_nothing(told):
    other = Actor(id="a", definition_id="d", name="n", breaking_changes=told)
    assert between([other, actor("2.0.0", pinned=True)], "d", "1.0.0", "2.0.0") == []


A, B, C = {"name": "a"}, {"name": "b"}, {"name": "c"}


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ([{**A, "x": 1}, B], [B, C], [(("s", "a"), True), (("s", "c"), True)]),
        ([A, B], [B, A], [(("s", "0", "name"), False), (("s", "1", "name"), False)]),
        ([{"x": 1}, {"x": 2}], [{"x": 1}, {"x": 3}], [(("s", "1", "x"), False)]),
        ([{"x": 1}], [{"x": 1}, {"x": 2}], [(("s",), False)]),
        (["id"], ["id", "at"], [(("s",), False)]),
        ([{**A, "x": 1, "y": None}], [{**A, "x": True}], [(("s", "a", "x"), False)]),
        ([{**A, "x": [1]}, B], [{**A, "x": [True]}, B], [(("s", "a", "x"), False)]),
    ],
)
def test_what_differs_inside_a_list_is_shown_by_name_or_by_place(before, after, shown):
    declared = Declared(key=Key("low-code connector", "n"), fields={})
    change = Update(
        declared, Observed(kind="k", name="n", id="i", fields={}), (FieldChange(("s",), before, after),)
    )
    kind = LowCodeKind(None)  # pyright: ignore[reportArgumentType]
    found = list(kind.show(change))
    assert [(each.path, ABSENT in (each.before, each.after)) for each in found] == shown
    assert list(kind.show(Create(declared, (FieldChange(("s",), ABSENT, after),))))
