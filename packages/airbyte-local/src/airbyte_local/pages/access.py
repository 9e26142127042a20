"""Who may see the pages: those who may use the API, by the same names and secrets.

And what a request that changes something must show: that it comes from a page of this very server.
"""

from __future__ import annotations

import hmac
import secrets
from collections import deque
from collections.abc import Callable
from typing import Protocol
from urllib.parse import quote, urlsplit

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from airbyte_local.http.auth import Auth, BasicAuth, ClientAuth, ProxyAuth, is_basic

SESSION_SECONDS = 12 * 3600
SESSIONS = 1000
TRIES = 10
TRY_SECONDS = 60
OWN = frozenset({"same-origin", "none"})
"""What browsers call requests from this origin, and those that the user made by hand (Sec-Fetch-Site)."""


class Login(Protocol):
    def refusal(self, request: Request, /) -> Response | None:
        """What is answered in the place of a page; None where the request may pass."""
        ...


class NoLogin:
    def refusal(self, _request: Request, /) -> Response | None:
        return None


class BasicLogin:
    """HTTP Basic, asked for: browsers show a window of their own."""

    def __init__(self, username: str, password: str) -> None:
        self._username, self._password = username, password

    def refusal(self, request: Request) -> Response | None:
        if is_basic(request.headers.get("authorization", ""), self._username, self._password):
            return None
        headers = {"www-authenticate": 'Basic realm="Local Airbyte", charset="UTF-8"'}
        return PlainTextResponse("Log in with the username and the password of this server.\n", 401, headers)


class TooManyTries(Exception):
    """Wrong secrets again and again; *seconds* until the next try."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"Too many wrong tries. Try again in {seconds} s.")
        self.seconds = seconds


class FormLogin:
    """A client id and its secret, once, for a session that a cookie names. Used in the event loop only."""

    def __init__(self, client_id: str, client_secret: str, now: Callable[[], int]) -> None:
        self._wanted = f"{client_id}:{client_secret}".encode()
        self._now = now
        self._sessions: dict[str, int] = {}
        self._wrong: deque[int] = deque(maxlen=TRIES)

    def refusal(self, request: Request) -> Response | None:
        ends = self._sessions.get(request.cookies.get(cookie_name(request), ""), 0)
        if self._now() < ends:
            return None
        if request.method not in {"GET", "HEAD"} or "text/html" not in request.headers.get("accept", ""):
            return PlainTextResponse("Log in at /login.\n", 401)
        wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/login?next={quote(wanted, safe='')}", 303)

    def log_in(self, client_id: str, client_secret: str) -> str | None:
        """The name of a new session; None where id or secret are wrong.

        Raises:
            TooManyTries: after TRIES wrong ones within TRY_SECONDS nobody gets in for a while.
        """
        now = self._now()
        if len(self._wrong) == TRIES and (wait := self._wrong[0] + TRY_SECONDS - now) > 0:
            raise TooManyTries(wait)
        if not hmac.compare_digest(f"{client_id}:{client_secret}".encode("utf-8", "replace"), self._wanted):
            self._wrong.append(now)
            return None
        self._sessions = {name: ends for name, ends in self._sessions.items() if ends > now}
        while len(self._sessions) >= SESSIONS:
            del self._sessions[next(iter(self._sessions))]
        name = secrets.token_urlsafe(32)
        self._sessions[name] = now + SESSION_SECONDS
        return name

    def log_out(self, request: Request) -> None:
        self._sessions.pop(request.cookies.get(cookie_name(request), ""), None)


def cookie_name(request: Request) -> str:
    """Browsers keep cookies by host alone: two servers on one machine must not take each other's away."""
    server = request.scope.get("server")
    return f"airbyte_local_{server[1] if server else 0}"


def login_for(auth: Auth, now: Callable[[], int]) -> Login:
    match auth:
        case BasicAuth() | ProxyAuth():
            return BasicLogin(auth.username, auth.password)
        case ClientAuth():
            return FormLogin(auth.client_id, auth.client_secret, now)
        case _:
            return NoLogin()


class FormToken:
    """A secret of this run of the server, in each of its forms: only who can read a page can send one."""

    def __init__(self) -> None:
        self.value = secrets.token_urlsafe(24)

    def matches(self, given: object) -> bool:
        return isinstance(given, str) and hmac.compare_digest(given.encode(), self.value.encode())


def is_own(request: Request) -> bool:
    """Whether a browser says that the request comes from a page of this server, or says nothing of it."""
    headers = request.headers
    if headers.get("sec-fetch-site", "same-origin") not in OWN:
        return False
    origin = headers.get("origin")
    if origin is None:
        return True
    try:
        # Without the scheme: in front of the server there may be one that speaks TLS.
        return urlsplit(origin).netloc == headers.get("host", "")
    except ValueError:
        return False
