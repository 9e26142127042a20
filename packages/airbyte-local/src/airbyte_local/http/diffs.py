"""The last diff that somebody computed between what is declared elsewhere and what is here, kept for its page.

Whoever sends it has masked it. What is in it is known as far as the page shows it; nothing else is looked at.
"""

from __future__ import annotations

import functools
from pathlib import Path

from airbyte_local.http.bodies import parse, read_value
from airbyte_local.model.errors import Unbound
from airbyte_local.model.json_values import Json, is_object, shape
from airbyte_local.store.json_file import JsonFile

ELEMENT = "kind: text, name!: text"
NAMED = shape(ELEMENT)
CHANGE = shape(f"action!: text, {ELEMENT}", {"cause": NAMED, "fields!": [shape("path!: [text]")]})
PLACE = shape(
    "place!: text",
    {
        "changes!": [CHANGE],
        "consequences": [shape(f"{ELEMENT}, text!: text, destructive: flag")],
        "notices": [shape(f"{ELEMENT}, path: [text], text!: text")],
        "error": shape("message!: text", {"problems": [shape(f"{ELEMENT}, message!: text")]}),
    },
)
DOCUMENT = shape("version!: whole", {"places!": [PLACE]})
SHAPE = shape("module!: text, error: text", {"in_sync": [NAMED], "document": DOCUMENT})
VERSION = 1
NAME = "diff.json"
KEYS = ("module", "error", "in_sync", "document")


def keep(data: Path, content: bytes, *, at: int) -> Json:
    """Keep *content* in the place of what was kept before; *at* is when it was computed, in seconds since 1970.

    Raises:
        Missing, Unbound: it is no such diff.
    """
    said = parse(content)
    read_value(SHAPE, said)
    document = said.get("document")
    if is_object(document) and document["version"] != VERSION:
        raise Unbound(message=f"document.version must be {VERSION}")
    kept: Json = {"computed_at": at, **{name: said[name] for name in KEYS if name in said}}
    _file(data).write(kept)
    return kept


def kept(data: Path) -> Json | None:
    # A page that is open asks every other second: what has not changed is not parsed again.
    return _file(data).read() or None


def forget(data: Path) -> None:
    (data / NAME).unlink(missing_ok=True)


@functools.lru_cache(maxsize=2)
def _file(data: Path) -> JsonFile:
    return JsonFile(data / NAME)
