"""One run of a history as two JSON documents: its plan, written before its first write, and its outcome.

Versioned, ASCII, for people to read; docs/history.md describes them. Values are kept, of a secret only where it
comes from. Pure, and the one place that knows their shape.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

import msgspec

from dagster_managed_elements.engine.changes import Action, Declared, FieldChange, Why
from dagster_managed_elements.engine.errors import StateError
from dagster_managed_elements.engine.past import Author, Command, Kept, PastPlace, PastRun, Trace
from dagster_managed_elements.engine.planning import Step, StepVerb
from dagster_managed_elements.engine.presentation import Entry
from dagster_managed_elements.engine.reports import Outcome, Report, Status
from dagster_managed_elements.engine.values import Key, Path, Ref
from dagster_managed_elements.state import markers
from dagster_managed_elements.state.fingerprints import FingerprintKey, reference_of

FORMAT: Final = "dagster-me history"
VERSION: Final = 1
_Json = dict[str, Any]


class _Author(msgspec.Struct, omit_defaults=True):
    user: str
    host: str
    commit: str = ""
    dirty: bool = False
    pipeline: str = ""


class _Field(msgspec.Struct):
    path: list[str]
    before: Any = None
    after: Any = None
    why: Why = ""


class _Was(msgspec.Struct):
    path: list[str]
    value: Any


class _Left(msgspec.Struct, omit_defaults=True):
    fields: dict[str, Any]
    protect: bool = False
    ignore: list[str] = []


class _Change(msgspec.Struct, omit_defaults=True):
    action: Action
    kind: str
    name: str
    id: str | None = None
    cause: list[str] = []
    reason: str = ""
    fields: list[_Field] = []
    old_name: str = ""
    was: list[_Was] = []
    left: _Left | None = None


class _Planned(msgspec.Struct):
    place: str
    identity: str
    module: str
    changes: list[_Change]
    consequences: list[str]


class _Outcome(msgspec.Struct, omit_defaults=True):
    action: StepVerb
    kind: str
    name: str
    status: Status
    id: str | None = None
    before: str | None = None
    reason: str = ""


class _Ended(msgspec.Struct, omit_defaults=True):
    place: str
    identity: str
    counts: dict[str, int]
    outcomes: list[_Outcome] | None = None
    interrupted: bool = False
    error: str = ""


class _Head(msgspec.Struct):
    format: str
    version: int


class _Run(_Head, kw_only=True):
    id: str
    command: Command
    began: str
    by: _Author
    undoes: str = ""
    part: bool = False


class _Plan(_Run, kw_only=True):
    places: list[_Planned]
    seal: str = ""


class _Outcomes(_Run, kw_only=True):
    ended: str
    places: list[_Ended]


def encode_plan(run: PastRun, places: Sequence[Kept], key: FingerprintKey | None) -> bytes:
    """With a *key*, signed by it: whoever changes the document without it is found out."""
    document = _document(run) | {"places": [_planned(place, key) for place in places]}
    return _text({**document, "seal": _seal(document, key)} if key else document)


def encode_outcome(run: PastRun) -> bytes:
    document = _document(run)
    return _text(document | {"ended": run.ended, "places": [_ended(place) for place in run.places]})


def _document(run: PastRun) -> _Json:
    by = run.author
    known = _Author(user=by.user, host=by.host, commit=by.commit, dirty=by.is_dirty, pipeline=by.pipeline)
    head = {"format": FORMAT, "version": VERSION, "id": run.id, "command": run.command, "began": run.began}
    undoes: _Json = {"undoes": run.undoes} if run.undoes else {}
    part: _Json = {"part": True} if run.is_part else {}
    return {**head, "by": msgspec.to_builtins(known), **undoes, **part}


def _text(document: _Json) -> bytes:
    """ASCII: nothing in it can steer the terminal of who looks at the file itself."""
    return (json.dumps(document, indent=1, allow_nan=False) + "\n").encode("ascii")


def _seal(document: _Json, key: FingerprintKey) -> str:
    return key.digest("history", document)


def _planned(place: Kept, key: FingerprintKey | None) -> _Json:
    def sign(secret: Any) -> str:
        return reference_of(secret, key)

    changes = [
        _change(entry, trace, sign, place.keys) for entry, trace in zip(place.entries, place.traces, strict=True)
    ]
    planned = _Planned(
        place=place.place,
        identity=place.identity,
        module=place.module,
        changes=changes,
        consequences=list(place.consequences),
    )
    return cast("_Json", msgspec.to_builtins(planned))


def _change(entry: Entry, trace: Trace, sign: markers.Sign, keys: Mapping[Ref, Key]) -> _Change:
    after = trace.after
    return _Change(
        action=entry.action,
        kind=entry.key.kind,
        name=entry.key.name,
        id=entry.id,
        cause=[entry.cause.kind, entry.cause.name] if entry.cause else [],
        reason=entry.reason,
        fields=[
            _Field(
                path=[*changed.path],
                before=markers.shown(changed.before, sign),
                after=markers.shown(changed.after, sign),
                why=changed.why,
            )
            for changed in entry.fields
        ],
        old_name=trace.old_name,
        was=[_Was(path=[*path], value=markers.written(value, sign, keys)) for path, value in trace.before.items()],
        left=None
        if after is None
        else _Left(
            fields=cast("_Json", markers.written(after.fields, sign, keys)),
            protect=after.protect,
            ignore=[*after.ignore],
        ),
    )


def _ended(place: PastPlace) -> _Json:
    report = place.report
    ended = _Ended(
        place=place.place,
        identity=place.identity,
        counts=dict(place.counts),
        outcomes=[_outcome(outcome) for outcome in report.outcomes] if report else None,
        interrupted=bool(report and report.interrupted),
        error=place.error,
    )
    return cast("_Json", msgspec.to_builtins(ended))


def _outcome(outcome: Outcome) -> _Outcome:
    step = outcome.step
    return _Outcome(
        action=step.verb,
        kind=step.key.kind,
        name=step.key.name,
        status=outcome.status,
        id=outcome.id,
        before=step.id,
        reason=outcome.reason,
    )


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan that was read: *run* as it began, and the traces of each place, to be read once its values can be."""

    run: PastRun
    _document: _Json
    _places: Sequence[_Planned]

    def traces(self, place: str) -> list[Trace]:
        """What the run did there, whatever became of it."""
        found = next(row for row in self._places if row.place == place)
        return [_trace(change, found.module) for change in found.changes]

    def is_sealed(self, key: FingerprintKey) -> bool:
        """Whether it is as it was when who has *key* wrote it."""
        document = {name: value for name, value in self._document.items() if name != "seal"}
        return self._document.get("seal") == _seal(document, key)


def decode_plan(data: bytes, where: str) -> Planned:
    """Raises StateError where *data*, which lies at *where*, is none, or one of another version."""
    document = _read(data, where)
    plan = _converted(document, _Plan, where)
    places = tuple(
        PastPlace(
            place=row.place,
            identity=row.identity,
            counts=Counter(change.action for change in row.changes),
            entries=tuple(_entry(change, where) for change in row.changes),
            consequences=tuple(row.consequences),
        )
        for row in plan.places
    )
    return Planned(_past(plan, places), document, plan.places)


def decode_outcome(data: bytes, where: str) -> PastRun:
    """As `decode_plan`, without what was planned."""
    told = _converted(_read(data, where), _Outcomes, where)
    places = tuple(
        PastPlace(
            place=row.place,
            identity=row.identity,
            counts=row.counts,
            report=None if row.outcomes is None else _report(row),
            error=row.error,
        )
        for row in told.places
    )
    return _past(told, places, told.ended)


def _report(ended: _Ended) -> Report:
    outcomes = tuple(
        Outcome(
            step=Step(row.action, Key(row.kind, row.name), row.before),
            status=row.status,
            id=row.id,
            reason=row.reason,
        )
        for row in ended.outcomes or ()
    )
    return Report(place=ended.place, outcomes=outcomes, interrupted=ended.interrupted)


def _read(data: bytes, where: str) -> _Json:
    try:
        document = json.loads(data)
        head = msgspec.convert(document, _Head)
    except (ValueError, RecursionError, msgspec.ValidationError):
        # Without the decoder's words, which may quote what lies there.
        raise _damaged(where) from None
    if head.format != FORMAT:
        raise StateError(f"What lies at {where} is nothing of a history of dagster-me; move it away.")
    if head.version != VERSION:
        text = f"{where} is of version {head.version}, and this dagster-me reads version {VERSION} of a history"
        raise StateError(f"{text}; use {'a newer' if head.version > VERSION else 'an older'} one.")
    return document


def _converted(document: _Json, to: type[Any], where: str) -> Any:
    try:
        return msgspec.convert(document, to)
    except (ValueError, RecursionError, msgspec.ValidationError):
        raise _damaged(where) from None


def _damaged(where: str) -> StateError:
    return StateError(f"{where} cannot be read: it is damaged. Put an earlier copy in its place, or move it away.")


def _past(run: _Run, places: tuple[PastPlace, ...], ended: str = "") -> PastRun:
    by = run.by
    return PastRun(
        id=run.id,
        command=run.command,
        began=run.began,
        author=Author(user=by.user, host=by.host, commit=by.commit, is_dirty=by.dirty, pipeline=by.pipeline),
        undoes=run.undoes,
        is_part=run.part,
        ended=ended,
        places=places,
    )


def _entry(change: _Change, where: str) -> Entry:
    try:
        fields = tuple(
            FieldChange(tuple(row.path), markers.read(row.before), markers.read(row.after), row.why)
            for row in change.fields
        )
    except (markers.Unkept, RecursionError):
        raise _damaged(where) from None
    cause = Key(change.cause[0], change.cause[1]) if len(change.cause) == 2 else None
    key = Key(change.kind, change.name)
    return Entry(action=change.action, key=key, id=change.id, fields=fields, cause=cause, reason=change.reason)


def _trace(change: _Change, module: str) -> Trace:
    key = Key(change.kind, change.name)
    why_not, before, after = "", dict[Path, Any](), None
    try:
        before = {tuple(row.path): markers.read(row.value, module) for row in change.was}
        if change.left is not None:
            fields = markers.read(change.left.fields, module)
            after = Declared(key=key, fields=fields, protect=change.left.protect, ignore=tuple(change.left.ignore))
    except (markers.Unkept, ImportError) as error:
        why_not = str(error)
    return Trace(
        key=key,
        action=change.action,
        id=change.id,
        old_name=change.old_name,
        before=before,
        after=after,
        why_not=why_not,
    )
