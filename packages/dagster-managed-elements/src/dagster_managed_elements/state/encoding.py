"""The document that a state is: versioned, sorted JSON that a person can read and no secret can be read from.

Pure, and the one place that knows its shape, which docs/state.md describes.
"""

from __future__ import annotations

import json
from typing import Any, Final

import msgspec

from dagster_managed_elements.engine.errors import StateError
from dagster_managed_elements.engine.secrets import SecretRecord
from dagster_managed_elements.engine.values import Key, Path, Ref
from dagster_managed_elements.state.documents import Document, Known, PlaceState, Tombstone

FORMAT: Final = "dagster-me state"
VERSION: Final = 1


class _Secret(msgspec.Struct, omit_defaults=True):
    reference: str = ""
    fingerprint: str | None = None
    version: str | None = None
    confirmed: bool = True


class _Known(msgspec.Struct, omit_defaults=True):
    name: str
    owners: list[str] = []
    protected: bool = False
    secrets: dict[str, _Secret] = {}


class _Tombstone(msgspec.Struct):
    kind: str
    name: str
    reason: str
    on: str


class _Place(msgspec.Struct, omit_defaults=True):
    key: str | None = None
    objects: dict[str, dict[str, _Known]] = {}
    begun: dict[str, list[str]] = {}
    tombstones: list[_Tombstone] = []


class _Head(msgspec.Struct):
    format: str
    version: int


class _Document(_Head):
    serial: int
    places: dict[str, _Place]


def encode(document: Document) -> bytes:
    """*document* as JSON: the same bytes for the same content."""
    whole = _Document(
        format=FORMAT,
        version=VERSION,
        serial=document.serial,
        places={name: _place(place) for name, place in document.places.items()},
    )
    text = json.dumps(msgspec.to_builtins(whole), indent=2, sort_keys=True, ensure_ascii=False)
    return f"{text}\n".encode()


def decode(data: bytes, url: str) -> Document:
    """Raises StateError where *data*, which lies at *url*, is no such document, or one of a later version."""
    try:
        head = msgspec.json.decode(data, type=_Head)
        if head.format != FORMAT:
            raise StateError(f"What lies at {url} is no state of dagster-me; give another --state.")
        if head.version > VERSION:
            text = f"The state at {url} is of version {head.version}, and this dagster-me knows {VERSION} at most"
            raise StateError(f"{text}; use a newer one.")
        whole = msgspec.json.decode(data, type=_Document)
        places = {name: _read_place(place) for name, place in whole.places.items()}
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError):
        # Without the decoder's words, which may quote what lies there.
        text = (
            f"The state at {url} cannot be read: it is damaged. Put an earlier copy in its place, or move it away"
        )
        raise StateError(f"{text} to begin anew with what the server has.") from None
    return Document(serial=whole.serial, places=places)


def _place(place: PlaceState) -> _Place:
    objects: dict[str, dict[str, _Known]] = {}
    for ref, known in place.objects.items():
        objects.setdefault(ref.kind, {})[ref.id] = _Known(
            name=known.name,
            owners=sorted(known.owners),
            protected=known.protected,
            secrets={pointer(path): _secret(record) for path, record in known.secrets.items()},
        )
    begun: dict[str, list[str]] = {}
    for key in sorted(place.begun, key=str):
        begun.setdefault(key.kind, []).append(key.name)
    stones = [
        _Tombstone(kind=stone.key.kind, name=stone.key.name, reason=stone.reason, on=stone.on)
        for stone in place.tombstones
    ]
    return _Place(key=place.key, objects=objects, begun=begun, tombstones=stones)


def _secret(record: SecretRecord) -> _Secret:
    return _Secret(
        reference=record.reference,
        fingerprint=record.fingerprint,
        version=record.version,
        confirmed=record.confirmed,
    )


def _read_place(place: _Place) -> PlaceState:
    return PlaceState(
        key=place.key,
        objects={
            Ref(kind, id_): _read_known(known)
            for kind, objects in place.objects.items()
            for id_, known in objects.items()
        },
        begun=frozenset(Key(kind, name) for kind, names in place.begun.items() for name in names),
        tombstones=tuple(
            Tombstone(key=Key(stone.kind, stone.name), reason=stone.reason, on=stone.on)
            for stone in place.tombstones
        ),
    )


def _read_known(known: _Known) -> Known:
    secrets = {_read_pointer(text): SecretRecord(**_fields(secret)) for text, secret in known.secrets.items()}
    return Known(name=known.name, owners=frozenset(known.owners), protected=known.protected, secrets=secrets)


def _fields(secret: _Secret) -> dict[str, Any]:
    return msgspec.structs.asdict(secret)


def pointer(path: Path) -> str:
    """*path* as a JSON Pointer (RFC 6901): the names in it may hold dots and slashes."""
    return "".join(f"/{step.replace('~', '~0').replace('/', '~1')}" for step in path)


def _read_pointer(text: str) -> Path:
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in text.split("/")[1:])
