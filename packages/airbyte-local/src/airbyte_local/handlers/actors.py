"""Sources and destinations: created, changed, read, deleted. Airbyte calls both actors, and so do we."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from airbyte_local.connectors.definitions import ActorDefinition, Directory
from airbyte_local.handlers.connections import deprecate
from airbyte_local.jobs.world import Call, World, new_id
from airbyte_local.model import configurations as cfg
from airbyte_local.model.errors import Broken, configuration_invalid, named
from airbyte_local.model.json_values import Json, bean, form, is_object, merged
from airbyte_local.model.paging import bounds, page, page_after, page_size
from airbyte_local.model.records import Actor, ActorLine
from airbyte_local.model.validation import refusal, violations
from airbyte_local.model.vocabulary import Vocabulary
from airbyte_local.store.database import Session

STATES = ("inactive", "active")


def validated(definition: ActorDefinition, configuration: Any) -> Json:
    specification = definition.connector.spec()
    found = violations(specification, configuration)
    if found or not is_object(configuration):
        raise configuration_invalid(refusal(specification, found or ["$: object expected"]))
    return configuration


def actor_read(words: Vocabulary, actor: Actor, definition: ActorDefinition, used: int | None = None) -> Json:
    """*used*: by how many connections, which lists know, and with it whether the actor counts as active."""
    shown = None if actor.configuration is None else cfg.mask(definition.connector.spec(), actor.configuration)
    named = {words.id: actor.id, words.definition_id: definition.id, words.definition_name: definition.name}
    read = form(
        words.kind,
        **named,
        workspaceId=actor.workspace_id,
        name=actor.name,
        isVersionOverrideApplied=False,
        isEntitled=True,
        supportState="supported",
        breakingChanges=definition.breaking_changes,
        status=None if used is None else STATES[used > 0],
        numConnections=used,
        connectionJobStatuses={},
        createdAt=actor.created_at,
        resourceAllocation=actor.details.get("resourceAllocation"),
    )
    read["connectionConfiguration"] = shown  # null, not absent, once it is deleted
    return read


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorHandlers:
    words: Vocabulary

    def create(self, call: Call) -> Json:
        words, body, session = self.words, call.body, call.session
        definition = call.definitions(words.kind).get(body[words.definition_id])
        if session.workspaces.get(body["workspaceId"]) is None:
            inner = f"ConfigNotFoundException: config type: STANDARD_WORKSPACE id: {body['workspaceId']}"
            raise Broken(message=f"RuntimeException: {inner}")  # wrapped on its way: 500, not 404
        configuration = validated(definition, body["connectionConfiguration"])
        actor = Actor(
            id=new_id(),
            kind=words.kind,
            workspace_id=body["workspaceId"],
            definition_id=definition.id,
            name=named(body.get("name", "default")),
            configuration={},
            created_at=call.world.now(),
            details=bean(resourceAllocation=body.get("resourceAllocation")),
        )
        return self._store(session, actor, definition, configuration)

    def update(self, call: Call) -> Json:
        """The whole object again: a secret that is left out is lost, one sent as the mask is kept."""
        actor, definition = self._known(call)
        if actor.tombstone:
            raise Broken(message="NullPointerException: configuration")
        provided = call.body["connectionConfiguration"]
        kept = cfg.keep_masked(definition.connector.spec(), actor.configuration, provided)
        validated(definition, cfg.for_validation(kept, provided))
        return self._store(call.session, self._renamed(actor, call.body), definition, kept)

    def partial_update(self, call: Call) -> Json:
        """A deep merge that does not know the mask: ten asterisks sent are ten asterisks stored."""
        actor, definition = self._known(call)
        stored: Json = validated(definition, None) if actor.configuration is None else actor.configuration
        if (provided := call.body.get("connectionConfiguration")) is not None:
            stored = merged(stored, provided)
            validated(definition, cfg.for_validation(stored, provided))
        return self._store(call.session, self._renamed(actor, call.body), definition, stored)

    def get(self, call: Call) -> Json:
        actor, definition = self._known(call)
        return actor_read(self.words, actor, definition)

    def delete(self, call: Call) -> None:
        """Deprecates the connections, drops configuration and secrets; a second time is as good as the first."""
        actor, _ = self._known(call)
        delete_actor(call.world, call.session, actor)

    def list_by_cursor(self, call: Call) -> Json:
        """Cursor-paged: twenty rows unless more are asked for. Empty for a workspace that nobody knows."""
        words, body, session = self.words, call.body, call.session
        directory = call.definitions(words.kind)
        everything = session.actors.lines(words.kind, [body["workspaceId"]])
        rows = _filtered(session, everything, directory, body.get("filters", {}))
        sort, _, direction = body.get("sortKey", "actorName_asc").partition("_")
        by_type = sort == "actorDefinitionName"
        rows.sort(
            key=lambda line: ((directory.get(line.definition_id) if by_type else line).name.lower(), line.id),
            reverse=direction == "desc",
        )
        size = page_size(body, call.world.profile.cursor_page_size)
        shown = page_after(
            rows, cursor=body.get("cursor"), size=size, id_of=lambda a: a.id, not_found=words.not_found
        )
        reads = self._reads(call, [line.id for line in shown])
        return form("page", **{words.plural: reads}, page_size=size, num_connections=len(rows))

    def list_paginated(self, call: Call) -> Json:
        """In no order: an update may move a row from one page to another."""
        words, body, session = self.words, call.body, call.session
        deleted = body.get("includeDeleted", False)
        if needle := body.get("nameContains", "").lower():
            lines = session.actors.lines(words.kind, body["workspaceIds"], deleted=deleted)
            ids = [line.id for line in lines if needle in line.name.lower()]
        else:
            ids = session.actors.ids(words.kind, body["workspaceIds"], deleted=deleted)
        shown = page(ids, **bounds(body, call.world.profile.default_page_size))
        return {words.plural: self._reads(call, shown)}

    def search(self, _: Call) -> Json:
        """Nothing, whatever there is: the vendor's compares a time that nobody can ask for. Never use it."""
        return {self.words.plural: []}

    def clone(self, call: Call) -> Json:
        """A copy with its secrets, changed as the request says."""
        actor = call.session.actors.find(self.words, call.body[f"{self.words.kind}CloneId"])
        definition = call.definitions(self.words.kind).get(actor.definition_id)
        changes: Json = call.body.get(f"{self.words.kind}Configuration", {})
        whole = cfg.hydrate(actor.configuration or {}, call.session.actors.secret)
        configuration = merged(whole, changes.get("connectionConfiguration", {}))
        validated(definition, configuration)
        name = named(changes.get("name", f"{actor.name} (Copy)"))
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
        return replace(actor, name=named(body.get("name", actor.name)), details=details)

    def _store(self, session: Session, actor: Actor, definition: ActorDefinition, configuration: Json) -> Json:
        write = secret_writer(session, actor)
        split = cfg.split(definition.connector.spec(), configuration, actor.configuration, write)
        stored = replace(actor, configuration=split)
        session.actors.save(stored)
        return actor_read(self.words, stored, definition)

    def _reads(self, call: Call, ids: list[str]) -> list[Json]:
        directory = call.definitions(self.words.kind)
        uses = call.session.connections.count_by_actor(ids)
        return [
            actor_read(self.words, actor, directory.get(actor.definition_id), used=uses.get(actor.id, 0))
            for actor in call.session.actors.whole(ids)
        ]


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


def _filtered(session: Session, lines: list[ActorLine], directory: Directory, filters: Json) -> list[ActorLine]:
    needle: str = filters.get("searchTerm", "").lower()
    found = [
        line
        for line in lines
        if needle in line.name.lower() or needle in directory.get(line.definition_id).name.lower()
    ]
    if (states := filters.get("states")) is None:
        return found
    uses = session.connections.count_by_actor([line.id for line in found])
    return [line for line in found if STATES[uses.get(line.id, 0) > 0] in states]
