"""Which connectors there are, in which version, and what becomes of one here."""

from __future__ import annotations

from dataclasses import dataclass

from airbyte_local.connectors.availability import Availability, availability
from airbyte_local.jobs.world import World
from airbyte_local.pages.places import Outlook
from airbyte_local.store import Session

SAID = {"runs": "", "installable": "does not run yet: ", "imitated": "only imitated here: "}


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectorRow:
    kind: str
    name: str
    image: str
    tag: str
    custom: bool
    runs: bool
    how: str
    used: int


def connector_rows(world: World, session: Session, outlook: Outlook) -> list[ConnectorRow]:
    """Those that run here first, then by name."""
    rows: list[ConnectorRow] = []
    for kind in ("source", "destination"):
        used = [line.definition_id for line in session.actors.lines(kind, outlook.ids)]
        for definition in world.definitions(session, kind).all():
            found = availability(definition.repository, definition.connector)
            rows.append(
                ConnectorRow(
                    kind=kind,
                    name=definition.name,
                    image=definition.repository,
                    tag=definition.tag,
                    custom=definition.custom,
                    runs=found.runs,
                    how=_said(found),
                    used=used.count(definition.id),
                )
            )
    return sorted(rows, key=lambda row: (row.kind != "source", not row.runs, row.name.casefold()))


def _said(found: Availability) -> str:
    return SAID[found.standing] + found.how
