"""Dagster's own Airbyte resources, taken by their attributes: nothing of its dagster-airbyte is imported or called.

Calling would not do: their set-up fetches a token. An EnvVar among the attributes is read when a run connects.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from dagster_managed_elements.airbyte.instance import AirbyteInstance
from dagster_managed_elements.airbyte.resources.request_params import read_request_params
from dagster_managed_elements.airbyte.servers.api_roots import CLOUD, CONFIG_ROOT, api_root_of
from dagster_managed_elements.engine.elements import plain
from dagster_managed_elements.engine.errors import DeclarationError
from dagster_managed_elements.engine.secrets import reveal

_WORKSPACE: Final = ("configuration_api_base_url", "rest_api_base_url", "workspace_id")
_SELF_MANAGED: Final = ("host", "port", "use_https")
_CLOUD: Final = ("client_id", "client_secret", "api_base_url")


@dataclass(frozen=True, slots=True)
class UpstreamResource:
    """One of `AirbyteResource`, `AirbyteCloudResource`, `AirbyteWorkspace`, `AirbyteCloudWorkspace`."""

    resource: Any

    def airbyte_instance(self) -> AirbyteInstance:
        """Raises DeclarationError where an environment variable is not set or an address cannot be used."""
        for attributes, read in ((_WORKSPACE, self._workspace), (_SELF_MANAGED, self._self_managed)):
            if _has(self.resource, attributes):
                return read()
        return AirbyteInstance(url=CLOUD, api="public", **self._common())

    def _workspace(self) -> AirbyteInstance:
        url = str(self._value("configuration_api_base_url")).rstrip("/")
        if (api_root := api_root_of(url)).public_roots:
            return AirbyteInstance(url=api_root.base, api="public", **self._common())
        if not url.endswith(CONFIG_ROOT):
            raise DeclarationError(
                f"configuration_api_base_url must end in {CONFIG_ROOT}, as in http://localhost:8000{CONFIG_ROOT}."
            )
        return AirbyteInstance(url=api_root.base, api="config", **self._common())

    def _self_managed(self) -> AirbyteInstance:
        scheme = "https" if self._value("use_https") else "http"
        port = self._value("port")
        url = f"{scheme}://{self._value('host')}{f':{port}' if port else ''}"
        params = read_request_params(self._value("request_additional_params"), url)
        return AirbyteInstance(url=url, **params, **self._common())

    def _common(self) -> dict[str, Any]:
        return {
            "workspace": self._value("workspace_id"),
            "username": self._value("username"),
            "password": self._value("password"),
            "client_id": self._value("client_id"),
            "client_secret": self._value("client_secret"),
            "request_timeout": self._value("request_timeout"),
            "max_attempts": int(self._value("request_max_retries") or 0) + 1,
        }

    def _value(self, name: str) -> Any:
        return reveal(plain(getattr(self.resource, name, None)))


def adopt(resource: Any) -> UpstreamResource | None:
    """*resource* as one that says which instance it stands for; None where it is none of Dagster's."""
    is_one = any(_has(resource, attributes) for attributes in (_WORKSPACE, _SELF_MANAGED, _CLOUD))
    return UpstreamResource(resource) if is_one else None


def _has(resource: Any, attributes: tuple[str, ...]) -> bool:
    return all(hasattr(resource, name) for name in attributes)
