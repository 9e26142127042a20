"""Request bodies: which properties a route reads, of what type, which it must have. Everything else is ignored.

A shape is a dict; `!` after a name means required. Kinds: text, uuid, whole, moment (read as seconds since 1970),
flag, object, any, tree (as any, and null is a value of it), `a|b|c` for an enum (read in any case), a nested shape,
and a list of one kind for an array.
"""

from __future__ import annotations

import json
import math
import re
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Union

from airbyte_local.model.errors import Missing, Unbound
from airbyte_local.model.json_values import Json, dumps, is_list, is_object

Kind = Union[str, "Shape", list[Any]]
Shape = Mapping[str, Kind]
MOMENT = re.compile(r"(\d{4}-\d\d-\d\d[Tt]\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def read_body(shape: Shape, content: bytes) -> Json:
    """The properties that *shape* names.

    Raises:
        Unbound: no JSON, or a value of another type.
        Missing: the body, or a required property of it.
    """
    return read_value(shape, parse(content))


def parse(content: bytes) -> Any:
    """A body as JSON, whatever it holds. Raises as `read_body`."""
    if not content.strip():
        raise Missing(message="NullPointerException: body")
    try:
        text = content.decode("utf-8-sig")
        value = json.loads(text, parse_constant=_number, parse_float=_number)
        if "\\ud" in text or "\\uD" in text:
            dumps(value).encode()  # half a character is none: no database takes it, and no answer can say it
    except (ValueError, RecursionError) as error:
        raise Unbound(message=str(error)) from error
    return value


def _number(text: str) -> float:
    """Neither Python's own words for what is no number, nor one that has no room in 64 bits."""
    if not math.isfinite(found := float(text)):
        raise ValueError(f"{text} is no JSON")
    return found


def read_value(shape: Shape, value: Any) -> Json:
    """As `read_body`, of a body already parsed."""
    missing: list[str] = []
    decoded = _read_shape(shape, value, "", missing)
    if missing:
        raise Missing(message=f"NullPointerException: {missing[0]}")
    return decoded


def _read_shape(shape: Shape, value: Any, path: str, missing: list[str]) -> Json:
    if not is_object(value):
        raise Unbound(message=f"{path or 'body'}: an object is expected")
    found: Json = {}
    for name, kind in shape.items():
        key = name.rstrip("!")
        inner = f"{path}.{key}".lstrip(".")
        if value.get(key) is not None or (kind == "tree" and key in value):
            found[key] = read_kind(kind, value[key], inner, missing)
        elif name.endswith("!"):
            missing.append(inner)
    return found


def read_kind(kind: Kind, value: Any, path: str, missing: list[str]) -> Any:
    if isinstance(kind, Mapping):
        return _read_shape(kind, value, path, missing)
    if isinstance(kind, list):
        if not is_list(value):
            raise Unbound(message=f"{path}: an array is expected")
        return [read_kind(kind[0], element, f"{path}[{place}]", missing) for place, element in enumerate(value)]
    if kind not in SCALARS:
        words = {word.lower(): word for word in kind.split("|")}
        if isinstance(value, str) and value.lower() in words:
            return words[value.lower()]
        raise Unbound(message=f"{path}: {value!r} is none of {', '.join(words.values())}")
    try:
        return SCALARS[kind](value)
    except (TypeError, ValueError) as error:
        raise Unbound(message=f"{path}: {error}") from error


def _text(value: Any) -> str:
    if isinstance(value, dict | list):
        raise TypeError("a string is expected")
    return value if isinstance(value, str) else json.dumps(value)


def _uuid(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("a UUID is expected")
    return str(uuid.UUID(value))


def _whole(value: Any) -> int:
    """Of 64 bits, as all of the vendor's are."""
    if isinstance(value, bool):
        raise TypeError("an integer is expected")
    if value in {math.inf, -math.inf} or not -(2**63) <= (found := int(value)) < 2**63:
        raise ValueError("an integer of 64 bits is expected")
    return found


def _moment(value: Any) -> float:
    """RFC 3339, with the offset that Java wants."""
    parts = MOMENT.fullmatch(value) if isinstance(value, str) else None
    if parts is None:
        raise ValueError("a date and time with an offset is expected")
    start, fraction, offset = parts.groups()
    at = datetime.fromisoformat(f"{start}{'+00:00' if offset in 'Zz' else offset}")
    return at.timestamp() + float(f"0.{fraction or 0}")


def _just(kind: type, what: str) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if not isinstance(value, kind):
            raise TypeError(f"{what} is expected")
        return value

    return read


SCALARS: dict[str, Callable[[Any], Any]] = {
    "text": _text,
    "uuid": _uuid,
    "whole": _whole,
    "moment": _moment,
    "flag": _just(bool, "a boolean"),
    "object": _just(dict, "an object"),
    "any": lambda value: value,
    "tree": lambda value: value,
}
