"""Bearer tokens for client credentials: one for all requests, fetched anew before it expires or once it is refused.

Nothing is verified in a token; its claims are read only to learn how long it lives.
"""

from __future__ import annotations

import time
from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

import anyio
import msgspec

from dagster_managed_elements.api.requests import Ask, Reply, Request
from dagster_managed_elements.api.retrying import Unproven
from dagster_managed_elements.engine.errors import ApiError, Missing, ServerFault, Unauthorized

_EARLY: Final = 30.0
"""Seconds before its end at which a token is no longer used, less where its life is short: requests take time."""


@dataclass(frozen=True, slots=True)
class _Token:
    """*value* None: this server hands out none. *until* is by this machine's monotonic clock; None: not known."""

    value: str | None = field(repr=False)
    until: float | None = None

    @property
    def headers(self) -> Mapping[str, str]:
        return {} if self.value is None else {"Authorization": f"Bearer {self.value}"}


class ClientCredentials:
    """Tokens from the first of *paths* that exists, asked for as JSON (never as a form: servers refuse that).

    A server without any of them runs without authentication: requests go out without a token. *clock* is
    monotonic, in seconds; the two machines' clocks may differ, since only a token's age counts.
    """

    def __init__(
        self,
        client_id: str,
        client_secret: str,
        paths: Sequence[str],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._id, self._secret, self._paths, self._clock = client_id, client_secret, tuple(paths), clock
        self._lock = anyio.Lock()
        self._token: _Token | None = None
        self._failure: ApiError | None = None
        self._given: set[str] = set()

    async def headers(self, ask: Ask) -> Mapping[str, str]:
        """Raises Unauthorized where the credentials are refused, ApiError where no token can be had."""
        failure = self._failure
        async with self._lock:
            if self._failure is not None and self._failure is not failure:
                raise self._failure  # of the fetch that this request waited for
            if self._token is None or self._expired(self._token):
                self._token = await self._fetch(ask)
            return self._token.headers

    def renew(self, refused: Mapping[str, str]) -> bool:
        """A token that another request has replaced by now is not replaced again."""
        if self._token is not None and self._token.headers == refused:
            if self._token.value is None:
                return False
            self._token = None
        return True

    def secrets(self) -> frozenset[str]:
        return frozenset({self._secret, *self._given})

    def _expired(self, token: _Token) -> bool:
        return token.until is not None and self._clock() >= token.until

    async def _fetch(self, ask: Ask) -> _Token:
        began = self._clock()
        try:
            reply = await self._ask(ask)
            value = None if reply is None else _text(reply.json, "access_token")
        except ApiError as error:
            self._failure = _failure(error)
            raise self._failure from error
        if reply is None or value is None:
            return _Token(None)
        self._given.add(value)
        life = lifetime(value, reply)
        return _Token(value, None if life is None else began + life - min(_EARLY, life / 6))

    async def _ask(self, ask: Ask) -> Reply | None:
        body = {"client_id": self._id, "client_secret": self._secret}
        for path in self._paths:
            request = Request(path=path, json=body, secrets=frozenset({self._secret}))
            try:
                return await ask(request)
            except Missing:
                continue
        return None


def lifetime(token: str, reply: Reply) -> float | None:
    """Seconds that *token* lives from its issue on, None where nothing says so.

    By the reply's `expires_in`; by the token's own `exp` less its `iat`, or less the server's time of answering.
    Never by this machine's clock, which may be minutes off.
    """
    claims = _claims(token)
    told = _number(reply.json, "expires_in")
    if told is not None and told > 0:
        return told
    end, start = _number(claims, "exp"), _number(claims, "iat")
    if start is None and reply.date is not None:
        start = reply.date.timestamp()
    if end is None or start is None or end <= start:
        return None
    return end - start


def _claims(token: str) -> Any:
    """The payload of a JSON Web Token (RFC 7519), nothing of one that cannot be read."""
    payload = "".join(token.split(".")[1:2])
    try:
        return msgspec.json.decode(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None


def _number(body: Any, name: str) -> float | None:
    value = cast("Mapping[str, Any]", body).get(name) if isinstance(body, Mapping) else None
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(cast("float", value)) if is_number else None


def _text(body: Any, name: str) -> str:
    value = cast("Mapping[str, Any]", body).get(name) if isinstance(body, Mapping) else None
    if not isinstance(value, str) or not value:
        raise ServerFault(f"The server's answer to a request for a token has no `{name}`.")
    return value


def _failure(error: ApiError) -> ApiError:
    """What it means for the request that needed the token: it was not sent, whatever became of the fetching."""
    facts: dict[str, Any] = {"method": error.method, "url": error.url, "status": error.status, "body": error.body}
    if error.status not in _REFUSALS:
        return Unproven(str(error), **facts)
    said = f": {' '.join(error.body.split())}" if error.body else ""
    where = f"{error.method} {error.url}"
    return Unauthorized(f"{where}: client_id and client_secret were refused ({error.status}){said}", **facts)


_REFUSALS: Final = frozenset({400, 401, 403, 422})
"""400 by servers that check the body themselves, 401 by those with Keycloak behind them."""
