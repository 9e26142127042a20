"""The connectors of a workspace through the Public API, which has them since 1.6."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, NoReturn
from urllib.parse import quote

from dagster_managed_elements.airbyte.public_api.bodies import ReadLowCode
from dagster_managed_elements.airbyte.registries import Limits, LowCode, Published
from dagster_managed_elements.airbyte.servers.api_roots import BARE_ROOT, USE_CONFIG
from dagster_managed_elements.airbyte.wire import Definition, Json, Side, read_answered
from dagster_managed_elements.api.client import Client
from dagster_managed_elements.api.requests import Request
from dagster_managed_elements.engine.errors import DeclarationError, Missing

_ABSENT: Final = 'the Public API of this Airbyte has no connectors (1.6 and later have); use api="config"'
_PUBLIC: Final = (
    f"Airbyte's Public API cannot change the version of a connector that is not your own; {USE_CONFIG}: there "
    "Airbyte itself decides on versions"
)
_CLOUD: Final = "Airbyte Cloud takes no connectors of an image, only low-code ones"
_NAMED: Final = "Airbyte's Public API cannot rename a low-code connector; rename it in Airbyte's Builder"
_ACTIVE: Final = (
    "Airbyte's Public API tells of no version but the one in use, and numbers new ones itself; leave "
    f"active_version out, or {USE_CONFIG}"
)


class PublicRegistry:
    """See `Registry`. *low_code* tells of the low-code connectors, None where the server has no list of connectors;
    *forget* has all lists asked for again. *patience* is in seconds: the server runs an image.
    """

    def __init__(
        self,
        client: Client,
        root: str,
        workspace_id: str,
        *,
        low_code: Callable[[], Awaitable[Sequence[ReadLowCode] | None]],
        forget: Callable[[], None],
        patience: float,
    ) -> None:
        self._client, self._read_low_code, self.forget, self._patience = client, low_code, forget, patience
        self._is_cloud = root == BARE_ROOT
        self._path = f"{root}/workspaces/{workspace_id}/definitions"

    async def limits(self) -> Limits:
        if await self._read_low_code() is None:
            return Limits(images=_ABSENT, public=_ABSENT, low_code=_ABSENT, active_versions=_ABSENT)
        images = _CLOUD if self._is_cloud else None
        return Limits(images=images, public=_PUBLIC, low_code_renames=_NAMED, active_versions=_ACTIVE)

    async def create_definition(self, side: Side, definition: Definition) -> str:
        body = {
            "name": definition.name,
            "dockerRepository": definition.docker_repository,
            "dockerImageTag": definition.docker_image_tag,
        }
        if definition.documentation_url:
            body["documentationUrl"] = definition.documentation_url
        path = f"{self._path}/{side}s"
        return read_answered(await self._send("POST", path, body), "id", path)

    async def update_definition(self, side: Side, definition: Definition, *, name: str, tag: str) -> None:
        path = f"{self._path}/{side}s/{quote(definition.id)}"
        answer = await self._send("PUT", path, {"name": name, "dockerImageTag": tag})
        read_answered(answer, "id", path, definition.id)

    async def delete_definition(self, side: Side, definition_id: str) -> None:
        await self._delete(f"{self._path}/{side}s/{quote(definition_id)}")

    async def low_code(self) -> Sequence[LowCode]:
        return [
            LowCode(
                id=connector.definition.id,
                name=connector.definition.name,
                version=connector.version or 0,
                project=connector.definition.id,
                manifest=connector.manifest,
            )
            for connector in await self._read_low_code() or ()
        ]

    async def published(self, connector: LowCode, version: int) -> Published:
        return Published(version=version, manifest=connector.manifest)

    async def versions(self, connector: LowCode) -> Sequence[int]:
        return [] if connector.version is None else [connector.version]

    async def create_low_code(self, name: str, manifest: Json, *, version: int, description: str) -> str:
        del version, description
        path = f"{self._path}/declarative_sources"
        return read_answered(await self._send("POST", path, {"name": name, "manifest": manifest}), "id", path)

    async def publish(self, connector: LowCode, manifest: Json, *, version: int | None, description: str) -> None:
        """As a create: a second one would be one more version."""
        del version, description
        path = f"{self._path}/declarative_sources/{quote(connector.id)}"
        answer = await self._send("PUT", path, {"manifest": manifest}, once=True)
        read_answered(answer, "id", path, connector.id)

    async def activate(self, connector: LowCode, version: int) -> NoReturn:
        del connector, version
        raise DeclarationError(_ACTIVE)

    async def rename_low_code(self, connector: LowCode, name: str) -> NoReturn:
        del connector, name
        raise DeclarationError(_NAMED)

    async def delete_low_code(self, connector: LowCode) -> None:
        await self._delete(f"{self._path}/declarative_sources/{quote(connector.id)}")

    async def _send(self, method: str, path: str, body: Json, *, once: bool = False) -> Any:
        effect = "create" if method == "POST" or once else "update"
        try:
            request = Request(method=method, path=path, json=body, effect=effect, lasting=self._patience)
            return await self._client.send(request)
        finally:
            self.forget()

    async def _delete(self, path: str) -> None:
        try:
            await self._client.send(Request(method="DELETE", path=path, effect="delete"))
        except Missing:
            return
        finally:
            self.forget()
