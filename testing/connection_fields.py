"""An example of every field of a connection: what is declared, what somebody then makes of it at the server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dagster_managed_elements.airbyte import AirbyteResourceRequirements, AirbyteSchedule, AirbyteTag
from dagster_managed_elements.airbyte.connection_fields import FIELDS

from testing.airbytes import Cell

BEFORE_1_6, BEFORE_1_7 = frozenset({"0.50", "1.5"}), frozenset({"0.50", "1.5", "1.6"})
EVERY = BEFORE_1_7 | {"1.8", "2.0", "cloud"}


@dataclass(frozen=True, kw_only=True)
class Example:
    """*config* and *public* are raw changes in the words of each API; *line* is what a check shows then. *versions*
    are those that have the field, in the APIs that have it.
    """

    declared: Any
    config: Mapping[str, Any]
    public: Mapping[str, Any] | None
    line: str
    versions: frozenset[str] = EVERY
    in_public: Any = field(default=None)
    """Declared where the Public API cannot be sent the same."""

    def is_in(self, cell: Cell) -> bool:
        return cell.version in self.versions and (cell.api == "config" or self.public is not None)

    def of(self, cell: Cell) -> Any:
        return self.in_public if cell.api == "public" and self.in_public is not None else self.declared


def _alike(declared: Any, change: Mapping[str, Any], line: str, **more: Any) -> Example:
    return Example(declared=declared, config=change, public=change, line=line, **more)


def _of_config(declared: Any, change: Mapping[str, Any], line: str, **more: Any) -> Example:
    return Example(declared=declared, config=change, public=None, line=line, **more)


EXAMPLES: Mapping[str, Example] = {
    "destination_namespace": _alike(
        "raw_${SOURCE_NAMESPACE}",
        {"namespaceDefinition": "source"},
        "destination namespace: SAME_AS_SOURCE -> raw_${SOURCE_NAMESPACE}",
    ),
    "prefix": _alike("crm_", {"prefix": "erp_"}, "prefix: erp_ -> crm_"),
    "schedule": Example(
        declared=AirbyteSchedule.cron("0 30 6 ? * MON-FRI", time_zone="Europe/Berlin"),
        in_public="30 6 * * 1-5",
        config={"scheduleType": "manual"},
        public={"schedule": {"scheduleType": "manual"}},
        line="schedule: manual -> 0 30 6 ? * MON-FRI",
    ),
    "status": _alike("inactive", {"status": "active"}, "status: active -> inactive"),
    "non_breaking_changes": Example(
        declared="propagate_fully",
        config={"nonBreakingChangesPreference": "disable"},
        public={"nonBreakingSchemaUpdatesBehavior": "disable_connection"},
        line="non-breaking changes: disable_connection -> propagate_fully",
    ),
    "notify_schema_changes": _of_config(
        True, {"notifySchemaChanges": False}, "notify schema changes: False -> True"
    ),
    "notify_schema_changes_by_email": _of_config(
        True, {"notifySchemaChangesByEmail": False}, "notify schema changes by email: False -> True"
    ),
    "backfill": _of_config(True, {"backfillPreference": "disabled"}, "backfill: False -> True"),
    "resource_requirements": _of_config(
        AirbyteResourceRequirements(cpu_limit="2", memory_limit="1Gi"),
        {"resourceRequirements": {"cpu_limit": "1", "memory_limit": "1Gi"}},
        "resource requirements.cpu_limit: 1 -> 2",
    ),
    "region": Example(
        declared="eu",
        config={"geography": "us"},
        public={"dataResidency": "us"},
        line="region: us -> eu",
        versions=BEFORE_1_7,
    ),
    "tags": _alike(
        (AirbyteTag("team-a", color="FF5733"),),
        {"tags": []},
        'tags: [] -> ["team-a"]',
        versions=EVERY - BEFORE_1_6,
    ),
}


def declared_in(cell: Cell) -> dict[str, Any]:
    """Every field that *cell* has, as an example declares it."""
    rows = {row.attribute: EXAMPLES[row.attribute] for row in FIELDS}
    return {attribute: example.of(cell) for attribute, example in rows.items() if example.is_in(cell)}
