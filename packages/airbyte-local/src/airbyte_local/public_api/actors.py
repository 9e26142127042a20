"""Sources and destinations: the shared handlers under other property names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from airbyte_local.connectors.definitions import Directory
from airbyte_local.handlers.actors import ActorHandlers
from airbyte_local.jobs.world import Call
from airbyte_local.model import configurations as cfg
from airbyte_local.model.errors import Known
from airbyte_local.model.json_values import Json, form
from airbyte_local.model.vocabulary import Vocabulary
from airbyte_local.public_api.answers import listed, pagination, problem, workspace_ids

Handler = Callable[[Call], Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicActors:
    words: Vocabulary

    def create(self, call: Call) -> Json:
        self._refuse_resources_on_cloud(call)
        body, words = call.body, self.words
        return self._asked(call, self._shared.create, {words.definition_id: self._definition_id(call), **body})

    def get(self, call: Call) -> Json:
        found = self._asked(call, self._shared.get, call.body)
        if not call.body.get("includeSecretCoordinates"):
            return found
        actor = call.session.actors.find(self.words, call.body[self.words.id])
        if call.world.profile.coordinates == "shown" and actor.configuration is not None:
            specification = call.definitions(self.words.kind).get(actor.definition_id).connector.spec()
            found["configuration"] = cfg.show_coordinates(specification, actor.configuration)
        return found

    def put(self, call: Call) -> Json:
        self._refuse_resources_on_cloud(call)
        return self._asked(call, self._shared.update, call.body)

    def patch(self, call: Call) -> Json:
        self._refuse_resources_on_cloud(call)
        return self._asked(call, self._shared.partial_update, call.body)

    def list_all(self, call: Call) -> Json:
        body = {
            "workspaceIds": workspace_ids(call),
            "pagination": pagination(call),
            "includeDeleted": call.body.get("includeDeleted", False),
        }
        asked = call.asking(body)
        directory = call.definitions(self.words.kind)
        rows = self._shared.list_paginated(asked)[self.words.plural]
        return listed(call, self.words.plural, [self._read(row, directory) for row in rows])

    @property
    def _shared(self) -> ActorHandlers:
        return ActorHandlers(words=self.words)

    def _asked(self, call: Call, handler: Handler, body: Json) -> Json:
        """The answer of a shared handler in the words of this API."""
        asked = dict(body)
        if "configuration" in asked:
            given: Json = asked.pop("configuration")
            asked["connectionConfiguration"] = {k: v for k, v in given.items() if k != f"{self.words.kind}Type"}
        read = handler(call.asking(asked))
        return self._read(read, call.definitions(self.words.kind))

    def _read(self, read: Json, directory: Directory) -> Json:
        words = self.words
        definition = directory.get(read[words.definition_id])
        shown = form(
            f"public_{words.kind}",
            **{words.id: read[words.id], f"{words.kind}Type": definition.type_name},
            name=read["name"],
            definitionId=definition.id,
            workspaceId=read["workspaceId"],
            createdAt=read["createdAt"],
            resourceAllocation=read.get("resourceAllocation"),
        )
        shown["configuration"] = read["connectionConfiguration"]
        return shown

    def _definition_id(self, call: Call) -> str:
        if "definitionId" in call.body:
            return call.body["definitionId"]
        name = call.body["configuration"].get(f"{self.words.kind}Type")
        if name is None:
            raise problem("unprocessable-entity")
        for definition in call.definitions(self.words.kind).all():
            if name and definition.type_name == name:
                return definition.id
        raise problem("value-not-found", {"value": name})

    def _refuse_resources_on_cloud(self, call: Call) -> None:
        if call.world.profile.is_cloud and "resourceAllocation" in call.body:
            raise Known(status=400, message="Setting resource allocation is not permitted on CLOUD")
