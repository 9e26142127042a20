"""What differs from what is declared, as findings: one read of a place answers for all that is declared there.

Knows Dagster's severities and Markdown, and no asset: which asset a finding is shown at is for the checks to say.
"""

from __future__ import annotations

import copy
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import chain, count
from typing import Any, Final, Literal, TypeAlias, cast, get_args

from dagster import AssetCheckSeverity, MetadataValue

from dagster_managed_elements.engine.concurrency import run_blocking
from dagster_managed_elements.engine.elements import Element, key_of, reachable
from dagster_managed_elements.engine.errors import DeclarationError
from dagster_managed_elements.engine.findings import Notice, Problem
from dagster_managed_elements.engine.kinds import Settings
from dagster_managed_elements.engine.planning import Plan, Starters, nobody
from dagster_managed_elements.engine.presentation import Entry
from dagster_managed_elements.engine.values import Key, references
from dagster_managed_elements.reconciler import Reconciler
from dagster_managed_elements.reconciling import Options, Result, Versions, check
from dagster_managed_elements.rendering.markdown import diff_block, list_block
from dagster_managed_elements.rendering.sections import Section
from dagster_managed_elements.rendering.values import escape
from dagster_managed_elements.third_party import is_third_party

Sort: TypeAlias = Literal["changed", "missing", "invalid", "undeclared", "double trigger"]
Reconcilers: TypeAlias = "Reconciler | Iterable[Reconciler] | Mapping[str, Reconciler]"
Severities: TypeAlias = Mapping[Sort, AssetCheckSeverity | None]
TWICE: Final[Sort] = "double trigger"
SEVERITIES: Final[Severities] = {
    "changed": AssetCheckSeverity.ERROR,
    "missing": AssetCheckSeverity.ERROR,
    "invalid": AssetCheckSeverity.ERROR,
    "undeclared": AssetCheckSeverity.WARN,
    TWICE: AssetCheckSeverity.WARN,
}
"""What each sort of finding is by itself. None: it is counted, and no check fails for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that is not as declared.

    Args:
        sort: What is the matter: it is *changed*, *missing* or *undeclared*, its declaration is *invalid*, or it is
            started by two at once.
        key: What it is about.
        text: For people.
    """

    sort: Sort
    key: Key
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """What one read found of a reconciler, or of a part of it.

    Args:
        name: Of what was looked at.
        place: Where.
        plan: What an apply would do about it.
        findings: Each by itself.
        knows_starters: Whether anybody could say what Dagster starts.
    """

    name: str
    place: str
    plan: Plan
    findings: tuple[Finding, ...] = ()
    knows_starters: bool = False

    def of(self, name: str, keys: Collection[Key]) -> Drift:
        """As far as these elements are concerned; what nobody declares is no part of it.

        Args:
            name: What it is called then.
            keys: Of the elements.
        """
        return replace(
            self,
            name=name,
            plan=_part(self.plan, keys),
            findings=tuple(
                finding for finding in self.findings if finding.sort != "undeclared" and finding.key in keys
            ),
        )

    def joined(self, findings: Iterable[Finding]) -> Drift:
        """With more of them.

        Args:
            findings: What was found elsewhere.
        """
        return replace(self, findings=(*self.findings, *findings))

    def severity(self, severities: Severities) -> AssetCheckSeverity | None:
        """The gravest of its findings; None where none of them counts.

        Args:
            severities: What each sort of finding counts as.
        """
        found = {severities[finding.sort] for finding in self.findings}
        return next((severity for severity in _GRAVEST_FIRST if severity in found), None)

    @property
    def counts(self) -> Mapping[Sort, int]:
        counted = Counter(finding.sort for finding in self.findings)
        return {sort: counted[sort] for sort in get_args(Sort)}

    @property
    def fingerprint(self) -> str:
        """Another one where something else differs; nothing can be read from it."""
        shown = self.metadata()
        lines = [str(shown[name].value) for name in ("diff", "findings") if name in shown]
        return sha256("\n".join(lines).encode()).hexdigest() if lines else ""

    @property
    def summary(self) -> str:
        """`2 changed, 1 undeclared: orders (source), lake (destination), stray (source)`."""
        if not self.findings:
            return "in sync"
        counted = ", ".join(f"{number} {sort}" for sort, number in self.counts.items() if number)
        keys = list(dict.fromkeys(str(finding.key) for finding in self.findings))
        more = f" and {len(keys) - _MOST_NAMES} more" if len(keys) > _MOST_NAMES else ""
        return f"{counted}: {escape(', '.join(keys[:_MOST_NAMES]))}{more}"

    def metadata(self) -> dict[str, MetadataValue]:
        """The diff and the counts, for Dagster to keep and show: secrets are masked."""
        beside = [finding.text for finding in self.findings if finding.sort in _BESIDE_THE_DIFF]
        shown: dict[str, MetadataValue] = {"place": MetadataValue.text(self.place)}
        if self.plan.entries:
            shown["diff"] = MetadataValue.md(diff_block([Section(of=(self.name,), plan=self.plan)]))
        if self.plan.consequences:
            shown["consequences of an apply"] = MetadataValue.md(
                list_block(consequence.text for consequence in self.plan.consequences)
            )
        if beside:
            shown["findings"] = MetadataValue.md(list_block(beside))
        if self.plan.notices:
            shown["notices"] = MetadataValue.md(list_block(map(_said, self.plan.notices)))
        looked_for = {sort: number for sort, number in self.counts.items() if sort != TWICE or self.knows_starters}
        return shown | {sort: MetadataValue.int(number) for sort, number in looked_for.items()}


_BESIDE_THE_DIFF: Final = frozenset({"invalid", "undeclared", TWICE})
_MOST_NAMES: Final = 5
_GRAVEST_FIRST: Final = (AssetCheckSeverity.ERROR, AssetCheckSeverity.WARN)


@dataclass(frozen=True, slots=True)
class Unknown:
    """A place that could not be looked at: nobody can say whether it drifted."""

    name: str
    error: Exception


def find_drift(
    reconcilers: Mapping[str, Reconciler],
    starters: Mapping[str, Starters] | None = None,
    *,
    versions: Versions = "unasked",
    settings: Settings | None = None,
) -> Mapping[str, Drift | Unknown]:
    """What is found of each of *reconcilers*, by its name, with each place observed once. *starters*, by the same
    names, know what Dagster starts. Writes nothing.

    A declaration that is invalid hides no drift of others: its place is observed again without it.
    """
    found: dict[str, Drift | Unknown] = {}
    apart = dict.fromkeys(reconcilers, _Apart())
    ahead = dict(reconcilers)
    while ahead:
        names, given = list(ahead), list(ahead.values())
        again: dict[str, Reconciler] = {}
        known = [starters[name] for name in names] if starters is not None else ()
        options = Options(starters=known, versions=versions, settings=settings or Settings())
        for result in run_blocking(lambda _stop, given=given, how=options: check(given, how), winds_up=False):
            of_place = {names[number]: ahead[names[number]] for number in result.of}
            if (more := _invalid(of_place.values(), result)) is None:
                found |= {name: _drift(name, reconcilers[name], result, apart[name], starters) for name in of_place}
                continue
            again |= {name: _without(reconciler, more.keys) for name, reconciler in of_place.items()}
            apart |= {name: apart[name].joined(more) for name in of_place}
        ahead = again
    return {name: found[name] for name in reconcilers}


@dataclass(frozen=True, slots=True)
class _Apart:
    """What a place is observed without: what is wrong, the keys of what is declared so and of what refers to it,
    and those of what has another name until it is renamed.
    """

    problems: tuple[Problem, ...] = ()
    keys: frozenset[Key] = frozenset()
    old: frozenset[Key] = frozenset()

    def joined(self, more: _Apart) -> _Apart:
        return _Apart((*self.problems, *more.problems), self.keys | more.keys, self.old | more.old)


def _invalid(reconcilers: Iterable[Reconciler], result: Result) -> _Apart | None:
    """What stands in the way of comparing a place; None where nothing of what is declared there does."""
    if not isinstance(result.error, DeclarationError):
        return None
    elements = declared(element for reconciler in reconcilers for element in reconciler.elements)
    left_out = {problem.key for problem in result.error.problems} & elements.keys()
    if not left_out:
        return None
    pointers = {key: frozenset(_refers_to(element)) for key, element in elements.items()}
    while more := {key for key in pointers.keys() - left_out if not left_out.isdisjoint(pointers[key])}:
        left_out |= more
    names = ((key.kind, elements[key].renamed_from) for key in left_out)
    old = frozenset(Key(kind, name) for kind, name in names if name)
    return _Apart(result.error.problems, frozenset(left_out), old)


def _without(reconciler: Reconciler, keys: Collection[Key]) -> Reconciler:
    """Nothing is deleted for its sake: what is left out would be taken for what nobody declares."""
    part = copy.copy(reconciler)
    part.elements = tuple(element for key, element in declared(reconciler.elements).items() if key not in keys)
    part.delete_unmentioned_resources = False
    return part


def named(reconcilers: Reconcilers) -> dict[str, Reconciler]:
    """*reconcilers* by the names they have, or are given; one alone needs none.

    Raises:
        DeclarationError: Where two have one name, one of several has none, or it is no reconciler of ours.
    """
    given: list[tuple[str, Any]]
    if isinstance(reconcilers, Mapping):
        given = list(cast("Mapping[str, Any]", reconcilers).items())
    else:
        every = [reconcilers] if isinstance(reconcilers, Reconciler) else list(reconcilers)
        given = [
            (_name(reconciler) or ("managed_elements" if len(every) == 1 else ""), reconciler)
            for reconciler in every
        ]
    return told_apart(given)


def worded(name: str) -> str:
    """*name* as a part of the names that Dagster takes for jobs and steps."""
    return re.sub(r"\W", "_", name, flags=re.ASCII)


def told_apart(given: Iterable[tuple[str, Any]]) -> dict[str, Reconciler]:
    """Reconcilers by the names that are *given* with them. Raises as `named`."""
    found: dict[str, Reconciler] = {}
    for name, reconciler in given:
        if not isinstance(reconciler, Reconciler) or is_third_party(reconciler):
            raise DeclarationError(f"Drift is found of a Reconciler, not of {type(reconciler).__name__}.")
        if not name:
            raise DeclarationError("Of several reconcilers each needs name=, by which Dagster shows it.")
        if name in found:
            raise DeclarationError(f"Two reconcilers are called {name!r}; Dagster tells them by their names.")
        found[name] = reconciler
    if not found:
        raise DeclarationError("There is no reconciler of which drift could be found.")
    return found


def weights(severities: Severities | None) -> Severities:
    """What each sort of finding is, as *severities* say of some. Raises DeclarationError for another sort."""
    given = severities or {}
    if unknown := sorted(set(given) - set(SEVERITIES)):
        raise DeclarationError(f"severities= has {', '.join(unknown)}; there are {', '.join(SEVERITIES)}.")
    return {**SEVERITIES, **given}


def of_one_instance(reconcilers: Mapping[str, Reconciler]) -> dict[str, Mapping[str, Reconciler]]:
    """The reconcilers of each instance, under a name that Dagster takes for a step: they speak of one place,
    mostly. It is looked at once, and what one of them declares another one does not delete.
    """
    groups: dict[Any, dict[str, Reconciler]] = {}
    for name, reconciler in reconcilers.items():
        groups.setdefault(reconciler.instance, {})[name] = reconciler
    named_groups: dict[str, Mapping[str, Reconciler]] = {}
    for group in groups.values():
        word = worded(next(iter(group)))
        numbered = (f"{word}_{number}" for number in count(2))
        named_groups[next(key for key in chain([word], numbered) if key not in named_groups)] = group
    return named_groups


def pool_of(pool: str | None, instance: str) -> str | None:
    """The name that *pool* is for the *instance* of this name, for which `{instance}` stands in it."""
    return pool and pool.replace(INSTANCE, instance)


INSTANCE: Final = "{instance}"


def declared(elements: Iterable[Element]) -> Mapping[Key, Element]:
    """By their keys *elements* and all that is declared along with them."""
    return {key_of(element): element for element in reachable(elements)}


def closure(keys: Iterable[Key], elements: Mapping[Key, Element]) -> frozenset[Key]:
    """*keys* and all that they refer to, by an element or by its Key, as far as *elements* tell."""
    found: set[Key] = set()
    ahead = list(keys)
    while ahead:
        key = ahead.pop()
        if key in found:
            continue
        found.add(key)
        if (element := elements.get(key)) is not None:
            ahead += _refers_to(element)
    return frozenset(found)


def _refers_to(element: Element) -> Iterator[Key]:
    """By elements and by Keys; what it declares may be such that it cannot be read, which a look tells."""
    yield from map(key_of, element.parts())
    with suppress(Exception):
        yield from references(element.fields())


def _name(reconciler: Any) -> str:
    return getattr(reconciler, "name", "")


def _drift(
    name: str, reconciler: Reconciler, result: Result, apart: _Apart, starters: Mapping[str, Starters] | None
) -> Drift | Unknown:
    if result.error is not None or result.plan is None or result.found is None:
        return Unknown(name, result.error or DeclarationError("nothing is declared"))
    elements = declared(reconciler.elements)
    keys = closure(elements, elements)
    going = frozenset(entry.key for entry in result.plan.entries if _is_undeclared(entry))
    undeclared = [
        *((entry.key, "is not declared, and goes") for entry in result.plan.entries if _is_undeclared(entry)),
        *(
            (stray.key, "is not declared")
            for stray in result.plan.undeclared
            if stray.key not in apart.keys | apart.old
        ),
    ]
    problems = (Finding(sort="invalid", key=problem.key, text=str(problem)) for problem in apart.problems)
    whole = Drift(
        name=name,
        place=result.place,
        plan=result.plan,
        findings=(*problems, *_findings(result.plan.entries)),
        knows_starters=starters is not None or not result.found.timetables,
    )
    starter = starters[name] if starters is not None else nobody
    twice = (
        Finding(sort=TWICE, key=key, text=f"{key} is started twice: by its server ({timetable}), and {others}")
        for key, timetable in result.found.timetables.items()
        if key in keys and (others := starter(key))
    )
    strays = (Finding(sort="undeclared", key=key, text=f"{key} {text}") for key, text in undeclared)
    return replace(whole.of(name, keys), plan=_part(result.plan, keys | going)).joined([*strays, *twice])


def _is_undeclared(entry: Entry) -> bool:
    """Whether it goes since nobody declares it, and not with something else or as one that is declared removed."""
    return entry.action == "delete" and not (entry.owner or entry.cause or entry.reason)


def _findings(entries: Iterable[Entry]) -> Iterator[Finding]:
    """What only follows from another change is no drift of its own."""
    for entry in entries:
        if entry.cause is not None or _is_undeclared(entry):
            continue
        if entry.action == "create":
            yield Finding(sort="missing", key=entry.key, text=f"{entry.key} is missing")
        elif entry.action == "delete":
            yield Finding(sort="changed", key=entry.key, text=f"{entry.key} is there, and declared as removed")
        else:
            yield Finding(sort="changed", key=entry.key, text=f"{entry.key} is not as declared")


def _part(plan: Plan, keys: Collection[Key]) -> Plan:
    entries = tuple(entry for entry in plan.entries if entry.key in keys or entry.cause in keys)
    shown = {entry.key for entry in entries}
    return replace(
        plan,
        entries=entries,
        operations=tuple(operation for operation in plan.operations if operation.step.key in shown),
        notices=tuple(notice for notice in plan.notices if notice.key in keys),
        consequences=tuple(consequence for consequence in plan.consequences if consequence.key in shown),
    )


def _said(notice: Notice) -> str:
    return f"{notice.key}: {notice.text}"
