"""Which breaking changes lie between two versions of a connector, and until when they have to be made. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

from dagster_managed_elements.airbyte.wire import Actor

Version: TypeAlias = tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakingChange:
    """What breaks with *version*, in Airbyte's words; *deadline* is a date, "" where none is told."""

    version: str
    message: str = ""
    deadline: str = ""
    action: str = ""
    page: str = ""

    def __str__(self) -> str:
        message = " ".join(self.message.split()).rstrip(".")
        until = f"; it has to be made by {self.deadline}" if self.deadline else ""
        then = {"auto_upgrade": ", or Airbyte makes it", "disable": ", or its syncs are stopped"}.get(
            self.action, ""
        )
        said = f": {message}" if message else ""
        page = f" ({self.page})" if self.page else ""
        return f"{self.version} is a breaking change{said}{until}{then if until else ''}{page}"


def between(actors: Iterable[Actor], definition_id: str, before: str, after: str) -> list[BreakingChange]:
    """Those of a connector, as what is made of it says, in their order; what is pinned to a version of its own does
    not move. Where a version is no number nobody can say, and all that wait are named.
    """
    found = {
        change.version: change
        for actor in actors
        if actor.definition_id == definition_id and not actor.is_version_override_applied
        for change in _told(actor.breaking_changes)
    }
    first, last = _number(before), _number(after)

    def lies_between(version: str) -> bool:
        number = _number(version)
        return number is None or first is None or last is None or _padded(first) < _padded(number) <= _padded(last)

    ordered = sorted(found.values(), key=lambda change: _padded(_number(change.version) or ()))
    return [change for change in ordered if lies_between(change.version)]


def _told(body: Any) -> Iterator[BreakingChange]:
    rows = cast("Mapping[str, Any]", body).get("upcomingBreakingChanges") if isinstance(body, Mapping) else None
    for row in cast("list[Any]", rows) if isinstance(rows, list) else []:
        told = cast("Mapping[str, Any]", row) if isinstance(row, Mapping) else dict[str, Any]()
        texts = {name: value for name, value in told.items() if isinstance(value, str)}
        if "version" in texts:
            yield BreakingChange(
                version=texts["version"],
                message=texts.get("message", ""),
                deadline=texts.get("upgradeDeadline", ""),
                action=texts.get("deadlineAction", ""),
                page=texts.get("migrationDocumentationUrl", ""),
            )


def _number(version: str) -> Version | None:
    """Of `2.0.0` and the like; what stands behind a hyphen does not count."""
    found = re.match(r"v?(\d{1,9}(?:\.\d{1,9}){0,5})(?:[-+].*)?$", version)
    return tuple(map(int, found[1].split("."))) if found else None


def _padded(version: Version) -> Version:
    return (*version, *(0,) * (6 - len(version)))
