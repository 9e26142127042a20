"""What became of a plan: one Outcome for each operation, none left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from dagster_managed_elements.engine.planning import Step
from dagster_managed_elements.engine.secrets import Secret
from dagster_managed_elements.engine.values import Path

Status: TypeAlias = Literal["done", "failed", "skipped", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """*unknown*: the answer was lost, so it may or may not have been carried out; a create was looked for and
    not found, and may still appear.

    *reason* says why an operation failed, was skipped or is unknown, in one line and without secrets. *error* is
    kept only where it is a fault of this library or an integration, not a failure anybody expected. *sent* are the
    secrets that left for the server, whatever became of them there.
    """

    step: Step
    status: Status
    id: str | None = None
    reason: str = ""
    error: Exception | None = field(default=None, compare=False, repr=False)
    sent: Mapping[Path, Secret] = field(default_factory=dict[Path, Secret], compare=False, repr=False)

    @property
    def made(self) -> str | None:
        """The id of what it created, whatever became of that then."""
        return self.id if self.step.verb == "create" else None

    @property
    def may_be_done(self) -> bool:
        return self.made is not None or self.status in {"done", "unknown"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    place: str
    outcomes: tuple[Outcome, ...] = ()
    interrupted: bool = False

    @property
    def ok(self) -> bool:
        return all(outcome.status == "done" for outcome in self.outcomes)

    def count(self) -> dict[Status, int]:
        """How many operations ended in each status."""
        return dict(Counter(outcome.status for outcome in self.outcomes))
