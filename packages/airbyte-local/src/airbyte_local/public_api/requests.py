"""What a request to the Public API says: ids in its path, its query, its body, all in one flat object."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from airbyte_local.http.bodies import Kind, Shape, parse, read_kind, read_value
from airbyte_local.model.errors import Crashed, Missing, Unbound
from airbyte_local.model.json_values import Json, is_list

NUMBERED = {"jobId"}


def read_path(parameters: Mapping[str, str]) -> Json:
    """Every parameter is an id, taken as text and parsed late, where a malformed one crashes the vendor's server.

    Raises:
        Crashed: it is no id.
        Unbound: it is no number, and names a job.
    """
    return {name: _id(name, text) for name, text in parameters.items()}


def _id(name: str, text: str) -> str | int:
    if name in NUMBERED:
        return _parameter("whole", name, [text])
    try:
        return str(uuid.UUID(text))
    except ValueError as error:
        raise Crashed(message=f"IllegalArgumentException: Invalid UUID string: {text}") from error


def read_query(shape: Shape, query: str) -> Json:
    """Raises:
    Unbound: a value of another type, or a required one that is missing.
    """
    given = parse_qs(query)
    found: Json = {}
    for name, kind in shape.items():
        key = name.rstrip("!")
        if key in given:
            found[key] = _parameter(kind, key, given[key])
        elif name.endswith("!"):
            raise Unbound(message=f"Required QueryValue [{key}] not specified")
    return found


def read_posted(shape: Shape, content: bytes) -> Json:
    """Raises:
    Unbound: no JSON, or JSON that does not fit the vendor's models.
    """
    try:
        return read_value(shape, parse(content))
    except Missing as error:
        raise Unbound(message=f"Failed to convert argument [{error.text}]: must not be null") from error
    except Unbound as error:
        raise Unbound(message=f"Failed to convert argument [{error.message}]") from error


def _parameter(kind: Kind, name: str, given: list[str]) -> Any:
    if is_list(kind):  # repeated, or between commas
        return [_parameter(kind[0], name, [text]) for each in given for text in each.split(",") if text]
    text = given[0]
    value: Any = {"true": True, "false": False}.get(text.lower(), text) if kind == "flag" else text
    try:
        return read_kind(kind, value, name, [])
    except Unbound as error:
        raise Unbound(message=f"Failed to convert argument [{name}] for value [{text}]") from error
