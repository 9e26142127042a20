"""The last diff that somebody computed between what is declared elsewhere and what is here, kept for its page.

Whoever sends it has masked it. What is in it is known as far as the page shows it; nothing else is looked at.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
from pathlib import Path

from airbyte_local.http.bodies import Shape, parse, read_value
from airbyte_local.model.errors import Unbound
from airbyte_local.model.json_values import Json, dumps, is_object

ELEMENT: Shape = {"kind": "text", "name!": "text"}
SHAPE: Shape = {
    "module!": "text",
    "error": "text",
    "in_sync": [ELEMENT],
    "document": {
        "version!": "whole",
        "places!": [
            {
                "place!": "text",
                "changes!": [{"action!": "text", **ELEMENT, "cause": ELEMENT, "fields!": [{"path!": ["text"]}]}],
                "consequences": [{**ELEMENT, "text!": "text", "destructive": "flag"}],
                "notices": [{**ELEMENT, "path": ["text"], "text!": "text"}],
                "error": {"message!": "text", "problems": [{**ELEMENT, "message!": "text"}]},
            }
        ],
    },
}
VERSION = 1
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
    whole = dumps(kept).encode()
    _write(_path(data), whole)
    return json.loads(whole)


def kept(data: Path) -> Json | None:
    try:
        found = _path(data).stat()
    except FileNotFoundError:
        return None
    return _read(_path(data), found.st_mtime_ns, found.st_size)


def forget(data: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        _path(data).unlink()


def _path(data: Path) -> Path:
    return data / "diff.json"


@functools.lru_cache(maxsize=2)
def _read(path: Path, _changed_at: int, _length: int) -> Json | None:
    # A page that is open asks every other second: what has not changed is not parsed again.
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError:
        return None


def _write(path: Path, content: bytes) -> None:
    beside = path.with_suffix(".new")
    with os.fdopen(os.open(beside, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
    beside.replace(path)
