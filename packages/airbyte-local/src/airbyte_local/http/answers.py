"""Requests and answers as values, and the one place that knows the shape of every refusal."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from airbyte_local.model.errors import BadBody, Broken, Known, NotFound, Problem, Refusal, Unbound, Unreadable
from airbyte_local.model.json_values import Json, dumps
from airbyte_local.versions.profiles import Profile

JSON = {"content-type": "application/json"}
INTERNAL = "Internal Server Error: "


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    method: str
    path: str
    query: str = ""  # as it was sent, without the question mark
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


def framework_answer(status: int, path: str, message: str, reason: str | None = None) -> Answer:
    """As the vendor's web framework words what never came to a handler. *reason*: where it is not *message*."""
    error: Json = {"message": reason or message, "_links": {}, "_embedded": {}}
    links = {"self": {"href": path, "templated": False}}
    return json_answer(status, {"message": message, "_links": links, "_embedded": {"errors": [error]}})


def unauthorized(path: str) -> Answer:
    return framework_answer(401, path, "Unauthorized")


def refusal_answer(refusal: Refusal, *, profile: Profile, path: str) -> Answer:
    """In the words of the version that *profile* describes."""
    match refusal:
        case Problem():
            return _problem(refusal, profile)
        case Unbound():
            return framework_answer(400, path, "Bad Request", refusal.message)
        case _ if profile.error_bodies == "exception":
            return _with_exception(refusal)
        case Known():
            return json_answer(refusal.status, {"message": refusal.message, "errorId": str(uuid.uuid4())})
        case _:
            return _bare(_status(refusal))


def crash_answer(profile: Profile) -> Answer:
    return refusal_answer(Broken(message="RuntimeException: null"), profile=profile, path="")


def bare_answer(status: int) -> Answer:
    return _bare(status)


def _status(refusal: Refusal) -> int:
    match refusal:
        case NotFound():
            return 404
        case BadBody():
            return 400
        case Unreadable():
            return 422
        case Known():
            return refusal.status
        case Broken():
            return 500
        case _:
            raise TypeError(f"no answer is written for {type(refusal).__name__}")


def _problem(problem: Problem, profile: Profile) -> Answer:
    if profile.problems == "detail-only":  # before problems had data, the detail held the specific text
        told = (problem.data or {}).get("message", problem.detail)
        value: Json = {"type": problem.type, "title": problem.title, "status": problem.status, "detail": told}
        return json_answer(problem.status, value)
    value = {
        "status": problem.status,
        "type": problem.type,
        "title": problem.title,
        "detail": problem.detail,
        "documentationUrl": None,  # problems, alone of all answers, carry nulls
        "data": problem.data,
    }
    return json_answer(problem.status, value)


def _bare(status: int) -> Answer:
    """A bare errorId for everything that could leak something."""
    return json_answer(status, {"errorId": str(uuid.uuid4())})


def _with_exception(refusal: Refusal) -> Answer:
    """Up to 1.8: what was thrown, and the beginning of where."""
    message, exception, more = _thrown(refusal)
    value = {"message": message, "exceptionClassName": exception, "exceptionStack": [f"{exception}: {message}"]}
    return json_answer(_status(refusal), {**value, **more})


def _thrown(refusal: Refusal) -> tuple[str, str, Json]:
    """Message, class, and further properties."""
    known: Json = {"rootCauseExceptionStack": []}
    match refusal:
        case NotFound():
            text = f"{INTERNAL}Could not find configuration for {refusal.type}: {refusal.id}."
            return text, "io.airbyte.config.persistence.ConfigNotFoundException", known
        case BadBody():
            broken = {"propertyPath": refusal.path, "message": refusal.message, "invalidValue": "null"}
            exception = "jakarta.validation.ConstraintViolationException"
            return "Some properties contained invalid input.", exception, {"validationErrors": [broken]}
        case Unreadable():
            exception = "io.micronaut.json.JsonSyntaxException"
            return f"Invalid json input. {refusal.message}", exception, known
        case Known():
            return refusal.message, "io.airbyte.commons.server.errors.KnownException", known
        case Broken():
            return f"{INTERNAL}{refusal.text}", f"java.lang.{refusal.exception}", known
        case _:
            raise TypeError(f"no answer is written for {type(refusal).__name__}")
