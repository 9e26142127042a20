"""The way back from a run, as a survey like any other: what it changed declared as it was before.

The place is looked at twice: once for what changed since, which nobody means to undo unseen, and once for the plan.
Writes nothing; no secret comes from anywhere but a declaration or a variable, or is left where it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, cast

from dagster_managed_elements.engine.adoption import AdoptContext
from dagster_managed_elements.engine.changes import Change, Create, Declared, Delete, Memory, Pair
from dagster_managed_elements.engine.elements import Element, Restored, removed
from dagster_managed_elements.engine.errors import DeclarationError
from dagster_managed_elements.engine.findings import Consequence, Notice
from dagster_managed_elements.engine.kinds import Kind, Session
from dagster_managed_elements.engine.matching import merged
from dagster_managed_elements.engine.past import Trace
from dagster_managed_elements.engine.reports import Outcome, Report
from dagster_managed_elements.engine.secrets import NONE_RESENT, Resent, Secret
from dagster_managed_elements.engine.surveying import Declaration, Scope, Survey, starters, survey
from dagster_managed_elements.engine.values import (
    ABSENT,
    Fields,
    Key,
    Masked,
    Path,
    at,
    mapped,
    overlap,
    replaced,
    walk,
)

_ROTATED: Final = "what this secret was before that run is kept nowhere; it is what is declared now"
_INCOMPARABLE: Final = "it cannot be compared with what that run left: {}"
_UNTOLD: Final = "there was nothing before that run, which cannot be declared; it stays as it is"


@dataclass(frozen=True, slots=True, kw_only=True)
class WayBack:
    """From the run of this id, of which *traces* are what it did at one place, and *report* what became of that."""

    run: str
    traces: Sequence[Trace]
    report: Report | None = None


async def survey_back(
    session: Session,
    way: WayBack,
    declarations: Sequence[Declaration],
    memory: Memory | None = None,
    *,
    resent: Resent = NONE_RESENT,
    scope: Scope | None = None,
    versions: bool = False,
) -> Survey:
    """As `survey`. *declarations* are those of today, for secrets; nothing else of them is declared here.

    Raises DeclarationError with every secret that is lacking, and whatever else stands against what was before.
    """
    memory = memory or Memory()
    steps = [_Step(session, trace, way) for trace in _carried_out(way)]
    if refused := [f"{step.trace.key}: {step.trace.why_not}" for step in steps if step.is_stuck]:
        raise DeclarationError(f"The run {way.run} cannot be undone: {'; '.join(refused)}.")
    await _compare(session, [step for step in steps if step.after is not None], memory)
    today, _ = merged([declaration.gathering for declaration in declarations])
    by_key = {declared.key: declared for declared in today}
    names = {step.trace.key: step.key for step in steps}
    elements = [element for step in steps if (element := step.back(by_key, names)) is not None]
    found = await survey(
        session,
        [Declaration(owner="", elements=elements, starters=starters(declarations))],
        memory,
        resent=resent,
        scope=scope,
        versions=versions,
    )
    return _annotated(found, steps)


def _carried_out(way: WayBack) -> Iterator[tuple[Trace, str | None]]:
    """What may have been done, with the id of what was made; of a run that was cut off that is all of it."""
    for trace in way.traces:
        mine = [outcome for outcome in way.report.outcomes if _is_of(outcome, trace)] if way.report else []
        made = next((outcome.made for outcome in mine if outcome.made), None)
        if way.report is None or any(outcome.may_be_done for outcome in mine):
            yield trace, made


def _is_of(outcome: Outcome, trace: Trace) -> bool:
    step = outcome.step
    if step.id is not None:
        return (step.key.kind, step.id) == (trace.key.kind, trace.id)
    return step.key == trace.key and trace.action != "delete"


class _Step:
    """The way back of one element."""

    def __init__(self, session: Session, carried_out: tuple[Trace, str | None], way: WayBack) -> None:
        self.trace, made = carried_out
        self.kind = next((kind for kind in session.kinds if kind.name == self.trace.key.kind), None)
        self.run = way.run
        self.id = made or (None if self.trace.action == "replace" else self.trace.id)
        self.since: list[Path] = []
        self.moved = _INCOMPARABLE.format(self.trace.why_not) if self.trace.why_not else ""
        self.gone = False
        self.there: Fields | None = None
        self.notices: list[Notice] = []

    @property
    def after(self) -> Declared | None:
        return self.trace.after

    @property
    def is_stuck(self) -> bool:
        """Whether nobody can tell what was before. What was created goes, whatever it was."""
        return bool(self.trace.why_not) and self.trace.action != "create"

    @property
    def key(self) -> Key:
        """By which it is declared on the way back."""
        renamed = ("name",) in self.trace.before and self.trace.action == "update"
        return replace(self.trace.key, name=self.trace.old_name) if renamed else self.trace.key

    def as_left(self) -> Element:
        after = cast("Declared", self.after)
        fields = mapped(after.fields, lambda leaf: _unread(leaf) if _is_secret(leaf) else leaf)
        return self._restored(self.trace.key, fields, after.ignore)

    def compare(self, pair: Pair, change: Change | None) -> None:
        """Note how what is there differs from what the run left."""
        observed = pair.observed
        self.there = observed.fields if observed is not None else None
        if observed is None:
            self.gone = True
            self.moved = "" if self.trace.action == "create" else "it is gone since, and is created again"
        elif self.id is not None and observed.id != self.id:
            self.moved = f"it is another one since ({observed.id}, not {self.id})"
        elif change is not None:
            self.since = [changed.path for changed in change.fields if not _is_secret(changed.after)]
            overlap = [path for path in self.since if self._touches(path)]
            if overlap:
                listed = ", ".join(dict.fromkeys(self._written(path) for path in overlap))
                self.moved = f"it was changed since: {listed}"

    def back(self, today: Mapping[Key, Declared], names: Mapping[Key, Key]) -> Element | None:
        """What declares it as it was; None where that is so already. What is renamed on the way back has another of
        the *names* then.
        """
        trace = self.trace
        if trace.action == "create":
            if self.gone:
                self.notices.append(Notice(trace.key, (), "gone", "it is gone already"))
                return None
            return removed(trace.key.kind, trace.key.name, reason=f"it was created by the run {self.run}")
        if trace.action != "delete" and not trace.before:
            return None
        fields = self._fields()
        secrets = {path: self._secret(path, leaf, today) for path, leaf in walk(fields) if _is_secret(leaf)}
        apart = [path for path in self.since if not self._touches(path)]
        ignore = (*(self.after.ignore if self.after else ()), *(".".join(self._shown(path)) for path in apart))
        fields = mapped(
            replaced(fields, secrets), lambda leaf: names.get(leaf, leaf) if isinstance(leaf, Key) else leaf
        )
        return self._restored(self.key, fields, ignore)

    def _restored(self, key: Key, fields: Fields, ignore: Iterable[str]) -> Element:
        return Restored(
            key.name,
            kind=key.kind,
            as_it_was=fields,
            protect=bool(self.after and self.after.protect),
            ignore=tuple(ignore),
            renamed_from=self.trace.key.name if key != self.trace.key else None,
            in_place_of=self.trace.id if self.trace.action == "delete" else None,
        )

    def _fields(self) -> Fields:
        fields: Fields = self.after.fields if self.after is not None else {}
        for path, value in self.trace.before.items():
            if path == ("name",):
                continue
            if len(path) == 1 and (value is ABSENT or value is None) and self.after is not None:
                self.notices.append(Notice(self.trace.key, self._shown(path), "left-alone", _UNTOLD))
                fields = {name: inner for name, inner in fields.items() if name != path[0]}
            else:
                fields = cast("Fields", _put(fields, path, value))
        return fields

    def _secret(self, path: Path, leaf: Secret | Masked, today: Mapping[Key, Declared]) -> Secret | Masked:
        """That of the declaration of today, or of a variable; what is there stays where that is enough."""
        for key in (self.key, self.trace.key):
            declared = at(today[key].fields, path) if key in today else None
            if declared is not ABSENT and declared is not None:
                self._tell_rotated(path)
                return Secret.literal(declared)
        is_variable = isinstance(leaf, Secret) and leaf.reference.startswith("env:")
        if not self._is_lost(path) and not (is_variable and _is_readable(cast("Secret", leaf))):
            self._tell_rotated(path)
            shown = at(self.there, path)
            return Masked() if shown is ABSENT or _is_secret(shown) else Secret.literal(shown)
        name = AdoptContext().secret(self.key, self._shown(path))
        return _needed(cast("Secret", leaf) if is_variable else name)

    def _is_lost(self, path: Path) -> bool:
        """Whether the server has none there any more."""
        if self.gone or self.trace.action != "update":
            return True
        if self.there is not None and ((there := at(self.there, path)) is ABSENT or there is None):
            return True
        return not _is_secret(at(cast("Declared", self.after).fields, path))

    def _tell_rotated(self, path: Path) -> None:
        if self.trace.action == "update" and path in self.trace.before:
            self.notices.append(Notice(self.trace.key, self._shown(path), "secret-kept", _ROTATED))

    def _touches(self, path: Path) -> bool:
        """Whether the way back goes through *path*."""
        if self.trace.action == "create":
            return True
        return any(overlap(path, mine) for mine in self.trace.before)

    def _shown(self, path: Path) -> Path:
        return self.kind.shown(path) if isinstance(self.kind, Kind) else path

    def _written(self, path: Path) -> str:
        return ".".join(self._shown(path))

    def concluded(self, change: Change | None, pair: Pair | None) -> Iterator[Consequence]:
        """What of it has to be agreed to, now that *change* is what the way back comes to."""
        if change is None:
            return
        if self.trace.action == "delete" and pair is not None and pair.observed is not None:
            self.moved = "it is there again since, and is changed to what it was"
        if isinstance(change, Create) or self.trace.action in {"create", "delete"}:
            stands = bool(self.moved)
        else:
            # What was put back already is no way to go.
            stands = bool(self.moved) and (
                not self.since
                or any(overlap(path, changed.path) for path in self.since for changed in change.fields)
            )
        if stands:
            yield Consequence(self.trace.key, "changed-since", f"{self.trace.key}: {self.moved}")

    def said(self, notices: Iterable[Notice]) -> Iterator[Notice]:
        """Of *notices* those that hold here, and its own."""
        apart = {self._shown(path) for path in self.since if not self._touches(path)}
        for notice in notices:
            if notice.key != self.key or notice.path not in apart:
                yield notice
            elif notice.code == "not-ignored":
                apart.remove(notice.path)
                yield replace(notice, text="it was changed since that run, and is written over: this is made anew")
            elif notice.code != "ignored":
                yield notice
        for path in sorted(apart):
            yield Notice(self.key, path, "left-alone", "it was changed since that run, and stays as it is")
        yield from self.notices


async def _compare(session: Session, steps: Sequence[_Step], memory: Memory) -> None:
    """Look at what is there beside what the run left. What cannot be compared any more has moved."""
    left = {step.trace.key: step for step in steps}
    while left:
        elements = [step.as_left() for step in left.values()]
        try:
            found = await survey(
                session,
                [Declaration(owner="", elements=elements)],
                Memory(ids=memory.ids),
                secrets_known=False,
            )
        except DeclarationError as error:
            broken = {problem.key: problem for problem in error.problems if problem.key in left}
            if not broken:
                raise
            for key, problem in broken.items():
                left.pop(key).moved = _INCOMPARABLE.format(problem.message)
            continue
        changes = _changes(found)
        for pair in found.pairs:
            if pair.declared is not None and pair.declared.key in left:
                left[pair.declared.key].compare(pair, changes.get(pair.declared.key))
        return


def _annotated(found: Survey, steps: Sequence[_Step]) -> Survey:
    changes = _changes(found) | {
        operation.change.key: operation.change
        for operation in found.plan.operations
        if isinstance(operation.change, Delete)
    }
    pairs = {pair.declared.key: pair for pair in found.pairs if pair.declared is not None}
    consequences = [*found.plan.consequences]
    notices: Iterable[Notice] = found.plan.notices
    for step in steps:
        consequences += step.concluded(changes.get(step.key), pairs.get(step.key))
        notices = [*step.said(notices)]
    # What is not on the way back may be declared all the same.
    plan = replace(
        found.plan,
        consequences=tuple(consequences),
        notices=tuple(dict.fromkeys(notices)),
        undeclared=(),
    )
    return replace(found, plan=plan)


def _changes(found: Survey) -> dict[Key, Change]:
    """Of what is declared."""
    changes = (operation.change for operation in found.plan.operations)
    return {change.key: change for change in changes if not isinstance(change, Delete)}


def _is_secret(value: Any) -> bool:
    return isinstance(value, (Secret, Masked))


def _is_readable(secret: Secret) -> bool:
    try:
        secret.read()
    except DeclarationError:
        return False
    return True


def _unread(leaf: Secret | Masked) -> Secret:
    """A secret that nobody reads: to compare it says nothing."""

    def refuse() -> Any:
        raise DeclarationError("it is not read here")

    reference = leaf.reference if isinstance(leaf, Secret) else "unknown"
    return Secret(reference=reference, read=refuse, cheap=False)


def _needed(secret: Secret) -> Secret:
    """*secret*, of which nothing is left on the server."""
    variable = secret.reference.partition(":")[2]

    def read() -> Any:
        try:
            return secret.read()
        except DeclarationError:
            text = f"it needs this secret to be as it was: set {variable}, or declare it in the module"
            raise DeclarationError(text) from None

    return replace(secret, read=read)


def _put(value: Any, path: Path, new: Any) -> Any:
    """*value* with *new* at *path*, or without that path where it is ABSENT."""
    if not path:
        return new
    name, *rest = path
    if isinstance(value, (list, tuple)):
        rows = list(cast("Sequence[Any]", value))
        if name.isdecimal() and int(name) < len(rows):
            rows[int(name)] = _put(rows[int(name)], tuple(rest), new)
        return rows
    fields = dict(cast("Mapping[str, Any]", value)) if isinstance(value, Mapping) else {}
    if not rest and new is ABSENT:
        fields.pop(name, None)
    else:
        fields[name] = _put(fields.get(name, {}), tuple(rest), new)
    return fields
