"""Who may ask. One small protocol; which class answers it depends on the version and on what was asked for."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import parse_qs

from airbyte_local.http.answers import Answer, Request, bare_answer, framework_answer, json_answer, unauthorized
from airbyte_local.http.bodies import parse
from airbyte_local.jobs.world import NIL_ID, Deployment
from airbyte_local.model.errors import Refusal
from airbyte_local.model.json_values import Json, dumps, is_object
from airbyte_local.versions.profiles import Profile

UNAUTHORIZED = b"""<html>
<head><title>401 Authorization Required</title></head>
<body>
<center><h1>401 Authorization Required</h1></center>
<hr><center>nginx</center>
</body>
</html>
"""
SAFE = str.maketrans("-_", "+/")
FORM = "application/x-www-form-urlencoded"
AUDIENCE = "airbyte-server"
ROLES = ("ADMIN", "ORGANIZATION_ADMIN", "WORKSPACE_ADMIN", "AUTHENTICATED_USER")
CONFIG_PREFIX = "/api/v1/"
TOKEN_ROUTE = "applications/token"


class Tokens:
    """Bearer tokens: signed by a key of this server alone, good for a while, or for so many requests.

    Threads may share it. *now* is in seconds.
    """

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
        claims: Json = json.loads(_decoded(signed.partition(".")[2]))
        if self._now() >= claims["exp"]:
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


class Auth(Protocol):
    def answer(self, request: Request, /, *, token_requests: int | None = None) -> Answer | None:
        """A refusal, or a token; None where the request may pass.

        *token_requests*: a bearer token is good for so many requests, and from then on for none.
        """
        ...


@dataclass(frozen=True, slots=True)
class NoAuth:
    def answer(self, _request: Request, /, *, token_requests: int | None = None) -> Answer | None:  # noqa: ARG002 - the protocol's
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyAuth:
    """HTTP Basic by a proxy in front of everything, health included, as docker-compose installations have it."""

    username: str
    password: str = field(repr=False)

    def answer(self, request: Request, /, *, token_requests: int | None = None) -> Answer | None:  # noqa: ARG002 - the protocol's
        if is_basic(request.headers.get("authorization", ""), self.username, self.password):
            return None
        headers = {
            "content-type": "text/html",
            "www-authenticate": 'Basic realm="Restricted Access"',
            "server": "nginx",
        }
        return Answer(status=401, content=UNAUTHORIZED, headers=headers)


@dataclass(frozen=True, slots=True, kw_only=True)
class BasicAuth:
    """HTTP Basic as the server itself takes it, from 1.0 on."""

    username: str
    password: str = field(repr=False)
    profile: Profile

    def answer(self, request: Request, /, *, token_requests: int | None = None) -> Answer | None:  # noqa: ARG002 - the protocol's
        given = request.headers.get("authorization", "")
        if request.path in _anonymous(self.profile) or is_basic(given, self.username, self.password):
            return None
        return unauthorized(request)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientAuth:
    """Client credentials for a short-lived bearer token."""

    client_id: str
    client_secret: str = field(repr=False)
    tokens: Tokens
    profile: Profile

    def answer(self, request: Request, /, *, token_requests: int | None = None) -> Answer | None:
        path = request.path
        if request.method == "POST" and path == CONFIG_PREFIX + TOKEN_ROUTE and self.profile.config_api:
            return self._token(request, forms=False)
        if request.method == "POST" and path == self.profile.public_prefix + TOKEN_ROUTE:
            return self._token(request, forms=True)
        if path in _anonymous(self.profile):
            return None
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and self.tokens.accept(token.strip(), requests=token_requests):
            return None
        return unauthorized(request)

    def _token(self, request: Request, *, forms: bool) -> Answer:
        """*forms*: the public twin, which takes them beside JSON, and says how long the token lives."""
        form = request.headers.get("content-type", "").partition(";")[0].strip().lower() == FORM
        if form and (not forms or request.query):
            return unauthorized(request)
        given = _form(request.content) if form else _json(request.content)
        if not (given.get("client_id") and given.get("client_secret")):
            return framework_answer(
                400, request.path, "Bad Request", "client_id and client_secret must not be null"
            )
        if not self._knows(given):
            if self.profile.wrong_credentials == 401:
                return bare_answer(401)
            return framework_answer(400, request.path, "Bad Request", "Invalid client id or token")
        answer: Json = {"access_token": self.tokens.issue()}
        return json_answer(
            200, {**answer, "token_type": "Bearer", "expires_in": self.tokens.seconds} if forms else answer
        )

    def _knows(self, given: Json) -> bool:
        wanted = f"{self.client_id}:{self.client_secret}".encode()
        return hmac.compare_digest(f"{given['client_id']}:{given['client_secret']}".encode(), wanted)


def choose_auth(deployment: Deployment) -> Auth:
    """The class for this cell of the table."""
    profile = deployment.profile
    match deployment.auth:
        case "none":
            return NoAuth()
        case "basic":
            username, password = deployment.username, deployment.password
            if profile.proxied:
                return ProxyAuth(username=username, password=password)
            return BasicAuth(username=username, password=password, profile=profile)
        case "client":
            seconds = profile.token_seconds if deployment.token_seconds is None else deployment.token_seconds
            return ClientAuth(
                client_id=deployment.client_id,
                client_secret=deployment.client_secret,
                tokens=Tokens(issuer="http://localhost", seconds=seconds, now=deployment.clock),
                profile=profile,
            )


def _anonymous(profile: Profile) -> set[str]:
    config = (
        {f"{CONFIG_PREFIX}health", f"{CONFIG_PREFIX}instance_configuration"} if profile.config_api else set[str]()
    )
    return {*config, f"{profile.public_prefix}health"}


def is_basic(authorization: str, username: str, password: str) -> bool:
    """Whether the header *authorization* holds just these, as HTTP Basic."""
    scheme, _, token = authorization.partition(" ")
    given = _decoded(token) if scheme.lower() == "basic" else b""
    return hmac.compare_digest(given, f"{username}:{password}".encode())


def _encoded(part: Any) -> str:
    return _text(dumps(part).encode())


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    """Of either alphabet; empty where it is neither."""
    try:
        return base64.b64decode(text.translate(SAFE) + "=" * (-len(text) % 4), validate=True)
    except ValueError:  # no such length, or bytes that are none of base64's
        return b""


def _json(content: bytes) -> Json:
    try:
        value = parse(content)
    except Refusal:
        return {}
    return value if is_object(value) else {}


def _form(content: bytes) -> Json:
    return {name: values[0] for name, values in parse_qs(content.decode("utf-8", "replace")).items()}
