"""Which reconcilers speak of the same place: each instance connected once, each place with all its declarations."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from dagster_managed_elements.engine.kinds import Instance, Session, Settings
from dagster_managed_elements.engine.surveying import Declaration


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A reconciler as far as a place is concerned."""

    instance: Instance
    declaration: Declaration


@dataclass(frozen=True, slots=True)
class Place:
    """A connected session and all that is declared there; *numbers* are those of the members, as given."""

    session: Session
    numbers: tuple[int, ...]
    declarations: tuple[Declaration, ...]

    @property
    def name(self) -> str:
        return self.session.place


@asynccontextmanager
async def connected(
    members: Sequence[Member], settings: Settings
) -> AsyncGenerator[tuple[list[Place], list[tuple[int, Exception]]]]:
    """The places, in the order of their first members, and the members that could not be connected, with why."""
    async with AsyncExitStack() as stack:
        sessions: dict[Instance, Session | Exception] = {}
        spoken_of: dict[str, list[int]] = {}
        failures: list[tuple[int, Exception]] = []
        for number, member in enumerate(members):
            if member.instance not in sessions:
                try:
                    session = await stack.enter_async_context(member.instance.connect(settings))
                except Exception as error:  # noqa: BLE001 - a place that cannot be connected hides no other
                    session = error
                sessions[member.instance] = session
            match sessions[member.instance]:
                case Session() as session:
                    spoken_of.setdefault(session.place, []).append(number)
                case error:
                    failures.append((number, error))
        yield [_place(numbers, members, sessions) for numbers in spoken_of.values()], failures


def _place(
    numbers: Sequence[int], members: Sequence[Member], sessions: dict[Instance, Session | Exception]
) -> Place:
    session = sessions[members[numbers[0]].instance]
    if isinstance(session, Exception):
        raise session
    return Place(session, tuple(numbers), tuple(members[number].declaration for number in numbers))
