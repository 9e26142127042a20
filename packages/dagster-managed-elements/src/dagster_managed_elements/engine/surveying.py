"""One place looked at whole: observe, match, then resolve and diff kind by kind, into a Plan. Writes nothing.

Every Problem of every kind and reconciler is collected before one is raised.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dagster_managed_elements.engine.cascading import cascade
from dagster_managed_elements.engine.changes import Change, Changes, Declared, Delete, Memory, Pair, Replace
from dagster_managed_elements.engine.diffing import Basis, diff, later, undeclared
from dagster_managed_elements.engine.elements import Element
from dagster_managed_elements.engine.errors import DeclarationError
from dagster_managed_elements.engine.findings import Notice, Problem
from dagster_managed_elements.engine.kinds import Kind, ResolveContext, Session
from dagster_managed_elements.engine.matching import gather, match
from dagster_managed_elements.engine.observing import Reading, confirm, observe
from dagster_managed_elements.engine.planning import Plan, plan
from dagster_managed_elements.engine.secrets import unreadable
from dagster_managed_elements.engine.values import Key, Ref, pointers, references


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """What one reconciler asks of a place: its elements, and whether what nobody declares is to go."""

    owner: str
    elements: Sequence[Element]
    delete_unmentioned: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """A place as surveyed: the plan, and the ids of all that was observed and matched, what resolving found."""

    plan: Plan
    ids: Mapping[Key, str]
    seen: Mapping[str, frozenset[str]]
    facts: Mapping[Key, Any] = field(default_factory=dict[Key, Any])


async def survey(
    session: Session, declarations: Sequence[Declaration], memory: Memory | None = None, *, force: bool = False
) -> Survey:
    """Raises DeclarationError with every Problem there is, ApiError where the place cannot be read."""
    declared, problems = gather((declaration.owner, declaration.elements) for declaration in declarations)
    problems += _unknown_kinds(declared, session)
    unmentioned = any(declaration.delete_unmentioned for declaration in declarations)

    async def compare(reading: Reading) -> _Work:
        work = _Work(session, declared, reading, memory or Memory(), force=force, unmentioned=unmentioned)
        work.problems[:0] = problems
        for kind in session.kinds:
            await work.take(kind)
        if work.problems:
            raise DeclarationError(problems=list(dict.fromkeys(work.problems)))
        return work

    reading = await observe(session.kinds, declared, exhaustive=unmentioned)
    work = await compare(reading)
    if work.destroys:
        again = await confirm(session.kinds, reading)
        work = await compare(again) if again.refs != reading.refs else work
    return work.survey()


def _unknown_kinds(declared: Iterable[Declared], session: Session) -> list[Problem]:
    known = {kind.name for kind in session.kinds}
    text = f"no {{}} can be declared there, only {', '.join(sorted(known))}"
    return [Problem(each.key, (), text.format(each.key.kind)) for each in declared if each.key.kind not in known]


class _Work:
    """The survey in progress: what is known so far, kind by kind."""

    def __init__(
        self,
        session: Session,
        declared: Sequence[Declared],
        reading: Reading,
        memory: Memory,
        *,
        force: bool,
        unmentioned: bool,
    ) -> None:
        self.session, self.reading, self.memory = session, reading, memory
        self.force, self.unmentioned = force, unmentioned
        self.pairs, self.problems = match(declared, reading.objects, memory)
        self.order = {_identity(pair): number for number, pair in enumerate(self.pairs)}
        self.notices: list[Notice] = []
        self.found: list[Change] = []
        self.changes: tuple[Change, ...] = ()
        self.ids, self.ambiguous = _index(self.pairs)
        self.declared = frozenset(each.key for each in declared)
        self.kept = _kept(declared, self.pairs)

    @property
    def destroys(self) -> bool:
        return any(isinstance(change, (Delete, Replace)) for change in self.changes)

    async def take(self, kind: Kind) -> None:
        """Resolve and diff one kind, then spread what goes to all that refers to it."""
        mine = [pair for pair in self.pairs if _kind_of(pair) == kind.name]
        for pair in mine:
            self.problems += _unreadable(pair, kind)
        context = ResolveContext(ids=self.ids, coming=self._coming(), facts=self._facts(), broken=self._broken())
        whole = [pair for pair in mine if not self._dangling(pair)]
        resolved = self._sorted(await kind.resolve(whole, context))
        broken = self._broken()
        basis = Basis(kinds={kind.name: kind}, ids=self.ids, memory=self.memory, all_secrets=self.force)
        sound = [pair for pair in resolved if pair.declared is None or pair.declared.key not in broken]
        found = diff(sound, basis)
        if self.unmentioned:
            self.found += undeclared(sound, self.kept)
        self.notices += found.notices
        self.found += found.items
        self._remember(resolved)
        # From the start each time: what was taken along before its own kind was resolved is put right by it.
        self.changes = cascade(self.found, self.pairs)

    def _sorted(self, results: Iterable[Pair | Problem | Notice]) -> list[Pair]:
        resolved: list[Pair] = []
        for each in results:
            match each:
                case Pair():
                    resolved.append(each)
                case Problem():
                    self.problems.append(each)
                case Notice():
                    self.notices.append(each)
        return resolved

    def _remember(self, resolved: Iterable[Pair]) -> None:
        """Later stages see the resolved sides, which is what a cascade replaces."""
        better: dict[Any, Pair] = {_identity(pair): pair for pair in resolved}
        self.pairs = [better.get(_identity(pair), pair) for pair in self.pairs]

    def _coming(self) -> dict[Key, Change]:
        return {change.key: change for change in self.changes if not isinstance(change, Delete)}

    def _facts(self) -> dict[Key, Any]:
        return {pair.declared.key: pair.declared.facts for pair in self.pairs if pair.declared is not None}

    def _broken(self) -> frozenset[Key]:
        return frozenset(problem.key for problem in self.problems)

    def _dangling(self, pair: Pair) -> bool:
        """A reference to what neither exists nor is declared is a Problem of the one that refers."""
        if pair.declared is None:
            return False
        named = references(pair.declared.fields)
        dangling = [key for key in named if key not in self.ids and key not in self.declared]
        for key in dangling:
            lack = "several exist" if key in self.ambiguous else "none is declared and none exists"
            text = f"refers to a {key.kind} named {key.name!r}, of which {lack}"
            self.problems.append(Problem(pair.declared.key, (), text))
        return bool(dangling)

    def survey(self) -> Survey:
        kinds = {kind.name: kind for kind in self.session.kinds}
        # What is taken along was no difference by itself, so nothing was said of it yet.
        taken_along = [notice for change in self.changes for notice in later(change)]
        notices = tuple(dict.fromkeys((*self.notices, *taken_along)))
        changes = Changes(_in_order(self.changes, self.order, self.session.kinds), notices)
        names = {each.ref: each.name for each in self.reading.objects}
        seen = {name: frozenset(each.id for each in self.reading.objects if each.kind == name) for name in kinds}
        return Survey(
            plan=plan(changes, kinds, self.session.place, names), ids=self.ids, seen=seen, facts=self._facts()
        )


def _unreadable(pair: Pair, kind: Kind) -> Iterable[Problem]:
    """Secrets that are local are read at every check: one that is missing is found before the first write."""
    if pair.declared is None:
        return
    for path, message in unreadable(pair.declared.fields):
        yield Problem(pair.declared.key, kind.shown(path), message)


def _kept(declared: Iterable[Declared], pairs: Iterable[Pair]) -> frozenset[Ref]:
    """What stays although nobody declares it: what a declared reference names, and what that points at in turn."""
    mentioned = {key for each in declared for key in references(each.fields)}
    alone = {pair.observed.ref: pair.observed for pair in pairs if pair.observed and pair.declared is None}
    kept: set[Ref] = set()
    ahead = [ref for ref, observed in alone.items() if observed.key in mentioned]
    while ahead:
        if (ref := ahead.pop()) in alone and ref not in kept:
            kept.add(ref)
            ahead += pointers(alone[ref].fields)
    return frozenset(kept)


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
    return pair.observed.ref if pair.observed else None


def _in_order(changes: Iterable[Change], place: Mapping[Any, int], kinds: Sequence[Kind]) -> tuple[Change, ...]:
    """By kind and then as declared, what is deleted last: the same order on every run."""
    order = {kind.name: number for number, kind in enumerate(kinds)}

    def rank(change: Change) -> tuple[bool, int, int]:
        gone = isinstance(change, Delete)
        identity = change.observed.ref if gone else change.key
        return (gone, order[change.key.kind], place[identity])

    return tuple(sorted(changes, key=rank))
