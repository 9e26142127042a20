"""Sources and destinations against the local Airbyte: what differs, what is sent, what is kept."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest
from dagster import EnvVar as DagsterEnvVar
from dagster_managed_elements.airbyte import (
    AirbyteConnection,
    AirbyteDestination,
    AirbyteSource,
    AirbyteSyncMode,
    EnvVar,
    Secret,
)
from dagster_managed_elements.engine.changes import FieldChange
from dagster_managed_elements.engine.errors import DeclarationError
from dagster_managed_elements.engine.values import ABSENT, Masked, Named

PASSWORD = "correct horse battery staple"


def postgres(**more) -> AirbyteSource:
    configuration = {"host": "db", "port": 5432, "database": "shop", "username": "me", "password": PASSWORD}
    return AirbyteSource("shop", "Postgres", {**configuration, **more})


def changes(plan) -> list[tuple[str, str, list[FieldChange]]]:
    return [(entry.action, entry.key.name, list(entry.fields)) for entry in plan.entries]


def stored(workspace, side="source") -> dict:
    (actor,) = workspace.actors(side)
    return workspace.server.stored(side, actor[f"{side}Id"])


def test_what_was_applied_is_in_sync_and_applying_it_again_writes_nothing(workspace):
    workspace.applied(postgres())
    workspace.apply(postgres())
    assert workspace.writes() == []


def test_one_changed_field_is_shown_alone_and_sent_alone(workspace):
    workspace.applied(postgres())
    assert changes(workspace.plan(postgres(host="db2"))) == [
        ("update", "shop", [FieldChange(("host",), "db", "db2")])
    ]
    workspace.applied(postgres(host="db2"))
    ((endpoint, body),) = workspace.written
    assert endpoint == "sources/partial_update"
    assert body["connectionConfiguration"] == {"host": "db2"}
    assert stored(workspace)["password"] == PASSWORD


def test_a_key_that_is_no_longer_declared_is_removed_and_the_secret_beside_it_stays(workspace):
    workspace.applied(postgres(jdbc_url_params="x=1"))
    assert changes(workspace.plan(postgres())) == [
        ("update", "shop", [FieldChange(("jdbc_url_params",), "x=1", ABSENT)])
    ]
    workspace.applied(postgres())
    ((endpoint, body),) = workspace.written
    assert endpoint == "sources/update"
    assert body["connectionConfiguration"]["password"] == "**********"
    assert stored(workspace) == {
        "host": "db",
        "port": 5432,
        "database": "shop",
        "username": "me",
        "password": PASSWORD,
    }


def test_a_key_set_in_the_ui_is_drift(workspace):
    workspace.applied(postgres())
    (source,) = workspace.actors("source")
    workspace.call(
        "sources/partial_update", sourceId=source["sourceId"], connectionConfiguration={"jdbc_url_params": "ui=1"}
    )
    assert changes(workspace.plan(postgres())) == [
        ("update", "shop", [FieldChange(("jdbc_url_params",), "ui=1", ABSENT)])
    ]


def test_what_the_schema_gives_as_default_is_no_difference(workspace):
    workspace.applied(postgres())
    (source,) = workspace.actors("source")
    workspace.call(
        "sources/partial_update", sourceId=source["sourceId"], connectionConfiguration={"schemas": ["public"]}
    )
    assert workspace.plan(postgres()).entries == ()


def test_a_masked_secret_equals_any_declared_one_and_says_so(workspace):
    workspace.applied(postgres())
    plan = workspace.plan(postgres(password="another one"))
    assert plan.entries == ()
    assert [(notice.path, notice.code) for notice in plan.notices] == [(("password",), "secret-unknown")]


def test_include_all_secrets_lists_each_secret_and_sends_it_again(workspace):
    workspace.applied(postgres())
    plan = workspace.plan(postgres(password="rotated"), force=True)
    ((_, _, (change,)),) = changes(plan)
    assert (change.path, change.before, repr(change.after)) == (("password",), Masked(), "**********")
    workspace.apply(postgres(password="rotated"), force=True)
    assert workspace.writes()[0][1]["connectionConfiguration"] == {"password": "rotated"}
    assert stored(workspace)["password"] == "rotated"


def test_a_secret_inside_an_array_is_sent_again_in_a_whole_update_and_that_is_said(workspace):
    apps = [{"app_id": "a", "app_api_key": "k-secret"}]
    rest = {"user_auth_key": "u-secret", "applications": apps, "start_date": "2026-01-01T00:00:00Z"}
    named = AirbyteSource("signals", "OneSignal", {**rest, "outcome_names": "x"})
    bare = AirbyteSource("signals", "OneSignal", {**rest, "outcome_names": "y", "start_date": rest["start_date"]})
    workspace.applied(AirbyteSource("signals", "OneSignal", {**named.source_configuration, "note": "odd"}))
    plan = workspace.plan(bare)
    resent = [consequence.text for consequence in plan.consequences if consequence.code == "secret-resent"]
    assert len(resent) == 2
    assert all("applications.0" in text for text in resent)
    assert not any(consequence.destructive for consequence in plan.consequences)
    workspace.applied(bare)
    ((endpoint, body),) = workspace.written
    assert endpoint == "sources/update"
    assert body["connectionConfiguration"]["user_auth_key"] == "**********"
    assert stored(workspace)["applications"] == apps
    assert stored(workspace)["user_auth_key"] == "u-secret"


def test_a_secret_whose_pattern_the_mask_breaks_is_sent_again(workspace):
    declared = {"secret_key": "sk_live_abc", "start_date": "2026-01-01T00:00:00Z"}
    workspace.applied(AirbyteSource("pay", "Paystack", {**declared, "note": "odd"}))
    workspace.applied(AirbyteSource("pay", "Paystack", declared))
    ((_, body),) = workspace.written
    assert body["connectionConfiguration"]["secret_key"] == "sk_live_abc"


def test_another_branch_of_a_choice_leaves_nothing_of_the_one_before(workspace):
    key = {
        "tunnel_method": "SSH_KEY_AUTH",
        "tunnel_host": "h",
        "tunnel_port": 22,
        "tunnel_user": "u",
        "ssh_key": "k1",
    }
    workspace.applied(postgres(tunnel_method=key))
    word = {
        "tunnel_method": "SSH_PASSWORD_AUTH",
        "tunnel_host": "h",
        "tunnel_port": 22,
        "tunnel_user": "u",
        "tunnel_user_password": "w1",
    }
    workspace.applied(postgres(tunnel_method=word))
    assert stored(workspace)["tunnel_method"] == word
    assert stored(workspace)["password"] == PASSWORD


@pytest.mark.parametrize("variable", [EnvVar("SHOP_PASSWORD"), DagsterEnvVar("SHOP_PASSWORD")])
def test_of_a_variable_the_value_is_sent_and_never_the_name(workspace, monkeypatch, variable):
    monkeypatch.setenv("SHOP_PASSWORD", "from the environment")
    workspace.applied(postgres(password=variable))
    assert stored(workspace)["password"] == "from the environment"
    assert "SHOP_PASSWORD" not in json.dumps([body for _, body in workspace.written])


def test_a_variable_at_a_path_that_is_no_secret_is_compared_by_its_value(workspace, monkeypatch):
    monkeypatch.setenv("SHOP_HOST", "db-one")
    workspace.applied(postgres(host=EnvVar("SHOP_HOST")))
    assert workspace.plan(postgres(host=EnvVar("SHOP_HOST"))).entries == ()
    monkeypatch.setenv("SHOP_HOST", "db-two")
    ((_, _, (change,)),) = changes(workspace.plan(postgres(host=EnvVar("SHOP_HOST"))))
    assert (change.path, str(change.before), repr(change.after)) == (("host",), "**********", "**********")
    workspace.applied(postgres(host=EnvVar("SHOP_HOST")))
    assert stored(workspace)["host"] == "db-two"


def test_a_text_around_a_secret_is_stored_with_its_value(workspace, monkeypatch):
    monkeypatch.setenv("SHOP_PASSWORD", "from the environment")
    params = Secret.format("ssl=true&password={}", EnvVar("SHOP_PASSWORD"))
    workspace.applied(postgres(jdbc_url_params=params))
    assert stored(workspace)["jdbc_url_params"] == "ssl=true&password=from the environment"


def test_the_mask_within_a_text_is_found_before_anything_is_written(workspace):
    (said,) = workspace.problems(postgres(jdbc_url_params="ssl=true&password=**********"))
    assert said.startswith("shop.jdbc_url_params: holds **********, which is printed in place of a secret")
    assert workspace.writes() == []


def test_the_mask_where_no_secret_is_masked_is_found_before_anything_is_written(workspace):
    (said,) = workspace.problems(postgres(host="**********"))
    assert said.startswith("shop.host: this is the mask")
    workspace.applied(postgres())
    assert workspace.problems(postgres(host="**********")) == [said]


@pytest.mark.parametrize("shape", [EnvVar, DagsterEnvVar, lambda name: Secret.format("{}", EnvVar(name))])
@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("port", "5432x", "must be a whole number; of a variable EnvVar(..., as_type=int) makes one"),
        ("schemas", "public", "must be a list"),
    ],
)
def test_values_of_variables_are_validated_as_literals_are_and_not_shown(
    workspace, monkeypatch, setting, value, said, shape
):
    monkeypatch.setenv("SHOP_VALUE", value)
    assert workspace.problems(postgres(**{setting: shape("SHOP_VALUE")})) == [
        f"shop.{setting}: its value, a secret, {said}"
    ]
    assert len(workspace.problems(postgres(**{setting: value}))) == 1


def test_a_file_is_validated_by_what_it_holds(workspace, tmp_path):
    (tmp_path / "date").write_text("yesterday\n")
    declared = {"secret_key": "sk_live_abc", "start_date": Secret.file(tmp_path / "date")}
    said = workspace.problems(AirbyteSource("pay", "Paystack", declared))
    assert all(line.startswith("pay.start_date: its value, a secret, must") for line in said)
    assert "yesterday" not in "\n".join(said)
    (tmp_path / "date").write_bytes(b"\xef\xbb\xbf2026-01-01T00:00:00Z\r\n")
    workspace.applied(AirbyteSource("pay", "Paystack", declared))


def test_a_number_of_a_variable_is_stored_as_a_number(workspace, monkeypatch):
    monkeypatch.setenv("SHOP_PORT", "5433")
    workspace.applied(postgres(port=EnvVar("SHOP_PORT", as_type=int)))
    assert stored(workspace)["port"] == 5433


OPTIONAL = "optional=True leaves out what may be missing."


def test_a_variable_that_is_missing_empty_or_of_no_type_is_one_line_each_and_nothing_is_written(
    workspace, monkeypatch
):
    monkeypatch.setenv("SHOP_EMPTY", "")
    monkeypatch.setenv("SHOP_WORD", "hush")
    declared = {
        "password": EnvVar("SHOP_EMPTY"),
        "port": EnvVar("SHOP_WORD", as_type=int),
        "host": EnvVar("SHOP_NOWHERE"),
    }
    assert sorted(workspace.problems(postgres(**declared))) == [
        "shop.host: The environment variable SHOP_NOWHERE is not set.",
        f"shop.password: The environment variable SHOP_EMPTY is set and empty; {OPTIONAL}",
        "shop.port: The environment variable SHOP_WORD does not hold a valid int.",
    ]
    assert workspace.writes() == []


def test_an_optional_secret_comes_and_goes_with_its_variable(workspace, monkeypatch):
    declared = postgres(jdbc_url_params=EnvVar("SHOP_PARAMS", optional=True))
    workspace.applied(declared)
    assert "jdbc_url_params" not in stored(workspace)
    monkeypatch.setenv("SHOP_PARAMS", "x=1")
    workspace.applied(declared)
    assert stored(workspace)["jdbc_url_params"] == "x=1"
    monkeypatch.setenv("SHOP_PARAMS", "")
    workspace.applied(declared)
    assert "jdbc_url_params" not in stored(workspace)


def test_a_callable_is_not_called_in_a_check_and_once_in_an_apply_that_sends_it(workspace):
    calls = []
    vault = Secret.call(lambda: calls.append(1) or "from the vault", reference="db/shop#1")
    workspace.plan(postgres(password=vault))
    assert calls == []
    workspace.apply(postgres(password=vault))
    assert len(calls) == 1
    workspace.apply(postgres(password=vault))
    assert len(calls) == 1
    assert stored(workspace)["password"] == "from the vault"


def test_another_connector_is_a_replacement_and_shown_as_one(workspace):
    workspace.applied(AirbyteSource("data", "Sample Data", {"count": 10}))
    (before,) = workspace.actors("source")
    plan = workspace.plan(AirbyteSource("data", "PokeAPI", {"pokemon_name": "pikachu"}))
    (entry,) = plan.entries
    assert entry.action == "replace"
    assert [(change.path, str(change.before), str(change.after)) for change in entry.fields] == [
        (("type",), "Sample Data", "PokeAPI"),
        (("pokemon_name",), "ABSENT", "pikachu"),
        (("count",), "10", "ABSENT"),
    ]
    assert [consequence.code for consequence in plan.consequences] == ["replace"]
    refused = workspace.apply(AirbyteSource("data", "PokeAPI", {"pokemon_name": "pikachu"}), agree=False)
    assert "deleted and created anew" in str(refused.error)
    assert workspace.writes() == []
    workspace.applied(AirbyteSource("data", "PokeAPI", {"pokemon_name": "pikachu"}))
    (after,) = workspace.actors("source")
    assert after["sourceId"] != before["sourceId"]


@pytest.mark.parametrize(
    "spelling",
    ["File", "file", "source-file", "airbyte/source-file", "778daa7c-feaf-4db6-96f3-70fd645acc77"],
)
def test_a_connector_goes_by_many_names(workspace, spelling):
    configuration = {
        "url": "https://example.org/x.csv",
        "format": "csv",
        "dataset_name": "x",
        "provider": {"storage": "HTTPS"},
    }
    plan = workspace.plan(AirbyteSource("x", spelling, configuration))
    (operation,) = plan.operations
    assert operation.change.declared.fields["type"] == Named("778daa7c-feaf-4db6-96f3-70fd645acc77", "File")


def test_every_problem_is_reported_at_once_and_nothing_is_written(workspace):
    said = workspace.problems(
        AirbyteSource("one", "Postgress", {}),
        AirbyteSource("two", "Postgres", {"host": 5, "port": "x", "database": "d"}),
        AirbyteDestination("three", "Local JSON", {"destination_pth": "/local/x"}),
    )
    text = "\n".join(said)
    assert "one.type: There is no source connector 'Postgress'. Did you mean 'Postgres'" in text
    assert "two.host" in text
    assert "two.port" in text
    assert "two.username" in text or "'username'" in text
    assert "three" in text
    assert "destination_path" in text
    assert len(said) >= 5
    assert workspace.writes() == []


def test_a_rename_keeps_the_object(workspace):
    workspace.applied(postgres())
    (before,) = workspace.actors("source")
    renamed = AirbyteSource("store", "Postgres", postgres().source_configuration, renamed_from="shop")
    assert changes(workspace.plan(renamed)) == [("update", "store", [FieldChange(("name",), "shop", "store")])]
    workspace.applied(renamed)
    (after,) = workspace.actors("source")
    assert (after["sourceId"], after["name"]) == (before["sourceId"], "store")


def test_unmentioned_objects_are_left_alone_unless_asked_for(workspace):
    workspace.server.seed(sources=[{"name": "theirs"}])
    assert workspace.plan(postgres()).entries[-1].action == "create"
    plan = workspace.plan(postgres(), delete=True)
    assert [(entry.action, entry.key.name) for entry in plan.entries] == [("create", "shop"), ("delete", "theirs")]
    workspace.applied(postgres(), delete=True)
    assert [actor["name"] for actor in workspace.actors("source")] == ["shop"]


def test_two_objects_of_one_declared_name_are_an_error_with_both_ids(workspace):
    ids = workspace.server.seed(sources=[{"name": "shop", "count": 2}])["sources"]
    (said,) = workspace.problems(postgres())
    assert all(id_ in said for id_ in ids)


def test_no_secret_is_in_a_plan_or_an_error(workspace):
    plan = workspace.plan(postgres())
    assert PASSWORD not in repr(plan)
    assert PASSWORD not in "\n".join(workspace.problems(postgres(port="x")))
    workspace.server.faults(
        {"match": "sources/create", "action": "status", "status": 422, "body": {"message": PASSWORD}}
    )
    result = workspace.apply(postgres())
    assert result.report is not None
    assert PASSWORD not in repr(result)
    assert PASSWORD not in result.report.outcomes[0].reason


def test_the_mask_copied_from_airbyte_is_found_before_anything_is_written(workspace):
    said = ["shop.password: this is the mask that Airbyte shows in place of a secret; give the secret itself"]
    assert workspace.problems(postgres(password="**********")) == said
    workspace.applied(AirbyteSource("shop", "Sample Data", {"count": 1}))
    assert workspace.problems(postgres(password="**********")) == said


def test_the_mask_stands_for_the_secret_that_is_there(workspace):
    workspace.applied(postgres(jdbc_url_params="x=1"))
    assert workspace.plan(postgres(password="**********", jdbc_url_params="x=1")).entries == ()
    workspace.applied(postgres(password="**********"))
    assert stored(workspace)["password"] == PASSWORD


def test_what_is_no_element_is_refused_where_it_is_declared(workspace):
    with pytest.raises(DeclarationError, match="takes elements, not str"):
        workspace.check("shop")


def test_a_name_that_is_no_text_is_a_problem_and_no_fault(workspace):
    assert workspace.problems(AirbyteSource(5, "Sample Data", {"count": 1})) == ["5: a source needs a name"]


def test_a_misspelt_setting_that_the_connector_allows_is_a_notice_and_no_problem(workspace):
    plan = workspace.plan(postgres(schema=["public"]))
    (said,) = [notice for notice in plan.notices if notice.code == "misspelt"]
    assert (said.key.name, said.path) == ("shop", ("schema",))
    assert said.text == "is no setting that this connector knows; did you mean 'schemas'?"


class Tenant(AirbyteSource):
    """As upstream's users write one: a plain subclass that keeps values of its own."""

    def __init__(self, key, region=None):
        self.key = key
        self.region = region
        super().__init__(f"shop of {key}", "Sample Data", {"count": 3})


@dataclass(frozen=True)
class Dataclass(AirbyteSource):
    key: str = "north"


@pytest.mark.parametrize(
    "source", [Tenant("north", region="eu"), Dataclass("shop of north", "Sample Data", {"count": 3}, key="north")]
)
def test_a_subclass_may_keep_a_key_of_its_own(workspace, source):
    connection = AirbyteConnection(
        "numbers",
        source,
        AirbyteDestination("disk", "Local JSON", {"destination_path": "/local/disk"}),
        {"users": AirbyteSyncMode.FULL_REFRESH_OVERWRITE},
    )
    workspace.applied(connection)
    assert source.key == "north"
    assert [actor["name"] for actor in workspace.actors("source")] == ["shop of north"]
    workspace.applied(delete=True)
