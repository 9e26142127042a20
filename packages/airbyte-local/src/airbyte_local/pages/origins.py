"""What a request that changes something must show: that it comes from a page of this very server."""

from __future__ import annotations

import hmac
import secrets
from urllib.parse import urlsplit

from starlette.requests import Request

OWN = frozenset({"same-origin", "none"})
"""What browsers call requests from this origin, and those that the user made by hand (Sec-Fetch-Site)."""


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
