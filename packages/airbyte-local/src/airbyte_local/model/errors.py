"""What a handler may raise; `answers` alone knows how a version words each one.

Refusal
├─ NotFound      an id nobody knows                                 404
├─ Unbound       no JSON, or what the vendor's models cannot take   400
├─ Known         the vendor's KnownException                        400, 403, 409, 422, 423, ...
│  └─ Invalid    a configuration that does not fulfil its schema    422
├─ Problem       the vendor's problem+json family                   400, 403, 404, 409, 422, 500
├─ Broken        what crashes the real server                       500
│  ├─ Missing    a required property of a body, which nobody checks 500
│  └─ Crashed    before anything could translate it                 500
"""

from __future__ import annotations

from dataclasses import dataclass

from airbyte_local.model.json_values import Json

PREFIX = "The provided configuration does not fulfill the specification. Errors: "

MAX_NAME = 256


class Refusal(Exception):
    """A request that is not answered with success."""


@dataclass(kw_only=True, eq=False)
class NotFound(Refusal):
    type: str
    id: str


@dataclass(kw_only=True, eq=False)
class Unbound(Refusal):
    message: str


@dataclass(kw_only=True, eq=False)
class Known(Refusal):
    status: int
    message: str


@dataclass(kw_only=True, eq=False)
class Invalid(Known):
    """JsonValidationException: *reason* is its own text, which the Config API puts a sentence before."""

    reason: str


@dataclass(kw_only=True, eq=False)
class Problem(Refusal):
    status: int
    type: str
    title: str
    detail: str
    data: Json | None = None


@dataclass(kw_only=True, eq=False)
class Broken(Refusal):
    """An exception of the real server that nobody foresaw: *message* is its class, a colon, and its text."""

    message: str

    @property
    def exception(self) -> str:
        return self.message.partition(": ")[0]

    @property
    def text(self) -> str:
        return self.message.partition(": ")[2] or self.message


class Missing(Broken):
    """A body, or a property of it, that is not there: it crashes whatever comes to use it."""


class Crashed(Broken):
    """As Broken, at a place where the Public API does not make a problem of it."""


def named_problem(status: int, name: str, detail: str, data: Json | None = None, title: str = "") -> Problem:
    """One of the vendor's that has a name of its own."""
    return Problem(status=status, type=f"error:{name}", title=title or name, detail=detail, data=data)


def configuration_invalid(message: str) -> Invalid:
    return Invalid(status=422, message=PREFIX + message, reason=message)


def named(name: str) -> str:
    """*name*, where the columns of the vendor's database have room for it."""
    if len(name) > MAX_NAME:
        raise database_refused()
    return name


def database_refused() -> Known:
    message = "Failed to access database. Check the server logs for more information"
    return Known(status=409, message=message)
