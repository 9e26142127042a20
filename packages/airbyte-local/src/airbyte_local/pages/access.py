"""Who may see the pages: those who may use the API, by the same names and secrets.

And what a request that changes something must show: that it comes from a page of this very server.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from airbyte_local.http.auth import Auth, is_basic

OWN = frozenset({"same-origin", "none"})
"""What browsers call requests from this origin, and those that the user made by hand (Sec-Fetch-Site)."""


class Login:
    """HTTP Basic, asked for by a window of the browser's own, where the APIs ask for something; else nothing is."""

    def __init__(self, auth: Auth) -> None:
        self._wanted = auth.pair

    def refusal(self, request: Request) -> Response | None:
        """What is answered in the place of a page; None where the request may pass."""
        if self._wanted is None or is_basic(request.headers.get("authorization", ""), *self._wanted):
            return None
        headers = {"www-authenticate": 'Basic realm="Local Airbyte", charset="UTF-8"'}
        told = "Log in with the username and the password, or the client id and the secret, of this server.\n"
        return PlainTextResponse(told, 401, headers)


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
