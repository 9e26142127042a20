"""Bearer tokens: signed by a key of this server alone, good for a while, or for so many requests."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

from airbyte_local.model.json_values import Json, dumps, is_object

NIL_ID = "00000000-0000-0000-0000-000000000000"
AUDIENCE = "airbyte-server"
ROLES = ("ADMIN", "ORGANIZATION_ADMIN", "WORKSPACE_ADMIN", "AUTHENTICATED_USER")


class Tokens:
    """Threads may share it. *now* is in seconds."""

    def __init__(self, *, issuer: str, seconds: int, now: Callable[[], float]) -> None:
        self.seconds = seconds
        self._issuer = issuer
        self._now = now
        self._key = secrets.token_bytes(32)
        self._lock = threading.Lock()
        self._uses: Counter[str] = Counter()
        self._spent: set[str] = set()

    def issue(self) -> str:
        claims = {
            "iss": self._issuer,
            "aud": AUDIENCE,
            "sub": NIL_ID,
            "roles": ROLES,
            "exp": int(self._now()) + self.seconds,
            "jti": secrets.token_hex(8),
        }
        signed = f"{_encoded({'alg': 'HS256', 'typ': 'JWT'})}.{_encoded(claims)}"
        return f"{signed}.{self._signature(signed)}"

    def accept(self, token: str, *, requests: int | None = None) -> bool:
        """Whether *token* is good for one request more. *requests*: after so many it is spent for good."""
        signed, _, signature = token.rpartition(".")
        if not hmac.compare_digest(signature.encode(), self._signature(signed).encode()):
            return False
        claims = _decoded(signed.partition(".")[2])
        if self._now() >= claims.get("exp", 0):
            return False
        return self._count(claims["jti"], requests)

    def _count(self, token_id: str, requests: int | None) -> bool:
        with self._lock:
            if requests is not None and self._uses[token_id] >= requests:
                self._spent.add(token_id)
            self._uses[token_id] += 1
            return token_id not in self._spent

    def _signature(self, signed: str) -> str:
        return _text(hmac.new(self._key, signed.encode(), hashlib.sha256).digest())


def _encoded(part: Any) -> str:
    return _text(dumps(part).encode())


def _decoded(part: str) -> Json:
    try:
        value = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (binascii.Error, ValueError):
        return {}
    return value if is_object(value) else {}


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
