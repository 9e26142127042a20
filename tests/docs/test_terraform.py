"""The table for those who come from Terraform has every attribute of theirs, and ours that it names are there."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest
from dagster_managed_elements import airbyte

from testing.contracts import require_contract

PAGE = Path(__file__).resolve().parents[2] / "docs" / "terraform.md"
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.read_text().partition("## Each attribute")[2].splitlines()
    if line.startswith("| ") and not line.startswith("| Terraform")
]
OURS = sorted(set(re.findall(r"`((?:Airbyte\w+|mappers)\.\w+)`", "\n".join(row[1] + row[2] for row in ROWS))))
"""As `AirbyteConnection.prefix`."""

SCHEMAS = [
    *("ConnectionCreateRequest", "AirbyteApiConnectionSchedule", "StreamConfigurations", "StreamConfiguration"),
    *("ConfiguredStreamMapper", "HashingMapperConfiguration", "FieldRenamingMapperConfiguration"),
    *("FieldFilteringMapperConfiguration", "RowFilteringMapperConfiguration", "RowFilteringOperationEqual"),
    *("EncryptionMapperAESConfiguration", "EncryptionMapperRSAConfiguration", "SourceCreateRequest"),
    *(
        "DestinationCreateRequest",
        "ScopedResourceRequirements",
        "CreateDefinitionRequest",
        "PermissionCreateRequest",
    ),
    *("CreateDeclarativeSourceDefinitionRequest", "WorkspaceCreateRequest", "NotificationsConfig", "Tag"),
]
"""What the provider is generated from."""
DATA_SOURCES = [
    *("airbyte_connection", "airbyte_connections", "airbyte_connector_configuration", "airbyte_source"),
    *("airbyte_destination", "airbyte_source_definition", "airbyte_destination_definition"),
    *("airbyte_declarative_source_definition", "airbyte_permission", "airbyte_workspace"),
]


@pytest.mark.parametrize("name", OURS)
def test_what_the_table_says_is_ours_is_there(name: str) -> None:
    owner, _, attribute = name.partition(".")
    holder = getattr(airbyte, owner)
    parameters = inspect.signature(holder).parameters if isinstance(holder, type) else {}
    assert attribute in parameters or hasattr(holder, attribute)


def test_every_parameter_of_a_connection_and_of_a_stream_is_in_the_table() -> None:
    for holder in (airbyte.AirbyteConnection, airbyte.AirbyteStream):
        own = set(inspect.signature(holder).parameters) - {"protect", "ignore", "renamed_from"}
        assert {f"{holder.__name__}.{name}" for name in own} <= set(OURS)


@pytest.mark.parametrize("name", DATA_SOURCES)
def test_every_data_source_that_the_provider_has_is_in_the_table(name: str) -> None:
    section = PAGE.read_text().partition("### The other data sources")[2].partition("\n### ")[0]
    assert f"`{name}`" in section or f"### `{name}` (data source)" in PAGE.read_text()


@pytest.mark.parametrize("schema", SCHEMAS)
def test_every_attribute_that_the_provider_has_is_in_the_table(schema: str) -> None:
    theirs = " ".join(row[0] for row in ROWS)
    said = set(re.findall(r"\w+", theirs))
    properties = require_contract("head").schemas[schema]["properties"]
    assert {re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower() for name in properties} - said == set()


def test_a_row_says_where_or_why_not() -> None:
    for theirs, ours, remark in ROWS:
        assert theirs
        assert ours != "-" or remark, theirs
