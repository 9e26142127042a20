"""The connectors of a workspace through the Config API: definitions, and the Builder's projects and versions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, Final

from dagster_managed_elements.airbyte.config_api.endpoints import NAMES
from dagster_managed_elements.airbyte.manifests import sendable_spec
from dagster_managed_elements.airbyte.registries import Limits, LowCode, Published
from dagster_managed_elements.airbyte.servers.api_roots import CONFIG_ROOT
from dagster_managed_elements.airbyte.servers.server import Server
from dagster_managed_elements.airbyte.wire import (
    Definition,
    Json,
    Side,
    Unreadable,
    WireStruct,
    convert,
    read_answered,
    read_list,
    read_optional,
)
from dagster_managed_elements.api.client import Client
from dagster_managed_elements.api.requests import Effect, Request
from dagster_managed_elements.engine.errors import ApiError, Lost, Missing

_PROJECTS: Final = f"{CONFIG_ROOT}/connector_builder_projects"
_MANIFESTS: Final = f"{CONFIG_ROOT}/declarative_source_definitions"


class _Project(WireStruct, frozen=True, kw_only=True):
    builder_project_id: str
    name: str
    source_definition_id: str | None = None
    active_declarative_manifest_version: int | None = None
    has_draft: bool = False
    components_file_content: str | None = None


class _Version(WireStruct, frozen=True, kw_only=True):
    version: int


class _Manifest(WireStruct, frozen=True, kw_only=True):
    manifest: Any = None
    version: int | None = None


class ConfigRegistry:
    """See `Registry`. *definitions* are those of the workspace; *forget* has them and their specifications asked
    for again. *patience* is in seconds: the server runs an image for its specification.
    """

    def __init__(
        self,
        client: Client,
        workspace_id: str,
        server: Server,
        *,
        definitions: Callable[[Side], Awaitable[Sequence[Definition | Unreadable]]],
        forget: Callable[[], None],
        patience: float,
    ) -> None:
        self._patience = patience
        self._client, self._here, self._server = client, {"workspaceId": workspace_id}, server
        self._definitions, self.forget = definitions, forget

    async def limits(self) -> Limits:
        if "name" in self._server.profile.definition_update:
            return Limits()
        why = "this Airbyte cannot rename a connector; 1.5 and later can"
        return Limits(renames=why, low_code_renames=why)

    async def create_definition(self, side: Side, definition: Definition) -> str:
        names = NAMES[side]
        said = {
            "name": definition.name,
            "dockerRepository": definition.docker_repository,
            "dockerImageTag": definition.docker_image_tag,
            "documentationUrl": definition.documentation_url,
        }
        path = f"{CONFIG_ROOT}/{side}_definitions/create_custom"
        made = await self._write(path, {**self._here, f"{side}Definition": said}, "create")
        return read_answered(made, names.definition_id, path)

    async def update_definition(self, side: Side, definition: Definition, *, name: str, tag: str) -> None:
        names = NAMES[side]
        accepted = self._server.profile.definition_update
        said = {"dockerImageTag": tag, **({"name": name} if name != definition.name else {}), **self._here}
        body = {names.definition_id: definition.id, **{key: said[key] for key in said if key in accepted}}
        path = f"{CONFIG_ROOT}/{side}_definitions/update"
        read_answered(await self._write(path, body, "update"), names.definition_id, path, definition.id)

    async def delete_definition(self, side: Side, definition_id: str) -> None:
        await self._delete(f"{CONFIG_ROOT}/{side}_definitions/delete", {NAMES[side].definition_id: definition_id})

    async def low_code(self) -> Sequence[LowCode]:
        """Those of the organization too: built in another workspace, they have no project here."""
        projects = {project.source_definition_id: project for project in await self._projects()}
        return [
            _low_code(definition, projects.get(definition.id))
            for definition in await self._definitions("source")
            if isinstance(definition, Definition) and definition.is_low_code
        ]

    async def _projects(self) -> Sequence[_Project]:
        path = f"{_PROJECTS}/list"
        rows = read_list(await self._read(path, self._here), "projects", path)
        return [convert(row, _Project, f"{path}[{number}]") for number, row in enumerate(rows)]

    async def published(self, connector: LowCode, version: int) -> Published:
        path = f"{_PROJECTS}/get_with_manifest"
        asked = {**self._here, "builderProjectId": connector.project, "version": version}
        body = await self._read(path, asked)
        found = convert(read_optional(body, "declarativeManifest", path), _Manifest, f"{path}.declarativeManifest")
        project = convert(read_optional(body, "builderProject", path), _Project, f"{path}.builderProject")
        return Published(version=version, manifest=found.manifest, components=project.components_file_content)

    async def versions(self, connector: LowCode) -> Sequence[int]:
        path = f"{_MANIFESTS}/list_manifests"
        rows = read_list(await self._read(path, self._of(connector)), "manifestVersions", path)
        return [convert(row, _Version, f"{path}[{number}]").version for number, row in enumerate(rows)]

    async def create_low_code(self, name: str, manifest: Json, *, version: int, description: str) -> str:
        """In two steps: a draft in the Builder, and that published. A draft of it that is there is gone on with."""
        project = await self._draft(name, manifest) or await self._drafted(name, manifest)
        body = {**self._here, "builderProjectId": project, "name": name}
        offered = _offered(manifest, version, description)
        path = f"{_PROJECTS}/publish"
        try:
            made = await self._write(path, {**body, "initialDeclarativeManifest": offered}, "create")
        except Lost:
            raise
        except ApiError:
            with suppress(ApiError):
                if await self._is_draft(project):
                    await self._drop(project)
            raise
        return read_answered(made, "sourceDefinitionId", path)

    async def _is_draft(self, project: str) -> bool:
        """Whether it is still one: a server may publish it, and fail at the answer alone."""
        drafts = (known for known in await self._projects() if known.source_definition_id is None)
        return project in {draft.builder_project_id for draft in drafts}

    async def _draft(self, name: str, manifest: Json) -> str | None:
        """A draft that an earlier run did not come to publish."""
        for project in await self._projects():
            if project.source_definition_id is None and project.name == name:
                path = f"{_PROJECTS}/get_with_manifest"
                body = await self._read(path, {**self._here, "builderProjectId": project.builder_project_id})
                told = read_optional(body, "declarativeManifest", path)
                if told is not None and convert(told, _Manifest, path).manifest == manifest:
                    return project.builder_project_id
        return None

    async def _drafted(self, name: str, manifest: Json) -> str:
        path = f"{_PROJECTS}/create"
        body = {**self._here, "builderProject": {"name": name, "draftManifest": manifest}}
        return read_answered(await self._write(path, body, "create"), "builderProjectId", path)

    async def _drop(self, project: str | None) -> None:
        """A project that nothing was published of, or nothing is any more."""
        if project is not None:
            await self._delete(f"{_PROJECTS}/delete", {**self._here, "builderProjectId": project})

    async def publish(self, connector: LowCode, manifest: Json, *, version: int | None, description: str) -> None:
        kept = None if connector.version is None else await self.published(connector, connector.version)
        number = version or max(await self.versions(connector)) + 1
        body = {
            **self._of(connector),
            "setAsActiveManifest": True,
            "declarativeManifest": _offered(manifest, number, description),
        }
        if kept is not None and kept.components is not None:
            body["componentsFileContent"] = kept.components  # left out, the new version would have none
        # As a create: sent a second time it would be refused, since the number is taken.
        await self._write(f"{_MANIFESTS}/create_manifest", body, "create")

    async def activate(self, connector: LowCode, version: int) -> None:
        path = f"{_MANIFESTS}/update_active_manifest"
        await self._write(path, {**self._of(connector), "version": version}, "update")

    async def rename_low_code(self, connector: LowCode, name: str) -> None:
        for definition in await self._definitions("source"):
            if isinstance(definition, Definition) and definition.id == connector.id:
                await self.update_definition("source", definition, name=name, tag=definition.docker_image_tag)

    async def delete_low_code(self, connector: LowCode) -> None:
        """Gone with its definition, which is what is told: where its project cannot be deleted, what is left in the
        Builder is a draft of nothing.
        """
        await self.delete_definition("source", connector.id)
        with suppress(ApiError):
            await self._drop(connector.project)

    def _of(self, connector: LowCode) -> Json:
        return {**self._here, "sourceDefinitionId": connector.id}

    async def _read(self, path: str, asked: Json) -> Any:
        return await self._client.send(Request(path=path, json=asked))

    async def _write(self, path: str, body: Json, effect: Effect) -> Any:
        try:
            return await self._client.send(Request(path=path, json=body, effect=effect, lasting=self._patience))
        finally:
            self.forget()

    async def _delete(self, path: str, body: Json) -> None:
        try:
            await self._client.send(Request(path=path, json=body, effect="delete"))
        except Missing:
            return
        finally:
            self.forget()


def _low_code(definition: Definition, project: _Project | None) -> LowCode:
    if project is None:
        return LowCode(id=definition.id, name=definition.name)
    return LowCode(
        id=definition.id,
        name=definition.name,
        version=project.active_declarative_manifest_version,
        project=project.builder_project_id,
        has_draft=project.has_draft,
    )


def _offered(manifest: Json, version: int, description: str) -> Json:
    return {"manifest": manifest, "spec": sendable_spec(manifest), "description": description, "version": version}
