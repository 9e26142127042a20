"""Who may ask. Which class answers it depends on the version and on what was asked for."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import threading
from collections import Counter
from collections.abc import Callable
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
REALM = 'Basic realm="Restricted Access"'
SAFE = str.maketrans("-_", "+/")
FORM = "application/x-www-form-urlencoded"
AUDIENCE = "airbyte-server"
HEAD = b'{"alg":"HS256","typ":"JWT"}'
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
        signed = f"{_text(HEAD)}.{_text(dumps(claims).encode())}"
        return f"{signed}.{self._signature(signed)}"

    def accept(self, token: str, *, requests: int | None = None) -> bool:
        """Whether *token* is good for one request more. *requests*: after so many it is spent for good."""
        signed, _, signature = token.rpartition(".")
        if not hmac.compare_digest(signature.encode(), self._signature(signed).encode()):
            return False
        claims: Json = json.loads(_decoded(signed.partition(".")[2]))
        if self._now() >= claims["exp"]:
            return False
        token_id: str = claims["jti"]
        with self._lock:
            if requests is not None and self._uses[token_id] >= requests:
                self._spent.add(token_id)
            self._uses[token_id] += 1
            return token_id not in self._spent

    def _signature(self, signed: str) -> str:
        return _text(hmac.new(self._key, signed.encode(), hashlib.sha256).digest())


class Auth:
    """Anybody may ask."""

    pair: tuple[str, str] | None = None
    """What opens the pages, as HTTP Basic."""

    def answer(self, _request: Request, /, *, token_requests: int | None = None) -> Answer | None:  # noqa: ARG002 - of tokens
        """A refusal, or a token; None where the request may pass.

        *token_requests*: a bearer token is good for so many requests, and from then on for none.
        """
        return None


class BasicAuth(Auth):
    """HTTP Basic: by a proxy in front of everything, health included, or, from 1.0 on, by the server itself."""

    def __init__(self, username: str, password: str, profile: Profile) -> None:
        self.pair = (username, password)
        self._profile = profile

    def answer(self, request: Request, /, *, token_requests: int | None = None) -> Answer | None:  # noqa: ARG002 - of tokens
        if self.pair and is_basic(request.headers.get("authorization", ""), *self.pair):
            return None
        if not self._profile.proxied:
            return None if request.path in _anonymous(self._profile) else unauthorized(request)
        headers = {"content-type": "text/html", "server": "nginx", "www-authenticate": REALM}
        return Answer(status=401, content=UNAUTHORIZED, headers=headers)


class ClientAuth(Auth):
    """Client credentials for a short-lived bearer token."""

    def __init__(self, client_id: str, client_secret: str, tokens: Tokens, profile: Profile) -> None:
        self.pair = (client_id, client_secret)
        self._wanted = f"{client_id}:{client_secret}".encode()
        self._tokens = tokens
        self._profile = profile

    def answer(self, request: Request, /, *, token_requests: int | None = None) -> Answer | None:
        path = request.path
        if request.method == "POST" and path == CONFIG_PREFIX + TOKEN_ROUTE and self._profile.config_api:
            return self._token(request, forms=False)
        if request.method == "POST" and path == self._profile.public_prefix + TOKEN_ROUTE:
            return self._token(request, forms=True)
        if path in _anonymous(self._profile):
            return None
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and self._tokens.accept(token.strip(), requests=token_requests):
            return None
        return unauthorized(request)

    def _token(self, request: Request, *, forms: bool) -> Answer:
        """*forms*: the public twin, which takes them beside JSON, and says how long the token lives."""
        form = request.headers.get("content-type", "").partition(";")[0].strip().lower() == FORM
        if form and (not forms or request.query):
            return unauthorized(request)
        given = _read(request.content, form=form)
        if not (given.get("client_id") and given.get("client_secret")):
            return framework_answer(
                400, request.path, "Bad Request", "client_id and client_secret must not be null"
            )
        asked = f"{given['client_id']}:{given['client_secret']}".encode()
        if not hmac.compare_digest(asked, self._wanted):
            if self._profile.wrong_credentials == 401:
                return bare_answer(401)
            return framework_answer(400, request.path, "Bad Request", "Invalid client id or token")
        answer: Json = {"access_token": self._tokens.issue()}
        return json_answer(
            200, {**answer, "token_type": "Bearer", "expires_in": self._tokens.seconds} if forms else answer
        )


def choose_auth(deployment: Deployment) -> Auth:
    """The class for this cell of the table."""
    profile = deployment.profile
    match deployment.auth:
        case "none":
            return Auth()
        case "basic":
            return BasicAuth(deployment.username, deployment.password, profile)
        case "client":
            seconds = profile.token_seconds if deployment.token_seconds is None else deployment.token_seconds
            tokens = Tokens(issuer="http://localhost", seconds=seconds, now=deployment.clock)
            return ClientAuth(deployment.client_id, deployment.client_secret, tokens, profile)


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


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    """Of either alphabet; empty where it is neither."""
    try:
        return base64.b64decode(text.translate(SAFE) + "=" * (-len(text) % 4), validate=True)
    except ValueError:  # no such length, or bytes that are none of base64's
        return b""


def _read(content: bytes, *, form: bool) -> Json:
    """Empty where it is nothing of the kind."""
    if form:
        return {name: values[0] for name, values in parse_qs(content.decode("utf-8", "replace")).items()}
    try:
        value = parse(content)
    except Refusal:
        return {}
    return value if is_object(value) else {}
