"""Who may ask. One small protocol, so that client credentials become one more class beside these."""

from __future__ import annotations

import base64
import binascii
import hmac
from dataclasses import dataclass, field
from typing import Literal, Protocol

from airbyte_local.answers import Answer, Request

UNAUTHORIZED = b"""<html>
<head><title>401 Authorization Required</title></head>
<body>
<center><h1>401 Authorization Required</h1></center>
<hr><center>nginx</center>
</body>
</html>
"""


class Auth(Protocol):
    def refuse(self, request: Request, /) -> Answer | None:
        """The refusal, or None where the request may pass."""
        ...


@dataclass(frozen=True, slots=True)
class NoAuth:
    def refuse(self, _request: Request, /) -> Answer | None:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class BasicAuth:
    """HTTP Basic by a proxy in front of everything, health included, as docker-compose installations have it."""

    username: str
    password: str = field(repr=False)

    def refuse(self, request: Request, /) -> Answer | None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        given = _decoded(token) if scheme.lower() == "basic" else b""
        if hmac.compare_digest(given, f"{self.username}:{self.password}".encode()):
            return None
        headers = {
            "content-type": "text/html",
            "www-authenticate": 'Basic realm="Restricted Access"',
            "server": "nginx",
        }
        return Answer(status=401, content=UNAUTHORIZED, headers=headers)


def choose_auth(auth: Literal["none", "basic"], username: str, password: str) -> Auth:
    return BasicAuth(username=username, password=password) if auth == "basic" else NoAuth()


def _decoded(token: str) -> bytes:
    try:
        return base64.b64decode(token, validate=True)
    except binascii.Error:
        return b""
