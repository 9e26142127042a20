"""The run that is to be undone, found in the histories of a module's states, and held against its places."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from dagster_managed_elements.engine.errors import DeclarationError, StateError
from dagster_managed_elements.engine.kinds import Session
from dagster_managed_elements.engine.past import PastRun
from dagster_managed_elements.engine.undoing import WayBack
from dagster_managed_elements.state.fingerprints import FILE_VARIABLE, VARIABLE, FingerprintKey
from dagster_managed_elements.state.history import History

if TYPE_CHECKING:
    from dagster_managed_elements.state.runs import Planned

LAST: Final = "last"
NO_HISTORY: Final = "Without a state there is no history: give one, by --state URL or DAGSTER_ME_STATE."


class _Placed(Protocol):
    @property
    def session(self) -> Session: ...


P = TypeVar("P", bound=_Placed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """A *run* as it was *planned*."""

    run: PastRun
    planned: Planned

    @property
    def told(self) -> str:
        """Which run it is, for who is about to undo it."""
        run, by = self.run, self.run.author
        which = f"{run.command} by {by.user} on {by.host}, {run.began}"
        return f"this is the way back from the run {run.id}: {which}"

    def those_of(self, places: Sequence[P], *, failed: bool) -> list[P]:
        """The *places* that it wrote to. Raises DeclarationError where one is missing, unless some *failed*, or one
        was several.
        """
        times = Counter(place.identity for place in self.run.places)
        if several := sorted(place.place for place in self.run.places if times[place.identity] > 1):
            text = f"The run {self.run.id} is of one server or workspace by several names, {', '.join(several)}"
            raise DeclarationError(f"{text}; which of them was written to first is not known, nor what was there.")
        known = {place.session.lasting: place for place in places}
        wanted = {place.identity: place.place for place in self.run.places}
        lacking = sorted(wanted[identity] for identity in wanted.keys() - known.keys())
        if lacking and not failed:
            listed = ", ".join(place.session.place for place in places) or "none"
            text = f"The run {self.run.id} is of another server or workspace: {', '.join(lacking)}"
            raise DeclarationError(f"{text}; the module is of {listed}.")
        return [place for identity, place in known.items() if identity in wanted]

    def way(self, session: Session) -> WayBack:
        (place,) = [past for past in self.run.places if past.identity == session.lasting]
        return WayBack(run=self.run.id, traces=self.planned.traces(place.place), report=place.report)


def find(histories: Sequence[History], said: str, key: FingerprintKey | None) -> Past:
    """The run of this id, or the "last" that stands. Raises ManagedElementsError where it cannot be had."""
    if said == LAST:
        found = [(run, history) for history in histories if (run := history.last()) is not None]
        if not found:
            listed = ", ".join(history.url for history in histories)
            raise DeclarationError(f"There is nothing left to undo in {listed}.")
        if len(found) > 1:
            listed = ", ".join(f"{run} in {history.url}" for run, history in found)
            raise DeclarationError(f"There are several states; say which run is to be undone: {listed}.")
        said, histories = found[0][0], [found[0][1]]
    history = histories[0]
    if len(histories) > 1:  # of one alone no listing more is asked for: it says itself what it lacks
        history = next((known for known in histories if known.has(said)), history)
    planned, run = history.planned(said)
    if key is not None and not planned.is_sealed(key):
        text = f"The run {run.id} was changed since it was written, or written with another key than this, or none"
        raise StateError(f"{text} ({VARIABLE}, {FILE_VARIABLE}); nothing is undone by it.")
    return Past(run=run, planned=planned)
