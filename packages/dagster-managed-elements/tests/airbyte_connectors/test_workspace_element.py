"""The workspace itself: its name, its email, whom it tells of what; changed as declared and never deleted."""

from __future__ import annotations

from typing import Any

import pytest
from dagster_managed_elements.airbyte import AirbyteNotification, AirbyteSource, AirbyteWorkspace, Secret
from dagster_managed_elements.engine.errors import DeclarationError

HOOK = "https://hooks.example/T0/B0/s3cret"
TELLING = {
    "failure": AirbyteNotification(email=False, webhook=HOOK),
    "sync_disabled": AirbyteNotification(email=True),
}
EVERYWHERE = [
    *(("config", version) for version in ("0.50", "1.5", "1.6", "1.8", "2.0", "9.9")),
    *(("public", version) for version in ("1.6", "1.8", "2.0", "9.9")),
]


def hook(webhook: Any) -> dict[str, Any]:
    return {"notifications": {"failure": AirbyteNotification(webhook=webhook)}}


def settings(workspace: Any) -> dict[str, Any]:
    return workspace.call("workspaces/get", workspaceId=workspace.server.workspace_id)


def check_workspace(workspace: Any) -> None:
    declared = AirbyteWorkspace("Analytics", notifications=TELLING)
    shown = workspace.lines(declared)
    old = settings(workspace)["name"]
    assert shown == [
        "~ Analytics:",
        f"  ~ name: {old} -> Analytics",
        "  ~ notifications:",
        "    ~ failure:",
        "      ~ email: True -> False",
        "      ~ webhook: None -> **********",
    ]
    untouched = settings(workspace)["notificationSettings"]["sendOnConnectionUpdate"]
    assert workspace.applied(declared) == ["update Analytics (workspace)"]
    told = settings(workspace)
    assert told["name"] == "Analytics"
    assert told["notificationSettings"]["sendOnFailure"] == {
        "notificationType": ["slack"],
        "slackConfiguration": {"webhook": HOOK},
    }
    assert told["notificationSettings"]["sendOnConnectionUpdate"] == untouched
    drift = {**told["notificationSettings"], "sendOnFailure": {"notificationType": ["customerio"]}}
    here = {"workspaceId": workspace.server.workspace_id}
    workspace.call("workspaces/update", **here, notificationSettings=drift)
    workspace.call("workspaces/update_name", **here, name="Somebody's")
    assert workspace.lines(declared) == ["~ Analytics:", "  ~ name: Somebody's -> Analytics", *shown[2:]]
    assert workspace.applied(declared) == ["update Analytics (workspace)"]
    quiet = AirbyteWorkspace("Analytics", notifications={"failure": AirbyteNotification(webhook=None)})
    assert workspace.lines(quiet)[-1] == "      ~ webhook: ********** -> None"
    workspace.applied(quiet)
    assert settings(workspace)["notificationSettings"]["sendOnFailure"]["notificationType"] == []


def test_a_workspace_is_changed_as_declared_and_drift_is_shown_exactly(workspace):
    check_workspace(workspace)


@pytest.mark.slow
@pytest.mark.parametrize(("api", "version"), EVERYWHERE)
def test_a_workspace_in_every_version(serve, api, version):
    check_workspace(serve(api, version))


@pytest.mark.parametrize("version", ["0.50", "1.5"])
def test_before_notifications_the_public_api_has_the_name_alone(serve, version):
    workspace = serve("public", version)
    assert workspace.applied(AirbyteWorkspace("Analytics")) == ["update Analytics (workspace)"]
    (said,) = workspace.problems(AirbyteWorkspace("Analytics", notifications=TELLING))
    assert "has no notifications (1.6 and later have)" in said


def test_the_secret_of_a_webhook_is_in_no_plan(workspace):
    plan = workspace.plan(AirbyteWorkspace("Analytics", notifications=TELLING))
    assert "s3cret" not in repr(plan)
    assert "s3cret" not in repr(AirbyteWorkspace("Analytics", notifications=TELLING))


def test_what_the_public_api_lacks_is_a_problem_each(serve):
    breaking = {"breaking_change_warning": AirbyteNotification(email=True)}
    said = serve("public").problems(AirbyteWorkspace("W", email="a@b.example", notifications=breaking))
    assert [line.split(": ")[0] for line in said] == ["W.email", "W.notifications.breaking_change_warning"]


def test_an_email_is_set_over_the_config_api(serve):
    workspace = serve("config")
    workspace.applied(AirbyteWorkspace("Default Workspace", email="data@example.com"))
    assert settings(workspace)["email"] == "data@example.com"


def test_the_region_of_a_workspace_is_set_over_the_config_api(serve):
    workspace, (us, eu) = serve("config"), (f"7d0c3b52-64a1-4f0e-9a55-0d2f8a1c6e0{number}" for number in "12")
    workspace.applied(AirbyteWorkspace("Default Workspace", region=us))
    assert settings(workspace)["dataplaneGroupId"] == us
    here = {"workspaceId": workspace.server.workspace_id}
    workspace.call("workspaces/update", **here, dataplaneGroupId=eu)
    declared = AirbyteWorkspace("Default Workspace", region=us)
    assert workspace.lines(declared) == ["~ Default Workspace:", f"  ~ region: {eu} -> {us}"]
    assert workspace.lines(AirbyteWorkspace("Default Workspace")) == []
    workspace.applied(declared)
    assert workspace.lines(declared) == []


@pytest.mark.parametrize(("api", "version"), [("config", "1.6"), ("public", "2.0")])
def test_a_region_that_nobody_can_set_is_refused_before_any_write(serve, api, version):
    (said,) = serve(api, version).problems(AirbyteWorkspace("W", region="x"))
    assert said.startswith("W.region: a workspace takes another region since Airbyte 1.8, through the Config API")


def test_a_workspace_that_is_not_declared_stays_and_costs_nothing(workspace):
    workspace.applied(AirbyteWorkspace("Analytics"))
    people = AirbyteSource("people", "Sample Data", {"count": 10})
    assert workspace.applied(people, delete=True) == ["create people (source)"]
    assert workspace.applied(AirbyteWorkspace("Analytics"), delete=True) == ["delete people (source)"]
    assert settings(workspace)["name"] == "Analytics"


def test_webhooks_that_a_change_would_erase_are_named_and_a_new_name_erases_none(serve):
    workspace = serve("config")
    hooks = [{"name": "dbt", "authToken": "t"}]
    workspace.call("workspaces/update", workspaceId=workspace.server.workspace_id, webhookConfigs=hooks)
    assert workspace.plan(AirbyteWorkspace("Analytics")).consequences == ()
    workspace.applied(AirbyteWorkspace("Analytics"))
    assert [webhook["name"] for webhook in settings(workspace)["webhookConfigs"]] == ["dbt"]
    (said,) = workspace.plan(AirbyteWorkspace("Analytics", notifications=TELLING)).consequences
    assert (said.code, said.destructive) == ("webhooks-lost", True)
    assert said.text.endswith("its webhooks for dbt Cloud are erased: dbt")


def test_two_workspaces_cannot_be_declared_at_one_instance(workspace):
    assert len(workspace.problems(AirbyteWorkspace("A"), AirbyteWorkspace("B"))) == 2


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"notifications": {"moon": AirbyteNotification(email=True)}}, "there is no notification of 'moon'"),
        ({"notifications": {"failure": True}}, "wants an AirbyteNotification, not bool"),
        ({"notifications": {"failure": AirbyteNotification(email="yes")}}, "failure: email wants a bool, not str"),
        (hook(5), "failure: webhook wants a str or a Secret, not int"),
        (hook(Secret.literal(5)), "failure: webhook wants a str or a Secret, not int"),
        (hook(""), "failure: webhook is empty; for none write webhook=None"),
        (hook(Secret.literal(" ")), "failure: webhook is empty"),
        ({"region": ""}, "region is empty; leave it out"),
        ({"email": 7}, "email wants a str, not int"),
    ],
)
def test_what_is_empty_or_of_another_type_is_said_where_it_is_written(given, said):
    with pytest.raises(DeclarationError, match=said):
        AirbyteWorkspace("W", **given)
