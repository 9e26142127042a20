"""Airbyte as a Dagster resource, by the seed page's and upstream's names. The one module that imports dagster.

Reached only through the lazy names of `dagster_managed_elements.airbyte`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol, cast

from dagster import (
    Any as DagsterAny,
)
from dagster import (
    Bool,
    ConfigurableResource,
    DagsterError,
    Field,
    InitResourceContext,
    IntSource,
    Noneable,
    Permissive,
    ResourceDefinition,
    StringSource,
)
from pydantic import field_validator

from dagster_managed_elements.airbyte.gateways import DISCOVER_SECONDS
from dagster_managed_elements.airbyte.instance import AirbyteInstance
from dagster_managed_elements.airbyte.resources.request_params import read_request_params
from dagster_managed_elements.engine.elements import plain
from dagster_managed_elements.engine.errors import DeclarationError
from dagster_managed_elements.engine.secrets import reveal

_SCHEMA = {
    "host": Field(StringSource, description="The host of Airbyte's UI and API."),
    "port": Field(DagsterAny, is_required=False, description="Its port, as text, number or {'env': ...}."),
    "username": Field(StringSource, is_required=False, description="For HTTP Basic authentication."),
    "password": Field(StringSource, is_required=False, description="For HTTP Basic authentication."),
    "client_id": Field(StringSource, is_required=False, description="Of an application, for tokens."),
    "client_secret": Field(StringSource, is_required=False, description="Of that application."),
    "workspace": Field(StringSource, is_required=False, description="Its id or name, where there are several."),
    "use_https": Field(Bool, default_value=False),
    "request_max_retries": Field(IntSource, default_value=3, description="How often a request is repeated."),
    "request_retry_delay": Field(float, default_value=0.25, description="Accepted; pauses grow by themselves."),
    "request_timeout": Field(Noneable(IntSource), default_value=None, description="In seconds, of one attempt."),
    "request_additional_params": Field(
        Permissive(), default_value={}, description="`headers`, `verify`, `proxies`."
    ),
    "forward_logs": Field(
        Bool, default_value=True, description="Whether a run logs what the sync of an asset does."
    ),
    "cancel_sync_on_run_termination": Field(
        Bool, default_value=True, description="Whether that sync is cancelled with its run."
    ),
    "poll_interval": Field(float, default_value=10.0, description="Seconds between two looks at it."),
}


def _instance(config: Mapping[str, Any]) -> AirbyteInstance:
    """The instance a resource's configuration speaks of."""
    scheme = "https" if config.get("use_https") else "http"
    port = _resolved(config.get("port"))
    url = f"{scheme}://{config['host']}{f':{port}' if port else ''}"
    return AirbyteInstance(
        url=url,
        workspace=config.get("workspace"),
        username=config.get("username"),
        password=config.get("password"),
        client_id=config.get("client_id"),
        client_secret=config.get("client_secret"),
        request_timeout=config.get("request_timeout"),
        max_attempts=int(config.get("request_max_retries") or 0) + 1,
        **read_request_params(config.get("request_additional_params"), url),
    )


def _resolved(port: Any) -> Any:
    if not isinstance(port, Mapping):
        return port
    variable = str(cast("Mapping[str, Any]", port).get("env"))
    if (value := os.environ.get(variable)) is None:
        raise DeclarationError(f"The environment variable {variable} is not set.")
    return value


class _Evaluated(Protocol):
    """What Dagster's evaluation of a configuration ends in."""

    success: bool | None
    value: Mapping[str, Any]
    errors: Sequence[Any] | None


class AirbyteResourceDefinition(ResourceDefinition):
    """A Dagster resource definition that also says which Airbyte it stands for."""

    def copy_for_configured(self, description: str | None, config_schema: Any) -> AirbyteResourceDefinition:
        return AirbyteResourceDefinition(
            resource_fn=self.resource_fn,
            config_schema=config_schema,
            description=description or self.description,
            required_resource_keys=self.required_resource_keys,
            version=self.version,
        )

    def airbyte_instance(self) -> AirbyteInstance:
        """Raises DeclarationError where the configuration is wrong or an environment variable is not set."""
        return _instance(self.configuration())

    def configuration(self) -> Mapping[str, Any]:
        """With the values of variables, and defaults for what is not given. Raises as `airbyte_instance`.

        Asks for the configuration alone: a context of Dagster's would make an instance with its storages first,
        and that costs a second.
        """
        field = self.config_schema.as_field()
        if field.is_required:
            raise DeclarationError("airbyte_resource needs a configuration: airbyte_resource.configured({...}).")
        try:
            outer: Any = field.default_value if field.default_provided else {}
            result: _Evaluated = cast("Any", self).apply_config_mapping({"config": outer})
        except DagsterError as error:
            raise DeclarationError(f"airbyte_resource: {_reason(error)}") from error
        if not result.success:
            raise DeclarationError(f"airbyte_resource: {_messages(result.errors or ())}")
        return result.value["config"]


def _messages(errors: Iterable[Any]) -> str:
    return "; ".join(_line(str(error.message)) for error in errors)


def _line(message: str) -> str:
    """Without the stack trace that Dagster puts into its message about a variable."""
    unset = re.search(r'environment variable "(.+?)" which is not set', message)
    return f"The environment variable {unset[1]} is not set." if unset else " ".join(message.split())


def _reason(error: DagsterError) -> str:
    """What is wrong, in one line: Dagster's own message is a page."""
    if errors := getattr(error, "errors", None):
        return _messages(errors)
    return _line(str(error.__cause__ or error))


def _make(context: InitResourceContext) -> AirbyteInstance:
    return _instance(cast("Mapping[str, Any]", context.resource_config))


airbyte_resource = AirbyteResourceDefinition(
    resource_fn=_make, config_schema=_SCHEMA, description="An Airbyte whose elements are managed."
)
"""`airbyte_resource.configured({"host": ..., "port": ..., "password": {"env": ...}})`, as on the seed page."""


class AirbyteResource(ConfigurableResource[AirbyteInstance]):
    """Upstream's Pythonic resource; every value may be a Dagster EnvVar. `airbyte_resource` takes the same.

    Attributes:
        host: The host of Airbyte's UI and API.
        port: Its port, as a text or a number.
        username: For HTTP Basic authentication.
        password: For HTTP Basic authentication.
        client_id: Of an application of Airbyte's, for which tokens are fetched and renewed.
        client_secret: Of that application.
        workspace: Its id or name, where there are several.
        use_https: Whether the address begins with https.
        request_max_retries: How often a request that may be repeated is sent once more.
        request_retry_delay: Accepted, and not heeded: pauses grow by themselves.
        request_timeout: Seconds for an answer to begin or go on.
        request_additional_params: `headers`, `verify` and `proxies`, as upstream took them; others are refused.
        forward_logs: Whether a run logs what the sync of an asset does.
        cancel_sync_on_run_termination: Whether that sync is cancelled with its run.
        poll_interval: Seconds between two looks at it.
    """

    host: str
    port: str | None = None
    username: str | None = None
    password: str | None = None
    client_id: str | None = None
    client_secret: str | None = None
    workspace: str | None = None
    use_https: bool = False
    request_max_retries: int = 3
    request_retry_delay: float = 0.25
    request_timeout: int = 15
    request_additional_params: dict[str, Any] = {}  # noqa: RUF012 - pydantic copies it
    forward_logs: bool = True
    cancel_sync_on_run_termination: bool = True
    poll_interval: float = 10

    @field_validator("port", mode="before")
    @classmethod
    def _port_as_text(cls, value: Any) -> Any:
        return str(value) if type(value) is int else value

    def create_resource(self, context: InitResourceContext) -> AirbyteInstance:
        del context
        return self.airbyte_instance()

    def airbyte_instance(self) -> AirbyteInstance:
        """Raises DeclarationError where an environment variable is not set.

        Reads the fields as they are: Dagster's own way to resolve them makes an instance with its storages first,
        and that costs a second.
        """
        fields = {name: getattr(self, name) for name in type(self).model_fields}
        try:
            return _instance(reveal(plain(fields)))
        except DeclarationError as error:
            raise DeclarationError(f"AirbyteResource: {error}") from None


class AirbyteInstanceResource(ConfigurableResource[AirbyteInstance]):
    """An `AirbyteInstance` as a Dagster resource: the same parameters, of which each text may be a Dagster EnvVar.
    What declares it as `ResourceParam[AirbyteInstance]` is given the instance; a reconciler takes it as it is.

    Attributes:
        url: Where its UI is, such as `http://localhost:8000`, or `https://api.airbyte.com` for Cloud.
        workspace: An id or a name; may be left out where there is only one.
        username: For HTTP Basic authentication.
        password: For HTTP Basic authentication; needs *username*.
        client_id: Of an application of Airbyte's, for which tokens are fetched and renewed.
        client_secret: Of that application.
        token: A bearer token that somebody else fetched; it is not renewed.
        headers: Sent with every request.
        proxy: The URL of a proxy; without it those of the environment count.
        request_timeout: Seconds for an answer to begin or go on.
        max_attempts: How often a request that may be repeated is sent, at most.
        verify: Whether the server's certificate is.
        certificates: The path of a certificate authority's file where the default will not do.
        trust_env: With False no variable of the environment counts.
        api: Which of Airbyte's two APIs to use, `"config"` or `"public"`.
        discover_timeout: Seconds that discovering a source's streams may take.
    """

    url: str
    workspace: str | None = None
    username: str | None = None
    password: str | None = None
    client_id: str | None = None
    client_secret: str | None = None
    token: str | None = None
    headers: dict[str, str] = {}  # noqa: RUF012 - pydantic copies it
    proxy: str | None = None
    request_timeout: float | None = None
    max_attempts: int = 5
    verify: bool = True
    certificates: str | None = None
    trust_env: bool = True
    api: str = "auto"
    discover_timeout: float = DISCOVER_SECONDS

    def create_resource(self, context: InitResourceContext) -> AirbyteInstance:
        del context
        return self.airbyte_instance()

    def airbyte_instance(self) -> AirbyteInstance:
        """Raises DeclarationError where an environment variable is not set, or the values contradict each other."""
        fields = {name: getattr(self, name) for name in type(self).model_fields}
        try:
            given: dict[str, Any] = reveal(plain(fields))
        except DeclarationError as error:
            raise DeclarationError(f"AirbyteInstanceResource: {error}") from None
        certificates = given.pop("certificates")
        return AirbyteInstance(**{**given, "verify": certificates or given["verify"]})
