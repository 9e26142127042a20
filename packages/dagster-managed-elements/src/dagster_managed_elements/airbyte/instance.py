"""An Airbyte to talk to: where it is, who asks, which workspace. Opens nothing until a run connects it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import get_args

from dagster_managed_elements.airbyte import refusals
from dagster_managed_elements.airbyte.api_roots import Api, ApiRoot, api_root_of
from dagster_managed_elements.airbyte.kinds import kinds_of
from dagster_managed_elements.airbyte.specs.given import Frozen, Given, freeze
from dagster_managed_elements.airbyte.workspaces import open_gateway
from dagster_managed_elements.api.addresses import printable
from dagster_managed_elements.api.client import ClientOptions, open_client
from dagster_managed_elements.api.requests import Anonymous, Basic, Bearer, Credentials
from dagster_managed_elements.api.tokens import ClientCredentials
from dagster_managed_elements.engine.elements import plain
from dagster_managed_elements.engine.errors import DeclarationError
from dagster_managed_elements.engine.kinds import Instance, Session, Settings
from dagster_managed_elements.engine.secrets import Secret, reveal


@dataclass(frozen=True, kw_only=True)
class AirbyteInstance(Instance):
    """One workspace of one Airbyte.

    *url* is where its UI is, such as `http://localhost:8000`, or `https://api.airbyte.com` for Cloud. *workspace*
    is an id or a name; it may be left out where there is only one. *api* is which of Airbyte's two APIs to use:
    by itself the Public one for Cloud, the Config API otherwise.

    Who asks: nobody in particular; *username* and *password* (HTTP Basic); *client_id* and *client_secret* of an
    application, for which tokens are fetched and renewed; or a *token*. *headers* go with every request. All of
    these may be a `Secret`, an `EnvVar` or Dagster's.

    *request_timeout* is in seconds, for one attempt. *verify* is False or the path of a certificate authority's
    file where the default will not do. *proxy* is the URL of one; without it those of the environment count,
    unless *trust_env* is False. *specs* gives connectors' specifications (a JSON Schema, or the file that has one)
    where the API tells none: `{"source-postgres": "postgres.json"}`.

    Raises DeclarationError where it says in two ways who asks, or a file of *specs* cannot be read.
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

    def __post_init__(self) -> None:
        # Frozen and hashable whatever was given, so that reconcilers of one instance share one connection.
        for name in ("username", "password", "client_id", "client_secret", "token", "proxy"):
            object.__setattr__(self, name, plain(getattr(self, name)))
        object.__setattr__(self, "headers", tuple(plain(dict(self.headers)).items()))
        object.__setattr__(self, "specs", freeze(self.specs))
        self._refuse_contradictions()

    def __repr__(self) -> str:
        """Without whoever asks: a URL may carry a password."""
        return f"AirbyteInstance(url={printable(self.url)!r}, workspace={self.workspace!r})"

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
    async def connect(self, settings: Settings) -> AsyncGenerator[Session]:
        api_root = api_root_of(self.url, self.api)
        options = ClientOptions(
            base_url=api_root.base,
            headers={name: str(value) for name, value in reveal(dict(self.headers)).items()},
            credentials=self._credentials(api_root),
            timeout=self.request_timeout or settings.timeout,
            attempts=self.max_attempts,
            verify=self.verify,
            trust_env=self.trust_env,
            proxy=None if self.proxy is None else str(reveal(self.proxy)),
            in_flight=settings.concurrency,
            service="Airbyte",
            read_error=refusals.sentence,
        )
        async with open_client(options) as client:
            gateway = await open_gateway(
                client, self.workspace, public_roots=api_root.public_roots, specs=freeze(self.specs)
            )
            base = client.address.base
            place = f"{base} workspace {gateway.workspace.name} ({gateway.workspace.workspace_id})"
            yield Session(place=place, kinds=kinds_of(gateway), host=client.address.host)

    def _credentials(self, api_root: ApiRoot) -> Credentials:
        if self.client_id is not None:
            pair = (str(reveal(self.client_id)), str(reveal(self.client_secret)))
            return ClientCredentials(*pair, api_root.token_paths)
        if self.token is not None:
            return Bearer(str(reveal(self.token)))
        if self.username is None:
            return Anonymous()
        return Basic(str(reveal(self.username)), str(reveal(self.password or "")))
