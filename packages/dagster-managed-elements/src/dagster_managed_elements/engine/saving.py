"""A plan as a promise in a file: what was shown, to be compared with what would be done. Never a program to be run.

The file has no value of any field, only digests; of a secret not even that, but of where it comes from, and, with a
key that is not in the file, a fingerprint of the value that is to be sent. Without, one that is rotated between the
two is not seen. Pure.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final, cast

from dagster_managed_elements.engine.changes import Declared, FieldChange, Observed, Pair
from dagster_managed_elements.engine.errors import DeclarationError
from dagster_managed_elements.engine.planning import Plan
from dagster_managed_elements.engine.presentation import Entry
from dagster_managed_elements.engine.secrets import Secret, masked_beside
from dagster_managed_elements.engine.values import ABSENT, Key, Later, Masked, Named, Ref, mapped

FORMAT: Final = "dagster-me plan"
VERSION: Final = 1
_LARGEST: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPlan:
    """One place as it was shown: its *plan*, what is *declared* as it stands in the module, and the *pairs*. *sent*
    has, by element, a fingerprint of all secrets that are to be sent; *key* tells the key of these from another.
    """

    plan: Plan
    declared: Sequence[Declared] = ()
    pairs: Sequence[Pair] = ()
    sent: Mapping[str, str] = field(default_factory=dict[str, str])
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Promised:
    """What a file says of one place: a digest for each change, each declaration and each object there; and what a
    ShownPlan says of secrets.
    """

    place: str
    key: str = ""
    sent: Mapping[str, str] = field(default_factory=dict[str, str])
    changes: Mapping[str, str] = field(default_factory=dict[str, str])
    declared: Mapping[str, str] = field(default_factory=dict[str, str])
    observed: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """A saved plan as it was read. *asked* is what it was made with: which options, by name."""

    places: tuple[Promised, ...] = ()
    asked: Mapping[str, Any] = field(default_factory=dict[str, Any])


def save(plans: Iterable[ShownPlan], asked: Mapping[str, Any] | None = None) -> bytes:
    """The file: ASCII, the same bytes for the same plan. *asked* holds JSON."""
    whole = {
        "format": FORMAT,
        "version": VERSION,
        "asked": dict(asked or {}),
        "places": [_written(_promised(shown)) for shown in plans],
    }
    return (json.dumps(whole, indent=2, allow_nan=False) + "\n").encode("ascii")


def read_promise(data: bytes) -> Promise:
    """Raises DeclarationError, in one line, where it is no plan that this version wrote."""
    if len(data) > _LARGEST:
        raise DeclarationError("it is larger than any plan")
    try:
        whole = json.loads(data)
    except (ValueError, RecursionError):
        raise DeclarationError("it is no JSON document") from None
    fields = _mapping(whole, "it")
    if fields.get("format") != FORMAT:
        raise DeclarationError('it is no plan that `check --save` wrote: it has no "format"')
    if type(fields.get("version")) is not int or fields["version"] != VERSION:
        said = json.dumps(fields.get("version"))[:20]
        raise DeclarationError(
            f"it is of version {said}, and this dagster-me reads version {VERSION}; save it anew"
        )
    places = fields.get("places")
    if not isinstance(places, list):
        raise DeclarationError('its "places" are no list')
    read = tuple(_read(row, f"places[{number}]") for number, row in enumerate(cast("list[Any]", places)))
    return Promise(places=read, asked=_mapping(fields.get("asked"), "asked"))


def elsewhere(promise: Promise, plans: Iterable[ShownPlan]) -> list[str]:
    """What the promise is about and the module is not, and the reverse: another server or workspace."""
    before = [promised.place for promised in promise.places]
    now = [shown.plan.place for shown in plans]
    if sorted(before) == sorted(now):
        return []
    return [f"it is of another server or workspace: {_listed(before)}, and the module is of {_listed(now)}"]


def moved(promised: Promised, shown: ShownPlan) -> list[str]:
    """Why the promise no longer holds, an entry for each element: what was declared or is there changed since, or
    something comes to something else for another reason.
    """
    now = _promised(shown)
    if promised.key and promised.key != now.key:
        return ["it was saved with a key for fingerprints of secrets, which is not the one given now"]
    rotated = {str(entry.key) for entry in shown.plan.entries if any(map(_is_rotated, entry.fields))}
    other = {key for key, sent in promised.sent.items() if sent != now.sent.get(key)}
    rotated |= other
    keys = dict.fromkeys((*promised.changes, *now.changes))
    facets = {key: (_facets(promised, key), _facets(now, key)) for key in keys}
    return [
        _why(key, promised, now, rotated)
        for key, (before, after) in facets.items()
        if before != after or key in other
    ]


def _is_rotated(changed: FieldChange) -> bool:
    return changed.why == "changed-in-code"


def _facets(of: Promised, key: str) -> tuple[str | None, ...]:
    """An element is held to what was promised where it was to change, or is to now."""
    return of.changes.get(key), of.declared.get(key), of.observed.get(key)


def _why(key: str, before: Promised, now: Promised, rotated: Collection[str]) -> str:
    if before.declared.get(key) != now.declared.get(key):
        return f"the declaration of {key} {_how(key, before.declared, now.declared, 'is new', 'is gone')}"
    if before.observed.get(key) != now.observed.get(key):
        how = _how(key, before.observed, now.observed, "is there by now", "is gone")
        return f"{key} {how} on the server"
    if key in rotated:
        return f"a secret of {key} has another value"
    if key in before.changes and key in now.changes and key not in now.declared:
        return f"what is there of {key}, or why it goes, changed"
    return f"what is to be done about {key} changed, by what else was looked up for it"


def _how(key: str, before: Mapping[str, str], now: Mapping[str, str], new: str, gone: str) -> str:
    if key not in before:
        return new
    return "changed" if key in now else gone


def _promised(shown: ShownPlan) -> Promised:
    said: dict[str, list[Any]] = {}
    for consequence in shown.plan.consequences:
        if consequence.destructive:
            said.setdefault(str(consequence.key), []).append([consequence.code, consequence.text])
    observed: dict[str, list[Any]] = {}
    for pair in shown.pairs:
        if pair.observed is not None:
            key = pair.declared.key if pair.declared is not None else pair.observed.key
            observed.setdefault(str(key), []).append(_of_observed(pair.observed, pair.declared))
    changes: dict[str, list[Any]] = {}
    for entry in shown.plan.entries:
        changes.setdefault(str(entry.key), []).append([*_of_entry(entry), said.get(str(entry.key), [])])
    return Promised(
        place=shown.plan.place,
        key=shown.key,
        sent=shown.sent,
        changes={key: digest(rows) for key, rows in changes.items()},
        declared={str(declared.key): digest(_of_declared(declared)) for declared in shown.declared},
        observed={key: digest(rows) for key, rows in observed.items()},
    )


def _of_declared(declared: Declared) -> list[Any]:
    return [declared.fields, declared.protect, list(declared.ignore), declared.renamed_from]


def _of_observed(observed: Observed, declared: Declared | None) -> list[Any]:
    """Of what nobody declares nobody knows what is secret; where it goes, its entry has what is shown of it."""
    fields = [masked_beside(observed.fields, declared.fields)] if declared is not None else []
    return [observed.id, observed.name, *fields]


def _of_entry(entry: Entry) -> list[Any]:
    fields = [[list(changed.path), changed.before, changed.after, changed.why] for changed in entry.fields]
    return [entry.action, entry.id, fields, entry.cause]


def digest(value: Any) -> str:
    """Of a value of fields, the order of its keys aside."""
    plain = mapped(value, _plain, key=str)
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"), default=repr)
    return sha256(text.encode("ascii")).hexdigest()[:32]


def _plain(leaf: Any) -> Any:
    """A marker as JSON that no other value is taken for; nothing of what a secret holds."""
    said: Any = leaf
    match leaf:
        case Secret():
            said = {"secret": leaf.reference}
        case Masked():
            said = {"masked": True}
        case Named():
            said = {"named": leaf.id}
        case Key():
            said = {"key": [leaf.kind, leaf.name]}
        case Ref():
            said = {"ref": [leaf.kind, leaf.id]}
        case Later():
            said = {"later": [leaf.on.kind, leaf.on.name], "value": mapped(leaf.value, _plain, key=str)}
        case _ if leaf is ABSENT:
            said = {"absent": True}
        case _:
            pass
    return said


def _written(promised: Promised) -> dict[str, Any]:
    return {
        "place": promised.place,
        **({"key": promised.key, "sent": dict(promised.sent)} if promised.key else {}),
        "changes": dict(promised.changes),
        "declared": dict(promised.declared),
        "observed": dict(promised.observed),
    }


def _read(row: Any, where: str) -> Promised:
    fields = _mapping(row, where)
    place = fields.get("place")
    if not isinstance(place, str):
        raise DeclarationError(f"its {where}.place is no text")
    key = fields.get("key", "")
    if not isinstance(key, str):
        raise DeclarationError(f"its {where}.key is no text")
    digests = {name: _digests(fields.get(name), f"{where}.{name}") for name in ("changes", "declared", "observed")}
    sent = _digests(fields.get("sent", {}), f"{where}.sent")
    return Promised(place=place, key=key, sent=sent, **digests)


def _digests(value: Any, where: str) -> Mapping[str, str]:
    found = _mapping(value, where)
    if not all(isinstance(text, str) for text in found.values()):
        raise DeclarationError(f"its {where} holds something else than digests")
    return found


def _mapping(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise DeclarationError("it is no JSON object" if where == "it" else f"its {where} is no object")
    return cast("dict[str, Any]", value)


def _listed(places: Sequence[str]) -> str:
    return ", ".join(places) or "none"
