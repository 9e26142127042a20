"""One place looked at whole: observed, and matched, resolved and diffed kind by kind as each is read, into a Plan.
Writes nothing.

Every Problem of every kind and reconciler is collected before one is raised.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timezone
from functools import partial
from typing import Any, Literal, cast

from dagster_managed_elements.engine.changes import (
    Change,
    Changes,
    Create,
    Declared,
    Delete,
    Memory,
    Observed,
    Pair,
    Removal,
    Replace,
    Update,
)
from dagster_managed_elements.engine.concurrency import both, meanwhile, paced
from dagster_managed_elements.engine.continuing import go_on, is_half
from dagster_managed_elements.engine.diffing import (
    Basis,
    as_made_anew,
    deletion,
    diff,
    later,
    made_anew,
    undeclared,
)
from dagster_managed_elements.engine.elements import Element
from dagster_managed_elements.engine.errors import DeclarationError, ManagedElementsError
from dagster_managed_elements.engine.findings import Consequence, Notice, Problem, left_out, written
from dagster_managed_elements.engine.kinds import Kind, Kinds, ResolveContext, Session
from dagster_managed_elements.engine.matching import Gathering, match, match_interims, merged
from dagster_managed_elements.engine.observing import Arriving, Reading, confirm, needed
from dagster_managed_elements.engine.planning import Plan, Starters, Undeclared, nobody, plan
from dagster_managed_elements.engine.secrets import NONE_RESENT, Resent, Secret, faults, masked_beside
from dagster_managed_elements.engine.selecting import ALL, Selection, select
from dagster_managed_elements.engine.succession import next_attempt
from dagster_managed_elements.engine.values import (
    ABSENT,
    Fields,
    Key,
    Masked,
    Path,
    Ref,
    at,
    pointers,
    references,
    replaced,
    unsendable,
    walk,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """What one reconciler asks of a place: its elements, and whether what nobody declares is to go: all of it, or
    what is "owned", which is remembered to be of the reconciler of this *name* and of no other. *starters* know who
    else starts what it declares.
    """

    owner: str
    elements: Sequence[Element]
    delete_unmentioned: bool | Literal["owned"] = False
    name: str = ""
    starters: Starters = nobody
    gathering: Gathering = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "gathering", Gathering(self.owner, self.elements))


def starters(declarations: Iterable[Declaration]) -> Starters:
    """Those of all of them."""
    every = [declaration.starters for declaration in declarations]
    return lambda key: next((found for ask in every if (found := ask(key))), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """A place as surveyed: the plan, and the ids of all that was observed and matched, what resolving found, and
    where *secrets* are declared; all that is *declared*, as it stands there, and the *pairs* it makes with what is
    there. *keys* are those of everything that is declared or differs, planned or not; *timetables* say by which
    one the server starts something that is declared, by itself.
    """

    plan: Plan
    ids: Mapping[Key, str]
    seen: Mapping[str, frozenset[str]]
    facts: Mapping[Key, Any] = field(default_factory=dict[Key, Any])
    secrets: frozenset[str] = frozenset()
    declared: Sequence[Declared] = field(default=(), repr=False)
    pairs: Sequence[Pair] = ()
    keys: frozenset[Key] = frozenset()
    timetables: Mapping[Key, str] = field(default_factory=dict[Key, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which of the differences are to be planned: those that are *selected*; with *destroy* the end of all that is
    declared, and nothing else. *today* is the day (UTC) on which removals fall due.
    """

    selected: Selection = ALL
    destroy: bool = False
    today: date = field(default_factory=lambda: datetime.now(timezone.utc).date())


async def survey(
    session: Session,
    declarations: Sequence[Declaration],
    memory: Memory | None = None,
    *,
    resent: Resent = NONE_RESENT,
    scope: Scope | None = None,
    secrets_known: bool = True,
    versions: bool = False,
) -> Survey:
    """Raises DeclarationError with every Problem there is, ApiError where the place cannot be read.

    Whatever is selected, everything is read, and everything declared is checked. Without *secrets_known* a secret
    that cannot be read is no problem: what is declared is compared all the same. With *versions* the
    server is asked for those of the secrets of which one is remembered.
    """
    scope = scope or Scope()
    declared, problems = merged([declaration.gathering for declaration in declarations])
    problems += _unknown_kinds(declared, session)
    problems += _too_long(declared, session)
    unmentioned = not scope.destroy and any(declaration.delete_unmentioned for declaration in declarations)
    if scope.destroy:
        declared = [_doomed(element) for element in declared if element.removal is None]

    faults = _Faults(session.kinds, may_lack=not secrets_known)

    async def compare(there: Arriving | Reading) -> _Work:
        work = _Work(
            session,
            declared,
            memory or Memory(),
            resent=resent,
            declarations=declarations,
            scope=scope,
            faults=faults,
        )
        work.problems += problems
        await work.take_all(there, versions=versions)
        if work.problems:
            raise DeclarationError(problems=list(dict.fromkeys(work.problems)))
        return work

    arriving = Arriving(session.kinds, declared, exhaustive=unmentioned)
    async with meanwhile(partial(faults.look_ahead, declared)):
        _, work = await both(arriving.read, partial(compare, arriving))
    if work.destroys:
        reading = arriving.whole()
        again = await confirm(session.kinds, reading)
        work = await compare(again) if again.refs != reading.refs else work
        work.refuse_blind()
    return work.survey()


def _too_long(declared: Iterable[Declared], session: Session) -> Iterator[Problem]:
    longest = _longest_names(session)
    for key in (element.key for element in declared):
        most, length = longest.get(key.kind), len(str(key.name))
        if most is not None and length > most:
            yield Problem(key, (), f"its name has {length:,} characters; there is room for {most}")


def _longest_names(session: Session) -> Mapping[str, int | None]:
    return {kind.name: kind.longest_name for kind in session.kinds}


def _unknown_kinds(declared: Iterable[Declared], session: Session) -> list[Problem]:
    known = {kind.name for kind in session.kinds}
    text = f"no {{}} can be declared there, only {', '.join(sorted(known))}"
    return [
        Problem(element.key, (), text.format(element.key.kind))
        for element in declared
        if element.key.kind not in known
    ]


class _Faults:
    """What is wrong with an element whatever is there: looked for `ahead` while something else is waited for, and
    `of` whichever that did not come to when it is asked.
    """

    def __init__(self, kinds: Sequence[Kind], *, may_lack: bool) -> None:
        self._kinds, self._may_lack = {kind.name: kind for kind in kinds}, may_lack
        self._found: dict[Key, Sequence[Problem]] = {}

    async def look_ahead(self, declared: Sequence[Declared]) -> None:
        async for element in paced(declared):
            if element.key.kind in self._kinds:
                self.of(element)

    def of(self, declared: Declared) -> Sequence[Problem]:
        if (found := self._found.get(declared.key)) is None:
            kind = self._kinds[declared.key.kind]
            found = () if declared.removal else tuple(_faults_of(declared, kind, may_lack=self._may_lack))
            self._found[declared.key] = found
        return found


class _Work:
    """The survey in progress: what is known so far, kind by kind."""

    def __init__(
        self,
        session: Session,
        declared: Sequence[Declared],
        memory: Memory,
        *,
        resent: Resent,
        declarations: Sequence[Declaration],
        scope: Scope,
        faults: _Faults,
    ) -> None:
        self.session, self.memory, self.faults = session, memory, faults
        self.resent, self.declarations, self.scope, self.as_declared = resent, declarations, scope, declared
        self.there: list[Observed] = []
        self.problems: list[Problem] = []
        self.lacking: dict[int, Key] = {}
        self.notices = [*session.notices]
        self.pairs: list[Pair] = []
        self.begun: list[Pair] = []
        self.doomed: dict[Ref, Declared] = {}
        self.awaiting: set[Ref] = set()
        self.order: dict[Any, int] = {}
        self.found: list[Change] = []
        self.changes: tuple[Change, ...] = ()
        self.going_on: dict[Key, Update] = {}
        self.observed: dict[Key, Observed] = {}
        self.ambiguous: set[Key] = set()
        self.ids: dict[Key, str] = {}
        self.facts: dict[Key, Any] = {}
        self.declared = frozenset(element.key for element in declared if element.removal is None)
        self.longest = _longest_names(session)
        self.of_kind: dict[str, list[Declared]] = {kind.name: [] for kind in session.kinds}
        for element in declared:
            self.of_kind.setdefault(element.key.kind, []).append(element)
        self.unmentioned = not scope.destroy and any(declaration.delete_unmentioned for declaration in declarations)
        self.kept = frozenset[Ref]()

    async def take_all(self, there: Arriving | Reading, *, versions: bool) -> None:
        """Kind by kind, each once it is read, and what it refers to: that may come after it where two kinds refer
        to each other. What stays although nobody declares it depends on all there is.
        """
        unread = [*self.session.kinds]

        async def match_with(*kinds: Kind) -> None:
            while any(kind in unread for kind in kinds):
                await self._match(unread.pop(0), there, versions=versions)

        if self.unmentioned:
            await match_with(*unread)
            on_demand = frozenset(kind.name for kind in self.session.kinds if kind.on_demand)
            self.kept = _kept(self.as_declared, self.pairs, on_demand, self.awaiting)
        for kind in self.session.kinds:
            named = self._named_by(kind) if unread else frozenset[str]()
            await match_with(kind, *(other for other in unread if other.name in named))
            await self.take(kind)
        self._hint()

    def _named_by(self, kind: Kind) -> frozenset[str]:
        """The kinds that what is declared of *kind* refers to."""
        return frozenset(key.kind for element in self.of_kind[kind.name] for key in references(element.fields))

    async def _match(self, kind: Kind, there: Arriving | Reading, *, versions: bool) -> None:
        """What is declared of one kind beside what is there of it."""
        observed = await there.of(kind)
        declared = self.of_kind[kind.name]
        for lacking in needed(observed, declared):
            raise cast("ManagedElementsError", lacking.fault)
        self.there += observed
        matched, problems = match(declared, [one for one in observed if one.fault is None], self.memory)
        self.problems += problems
        self.notices += [_left_out(one) for one in observed if one.fault is not None]
        interims = match_interims(matched, self.longest)
        pairs = [alone for pair in interims.pairs for alone in self._observed_alone(pair)]
        self.begun += [pair for pair in interims.begun if pair.declared and pair.declared.removal is None]
        leaving = {declared.key for declared in self.doomed.values()}
        self.doomed |= {
            pair.observed.ref: pair.declared
            for pair in interims.begun
            if pair.observed and pair.declared and pair.declared.key in leaving
        }
        self.order |= {_identity(pair): number for number, pair in enumerate(pairs)}
        found, ambiguous = _index(pairs)
        self.observed |= found
        self.ambiguous |= ambiguous
        self.ids |= {key: observed.id for key, observed in found.items()}
        self.facts |= _facts_of(pairs)
        self.pairs += pairs
        if versions:
            await self._ask_versions(kind, pairs)

    def _observed_alone(self, pair: Pair) -> Iterator[Pair]:
        """*pair*; of what is to go its observed side, which nobody declares from here on."""
        declared, observed = pair.declared, pair.observed
        if declared is None or (removal := declared.removal) is None:
            yield pair
            return
        if observed is not None:
            yield Pair(None, observed)
        is_due = removal.on is None or removal.on <= self.scope.today
        if observed is None and not self.scope.destroy:
            self.notices.append(Notice(declared.key, (), "removed", "it is gone, so its removed() may go too"))
        elif observed is not None and is_due:
            self.doomed[observed.ref] = declared
        elif observed is not None:
            self.awaiting.add(observed.ref)
            text = f"it is to be removed on {removal.on}: {removal.reason}"
            self.notices.append(Notice(declared.key, (), "removed", text))

    def _keep(self, declared: Declared) -> None:
        """Of what its kind keeps back."""
        text = f"this {declared.key.kind} is none that is deleted from here"
        if self.scope.destroy:
            self.notices.append(Notice(declared.key, (), "kept", f"{text}, and stays"))
        else:
            self.problems.append(Problem(declared.key, (), text))

    @property
    def destroys(self) -> bool:
        return any(isinstance(change, (Delete, Replace)) for change in self.changes)

    def refuse_blind(self) -> None:
        """Raises where something goes and what may depend on it cannot be read: kinds come referred-to first."""
        order = {kind.name: number for number, kind in enumerate(self.session.kinds)}
        going = [order[change.key.kind] for change in self.changes if isinstance(change, (Delete, Replace))]
        for one in self.there:
            if one.fault is not None and going and order[one.kind] >= min(going):
                raise one.fault

    async def _ask_versions(self, kind: Kind, pairs: Iterable[Pair]) -> None:
        """One read of each object that has a secret of which a version is remembered."""
        there = {pair.observed.ref for pair in pairs if pair.declared and pair.observed}
        known = {ref for (ref, _), record in self.memory.secrets.items() if record.version and ref in there}
        if known:
            told = (await kind.versions(sorted(ref.id for ref in known))).items()
            found = {(Ref(kind.name, id_), path): version for id_, paths in told for path, version in paths.items()}
            self.memory = replace(self.memory, versions={**self.memory.versions, **found})

    async def take(self, kind: Kind) -> None:
        """Resolve and diff one kind, then spread what goes to all that refers to it."""
        mine = [pair for pair in self.pairs if _kind_of(pair) == kind.name]
        self.problems += [fault for pair in mine if pair.declared for fault in self.faults.of(pair.declared)]
        self._go_on(kind, ())  # what goes of the kinds before takes of this one along, now that it is read
        context = ResolveContext(
            ids=self.ids, coming=self._coming(), facts=self.facts, broken=self._broken(), observed=self.observed
        )
        whole = [pair for pair in mine if not self._dangling(pair)]
        sure = {pair.declared.key for pair in whole if pair.declared}
        begun = [pair for pair in self.begun if pair.declared and pair.declared.key in sure]
        resolved = self._sorted(await kind.resolve([*whole, *begun], context))
        interims = frozenset(pair.observed.ref for pair in begun if pair.observed)
        others = [pair for pair in resolved if not is_half(pair, interims)]
        basis = Basis(kinds={kind.name: kind}, ids=self.ids, memory=self.memory, resent=self.resent)
        old = {_identity(pair): pair for pair in others}
        halves = [
            as_made_anew(pair, old.get(_identity(pair), pair), basis)
            for pair in resolved
            if is_half(pair, interims)
        ]
        found = diff(self._sound(others), basis)
        if self.unmentioned and not (kind.on_demand and kind.name not in {key.kind for key in self.declared}):
            gone = undeclared(others, self.kept | interims | frozenset(self.doomed))
            self.found += [deletion for deletion in gone if self._may_go(deletion.observed.ref)]
        self.found += self._ending(kind, others)
        self.notices += found.notices
        self.found += found.items
        self._remember(others)
        self._go_on(kind, diff(self._sound(halves), basis).items)

    def _ending(self, kind: Kind, resolved: Iterable[Pair]) -> Iterator[Change]:
        """The end of what is declared as removed, or is to go with all that is declared."""
        shown = {pair.observed.ref: pair.observed for pair in resolved if pair.observed is not None}
        for ref, declared in self.doomed.items():
            if ref in shown:
                yield deletion(shown[ref], reason="it is declared as removed", declared=declared)
            elif ref.kind == kind.name:
                self._keep(declared)

    def _may_go(self, ref: Ref) -> bool:
        """Whether a reconciler deletes what nobody declares; or its own, unless another has declared it that is not
        here to say that it needs it no more.
        """
        if any(declaration.delete_unmentioned is True for declaration in self.declarations):
            return True
        owners = self.memory.owners.get(ref, frozenset())
        owning = {
            declaration.name for declaration in self.declarations if declaration.delete_unmentioned == "owned"
        }
        return not owners.isdisjoint(owning) and owners <= {declaration.name for declaration in self.declarations}

    def _sound(self, pairs: Iterable[Pair]) -> list[Pair]:
        broken = self._broken()
        return [pair for pair in pairs if pair.declared is None or pair.declared.key not in broken]

    def _go_on(self, kind: Kind, halves: Iterable[Change]) -> None:
        """Spread what goes, and go on with the replacements that earlier runs began, with what they made."""
        continued = go_on(kind, halves, self.found, self.pairs)
        self.found += continued.ended
        self.going_on |= continued.halves
        self.ids |= {key: half.observed.id for key, half in continued.halves.items()}
        self.changes = tuple(
            self._continued(change) if isinstance(change, Replace) else change for change in continued.changes
        )

    def _continued(self, change: Replace) -> Replace:
        """*change* with what an earlier run made for it; else with the number of its attempt: as long as an interim
        name is taken, another one is used.
        """
        if (begun := self.going_on.get(change.key)) is not None:
            return replace(change, begun=begun)
        names = [pair.observed.name for pair in self.begun if pair.observed and _identity(pair) == change.key]
        return replace(change, attempt=next_attempt(names))

    def _sorted(self, results: Iterable[Pair | Problem | Notice]) -> list[Pair]:
        resolved: list[Pair] = []
        for result in results:
            match result:
                case Pair():
                    resolved.append(result)
                case Problem():
                    self.problems.append(result)
                case Notice():
                    self.notices.append(result)
        return resolved

    def _remember(self, resolved: Iterable[Pair]) -> None:
        """Later stages see the resolved sides, which is what a cascade replaces."""
        better: dict[Any, Pair] = {_identity(pair): pair for pair in resolved}
        if better:
            self.pairs = [better.get(_identity(pair), pair) for pair in self.pairs]
            self.facts |= _facts_of(better.values())

    def _coming(self) -> dict[Key, Change]:
        return {change.key: change for change in self.changes if not isinstance(change, Delete)}

    def _broken(self) -> frozenset[Key]:
        return frozenset(problem.key for problem in self.problems)

    def _dangling(self, pair: Pair) -> bool:
        """A reference to what neither exists nor is declared is a Problem of the one that refers."""
        if pair.declared is None:
            return False
        named = list(references(pair.declared.fields))
        leaving = {declared.key for declared in self.doomed.values()}
        for key in leaving.intersection(named):
            text = f"refers to a {key.kind} named {key.name!r}, which is declared as removed"
            self.problems.append(Problem(pair.declared.key, (), text))
        unknown = [key for key in named if key not in self.ids and key not in self.declared]
        dangling = [key for key in unknown if key not in self._broken()]
        for key in dangling:
            lack = "several exist" if key in self.ambiguous else "none is declared and none exists"
            self.lacking[len(self.problems)] = key
            text = f"refers to a {key.kind} named {key.name!r}, of which {lack}"
            self.problems.append(Problem(pair.declared.key, (), text))
        return bool(dangling)

    def _hint(self) -> None:
        """Where there is a name that was referred to after all, which nobody knows before everything is read."""
        for number, key in self.lacking.items():
            others = {observed.kind for observed in self.there if observed.name == key.name} - {key.kind}
            others.update(kind.elsewhere(key.name) for kind in self.session.kinds if kind.name == key.kind)
            hint = "".join(f"; there is a {other} of that name" for other in sorted(others) if other)
            problem = self.problems[number]
            self.problems[number] = replace(problem, message=f"{problem.message}{hint}")

    def survey(self) -> Survey:
        kinds = {kind.name: kind for kind in self.session.kinds}
        basis = Basis(kinds=kinds, ids=self.ids, memory=self.memory, resent=self.resent)
        anew = [
            made_anew(change, basis) if isinstance(change, Replace) else (change, ()) for change in self.changes
        ]
        self.changes = tuple(change for change, _ in anew)
        not_ignored = [notice for _, said in anew for notice in said]
        # What is taken along was no difference by itself, so nothing was said of it yet.
        taken_along = [notice for change in self.changes for notice in later(change, self.ids)]
        written_anew = {(notice.key, notice.path) for notice in not_ignored}
        said = (
            notice
            for notice in self.notices
            if notice.code != "ignored" or (notice.key, notice.path) not in written_anew
        )
        notices = tuple(dict.fromkeys((*said, *not_ignored, *taken_along)))
        found = _in_order(self._discreet(), self.order, self.session.kinds)
        changes = Changes(found, notices, tuple(self._emptied()))
        names = {observed.ref: observed.name for observed in self.there}
        seen = {name: frozenset(observed.id for observed in self.there if observed.kind == name) for name in kinds}
        whole = self._plan(changes, kinds, names)
        if not self.scope.selected.is_all:
            whole = self._selected(whole, changes, kinds, names)
        gone = sum(isinstance(change, Delete) for change in found)
        existing = sum(pair.declared is not None and pair.observed is not None for pair in self.pairs) + gone
        return Survey(
            plan=replace(whole, existing=existing, undeclared=self._undeclared(kinds)),
            declared=self.as_declared,
            pairs=self.pairs,
            keys=frozenset((*(element.key for element in self.as_declared), *(change.key for change in found))),
            ids=self.ids,
            seen=seen,
            facts=self.facts,
            secrets=frozenset(self._secrets(kinds)),
            timetables=dict(self._timetables(kinds)),
        )

    def _discreet(self) -> Iterator[Change]:
        """The changes, of what goes without what is a secret by its declaration, or was one by what is remembered:
        a server that does not know it for one shows it.
        """
        known: dict[Ref, list[Path]] = {}
        for ref, path in self.memory.secrets:
            known.setdefault(ref, []).append(path)
        for change in self.changes:
            if isinstance(change, Create):
                yield change
                continue
            observed = change.observed
            declared = (
                change.declared.fields if isinstance(change, Delete) and change.declared else dict[str, Any]()
            )
            there = [path for path in known.get(observed.ref, ()) if at(observed.fields, path) is not ABSENT]
            told = replaced(masked_beside(observed.fields, declared), dict.fromkeys(there, Masked()))
            fields = [
                replace(changed, before=at(told, changed.path)) if changed.after is ABSENT else changed
                for changed in change.fields
            ]
            yield replace(change, fields=tuple(fields))

    def _timetables(self, kinds: Mapping[str, Kind]) -> Iterator[tuple[Key, str]]:
        """As it is there; else as it will be once what is declared is applied."""
        for pair in self.pairs:
            if (declared := pair.declared) is None or declared.removal is not None:
                continue
            there: Fields = pair.observed.fields if pair.observed else {}
            timetable = kinds[declared.key.kind].timetable
            if text := timetable(there) or timetable({**there, **declared.fields}):
                yield declared.key, text

    def _selected(self, whole: Plan, changes: Changes, kinds: Mapping[str, Kind], names: Mapping[Ref, str]) -> Plan:
        """The plan of what was selected, and how much is left out."""
        wanted = select(whole.operations, self.scope.selected)
        chosen = tuple(change for change in changes.items if id(change) in wanted)
        out = {change.key for change in changes.items if id(change) not in wanted}
        said = tuple(
            notice
            for notice in changes.notices
            if notice.code not in {"later", "not-ignored"} or notice.key not in out
        )
        part = replace(changes, items=chosen, notices=said)
        left_out = len(changes.items) - len(chosen)
        chosen_plan = self._plan(part, kinds, names)
        return replace(chosen_plan, left_out=left_out)

    def _plan(self, changes: Changes, kinds: Kinds, names: Mapping[Ref, str]) -> Plan:
        place, protected = self.session.place, self.memory.protected
        return plan(changes, kinds, place, names, protected=protected, starters=starters(self.declarations))

    def _undeclared(self, kinds: Kinds) -> tuple[Undeclared, ...]:
        """What is there, stays, and no reconciler is known to declare: neither of this run nor of another one that
        shares the state. Of a part that was asked for nothing is said.
        """
        if self.scope.destroy or not self.scope.selected.is_all:
            return ()
        found: list[Undeclared] = []
        names = {declaration.name for declaration in self.declarations}
        spoken_of = {element.key for element in self.as_declared}
        spoken_of |= {key for element in self.as_declared for key in references(element.fields)}
        going = {change.observed.ref for change in self.changes if isinstance(change, (Delete, Replace))}
        for observed in (
            pair.observed for pair in self.pairs if pair.declared is None and pair.observed is not None
        ):
            kind = kinds[observed.kind]
            is_whose = self.memory.owners.get(observed.ref, frozenset()) - names
            if kind.on_demand or observed.ref in going or observed.key in spoken_of or is_whose:
                continue
            if kind.is_own(observed):
                found.append(Undeclared(observed.key, observed.id))
        order = {name: number for number, name in enumerate(kinds)}
        return tuple(sorted(found, key=lambda each: (order[each.key.kind], each.key.name, each.id)))

    def _emptied(self) -> Iterator[Consequence]:
        """A place where there is nothing at all, and was something: another one than it was taken for, or lost."""
        if (known := len(self.memory.ids)) and not self.there and not self.scope.destroy:
            text = (
                f"the server has nothing at all, where {known} {'object is' if known == 1 else 'objects are'} known"
            )
            yield Consequence(Key("place", self.session.place), "empty-read", f"{text} from earlier applies")

    def _secrets(self, kinds: Mapping[str, Kind]) -> Iterator[str]:
        for pair in self.pairs:
            if (declared := pair.declared) is not None:
                for path, leaf in walk(declared.fields):
                    if isinstance(leaf, Secret):
                        yield written(declared.key, kinds[declared.key.kind].shown(path))


def _doomed(declared: Declared) -> Declared:
    return replace(declared, removal=Removal(""))


def _left_out(unreadable: Observed) -> Notice:
    return left_out(Key(unreadable.kind, unreadable.name or unreadable.id), cast("Exception", unreadable.fault))


def _faults_of(declared: Declared, kind: Kind, *, may_lack: bool) -> Iterable[Problem]:
    """What no request could carry; and secrets that are local, which are read at every check: one that is missing
    is found before the first write.
    """
    for path, message in (*unsendable(declared.fields), *faults(declared.fields, may_lack=may_lack)):
        yield Problem(declared.key, kind.shown(path), message)


def _kept(
    declared: Iterable[Declared], pairs: Iterable[Pair], on_demand: frozenset[str], awaiting: Iterable[Ref]
) -> frozenset[Ref]:
    """What stays although nobody declares it: what a declared reference names, and what is *awaiting* its removal;
    of kinds *on_demand*, what an object points at by a field that is declared otherwise than by reference; and what
    that points at in turn.
    """
    pairs = list(pairs)
    alone = {pair.observed.ref: pair.observed for pair in pairs if pair.observed and pair.declared is None}
    mentioned = {key for element in declared for key in references(element.fields)} if alone else frozenset[Key]()
    kept: set[Ref] = set()
    ahead = [ref for ref, observed in alone.items() if observed.key in mentioned]
    ahead += awaiting
    ahead += [ref for pair in pairs for ref in _used(pair) if ref.kind in on_demand] if alone else []
    while ahead:
        if (ref := ahead.pop()) in alone and ref not in kept:
            kept.add(ref)
            ahead += pointers(alone[ref].fields)
    return frozenset(kept)


def _used(pair: Pair) -> Iterable[Ref]:
    if pair.declared is None or pair.observed is None:
        return ()
    said = pair.declared.fields
    found = ((name, value) for name, value in pair.observed.fields.items() if isinstance(value, Ref))
    return (ref for name, ref in found if not any(references(said.get(name))))


def _index(pairs: Iterable[Pair]) -> tuple[dict[Key, Observed], frozenset[Key]]:
    """What is there by key, and the keys of undeclared objects that share a name: those stand for no single one."""
    found: dict[Key, Observed] = {}
    ambiguous: set[Key] = set()
    for pair in pairs:
        if pair.declared is not None and pair.observed is not None:
            found[pair.declared.key] = pair.observed
    declared = frozenset(found)
    for pair in pairs:
        if pair.declared is not None or pair.observed is None or (key := pair.observed.key) in declared:
            continue
        if found.setdefault(key, pair.observed).id != pair.observed.id:
            ambiguous.add(key)
    for key in ambiguous:
        del found[key]
    return found, frozenset(ambiguous)


def _facts_of(pairs: Iterable[Pair]) -> dict[Key, Any]:
    return {pair.declared.key: pair.declared.facts for pair in pairs if pair.declared is not None}


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
