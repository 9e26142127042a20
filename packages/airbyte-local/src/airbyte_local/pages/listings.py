"""What every list is about: which workspaces are looked at, and which page of what was found in them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from airbyte_local.model.json_values import Json
from airbyte_local.model.records import ActorLine, ConnectionLine, Workspace
from airbyte_local.store.database import Session

Query = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """*chosen* None: all of them."""

    workspaces: tuple[Workspace, ...]
    chosen: Workspace | None

    @property
    def several(self) -> bool:
        return len(self.workspaces) > 1

    @property
    def ids(self) -> list[str]:
        return [self.chosen.id] if self.chosen else [workspace.id for workspace in self.workspaces]

    @property
    def query(self) -> str:
        """What keeps the choice from page to page."""
        return f"?workspace={self.chosen.id}" if self.chosen else ""

    def name_of(self, workspace_id: str) -> str | None:
        """Where it has to be said which one is meant."""
        if not self.several or self.chosen:
            return None
        return next((workspace.name for workspace in self.workspaces if workspace.id == workspace_id), None)


def outlook(session: Session, query: Query) -> Outlook:
    wanted = query.get("workspace")
    alive = tuple(workspace for workspace in session.workspaces.all() if not workspace.tombstone)
    return Outlook(workspaces=alive, chosen=next((one for one in alive if one.id == wanted), None))


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What of a list is wanted: *text* in a name, *show* one of its filters, *page* from 1 on."""

    text: str = ""
    show: str = ""
    page: int = 1


def asked(query: Query, filters: Collection[str] = ()) -> Asked:
    """Of an address; a filter that is none of *filters* is none at all."""
    show = query.get("show", "")
    text = query.get("q", "").strip()
    return Asked(text=text, show=show if show in filters else "", page=whole(query.get("page"), 1))


def listing(
    found: Sequence[ActorLine | ConnectionLine],
    asked: Asked,
    read: Callable[[list[str]], Sequence[Any]],
    *,
    total: int,
    size: int,
    counts: Mapping[str, int] | None = None,
) -> Json:
    """One page of those *found*, by their names, among the *total*; *read* makes the rows of ids.

    *counts*: how many each filter would show.
    """
    ordered = sorted(found, key=lambda line: (line.name.casefold(), line.id))
    pages = max(1, -(-len(ordered) // size))
    page = min(max(asked.page, 1), pages)
    rows = read([line.id for line in ordered[(page - 1) * size : page * size]])
    shown = {"rows": rows, "asked": replace(asked, page=page), "counts": counts or {}}
    return {**shown, "total": total, "found": len(ordered), "pages": pages}


def whole(text: str | None, otherwise: int) -> int:
    """A number of an address."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else otherwise
