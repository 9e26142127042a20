"""What a request to the Public API says: ids in its path, its query, its body, all in one flat object."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from airbyte_local.http.bodies import Kind, Shape, parse, read_kind, read_value
from airbyte_local.model.errors import BadBody, Crashed, Unbound, Unreadable
from airbyte_local.model.json_values import Json, is_list

# Parameters that the vendor takes as text and parses late, where a malformed one crashes.
PARSED_LATE = {"sourceId", "destinationId", "connectionId"}
NUMBERED = {"jobId"}
LIMITS = {"limit": (1, 100), "offset": (0, 2**31 - 1)}


def read_path(parameters: Mapping[str, str]) -> Json:
    """Every parameter is an id.

    Raises:
        Crashed: a malformed id of a source, destination or connection.
        Unbound: of anything else.
    """
    return {name: _id(name, text) for name, text in parameters.items()}


def _id(name: str, text: str) -> str | int:
    if name in NUMBERED:
        try:
            return read_kind("whole", text, name, [])
        except Unreadable as error:
            raise _unbound(name, text) from error
    try:
        return str(uuid.UUID(text))
    except ValueError as error:
        if name in PARSED_LATE:
            raise Crashed(message=f"IllegalArgumentException: Invalid UUID string: {text}") from error
        raise _unbound(name, text) from error


def read_query(shape: Shape, query: str) -> Json:
    """Raises:
    Unbound: a value of another type, or a required one that is missing.
    BadBody: a limit or offset out of bounds.
    """
    given = parse_qs(query)
    found: Json = {}
    for name, kind in shape.items():
        key = name.rstrip("!")
        if key in given:
            found[key] = _parameter(kind, key, given[key])
        elif name.endswith("!"):
            raise Unbound(message=f"Required QueryValue [{key}] not specified")
    for name, (low, high) in LIMITS.items():
        if name in found and not low <= found[name] <= high:
            word = "greater" if found[name] < low else "less"
            bound = low if found[name] < low else high
            raise BadBody(path=name, message=f"must be {word} than or equal to {bound}")
    return found


def read_posted(shape: Shape, content: bytes) -> Json:
    """Raises:
    Unreadable: no JSON.
    Unbound: JSON that does not fit the vendor's models.
    """
    try:
        value = parse(content)
    except BadBody as error:
        raise Unbound(message=error.message) from error
    try:
        return read_value(shape, value)
    except BadBody as error:
        raise Unbound(message=f"Failed to convert argument [{error.path}]: must not be null") from error
    except Unreadable as error:
        raise Unbound(message=f"Failed to convert argument [{error.message}]") from error


def _parameter(kind: Kind, name: str, given: list[str]) -> Any:
    if is_list(kind):  # repeated, or between commas
        return [_parameter(kind[0], name, [text]) for each in given for text in each.split(",") if text]
    text = given[0]
    value: Any = {"true": True, "false": False}.get(text.lower(), text) if kind == "flag" else text
    try:
        return read_kind(kind, value, name, [])
    except Unreadable as error:
        raise _unbound(name, text) from error


def _unbound(name: str, text: str) -> Unbound:
    return Unbound(message=f"Failed to convert argument [{name}] for value [{text}]")
