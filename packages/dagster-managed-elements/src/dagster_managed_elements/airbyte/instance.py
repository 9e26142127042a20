"""An Airbyte to talk to: where it is, who asks, which workspace. Opens nothing until a run connects it."""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import MISSING, dataclass, field, fields
from functools import partial
from os import PathLike
from typing import Any, Final, cast, get_args

from dagster_managed_elements.airbyte import refusals
from dagster_managed_elements.airbyte.gateways import DISCOVER_SECONDS, Gateway
from dagster_managed_elements.airbyte.kinds import kinds_of
from dagster_managed_elements.airbyte.redaction import redacted
from dagster_managed_elements.airbyte.servers.api_roots import Api, ApiRoot, api_root_of
from dagster_managed_elements.airbyte.specs.given import Frozen, Given, freeze
from dagster_managed_elements.airbyte.wire import Unreadable
from dagster_managed_elements.airbyte.workspaces import open_gateway
from dagster_managed_elements.api.addresses import printable
from dagster_managed_elements.api.client import Client, ClientOptions, open_client
from dagster_managed_elements.api.requests import Anonymous, Basic, Bearer, Credentials
from dagster_managed_elements.api.tokens import ClientCredentials
from dagster_managed_elements.engine.elements import Element, plain
from dagster_managed_elements.engine.errors import DeclarationError
from dagster_managed_elements.engine.findings import left_out
from dagster_managed_elements.engine.kinds import Instance, Session, Settings
from dagster_managed_elements.engine.secrets import Secret, reveal
from dagster_managed_elements.engine.values import Key, is_sendable


@dataclass(frozen=True, kw_only=True)
class AirbyteInstance(Instance):
    """One workspace of one Airbyte.

    Who asks is nobody in particular, or one of three: *username* and *password*; *client_id* and *client_secret*;
    or a *token*. What says so, the headers and the proxy may be a `Secret`, an `EnvVar` or Dagster's. None is the
    same as not given.

    Args:
        url: Where its UI is, such as `http://localhost:8000`, or `https://api.airbyte.com` for Cloud.
        workspace: An id or a name; may be left out where there is only one.
        username: For HTTP Basic authentication.
        password: For HTTP Basic authentication; needs *username*.
        headers: Sent with every request.
        request_timeout: Seconds for an answer to begin or go on; all of one attempt has three times as long. Where
            it is not given, `--timeout` counts.
        max_attempts: How often a request that may be repeated is sent, at most.
        verify: False, or the path of a certificate authority's file where the default, or that of SSL_CERT_FILE or
            REQUESTS_CA_BUNDLE, will not do.
        trust_env: With False no variable of the environment counts: neither proxies nor certificates.
        client_id: Of an application of Airbyte's, for which tokens are fetched and renewed.
        client_secret: Of that application.
        token: A bearer token that somebody else fetched; it is not renewed.
        proxy: The URL of a proxy; without it those of the environment count.
        api: Which of Airbyte's two APIs to use, `"config"` or `"public"`; by itself the Public API for Cloud, the
            Config API otherwise.
        specs: Connectors' specifications, where the API tells none: a JSON Schema each, or the file that has one,
            as in `{"source-postgres": "postgres.json"}`.
        discover_timeout: Seconds that discovering a source's streams may take, 600 by itself, even where a gateway
            cuts the answer off earlier.

    Raises:
        DeclarationError: Where it says in two ways who asks, a file of *specs* cannot be read, or a value is of
            another type.
    """

    url: str
    workspace: str | None = None
    username: str | Secret | None = None
    password: str | Secret | None = field(default=None, repr=False)
    headers: tuple[tuple[str, str | Secret], ...] | Mapping[str, str | Secret] = field(default=(), repr=False)
    request_timeout: float | None = None
    max_attempts: int = 5
    verify: bool | str = True
    trust_env: bool = True
    client_id: str | Secret | None = None
    client_secret: str | Secret | None = field(default=None, repr=False)
    token: str | Secret | None = field(default=None, repr=False)
    proxy: str | Secret | None = field(default=None, repr=False)
    api: Api = "auto"
    specs: Given | Frozen = ()
    discover_timeout: float = DISCOVER_SECONDS

    def __post_init__(self) -> None:
        for given in fields(self):
            if getattr(self, given.name) is None and given.default is not MISSING:
                object.__setattr__(self, given.name, given.default)  # None is what was not given
        self._refuse_types()
        # Frozen and hashable whatever was given, so that reconcilers of one instance share one connection.
        for name in _TEXTS:
            object.__setattr__(self, name, plain(getattr(self, name)))
        object.__setattr__(self, "headers", tuple(plain(dict(self.headers)).items()))
        object.__setattr__(self, "specs", freeze(self.specs))
        self._refuse_contradictions()

    def __repr__(self) -> str:
        """Without whoever asks: a URL may carry a password."""
        return f"AirbyteInstance(url={printable(self.url)!r}, workspace={self.workspace!r})"

    def _refuse_types(self) -> None:
        """Found here, where it was written, and not in the middle of a run."""
        for name, (kinds, wanted) in _WANTED.items():
            if not isinstance(value := cast("object", getattr(self, name)), kinds):
                raise DeclarationError(f"{name}= wants {wanted}, not {type(value).__name__}.")
        try:
            headers = cast("dict[object, object]", dict(self.headers))
        except (TypeError, ValueError):
            raise DeclarationError("headers= wants a mapping of names to texts.") from None
        for header, value in headers.items():
            if not (isinstance(header, str) and isinstance(value, (str, Secret))):
                raise DeclarationError(f"headers= wants texts; that of {header!r} is {type(value).__name__}.")
        for name in ("request_timeout", "discover_timeout"):
            if (seconds := getattr(self, name)) is not None and not 0 < seconds < math.inf:
                raise DeclarationError(f"{name}= wants seconds, more than 0, not {seconds}.")
        if self.max_attempts < 1:
            raise DeclarationError(f"max_attempts= wants 1 at least, not {self.max_attempts}.")

    def _refuse_contradictions(self) -> None:
        if self.api not in get_args(Api):
            raise DeclarationError(f"api= is one of {', '.join(get_args(Api))}, not {self.api!r}.")
        if (self.client_id is None) != (self.client_secret is None):
            raise DeclarationError("client_id= and client_secret= belong together; one of them is missing.")
        if self.password is not None and self.username is None:
            raise DeclarationError("password= needs username=: HTTP Basic authentication has both.")
        given = [name for name in ("username", "client_id", "token") if getattr(self, name) is not None]
        if len(given) > 1:
            raise DeclarationError(f"{'= and '.join(given)}= both say who asks Airbyte; give one of them.")

    @asynccontextmanager
    async def open(self, settings: Settings) -> AsyncGenerator[tuple[Gateway, Client, Sequence[Unreadable]]]:
        """The workspace, what it is asked through, and what of the others cannot be read.

        Args:
            settings: How it is asked.
        """
        api_root = api_root_of(self.url, self.api)
        async with open_client(self._options(api_root, settings)) as client:
            gateway, unreadable = await open_gateway(
                client,
                self.workspace,
                public_roots=api_root.public_roots,
                specs=freeze(self.specs),
                discover_timeout=self.discover_timeout,
            )
            yield gateway, client, unreadable

    @asynccontextmanager
    async def connect(self, settings: Settings) -> AsyncGenerator[Session]:
        async with self.open(settings) as (gateway, client, unreadable):
            base = client.address.base
            place = f"{base} workspace {gateway.workspace.name} ({gateway.workspace.workspace_id})"
            notices = [
                left_out(Key("workspace", workspace.name or workspace.id), workspace.fault)
                for workspace in unreadable
            ]
            yield Session(
                place=place,
                identity=f"{base} {gateway.workspace.workspace_id}",
                kinds=kinds_of(gateway, refresh_catalogs=settings.refresh_catalogs),
                host=client.address.host,
                notices=notices,
                classes=partial(_classes_of, gateway),
                module="dagster_managed_elements.airbyte",
                reconciler="AirbyteManagedElementReconciler",
            )

    def _options(self, api_root: ApiRoot, settings: Settings) -> ClientOptions:
        """Whoever reads what was recorded need not be allowed anything."""
        asks = settings.recording is None or not settings.recording.is_replayed
        return ClientOptions(
            base_url=api_root.base,
            headers={name: str(value) for name, value in reveal(dict(self.headers) if asks else {}).items()},
            credentials=self._credentials(api_root) if asks else Anonymous(),
            timeout=self.request_timeout or settings.timeout,
            attempts=self.max_attempts,
            verify=self.verify,
            trust_env=self.trust_env,
            proxy=None if self.proxy is None or not asks else self._read("proxy"),
            in_flight=settings.concurrency,
            service="Airbyte",
            read_error=refusals.sentence,
            recording=settings.recording,
            redact=redacted,
        )

    def _credentials(self, api_root: ApiRoot) -> Credentials:
        if self.client_id is not None:
            return ClientCredentials(self._read("client_id"), self._read("client_secret"), api_root.token_paths)
        if self.token is not None:
            return Bearer(self._read("token"))
        if self.username is None:
            return Anonymous()
        return Basic(self._read("username"), self._read("password"))

    def _read(self, name: str) -> str:
        """The text of a parameter that may be a secret, "" where it was not given."""
        text = str(reveal(getattr(self, name) or ""))
        if not is_sendable(text):
            raise DeclarationError(f"{name}= has half a character in it (a lone surrogate), which cannot be sent.")
        if "\n" in text or "\r" in text:  # a server would only say that it knows nobody of that name
            raise DeclarationError(f"{name}= has a line break in it; did a file or a variable bring it along?")
        return text


async def _classes_of(gateway: Gateway, elements: Sequence[Element], named: Sequence[str]) -> str:
    from dagster_managed_elements.airbyte.typing import classes_of  # which no check and no apply needs

    return await classes_of(gateway, elements, named)


_TEXTS: Final = ("username", "password", "client_id", "client_secret", "token", "proxy")
_TEXT: Final = ((str, Secret, type(None)), "text or a secret")
_WANTED: Final[Mapping[str, tuple[tuple[type[Any], ...], str]]] = {
    "url": ((str,), "text"),
    "workspace": ((str, type(None)), "text"),
    **dict.fromkeys(_TEXTS, _TEXT),
    "headers": ((Mapping, tuple), "a mapping of names to texts"),
    "request_timeout": ((int, float, type(None)), "seconds"),
    "discover_timeout": ((int, float), "seconds"),
    "max_attempts": ((int,), "a number"),
    "verify": ((bool, str, PathLike), "True, False or the path of a file"),
    "trust_env": ((bool,), "True or False"),
    "specs": ((Mapping, tuple), "a mapping of connectors to specifications"),
}
