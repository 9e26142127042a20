"""A field of a connection is one row: it is declared, read, compared and written in both APIs by that alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from dagster_managed_elements import UNSET, ServerFault
from dagster_managed_elements.airbyte.connection_fields import (
    FIELDS,
    AirbyteDestinationNamespace,
    ConnectionField,
    declared_fields,
    read_fields,
    refusals,
    written_fields,
)
from dagster_managed_elements.airbyte.wire import read_optional_text

BEHAVIOUR = ConnectionField(
    attribute="non_breaking_changes",
    label="non-breaking changes",
    read=lambda answer, at: read_optional_text(answer, "nonBreakingChangesPreference", at),
    write=lambda value, api: {"nonBreakingChangesPreference" if api == "config" else "nonBreakingBehavior": value},
    refused={"public": "the Public API does not take it"},
)
ROWS = (*FIELDS, BEHAVIOUR)


@dataclass(frozen=True)
class Declared:
    destination_namespace: Any = UNSET
    prefix: Any = UNSET
    non_breaking_changes: Any = UNSET


def test_a_further_row_makes_a_further_field() -> None:
    declared = declared_fields(Declared(prefix="p_", non_breaking_changes="ignore"), ROWS)
    assert declared == {"prefix": "p_", "non-breaking changes": "ignore"}
    answer = {"prefix": "p_", "nonBreakingChangesPreference": "disable", "namespaceDefinition": "source"}
    assert read_fields(answer, "at", ROWS) == {
        "destination namespace": AirbyteDestinationNamespace.SAME_AS_SOURCE,
        "prefix": "p_",
        "non-breaking changes": "disable",
    }
    assert written_fields(declared, "config", ROWS) == {"prefix": "p_", "nonBreakingChangesPreference": "ignore"}
    assert refusals(declared, "public", ROWS) == {"non-breaking changes": "the Public API does not take it"}
    assert refusals(declared, "config", ROWS) == {}


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
    assert read_fields(written, "at")["destination namespace"] == namespace


def test_none_is_left_to_the_server_and_a_wrong_type_is_a_fault_of_the_answer() -> None:
    assert written_fields({"prefix": None, "destination namespace": None}, "config") == {}
    with pytest.raises(ServerFault, match="expected a text at `prefix`"):
        read_fields({"prefix": 5}, "connections/list[0]")
