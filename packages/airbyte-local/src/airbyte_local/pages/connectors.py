"""Which connectors there are, in which version, and what becomes of one here."""

from __future__ import annotations

from dataclasses import dataclass

from airbyte_local.connectors.external.sources import ExternalSource
from airbyte_local.connectors.external.waiting import Uninstalled
from airbyte_local.connectors.protocol import Destination, Source
from airbyte_local.definitions import ActorDefinition, Directory
from airbyte_local.pages.places import Outlook
from airbyte_local.store import Session


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


def connector_rows(session: Session, outlook: Outlook) -> list[ConnectorRow]:
    """Those that run here first, then by name."""
    rows: list[ConnectorRow] = []
    for kind in ("source", "destination"):
        used = [line.definition_id for line in session.actors.lines(kind, outlook.ids)]
        for definition in Directory(session, kind).all():
            runs, how = fate(definition)
            rows.append(
                ConnectorRow(
                    kind=kind,
                    name=definition.name,
                    image=definition.repository,
                    tag=definition.tag,
                    custom=definition.custom,
                    runs=runs,
                    how=how,
                    used=used.count(definition.id),
                )
            )
    return sorted(rows, key=lambda row: (row.kind != "source", not row.runs, row.name.casefold()))


def fate(definition: ActorDefinition) -> tuple[bool, str]:
    """Whether it moves data here, and how in words."""
    match definition.connector:
        case ExternalSource():
            return True, f"installed: {definition.runs}"
        case Uninstalled(install=None, advice=advice):
            return False, advice.partition(": ")[2].replace("`", "")
        case Uninstalled():
            return True, f"installed on first use: {definition.runs}"
        case Source() | Destination():
            return True, "built in"
        case _:
            return False, "only imitated here: its specification, and streams of ours"
