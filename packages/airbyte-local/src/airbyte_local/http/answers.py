"""Requests and answers as values, and the one place that knows the shape of every refusal."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from airbyte_local.model.errors import Broken, Known, NotFound, Problem, Refusal, Unbound
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
    return Answer(status=status) if value is None or status == 204 else json_answer(status, value)


def unknown_route() -> Answer:
    return Answer(status=404, content=b"Object not found.", headers=JSON)


def framework_answer(status: int, path: str, message: str, reason: str | None = None) -> Answer:
    """As the vendor's web framework words what never came to a handler. *reason*: where it is not *message*."""
    error: Json = {"message": reason or message, "_links": {}, "_embedded": {}}
    links = {"self": {"href": path, "templated": False}}
    return json_answer(status, {"message": message, "_links": links, "_embedded": {"errors": [error]}})


def unauthorized(request: Request) -> Answer:
    answer = framework_answer(401, request.path, "Unauthorized")
    metadata = f"http://{request.headers.get('host', '')}/.well-known/oauth-protected-resource"
    return replace(answer, headers={**JSON, "www-authenticate": f'Bearer resource_metadata="{metadata}"'})


def refusal_answer(refusal: Refusal, *, profile: Profile, path: str) -> Answer:
    """In the words of the version that *profile* describes."""
    match refusal:
        case Problem():
            return _problem(refusal, profile)
        case Unbound():
            return framework_answer(400, path, "Bad Request", refusal.message)
        case Known() if profile.error_bodies == "error-id":
            return json_answer(refusal.status, {"message": refusal.message, "errorId": str(uuid.uuid4())})
        case _:
            status, message, exception = _thrown(refusal)
    if profile.error_bodies == "error-id":
        return bare_answer(status)
    thrown = {"exceptionClassName": exception, "exceptionStack": [f"{exception}: {message}"]}
    return json_answer(status, {"message": message, **thrown, "rootCauseExceptionStack": []})


def crash_answer(profile: Profile) -> Answer:
    return refusal_answer(Broken(message="RuntimeException: null"), profile=profile, path="")


def bare_answer(status: int) -> Answer:
    """An errorId alone, for everything that could leak something."""
    return json_answer(status, {"errorId": str(uuid.uuid4())})


def _thrown(refusal: Refusal) -> tuple[int, str, str]:
    """Status, message, and what was thrown, as versions up to 1.8 tell it."""
    match refusal:
        case NotFound():
            text = f"{INTERNAL}Could not find configuration for {refusal.type}: {refusal.id}."
            return 404, text, "io.airbyte.config.persistence.ConfigNotFoundException"
        case Known():
            return refusal.status, refusal.message, "io.airbyte.commons.server.errors.KnownException"
        case Broken():
            return 500, f"{INTERNAL}{refusal.text}", f"java.lang.{refusal.exception}"
        case _:
            raise TypeError(f"no answer is written for {type(refusal).__name__}")


def _problem(problem: Problem, profile: Profile) -> Answer:
    value: Json = {"status": problem.status, "type": problem.type, "title": problem.title, "detail": problem.detail}
    if profile.problems == "detail-only":  # before problems had data, the detail held the specific text
        told = (problem.data or {}).get("message", problem.detail)
        return json_answer(problem.status, {**value, "detail": told})
    # Problems, alone of all answers, carry nulls.
    return json_answer(problem.status, {**value, "documentationUrl": None, "data": problem.data})
