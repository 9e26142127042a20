"""What every page has around it: which workspaces there are, and which of them is looked at."""

from __future__ import annotations

from dataclasses import dataclass

from airbyte_local.store import Session, Workspace


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
        return next((each.name for each in self.workspaces if each.id == workspace_id), None)


def outlook(session: Session, wanted: str | None) -> Outlook:
    alive = tuple(workspace for workspace in session.workspaces.all() if not workspace.tombstone)
    return Outlook(workspaces=alive, chosen=next((each for each in alive if each.id == wanted), None))
