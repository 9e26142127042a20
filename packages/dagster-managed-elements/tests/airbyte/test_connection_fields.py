"""A field of a connection is one row: it is declared, read, compared and written in both APIs by that alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest
from dagster_managed_elements import UNSET, DeclarationError, ServerFault
from dagster_managed_elements.airbyte import (
    AirbyteConnection,
    AirbyteDestination,
    AirbyteDestinationNamespace,
    AirbyteResourceRequirements,
    AirbyteSchedule,
    AirbyteSource,
    AirbyteTag,
)
from dagster_managed_elements.airbyte.connection_fields import (
    FIELDS,
    ConnectionField,
    declared_fields,
    initial_fields,
    overlooked,
    read_fields,
    refusals,
    written_fields,
)
from dagster_managed_elements.airbyte.wire import read_optional_text
from dagster_managed_elements.engine.values import Key

WEATHER = ConnectionField(
    attribute="weather",
    label="weather",
    words={"config": ("weatherPreference",)},
    declare=lambda value: value.lower(),
    read=lambda answer, at, _api: read_optional_text(answer, "weatherPreference", at),
    write=lambda value, _api: {"weatherPreference": value},
    versions="since 3.0",
)
ROWS = (*(replace(row, is_sent=False) for row in FIELDS if row.attribute == "prefix"), WEATHER)


@dataclass(frozen=True)
class Declared:
    prefix: Any = UNSET
    weather: Any = UNSET


def connection(**fields: Any) -> AirbyteConnection:
    return AirbyteConnection("sync", AirbyteSource("s", "File"), AirbyteDestination("d", "File"), {}, **fields)


def test_a_further_row_makes_a_further_field() -> None:
    declared = declared_fields(Declared(prefix="p_", weather="RAIN"), ROWS)
    assert declared == {"prefix": "p_", "weather": "rain"}
    answer = {"prefix": "p_", "weatherPreference": "sun"}
    assert read_fields(answer, "at", "config", ROWS) == {"prefix": "p_", "weather": "sun"}
    assert read_fields(answer, "at", "public", ROWS) == {"prefix": "p_"}
    assert written_fields(declared, "config", ROWS) == {"prefix": "p_", "weatherPreference": "rain"}
    assert declared_fields(Declared(), ROWS) == {}


def test_what_an_api_or_a_version_does_not_take_is_refused_by_name() -> None:
    public = (
        "Airbyte's Public API neither shows nor takes it; leave weather out, "
        'or use api="config", which Airbyte Cloud has not'
    )
    assert refusals({"weather": "rain"}, "public", rows=ROWS) == {"weather": public}
    old = "a connection of this Airbyte has no weather (since 3.0); leave weather out"
    assert refusals({"weather": "rain"}, "config", {"prefix"}, ROWS) == {"weather": old}
    assert refusals({"weather": "rain"}, "config", {"weatherPreference"}, ROWS) == {}
    assert refusals({"weather": "rain"}, "config", rows=ROWS) == {}


@pytest.mark.parametrize(
    ("namespace", "api", "sent"),
    [
        (AirbyteDestinationNamespace.SAME_AS_SOURCE, "config", {"namespaceDefinition": "source"}),
        (AirbyteDestinationNamespace.DESTINATION_DEFAULT, "public", {"namespaceDefinition": "destination"}),
        ("x_${SOURCE_NAMESPACE}", "config", {"namespaceDefinition": "customformat"}),
        ("x_${SOURCE_NAMESPACE}", "public", {"namespaceDefinition": "custom_format"}),
    ],
)
def test_what_is_written_is_read_as_it_was(namespace: Any, api: Any, sent: dict[str, str]) -> None:
    written = written_fields({"destination namespace": namespace}, api)
    assert sent.items() <= written.items()
    assert read_fields(written, "at", api)["destination namespace"] == namespace


def test_a_new_connection_is_told_what_the_apis_do_not_agree_on_and_nothing_else() -> None:
    said = {"namespaceDefinition": "destination", "status": "active"}
    assert initial_fields("config") == {**said, "scheduleType": "manual", "scheduleData": None}
    assert initial_fields("public") == {**said, "schedule": {"scheduleType": "manual"}}


def test_an_empty_answer_reads_as_a_new_connection_has_it_but_for_the_namespace() -> None:
    for api in ("config", "public"):
        read = read_fields({}, "at", api)
        assert read.pop("destination namespace") is AirbyteDestinationNamespace.SAME_AS_SOURCE
        initial = {row.label: row.initial or "" if row.attribute == "prefix" else row.initial for row in FIELDS}
        assert read == {label: initial[label] for label in read}


def test_a_declared_namespace_of_none_is_left_to_the_server() -> None:
    assert written_fields({"destination namespace": None}, "config") == {}


def test_a_wrong_type_is_a_fault_of_the_answer() -> None:
    with pytest.raises(ServerFault, match="expected a text at `prefix`"):
        read_fields({"prefix": 5}, "connections/list[0]", "config")


def test_none_is_what_the_server_has_for_nothing_where_it_has_something() -> None:
    declared = connection(prefix=None, resource_requirements=None, tags=None).fields()
    assert (declared["prefix"], declared["resource requirements"], declared["tags"]) == ("", {}, [])
    sent = written_fields(declared, "config")
    assert sent == {"prefix": "", "resourceRequirements": {}, "tags": []}


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"prefix": 5}, "prefix: wants a text or None, not int"),
        ({"destination_namespace": 5}, "destination_namespace: wants an AirbyteDestinationNamespace or a text"),
        ({"schedule": None}, "schedule: wants an AirbyteSchedule or a cron expression, not None"),
        ({"schedule": "0 0 25 * * ?"}, "schedule: Airbyte does not run .*'25' is no hour; they go from 0 to 23"),
        ({"status": "deprecated"}, "status: wants 'active' or 'inactive', not 'deprecated'"),
        ({"status": []}, "status: wants 'active' or 'inactive', not list"),
        ({"non_breaking_changes": "disable"}, "'propagate_columns' or 'propagate_fully', not 'disable'"),
        ({"notify_schema_changes": "yes"}, "notify_schema_changes: wants True or False, not 'yes'"),
        ({"notify_schema_changes_by_email": None}, "by_email: wants True or False, not None"),
        ({"backfill": 1}, "backfill: wants True or False, not int"),
        ({"resource_requirements": {"cpu_limit": "1"}}, "wants AirbyteResourceRequirements or None, not dict"),
        ({"region": ""}, "region: wants a text, not ''"),
        ({"tags": "team"}, "tags: wants a list of AirbyteTag and names of tags, not 'team'"),
        ({"tags": [5]}, "tags: wants an AirbyteTag or the name of a tag in it, not int"),
    ],
)
def test_a_value_that_a_field_does_not_have_is_refused_where_it_is_declared(fields: Any, said: str) -> None:
    with pytest.raises(DeclarationError, match=rf"AirbyteConnection 'sync': .*{said}"):
        connection(**fields)


@pytest.mark.parametrize("quantity", ["", "1 GB", "half", 1, "1gi"])
def test_a_resource_is_a_quantity(quantity: Any) -> None:
    with pytest.raises(DeclarationError, match="cpu_limit= wants a quantity such as '500m' or '1Gi'"):
        AirbyteResourceRequirements(cpu_limit=quantity)


@pytest.mark.parametrize("color", ["red", "12345", "#1234567", None, 123456])
def test_a_color_is_six_hexadecimal_digits(color: Any) -> None:
    with pytest.raises(DeclarationError, match="AirbyteTag 'team': color wants six hexadecimal digits"):
        AirbyteTag("team", color=color)


def test_tags_are_references_each_once_and_their_elements_parts_of_the_connection() -> None:
    team = AirbyteTag("team", color="#ff5733")
    tagged = connection(tags=[team, "old", "team"])
    assert tagged.fields()["tags"] == [Key("tag", "team"), Key("tag", "old")]
    assert team in tagged.parts()
    assert team.fields() == {"color": "FF5733"}
    assert AirbyteTag("team").fields() == {}


def test_a_manual_schedule_is_told_without_the_data_of_the_one_before() -> None:
    assert written_fields({"schedule": AirbyteSchedule.manual()}, "config")["scheduleData"] is None


def test_what_a_create_overlooks_is_told_again_only_where_it_is_another_than_the_initial() -> None:
    assert overlooked({"notifySchemaChangesByEmail": True, "prefix": "p"}, "config") == {
        "notifySchemaChangesByEmail": True
    }
    assert overlooked({"notifySchemaChangesByEmail": False}, "config") == {}
    assert overlooked({"notifySchemaChangesByEmail": True}, "public") == {}
