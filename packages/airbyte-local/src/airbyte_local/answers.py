"""Requests and answers as values, and the one place that knows the shape of every refusal."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from airbyte_local.errors import BadBody, Broken, Known, NotFound, Problem, Refusal, Unreadable
from airbyte_local.json_values import dumps

JSON = {"content-type": "application/json"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    method: str
    path: str
    headers: Mapping[str, str]
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    status: int
    content: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


def json_answer(status: int, value: Any) -> Answer:
    return Answer(status=status, content=dumps(value).encode(), headers=JSON)


def success(status: int, value: Any) -> Answer:
    return Answer(status=status) if value is None else json_answer(status, value)


def unknown_route() -> Answer:
    return Answer(status=404, content=b"Object not found.", headers=JSON)


def refusal_answer(refusal: Refusal) -> Answer:
    """As 2.0 words it: a bare errorId for everything that could leak something, else a message with one."""
    match refusal:
        case Problem():
            value = {
                "status": refusal.status,
                "type": refusal.type,
                "title": refusal.title,
                "detail": refusal.detail,
                "documentationUrl": None,  # problems, alone of all answers, carry nulls
                "data": refusal.data,
            }
            return json_answer(refusal.status, value)
        case Known():
            return json_answer(refusal.status, {"message": refusal.message, "errorId": str(uuid.uuid4())})
        case NotFound():
            return _bare(404)
        case BadBody():
            return _bare(400)
        case Unreadable():
            return _bare(422)
        case Broken():
            return _bare(500)
        case _:
            raise TypeError(f"no answer is written for {type(refusal).__name__}")


def crash_answer() -> Answer:
    return _bare(500)


def _bare(status: int) -> Answer:
    return json_answer(status, {"errorId": str(uuid.uuid4())})
