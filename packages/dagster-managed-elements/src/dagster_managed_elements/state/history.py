"""The history of a state: below it two objects a run, each written once and never over another.

A run whose outcome is not there was cut off, or goes on. Its order is that of the times in the names.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Final

from dagster_managed_elements.engine.errors import DeclarationError, StateError
from dagster_managed_elements.engine.past import Author, Command, Kept, PastRun
from dagster_managed_elements.state.fingerprints import FingerprintKey
from dagster_managed_elements.state.stores import Moved, Store

if TYPE_CHECKING:
    from dagster_managed_elements.state.runs import Planned

FOLDER: Final = ".history/"
_NAME: Final = re.compile(r"(?P<stem>\d{8}T\d{6}\.\d{6}Z-(?P<id>[0-9a-f]{8}))\.plan\.json")
_SHORTEST: Final = 4


@dataclass(frozen=True, slots=True)
class Ticket:
    """A run that is under way, and the *stem* of the names of its objects."""

    stem: str
    run: PastRun


class History:
    """That of the state in *store*."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @property
    def url(self) -> str:
        return f"{self._store.url}{FOLDER}"

    def begin(
        self,
        command: Command,
        author: Author,
        places: list[Kept],
        key: FingerprintKey | None,
        undoes: str = "",
        *,
        is_part: bool = False,
    ) -> Ticket:
        """Put down what is about to be done. Raises StateError; nothing is to be done then."""
        from dagster_managed_elements.state.runs import encode_plan

        now, id_ = datetime.now(timezone.utc), secrets.token_hex(4)
        began = f"{now:%Y-%m-%dT%H:%M:%SZ}"
        run = PastRun(id=id_, command=command, began=began, author=author, undoes=undoes, is_part=is_part)
        stem = f"{now:%Y%m%dT%H%M%S.%fZ}-{id_}"
        self._write(f"{stem}.plan.json", encode_plan(run, places, key))
        return Ticket(stem, run)

    def end(self, ticket: Ticket, run: PastRun) -> None:
        """Put down what became of it. Raises StateError."""
        from dagster_managed_elements.state.runs import encode_outcome

        ended = f"{datetime.now(timezone.utc):%Y-%m-%dT%H:%M:%SZ}"
        self._write(f"{ticket.stem}.outcome.json", encode_outcome(replace(run, ended=ended)))

    def _write(self, name: str, data: bytes) -> None:
        try:
            self._store.write(data, None, f"{FOLDER}{name}")
        except Moved:
            raise StateError(f"The history {self.url} cannot be written: {name} is there already.") from None

    def runs(self) -> Iterator[PastRun | StateError]:
        """The newest first, without what they planned; in place of one that cannot be read, why."""
        for stem, _ in self._stems():
            yield self._read(stem)

    def planned(self, said: str) -> tuple[Planned, PastRun]:
        """The run whose id is, or begins with, *said*: as it was planned, and with all that is known of it.

        Raises DeclarationError where there is none, or several; StateError where it cannot be read.
        """
        found = self._named(said)
        if not found:
            raise DeclarationError(f"There is no run {said!r} in {self.url}; `dagster-me history` lists them.")
        if len(found) > 1:
            listed = ", ".join(id_ for _, id_ in found[:5])
            raise DeclarationError(f"{said!r} is the beginning of {len(found)} runs: {listed}; give more of it.")
        stem = found[0][0]
        planned = self._plan(stem)
        outcome = self._outcome(stem)
        if outcome is None:
            return planned, planned.run
        told = {place.place: place for place in outcome.places}
        places = tuple(
            replace(place, report=told[place.place].report, error=told[place.place].error)
            if place.place in told
            else place
            for place in planned.run.places
        )
        return planned, replace(planned.run, ended=outcome.ended, places=places)

    def has(self, said: str) -> bool:
        """Whether some run's id is, or begins with, *said*."""
        return bool(self._named(said))

    def _named(self, said: str) -> list[tuple[str, str]]:
        named = said.strip().lower()
        return [(stem, id_) for stem, id_ in self._stems() if id_.startswith(named) and len(named) >= _SHORTEST]

    def last(self) -> str | None:
        """The id of the last run that stands: none that went back, or did nothing, and none that was wholly gone
        back from.

        Raises StateError for one that cannot be read: nobody knows what it did.
        """
        gone_back: set[str] = set()
        for run in self.runs():
            if isinstance(run, StateError):
                raise run
            if run.id in gone_back:
                continue
            if run.command != "undo" and not run.did_nothing:
                return run.id
            if run.command == "undo" and run.ok and not run.is_part:
                gone_back.add(run.undoes)
        return None

    def _stems(self) -> list[tuple[str, str]]:
        """The newest first, each with its id."""
        found = [match for name in self._store.names(FOLDER) if (match := _NAME.fullmatch(name))]
        return sorted(((match["stem"], match["id"]) for match in found), reverse=True)

    def _read(self, stem: str) -> PastRun | StateError:
        try:
            return self._outcome(stem) or self._plan(stem).run
        except StateError as error:
            return error

    def _plan(self, stem: str) -> Planned:
        from dagster_managed_elements.state.runs import decode_plan

        name = f"{FOLDER}{stem}.plan.json"
        there = self._store.read(name)
        if there is None:
            raise StateError(f"{self._store.url}{name} is not there any more.")
        planned = decode_plan(there.data, f"{self._store.url}{name}")
        self._matches(planned.run, stem, "plan")
        return planned

    def _outcome(self, stem: str) -> PastRun | None:
        from dagster_managed_elements.state.runs import decode_outcome

        name = f"{FOLDER}{stem}.outcome.json"
        there = self._store.read(name)
        if there is None:
            return None
        outcome = decode_outcome(there.data, f"{self._store.url}{name}")
        self._matches(outcome, stem, "outcome")
        return outcome

    def _matches(self, run: PastRun, stem: str, part: str) -> None:
        if not stem.endswith(f"-{run.id}"):
            raise StateError(f"{self.url}{stem}.{part}.json is that of another run: {run.id!r}.")
