"""What is asked of a server, as values. Neither a body nor a credential is ever in their repr."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal, Protocol, TypeAlias

from dagster_managed_elements.engine.errors import DeclarationError

Effect: TypeAlias = Literal["read", "create", "update", "delete"]

_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE: Final = re.compile(r"[!-~]+([ \t]+[!-~]+)*|")
"""What a header may hold (RFC 9110 5.1, 5.5), letters beyond ASCII left out: nobody agrees on how to send those."""


def sendable(headers: Mapping[str, str]) -> Mapping[str, str]:
    """*headers*; DeclarationError where HTTP cannot carry one, in place of an error that would quote its value."""
    for name, value in headers.items():
        if not _NAME.fullmatch(name):
            raise DeclarationError(f"{name!r} cannot be the name of a header.")
        if not _VALUE.fullmatch(value):
            raise DeclarationError(
                f"The header {name} cannot be sent: in its value is a line break, a space at an end or a letter "
                "beyond ASCII. A file or a variable may have brought it along."
            )
    return headers


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One call. *path* is below the client's base URL; *json* is the body, None for none.

    *effect* says what it does there. A create sent twice is done twice: it is sent again only where it provably
    never reached the server, or the server asked to come back later (429).
    *timeout* is in seconds and overrides the client's. *secrets* are blanked out of every message.
    *lasting* is for work that the server goes on with where something in between cuts the answer off: in how many
    seconds it should be done. It overrides both time-outs, and such a request is repeated seldom.
    """

    method: str = "POST"
    path: str
    json: Any = field(default=None, repr=False)
    effect: Effect = "read"
    timeout: float | None = None
    lasting: float | None = None
    secrets: frozenset[str] = field(default=frozenset(), repr=False)

    @property
    def repeatable(self) -> bool:
        """Whether sending it twice is as good as once."""
        return self.effect != "create"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer's decoded *json*, and what the server's clock said, where it said so."""

    json: Any = field(repr=False)
    date: datetime | None = None


Ask: TypeAlias = Callable[[Request], Awaitable[Reply]]


class Credentials(Protocol):
    """How a client proves who it is; asked before every attempt, by several at a time."""

    async def headers(self, ask: Ask) -> Mapping[str, str]:
        """The headers that carry the proof. *ask* sends a request without credentials, say for a token."""
        ...

    def renew(self, refused: Mapping[str, str]) -> bool:
        """After a 401 to the *refused* headers: whether other ones are to be had, so that another attempt helps."""
        ...

    def secrets(self) -> frozenset[str]:
        """What must not appear in any message."""
        ...


@dataclass(frozen=True, slots=True)
class Basic:
    """HTTP Basic authentication (RFC 7617)."""

    username: str
    password: str = field(repr=False)

    async def headers(self, ask: Ask) -> Mapping[str, str]:  # noqa: ARG002 - Credentials' signature
        pair = b64encode(f"{self.username}:{self.password}".encode()).decode("ascii")
        return {"Authorization": f"Basic {pair}"}

    def renew(self, refused: Mapping[str, str]) -> bool:  # noqa: ARG002 - Credentials' signature
        return False

    def secrets(self) -> frozenset[str]:
        return frozenset({self.password, b64encode(f"{self.username}:{self.password}".encode()).decode()})


@dataclass(frozen=True, slots=True)
class Bearer:
    """A token that somebody else fetched (RFC 6750); it cannot be renewed."""

    token: str = field(repr=False)

    async def headers(self, ask: Ask) -> Mapping[str, str]:  # noqa: ARG002 - Credentials' signature
        return {"Authorization": f"Bearer {self.token}"}

    def renew(self, refused: Mapping[str, str]) -> bool:  # noqa: ARG002 - Credentials' signature
        return False

    def secrets(self) -> frozenset[str]:
        return frozenset({self.token})


@dataclass(frozen=True, slots=True)
class Anonymous:
    """No authentication."""

    async def headers(self, ask: Ask) -> Mapping[str, str]:  # noqa: ARG002 - Credentials' signature
        return {}

    def renew(self, refused: Mapping[str, str]) -> bool:  # noqa: ARG002 - Credentials' signature
        return False

    def secrets(self) -> frozenset[str]:
        return frozenset()
