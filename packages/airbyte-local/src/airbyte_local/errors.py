"""What a handler may raise; `answers` alone knows how a version words each one.

Refusal
├─ NotFound      an id nobody knows                       404
├─ BadBody       a required property is missing           400
├─ Unreadable    a body that is no JSON or of other types 422
├─ Known         the vendor's KnownException              400, 403, 409, 422, 423, ...
├─ Problem       the vendor's problem+json family         400, 409
└─ Broken        what crashes the real server             500
"""

from __future__ import annotations

from dataclasses import dataclass, field

from airbyte_local.json_values import Json


class Refusal(Exception):  # noqa: N818 - reads as a sentence: `except Refusal`
    """A request that is not answered with success."""


@dataclass(kw_only=True, eq=False)
class NotFound(Refusal):
    type: str
    id: str


@dataclass(kw_only=True, eq=False)
class BadBody(Refusal):
    path: str
    message: str


@dataclass(kw_only=True, eq=False)
class Unreadable(Refusal):
    message: str


@dataclass(kw_only=True, eq=False)
class Known(Refusal):
    status: int
    message: str


@dataclass(kw_only=True, eq=False)
class Problem(Refusal):
    status: int
    type: str
    title: str
    detail: str
    data: Json = field(default_factory=dict[str, object])


@dataclass(kw_only=True, eq=False)
class Broken(Refusal):
    """An IllegalArgument or IllegalState of the real server: it answers 500, and so do we."""

    message: str


def configuration_invalid(message: str) -> Known:
    """JsonValidationException, with the prefix every message of it carries."""
    prefix = "The provided configuration does not fulfill the specification. Errors: "
    return Known(status=422, message=prefix + message)


def database_refused() -> Known:
    message = "Failed to access database. Check the server logs for more information"
    return Known(status=409, message=message)
