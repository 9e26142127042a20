"""What Airbyte's own OAuth set in the UI: nobody can declare it, so it is left alone, and said once."""

from __future__ import annotations

from typing import Any

import pytest
from dagster_managed_elements.airbyte import AirbyteLowCodeConnector, AirbyteSource
from dagster_managed_elements.airbyte.specs.oauth import filled, set_by_oauth
from dagster_managed_elements.airbyte.wire import Specification

SECRET = {"type": "string", "airbyte_secret": True}
TOKENS = {"client_id": "c-1", "client_secret": "s-1", "refresh_token": "r-1"}
MANIFEST: dict[str, Any] = {
    "version": "6.0.0",
    "type": "DeclarativeSource",
    "streams": [{"type": "DeclarativeStream", "name": "things"}],
    "spec": {
        "type": "Spec",
        "connection_specification": {
            "type": "object",
            "properties": {
                "start": {"type": "string"},
                "credentials": {
                    "type": "object",
                    "oneOf": [
                        {
                            "title": "OAuth",
                            "required": ["auth_type", *TOKENS],
                            "properties": {"auth_type": {"const": "oauth2.0"}, **dict.fromkeys(TOKENS, SECRET)},
                        },
                        {
                            "title": "Key",
                            "required": ["auth_type", "key"],
                            "properties": {"auth_type": {"const": "key"}, "key": SECRET},
                        },
                    ],
                },
            },
        },
        "advanced_auth": {
            "auth_flow_type": "oauth2.0",
            "predicate_key": ["credentials", "auth_type"],
            "predicate_value": "oauth2.0",
            "oauth_config_specification": {
                "complete_oauth_output_specification": {
                    "properties": {"refresh_token": {"path_in_connector_config": ["credentials", "refresh_token"]}}
                },
                "complete_oauth_server_output_specification": {
                    "properties": {
                        name: {"path_in_connector_config": ["credentials", name]}
                        for name in ("client_id", "client_secret")
                    }
                },
            },
        },
    },
}


@pytest.fixture
def made(workspace):
    """A source as the UI leaves it once somebody has agreed in the browser."""
    low = AirbyteLowCodeConnector("Ours", manifest=MANIFEST)
    workspace.applied(low)
    workspace.call(
        "sources/create",
        workspaceId=workspace.server.workspace_id,
        sourceDefinitionId=workspace.definitions("source")["Ours"]["sourceDefinitionId"],
        name="things",
        connectionConfiguration={"start": "2024", "credentials": {"auth_type": "oauth2.0", **TOKENS}},
    )
    return workspace


@pytest.mark.wide("config-credentials0-Ours", "public-credentials1-connector1")
@pytest.mark.parametrize("connector", ["Ours", AirbyteLowCodeConnector("Ours", manifest=MANIFEST)])
@pytest.mark.parametrize("credentials", [{}, {"credentials": {"auth_type": "oauth2.0"}}])
def test_keys_set_by_oauth_are_left_alone_and_that_is_said_once(made, connector, credentials):
    declared = AirbyteSource("things", connector, {"start": "2024", **credentials})
    plan = made.plan(declared)
    assert plan.operations == ()
    (said,) = [notice.text for notice in plan.notices if notice.code == "oauth"]
    assert said.startswith("left as Airbyte's OAuth set it: credentials.")
    assert "credentials.refresh_token" in said
    changed = AirbyteSource("things", connector, {"start": "2025", **credentials})
    assert made.lines(changed) == ["~ things:", "  ~ start: 2024 -> 2025"]
    made.applied(changed)
    made.applied(AirbyteSource("things", connector, credentials))
    assert made.actors("source")["things"]["connectionConfiguration"] == {
        "credentials": {"auth_type": "oauth2.0", **dict.fromkeys(TOKENS, "*" * 10)}
    }


def test_another_way_to_authenticate_takes_the_place_of_oauth(made):
    declared = AirbyteSource("things", "Ours", {"credentials": {"auth_type": "key", "key": "k-1"}})
    shown = made.lines(declared)
    assert "    - refresh_token: **********" in shown
    made.applied(declared)


def test_a_new_source_without_them_is_a_problem(workspace):
    low = AirbyteLowCodeConnector("Ours", manifest=MANIFEST)
    assert workspace.problems(AirbyteSource("new", low, {"credentials": {"auth_type": "oauth2.0"}}))


def test_where_the_specification_is_not_told_masked_tokens_tell():
    mask = "*" * 10
    observed = {
        "host": "h",
        "password": mask,
        "credentials": {
            "way": "oauth",
            "client_id": "c",
            "client_secret": mask,
            "refresh_token": mask,
            "other": mask,
        },
    }

    def found(**declared: Any) -> set[str]:
        return {".".join(path) for path in set_by_oauth(declared, observed, Specification(is_partial=True))}

    tokens = {f"credentials.{name}" for name in ("client_id", "client_secret", "refresh_token")}
    assert found(host="h") == {*tokens, "credentials.way", "credentials.other"}
    assert found(credentials={"way": "oauth"}) == tokens
    assert found(credentials={"way": "key", "key": "k"}) == set()
    assert found(credentials={"way": "oauth", "client_id": "c"}) == set()
    assert set_by_oauth({"credentials": {"refresh_token": "mine"}}, observed, Specification()) == {}


def test_what_is_declared_gives_way_to_nothing():
    declared = {"credentials": {"auth_type": "x"}, "start": "2024"}
    by = {("credentials", "token"): 1, ("start", "deep"): 2, ("new", "deep"): 3}
    assert filled(declared, by) == {
        "credentials": {"auth_type": "x", "token": 1},
        "start": "2024",
        "new": {"deep": 3},
    }


@pytest.mark.parametrize(
    "told", [{}, {"advanced_auth": 7}, {"oauth_config_specification": []}, {"predicate_key": 7}]
)
def test_what_says_nothing_of_oauth_leaves_nothing_alone(told):
    assert set_by_oauth({}, {"token": "*" * 10}, Specification(advanced_auth=told)) == {}
