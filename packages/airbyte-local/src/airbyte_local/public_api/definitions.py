"""Connector definitions of a workspace; only custom ones can be changed here."""

from __future__ import annotations

from dataclasses import dataclass

from airbyte_local.connectors.definitions import TYPES, ActorDefinition
from airbyte_local.handlers.definitions import DefinitionHandlers, definition_read, is_granted
from airbyte_local.handlers.workspaces import find_workspace
from airbyte_local.jobs.world import Call
from airbyte_local.model.errors import Broken, NotFound
from airbyte_local.model.json_values import Json, form
from airbyte_local.model.vocabulary import DESTINATION, SOURCE, Vocabulary
from airbyte_local.public_api.answers import bad_request

CLOUD = "Non-declarative definitions cannot be created or updated in Airbyte Cloud."


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicDefinitions:
    words: Vocabulary

    def list_all(self, call: Call) -> Json:
        """Not paged."""
        find_workspace(call.session, call.body["workspaceId"])
        directory = call.definitions(self.words.kind)
        return {"data": [self._read(known) for known in directory.all() if self._visible(known, call)]}

    def get(self, call: Call) -> Json:
        return self._read(self._known(call))

    def create(self, call: Call) -> Json:
        _refuse_on_cloud(call)
        find_workspace(call.session, call.body["workspaceId"])
        wanted = {"documentationUrl": "", **call.body}
        workspace_id = wanted.pop("workspaceId")
        asked = call.asking({"workspaceId": workspace_id, self.words.definition: wanted})
        made = DefinitionHandlers(words=self.words).create_custom(asked)
        return self._read(call.definitions(self.words.kind).get(made[self.words.definition_id]))

    def put(self, call: Call) -> Json:
        _refuse_on_cloud(call)
        definition = self._own(call)
        asked = call.asking({**call.body, self.words.definition_id: definition.id})
        DefinitionHandlers(words=self.words).update(asked)
        return self._read(self._known(call))

    def delete(self, call: Call) -> Json:
        """200 with what was deleted, unlike all other deletions."""
        definition = self._own(call)
        DefinitionHandlers(words=self.words).delete(call.asking({self.words.definition_id: definition.id}))
        return self._read(definition)

    def _known(self, call: Call) -> ActorDefinition:
        definition = call.definitions(self.words.kind).get(call.body["definitionId"])
        if definition.tombstone or not self._visible(definition, call):
            raise NotFound(type=TYPES[self.words.kind], id=definition.id)
        return definition

    def _own(self, call: Call) -> ActorDefinition:
        definition = self._known(call)
        if not definition.custom:
            raise bad_request("Public definitions cannot be modified.")
        return definition

    def _visible(self, definition: ActorDefinition, call: Call) -> bool:
        """Low-code connectors have routes of their own."""
        return is_granted(definition, call.body["workspaceId"]) and not definition.declarative

    def _read(self, definition: ActorDefinition) -> Json:
        return form(
            "public_definition",
            id=definition.id,
            name=definition.name,
            dockerRepository=definition.repository,
            dockerImageTag=definition.tag,
            documentationUrl=definition_read(self.words, definition)["documentationUrl"],
        )


def list_connectors(call: Call) -> Json:
    """Sources or destinations by their names; the vendor needs a workspace, and does not say so in its contract."""
    if "workspaceId" not in call.body:
        raise Broken(message="IllegalArgumentException: workspaceId must be provided")
    words = SOURCE if call.body["type"] == "source" else DESTINATION
    rows = [
        {
            "id": definition.id,
            "name": definition.name,
            "connectorDefinitionType": words.kind,
            "version": definition.tag,
        }
        for definition in call.definitions(words.kind).all()
        if is_granted(definition, call.body["workspaceId"])
    ]
    return {"data": rows}


def _refuse_on_cloud(call: Call) -> None:
    if call.world.profile.is_cloud:
        raise bad_request(CLOUD)
