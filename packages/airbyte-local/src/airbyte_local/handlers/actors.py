"""Sources and destinations: created, changed, read, deleted. Airbyte calls both actors, and so do we."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from airbyte_local.connectors.definitions import ActorDefinition, Directory
from airbyte_local.handlers.connections import deprecate
from airbyte_local.jobs.world import Call, World, new_id
from airbyte_local.model import configurations as cfg
from airbyte_local.model.errors import Broken, NotFound, configuration_invalid
from airbyte_local.model.json_values import Json, bean, form, merged
from airbyte_local.model.paging import page, page_after, page_size
from airbyte_local.model.validation import refusal, violations
from airbyte_local.model.vocabulary import Vocabulary
from airbyte_local.store import Actor, ActorLine, Session


def validate(definition: ActorDefinition, configuration: Json) -> None:
    specification = definition.connector.spec()
    found = violations(specification, configuration)
    if found:
        raise configuration_invalid(refusal(specification, found))


def actor_read(words: Vocabulary, actor: Actor, definition: ActorDefinition, **more: Any) -> Json:
    shown = None if actor.configuration is None else cfg.mask(definition.connector.spec(), actor.configuration)
    return form(
        words.kind,
        **{
            words.definition_id: actor.definition_id,
            words.id: actor.id,
            words.definition_name: definition.name,
        },
        workspaceId=actor.workspace_id,
        connectionConfiguration=shown,
        name=actor.name,
        isVersionOverrideApplied=False,
        isEntitled=True,
        supportState="supported",
        status="active",
        createdAt=actor.created_at,
        resourceAllocation=actor.details.get("resourceAllocation"),
        **more,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorHandlers:
    words: Vocabulary

    def create(self, call: Call) -> Json:
        words, body, session = self.words, call.body, call.session
        definition = call.definitions(words.kind).get(body[words.definition_id])
        if session.workspaces.get(body["workspaceId"]) is None:
            inner = f"ConfigNotFoundException: config type: STANDARD_WORKSPACE id: {body['workspaceId']}"
            raise Broken(message=f"RuntimeException: {inner}")  # wrapped on its way: 500, not 404
        validate(definition, body["connectionConfiguration"])
        actor = Actor(
            id=new_id(),
            kind=words.kind,
            workspace_id=body["workspaceId"],
            definition_id=definition.id,
            name=body["name"],
            configuration={},
            created_at=call.world.now(),
            details=bean(resourceAllocation=body.get("resourceAllocation")),
        )
        return self._store(session, actor, definition, body["connectionConfiguration"])

    def update(self, call: Call) -> Json:
        """The whole object again: a secret that is left out is lost, one sent as the mask is kept."""
        actor, definition = self._known(call)
        provided = call.body["connectionConfiguration"]
        kept = cfg.keep_masked(definition.connector.spec(), actor.configuration, provided)
        validate(definition, cfg.for_validation(kept, provided))
        return self._store(call.session, self._renamed(actor, call.body), definition, kept)

    def partial_update(self, call: Call) -> Json:
        """A deep merge that does not know the mask: ten asterisks sent are ten asterisks stored."""
        actor, definition = self._known(call)
        provided: Json | None = call.body.get("connectionConfiguration")
        stored = actor.configuration or {}
        if provided is not None:
            stored = merged(stored, provided)
            validate(definition, cfg.for_validation(stored, provided))
        return self._store(call.session, self._renamed(actor, call.body), definition, stored)

    def get(self, call: Call) -> Json:
        actor, definition = self._known(call)
        return actor_read(self.words, actor, definition)

    def delete(self, call: Call) -> None:
        """Deprecates the connections, drops configuration and secrets; a second time is as good as the first."""
        actor, _ = self._known(call)
        delete_actor(call.world, call.session, actor)

    def list_by_cursor(self, call: Call) -> Json:
        """Cursor-paged: twenty rows unless more are asked for."""
        words, body, session = self.words, call.body, call.session
        if session.workspaces.get(body["workspaceId"]) is None:
            raise NotFound(type="STANDARD_WORKSPACE", id=body["workspaceId"])
        directory = call.definitions(words.kind)
        everything = session.actors.lines(words.kind, [body["workspaceId"]])
        rows = _filtered(everything, directory, body.get("filters", {}))
        sort, _, direction = body.get("sortKey", "actorName_asc").partition("_")
        rows.sort(key=_sorting(sort, directory), reverse=direction == "desc")
        size = page_size(body, call.world.profile.cursor_page_size)
        shown = page_after(
            rows, cursor=body.get("cursor"), size=size, id_of=lambda a: a.id, not_found=words.not_found
        )
        counts = session.connections.count_by_actor(body["workspaceId"])
        reads = [
            actor_read(words, actor, directory.get(actor.definition_id), numConnections=counts.get(actor.id, 0))
            for actor in session.actors.whole([line.id for line in shown])
        ]
        return form("page", **{words.plural: reads}, page_size=size, num_connections=len(rows))

    def list_paginated(self, call: Call) -> Json:
        words, body, session = self.words, call.body, call.session
        deleted = body.get("includeDeleted", False)
        if needle := body.get("nameContains", "").lower():
            lines = session.actors.lines(words.kind, body["workspaceIds"], deleted=deleted)
            ids = [line.id for line in lines if needle in line.name.lower()]
        else:
            ids = session.actors.ids(words.kind, body["workspaceIds"], deleted=deleted)
        pagination = body["pagination"]
        size = pagination.get("pageSize", call.world.profile.default_page_size)
        shown = page(ids, size=size, offset=pagination.get("rowOffset", 0))
        return self._reads(call, session.actors.whole(shown))

    def search(self, call: Call) -> Json:
        words, body = self.words, call.body
        workspaces = [workspace.id for workspace in call.session.workspaces.all()]
        rows = [
            actor
            for actor in call.session.actors.of_workspaces(words.kind, workspaces)
            if body.get(words.id, actor.id) == actor.id
            and body.get(words.definition_id, actor.definition_id) == actor.definition_id
            and body.get("workspaceId", actor.workspace_id) == actor.workspace_id
            and body.get("name", actor.name) == actor.name
        ]
        return self._reads(call, rows)

    def clone(self, call: Call) -> Json:
        """A copy with its secrets, changed as the request says."""
        actor = call.session.actors.find(self.words, call.body[f"{self.words.kind}CloneId"])
        definition = call.definitions(self.words.kind).get(actor.definition_id)
        changes: Json = call.body.get(f"{self.words.kind}Configuration", {})
        whole = cfg.hydrate(actor.configuration or {}, call.session.actors.secret)
        configuration = merged(whole, changes.get("connectionConfiguration", {}))
        validate(definition, configuration)
        name = changes.get("name", f"{actor.name} (Copy)")
        copy = replace(actor, id=new_id(), name=name, configuration={}, created_at=call.world.now())
        return self._store(call.session, copy, definition, configuration)

    def upgrade_version(self, call: Call) -> None:
        self._known(call)  # every actor follows its definition here: nothing is pinned

    def _known(self, call: Call) -> tuple[Actor, ActorDefinition]:
        if self.words.id not in call.body:
            raise Broken(message=f"NullPointerException: {self.words.id}")
        actor = call.session.actors.find(self.words, call.body[self.words.id])
        return actor, call.definitions(self.words.kind).get(actor.definition_id)

    def _renamed(self, actor: Actor, body: Json) -> Actor:
        details = {**actor.details, **bean(resourceAllocation=body.get("resourceAllocation"))}
        return replace(actor, name=body.get("name", actor.name), details=details)

    def _store(self, session: Session, actor: Actor, definition: ActorDefinition, configuration: Json) -> Json:
        write = secret_writer(session, actor)
        split = cfg.split(definition.connector.spec(), configuration, actor.configuration, write)
        stored = replace(actor, configuration=split)
        session.actors.save(stored)
        return actor_read(self.words, stored, definition)

    def _reads(self, call: Call, rows: list[Actor]) -> Json:
        directory = call.definitions(self.words.kind)
        reads = [actor_read(self.words, actor, directory.get(actor.definition_id)) for actor in rows]
        return {self.words.plural: reads}


def delete_actor(world: World, session: Session, actor: Actor) -> None:
    for connection in session.connections.of_actor(actor.id):
        deprecate(world, session, connection)
    session.actors.forget_secrets(actor.id)
    session.actors.save(replace(actor, configuration=None, tombstone=True))


def secret_writer(session: Session, actor: Actor) -> Callable[[Any, str | None], str]:
    """Stores one raw value. The version grows with every write, also of the same value."""

    def write(value: Any, before: str | None) -> str:
        if before is None or not before.startswith("airbyte_workspace_"):
            coordinate = f"airbyte_workspace_{actor.workspace_id}_secret_{new_id()}_v1"
        else:
            stem, _, version = before.rpartition("_v")
            coordinate = f"{stem}_v{int(version) + 1}"
        session.actors.put_secret(actor.id, coordinate, value)
        return coordinate

    return write


def _filtered(lines: list[ActorLine], directory: Directory, filters: Json) -> list[ActorLine]:
    needle: str = filters.get("searchTerm", "").lower()
    if filters.get("states") == ["inactive"]:
        return []  # ours are all active
    return [
        line
        for line in lines
        if needle in line.name.lower() or needle in directory.get(line.definition_id).name.lower()
    ]


def _sorting(key: str, directory: Directory) -> Callable[[ActorLine], tuple[str, str]]:
    if key == "actorDefinitionName":
        return lambda line: (directory.get(line.definition_id).name.lower(), line.id)
    return lambda line: (line.name.lower(), line.id)
