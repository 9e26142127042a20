"""The page that everybody sees first: all connections, with what became of them last."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from airbyte_local.jobs.world import World
from airbyte_local.model.vocabulary import ActorKind
from airbyte_local.pages.history import Past, past
from airbyte_local.pages.places import Outlook
from airbyte_local.pages.wording import schedule
from airbyte_local.store import Actor, ActorLine, ConnectionLine, JobLine, Session

PAGE = 100
SHOWING = {
    "running": "Running",
    "failed": "Failed",
    "succeeded": "Succeeded",
    "cancelled": "Cancelled",
    "never": "Never run",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """A source or destination as a connection points at it."""

    kind: ActorKind
    id: str
    name: str
    type_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    id: str
    name: str
    workspace: str | None
    source: End
    destination: End
    streams: int
    schedule: str
    status: str
    last: Past | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What of the list is wanted: *text* in a name, *show* one of SHOWING, *page* from 1 on."""

    text: str = ""
    show: str = ""
    page: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionList:
    rows: tuple[Row, ...]
    total: int
    found: int
    pages: int
    asked: Asked
    counts: Mapping[str, int]  # by what SHOWING calls them


def connection_list(world: World, session: Session, outlook: Outlook, asked: Asked) -> ConnectionList:
    ends = {**end_names(world, session, "source", outlook), **end_names(world, session, "destination", outlook)}
    newest = session.jobs.newest()
    lines = session.connections.lines(outlook.ids)
    counts = Counter(_shows(newest.get(line.id)) for line in lines)
    found = [line for line in lines if _wanted(line, asked, ends, newest)]
    found.sort(key=lambda line: (line.name.casefold(), line.id))
    pages = max(1, -(-len(found) // PAGE))
    page = min(max(asked.page, 1), pages)
    shown = found[(page - 1) * PAGE : page * PAGE]
    return ConnectionList(
        rows=tuple(_rows(session, outlook, shown, ends, newest)),
        total=len(lines),
        found=len(found),
        pages=pages,
        asked=Asked(text=asked.text, show=asked.show, page=page),
        counts=counts,
    )


def end_names(
    world: World, session: Session, kind: ActorKind, outlook: Outlook, *, only: str | None = None
) -> dict[str, End]:
    """By their ids; deleted ones too, since a deleted connection may still be looked at."""
    directory = world.definitions(session, kind)
    lines: Sequence[ActorLine | Actor] = (
        session.actors.whole([only]) if only else session.actors.lines(kind, outlook.ids, deleted=True)
    )
    return {
        line.id: End(kind=kind, id=line.id, name=line.name, type_name=directory.get(line.definition_id).name)
        for line in lines
    }


def _shows(job: JobLine | None) -> str:
    if job is None:
        return "never"
    return job.status if job.ended else "running"


def _wanted(line: ConnectionLine, asked: Asked, ends: Mapping[str, End], newest: Mapping[str, JobLine]) -> bool:
    if asked.show and _shows(newest.get(line.id)) != asked.show:
        return False
    needle = asked.text.casefold()
    named = (line.name, ends[line.source_id].name, ends[line.destination_id].name)
    return not needle or any(needle in name.casefold() for name in named)


def _rows(
    session: Session,
    outlook: Outlook,
    lines: list[ConnectionLine],
    ends: Mapping[str, End],
    newest: Mapping[str, JobLine],
) -> list[Row]:
    jobs = session.jobs.with_attempts([newest[line.id].id for line in lines if line.id in newest])
    last = {job.connection_id: past(job, attempts) for job, attempts in jobs}
    return [
        Row(
            id=connection.id,
            name=connection.name,
            workspace=outlook.name_of(connection.workspace_id),
            source=ends[connection.source_id],
            destination=ends[connection.destination_id],
            streams=len(connection.details["streams"]),
            schedule=schedule(connection.details),
            status=connection.status,
            last=last.get(connection.id),
        )
        for connection in session.connections.whole([line.id for line in lines])
    ]
