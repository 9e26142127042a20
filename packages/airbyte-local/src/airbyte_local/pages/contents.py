"""What each page shows, found in the store, in the words of its template. Blocking: for threads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from airbyte_local.http import diffs
from airbyte_local.jobs.logs import LogLine, read_log
from airbyte_local.jobs.world import World
from airbyte_local.model.vocabulary import Vocabulary
from airbyte_local.pages.actors import actor_list, actor_page
from airbyte_local.pages.connection import ConnectionPage, connection_page
from airbyte_local.pages.connection_list import SHOWING, Asked, connection_list
from airbyte_local.pages.connectors import connector_rows
from airbyte_local.pages.differences import difference_page
from airbyte_local.pages.history import SHOWN, Past
from airbyte_local.pages.places import outlook

Context = dict[str, Any]
Query = Mapping[str, str]
LINES = 1000
"""Of a log, the last so many are in the page itself."""
CONNECTIONS_PARTS = ("connections",)
CONNECTION_PARTS = ("news", "headline", "glance", "streams", "history", "log")
DIFF_PARTS = ("differences",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Whose log is shown: an attempt of a job; None where there is none yet."""

    job: Past | None
    attempt: int | None

    @property
    def over(self) -> bool:
        if self.job is None or self.attempt is None:
            return True
        return next((each.status != "running" for each in self.job.tries if each.number == self.attempt), True)

    @property
    def digest(self) -> str:
        return f"{self.job.id if self.job else ''}/{self.attempt}/{len(self.job.tries) if self.job else 0}"


def find_connections(world: World, query: Query) -> Context:
    show = query.get("show", "")
    asked = Asked(
        text=query.get("q", "").strip(), show=show if show in SHOWING else "", page=whole(query.get("page"), 1)
    )
    with world.store.transaction() as session:
        here = outlook(session, query.get("workspace"))
        return {"outlook": here, "list": connection_list(world, session, here, asked), "showing": SHOWING}


def find_connection(world: World, connection_id: str, query: Query, *, lines: bool) -> Context:
    """Without *lines* the log is empty, for who will ask for them."""
    with world.store.transaction() as session:
        found = connection_page(world, session, connection_id)
    choice = _choice(found, query)
    read: list[LogLine] = []
    offset = 0
    if lines and choice.job and choice.attempt is not None:
        read, offset = read_log(world.data, choice.job.id, choice.attempt)
    return {
        "outlook": found.outlook,
        "connection": found,
        "most_jobs": SHOWN,
        "choice": choice,
        "chosen": {name: query[name] for name in ("job", "attempt") if query.get(name)},
        "lines": read[-LINES:],
        "left_out": max(0, len(read) - LINES),
        "offset": offset,
        "follows": not (lines and choice.over),
        "digests": {"log": choice.digest},
        "notice": None,
    }


def find_actors(world: World, words: Vocabulary, query: Query) -> Context:
    with world.store.transaction() as session:
        here = outlook(session, query.get("workspace"))
        found = actor_list(
            world, session, here, words, text=query.get("q", "").strip(), page=whole(query.get("page"), 1)
        )
    return {"outlook": here, "words": words, "list": found}


def find_actor(world: World, words: Vocabulary, actor_id: str) -> Context:
    with world.store.transaction() as session:
        found = actor_page(world, session, words, actor_id)
    return {"outlook": found.outlook, "words": words, "actor": found}


def find_definitions(world: World, query: Query) -> Context:
    with world.store.transaction() as session:
        here = outlook(session, query.get("workspace"))
        return {"outlook": here, "rows": connector_rows(world, session, here)}


def find_diff(world: World, query: Query) -> Context:
    with world.store.transaction() as session:
        here = outlook(session, query.get("workspace"))
    kept = diffs.kept(world.data)
    return {"outlook": here, "diff": difference_page(kept) if kept else None}


def whole(text: str | None, otherwise: int) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else otherwise


def _choice(found: ConnectionPage, query: Query) -> Choice:
    """The job and attempt that the address names, else the newest."""
    wanted = whole(query.get("job"), 0)
    job = next((each for each in found.jobs if each.id == wanted), None)
    if job is None:
        job = found.jobs[0] if found.jobs else None
    numbers = [each.number for each in job.tries] if job else []
    attempt = whole(query.get("attempt"), -1)
    return Choice(job=job, attempt=attempt if attempt in numbers else max(numbers, default=None))
