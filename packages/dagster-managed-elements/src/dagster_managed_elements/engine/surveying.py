"""One place looked at whole: observe, match, then resolve and diff kind by kind, into a Plan. Writes nothing.

Every Problem of every kind and reconciler is collected before one is raised.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from dagster_managed_elements.engine.changes import (
    Change,
    Changes,
    Declared,
    Delete,
    Memory,
    Notice,
    Observed,
    Pair,
    Problem,
    references,
)
from dagster_managed_elements.engine.diffing import cascade, diff
from dagster_managed_elements.engine.elements import Element, Key
from dagster_managed_elements.engine.errors import DeclarationError, ServerFault
from dagster_managed_elements.engine.kinds import Kind, Look, Session
from dagster_managed_elements.engine.matching import gather, match
from dagster_managed_elements.engine.planning import Plan, plan
from dagster_managed_elements.engine.running import concurrently

_MOST_READS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What one reconciler asks of a place: its elements, and whether what nobody declares is to go."""

    owner: str
    elements: Sequence[Element]
    delete_unmentioned: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A place as surveyed: the plan, and the ids of all that was observed and matched."""

    plan: Plan
    ids: Mapping[Key, str]
    seen: Mapping[str, frozenset[str]]


async def survey(
    session: Session, wishes: Sequence[Wish], memory: Memory | None = None, *, force: bool = False
) -> Picture:
    """Raises DeclarationError with every Problem there is, ApiError where the place cannot be read."""
    memory = memory or Memory()
    declared, problems = gather((wish.owner, wish.elements) for wish in wishes)
    problems += _foreign_kinds(declared, session)
    unmentioned = any(wish.delete_unmentioned for wish in wishes)
    observed = await _observe(session.kinds, declared, exhaustive=unmentioned)
    pairs, unclear = match(declared, observed, memory)
    work = _Work(session, memory, pairs, force=force, unmentioned=unmentioned)
    work.problems += [*problems, *unclear]
    for kind in session.kinds:
        await work.take(kind)
    if work.problems:
        raise DeclarationError(problems=list(dict.fromkeys(work.problems)))
    changes = Changes(_in_order(work.changes, pairs, session.kinds), tuple(work.notices))
    kinds = {kind.name: kind for kind in session.kinds}
    names = {each.ref: each.name for each in observed}
    seen = {kind.name: frozenset(each.id for each in observed if each.kind == kind.name) for kind in kinds.values()}
    return Picture(plan=plan(changes, kinds, session.place, names), ids=work.ids, seen=seen)


def _foreign_kinds(declared: Iterable[Declared], session: Session) -> list[Problem]:
    known = {kind.name for kind in session.kinds}
    text = f"no {{}} can be declared there, only {', '.join(sorted(known))}"
    return [Problem(each.key, (), text.format(each.key.kind)) for each in declared if each.key.kind not in known]


async def _observe(kinds: Sequence[Kind], declared: Sequence[Declared], *, exhaustive: bool) -> list[Observed]:
    """Read every kind at once; read a kind again where something declared is absent or a delete is planned.

    One paged listing proves no absence: pages may repeat and skip rows, so two reads must agree on the ids.
    """
    found: dict[str, Sequence[Observed]] = {}

    async def read(kind: Kind) -> None:
        wanted = {each.key.name for each in declared if each.key.kind == kind.name}
        first = await kind.observe()
        missing = wanted - {each.name for each in first}
        found[kind.name] = await _confirmed(kind, first) if missing or (exhaustive and first) else first

    await concurrently(*(partial(read, kind) for kind in kinds))
    return [each for kind in kinds for each in found[kind.name]]


async def _confirmed(kind: Kind, first: Sequence[Observed]) -> Sequence[Observed]:
    reads = [first]
    while len(reads) < _MOST_READS:
        reads.append(await kind.observe())
        before, now = ({each.id for each in read} for read in reads[-2:])
        if before == now and (now or not any(reads)):
            return reads[-1]
    text = f"The list of {kind.name}s changes from read to read; nothing is concluded from it. Try again."
    raise ServerFault(text)


class _Work:
    """The survey in progress: what is known so far, kind by kind."""

    def __init__(
        self, session: Session, memory: Memory, pairs: list[Pair], *, force: bool, unmentioned: bool
    ) -> None:
        self.session, self.memory, self.pairs = session, memory, pairs
        self.force, self.unmentioned = force, unmentioned
        self.problems: list[Problem] = []
        self.notices: list[Notice] = []
        self.changes: tuple[Change, ...] = ()
        self.ids, self.ambiguous = _index(pairs)
        declared = [pair.declared for pair in pairs if pair.declared]
        self.declared = frozenset(each.key for each in declared)
        self.mentioned = frozenset(key for each in declared for key in references(each.fields))

    async def take(self, kind: Kind) -> None:
        """Resolve and diff one kind, then spread what goes to all that refers to it."""
        mine = [pair for pair in self.pairs if _kind_of(pair) == kind.name]
        look = Look(ids=self.ids, coming=self._coming(), broken=self._broken())
        whole = [pair for pair in mine if not self._dangling(pair, look)]
        resolved: list[Pair] = []
        for each in await kind.resolve(whole, look):
            match each:
                case Pair():
                    resolved.append(each)
                case Problem():
                    self.problems.append(each)
                case Notice():
                    self.notices.append(each)
        found = diff(
            resolved,
            {kind.name: kind},
            self.ids,
            self.memory,
            force=self.force,
            unmentioned=self.unmentioned,
            mentioned=self.mentioned,
        )
        self.notices += found.notices
        self._remember(resolved)
        self.changes = cascade((*self.changes, *found.items), self.pairs)

    def _remember(self, resolved: Iterable[Pair]) -> None:
        """Later stages see the resolved sides, which is what a cascade replaces."""
        better: dict[Any, Pair] = {_identity(pair): pair for pair in resolved}
        self.pairs = [better.get(_identity(pair), pair) for pair in self.pairs]

    def _coming(self) -> dict[Key, Change]:
        return {change.key: change for change in self.changes if not isinstance(change, Delete)}

    def _broken(self) -> frozenset[Key]:
        return frozenset(problem.key for problem in self.problems)

    def _dangling(self, pair: Pair, look: Look) -> bool:
        """A reference to what neither exists nor is declared is a Problem of the one that refers."""
        if pair.declared is None:
            return False
        known = look.ids.keys() | look.broken | self.declared
        dangling = [key for key in references(pair.declared.fields) if key not in known]
        for key in dangling:
            lack = "several exist" if key in self.ambiguous else "none is declared and none exists"
            text = f"refers to a {key.kind} named {key.name!r}, of which {lack}"
            self.problems.append(Problem(pair.declared.key, (), text))
        return bool(dangling)


def _index(pairs: Iterable[Pair]) -> tuple[dict[Key, str], frozenset[Key]]:
    """Ids by key, and the keys of undeclared objects that share a name: those stand for no single id."""
    ids: dict[Key, str] = {}
    ambiguous: set[Key] = set()
    for pair in pairs:
        if pair.observed is None:
            continue
        key = pair.declared.key if pair.declared else pair.observed.key
        if ids.setdefault(key, pair.observed.id) != pair.observed.id and pair.declared is None:
            ambiguous.add(key)
    for key in ambiguous:
        del ids[key]
    return ids, frozenset(ambiguous)


def _kind_of(pair: Pair) -> str:
    if pair.declared is not None:
        return pair.declared.key.kind
    return pair.observed.kind if pair.observed else ""


def _identity(pair: Pair) -> Any:
    if pair.declared is not None:
        return pair.declared.key
    return (pair.observed.kind, pair.observed.id) if pair.observed else None


def _in_order(changes: Iterable[Change], pairs: Sequence[Pair], kinds: Sequence[Kind]) -> tuple[Change, ...]:
    """By kind and then as declared, what is deleted last: the same order on every run."""
    place: dict[Any, int] = {_identity(pair): number for number, pair in enumerate(pairs)}
    order = {kind.name: number for number, kind in enumerate(kinds)}

    def rank(change: Change) -> tuple[bool, int, int]:
        gone = isinstance(change, Delete)
        identity = (change.observed.kind, change.observed.id) if gone else change.key
        return (gone, order[change.key.kind], place[identity])

    return tuple(sorted(changes, key=rank))
