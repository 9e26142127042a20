"""What Airbyte says when it refuses: the shapes its errors have across versions and APIs, as one sentence. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import msgspec


def sentence(decoded: Any) -> str:
    """Out of the shapes Airbyte fails in: a text, `message`, `detail`, `data.message`, an error id, HAL."""
    if not isinstance(decoded, Mapping):
        return decoded if isinstance(decoded, str) else msgspec.json.encode(decoded).decode()
    body = cast("Mapping[str, Any]", decoded)
    inner = body.get("data")
    specific = cast("Mapping[str, Any]", inner).get("message") if isinstance(inner, Mapping) else None
    listed = [*_embedded(body), specific, body.get("message"), body.get("detail"), body.get("error")]
    text = next((value for value in listed if isinstance(value, str) and value.strip()), "")
    text = " ".join([text, *_particulars(body, specific)]).strip()
    if isinstance(identity := body.get("errorId"), str):
        text = f"{text} (error id {identity})" if text else f"error id {identity}"
    return text or msgspec.json.encode(decoded).decode()


def _particulars(body: Mapping[str, Any], specific: Any) -> list[str]:
    """What a general message leaves out: the properties that are wrong, the value or object that is meant."""
    wrong = body.get("validationErrors")
    rows = cast("list[Any]", wrong) if isinstance(wrong, list) else []
    told = [cast("Mapping[str, Any]", row) for row in rows if isinstance(row, Mapping)]
    found = [f"{row.get('propertyPath')}: {row.get('message')}" for row in told]
    inner = body.get("data")
    if isinstance(inner, Mapping) and specific is None:
        named = cast("Mapping[str, Any]", inner)
        found += [f"{name}: {value}" for name, value in named.items() if isinstance(value, str) and value]
    return [f"({'; '.join(found)})"] if found else []


def _embedded(body: Mapping[str, Any]) -> list[Any]:
    """The reasons of a HAL error, whose outer message only repeats the status."""
    match body:
        case {"_embedded": {"errors": [*errors]}}:
            rows = [cast("Mapping[str, Any]", row) for row in errors if isinstance(row, Mapping)]
            told = [
                row["message"] for row in rows if isinstance(row.get("message"), str) and row["message"].strip()
            ]
            return ["; ".join(dict.fromkeys(told))]
        case _:
            return []
