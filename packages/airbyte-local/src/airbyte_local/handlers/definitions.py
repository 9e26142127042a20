"""Source and destination definitions, their specifications, and the manifests of low-code ones."""

from __future__ import annotations

from dataclasses import dataclass, replace

from airbyte_local.connectors.definitions import TYPES, ActorDefinition
from airbyte_local.handlers.actors import delete_actor
from airbyte_local.handlers.discovery import job_read
from airbyte_local.jobs.world import Call, new_id
from airbyte_local.model.errors import Broken, Known, NotFound, named
from airbyte_local.model.json_values import Json, bean, form, is_object
from airbyte_local.model.records import Definition
from airbyte_local.model.vocabulary import SOURCE, Vocabulary
from airbyte_local.versions.profiles import Profile

SILENCE_SECONDS = 24 * 3600
"""How long a source may say nothing, as the vendor's registry has it for most."""
OAUTH = {
    "oauth_user_input_from_connector_config_specification": "oauthUserInputFromConnectorConfigSpecification",
    "complete_oauth_output_specification": "completeOAuthOutputSpecification",
    "complete_oauth_server_input_specification": "completeOAuthServerInputSpecification",
    "complete_oauth_server_output_specification": "completeOAuthServerOutputSpecification",
}
CHANGEABLE = ("name", "dockerImageTag", "resourceRequirements")


def definition_read(words: Vocabulary, definition: ActorDefinition) -> Json:
    page = definition.repository.rpartition("/")[2].partition("-")[2]
    return form(
        f"{words.kind}_definition",
        **{words.definition_id: definition.id},
        name=definition.name,
        dockerRepository=definition.repository,
        dockerImageTag=definition.tag,
        documentationUrl=definition.details.get(
            "documentationUrl", f"https://docs.airbyte.com/integrations/{words.plural}/{page}"
        ),
        icon=definition.details.get("icon"),
        protocolVersion="0.2.0",
        custom=definition.custom,
        enterprise=False,
        supportLevel=definition.support_level,
        maxSecondsBetweenMessages=SILENCE_SECONDS if words.kind == "source" else None,
        releaseStage="custom" if definition.custom else "generally_available",
        sourceType=definition.source_type,
        resourceRequirements=definition.details.get("resourceRequirements"),
    )


def version_read(definition: ActorDefinition) -> Json:
    return form(
        "actor_version",
        dockerRepository=definition.repository,
        dockerImageTag=definition.tag,
        supportsRefreshes=definition.supports_refreshes,
        isVersionOverrideApplied=False,
        supportLevel=definition.support_level,
        supportState="supported",
        supportsFileTransfer=False,
        supportsDataActivation=False,
    )


def destination_sync_modes(definition: ActorDefinition, profile: Profile) -> list[str]:
    """`overwrite_dedup` is not in any specification: the server adds it where the parts for it are there."""
    modes = list(definition.sync_modes)
    can_dedup = definition.supports_refreshes and {"append_dedup", "overwrite"} <= set(modes)
    everything = [*modes, "overwrite_dedup"] if can_dedup else modes
    return [mode for mode in everything if mode in profile.destination_sync_modes]


def advanced_auth(definition: ActorDefinition) -> Json | None:
    """What the vendor's OAuth puts into a configuration, as a manifest tells it under other names."""
    manifest: Json = definition.details.get("manifest") or {}
    spec = manifest.get("spec")
    told = spec.get("advanced_auth") if is_object(spec) else None
    if not is_object(told):
        return None
    configuration: Json = told.get("oauth_config_specification") or {}
    outputs = {name: configuration.get(snake) for snake, name in OAUTH.items()}
    return bean(
        authFlowType=told.get("auth_flow_type"),
        predicateKey=told.get("predicate_key"),
        predicateValue=told.get("predicate_value"),
        oauthConfigSpecification=bean(**outputs),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DefinitionHandlers:
    words: Vocabulary

    def list_all(self, call: Call) -> Json:
        return self._reads(call.definitions(self.words.kind).all())

    def list_for_workspace(self, call: Call) -> Json:
        found = [d for d in call.definitions(self.words.kind).all() if is_granted(d, call.body["workspaceId"])]
        if call.body.get("filterByUsed"):
            actors = call.session.actors.of_workspaces(self.words.kind, [call.body["workspaceId"]])
            used = {actor.definition_id for actor in actors}
            found = [definition for definition in found if definition.id in used]
        return self._reads(found)

    def list_private(self, call: Call) -> Json:
        own = [d for d in call.definitions(self.words.kind).all() if d.custom]
        return {f"{self.words.definition}s": [self._private(d, call.body["workspaceId"]) for d in own]}

    def get(self, call: Call) -> Json:
        """Deleted ones too."""
        return definition_read(self.words, self._known(call))

    def get_for_scope(self, call: Call) -> Json:
        """A workspace's own, or of whatever it is granted to."""
        definition_id: str = call.body.get(self.words.definition_id) or call.body["actorDefinitionId"]
        scope: str = call.body.get("workspaceId") or call.body["scopeId"]
        definition = call.definitions(self.words.kind).get(definition_id)
        if definition.tombstone or not is_granted(definition, scope):
            raise NotFound(type=TYPES[self.words.kind], id=definition_id)
        return definition_read(self.words, definition)

    def create_custom(self, call: Call) -> Json:
        body = call.body
        scope = body.get("workspaceId") or body.get("scopeId")
        if scope is None:
            raise Broken(message="IllegalArgumentException: a workspace or a scope is needed")
        wanted: Json = {**body[self.words.definition], "name": named(body[self.words.definition]["name"])}
        if wanted["dockerImageTag"].startswith("fail:spec"):
            raise Broken(message="IllegalStateException: Get Spec job failed.")
        row = Definition(id=new_id(), kind=self.words.kind, custom=True, grants=(scope,), details=wanted)
        return self._save(call, row)

    def update(self, call: Call) -> Json:
        """Of a public definition: the version that this instance uses."""
        definition = self._known(call)
        if "name" in call.body and not definition.custom:
            raise Known(status=400, message="The name of a public definition cannot be changed.")
        said = bean(**{name: call.body.get(name) for name in CHANGEABLE})
        return self._save(call, _row(definition, details={**definition.details, **said}))

    def rewrite(self, call: Call, definition: ActorDefinition, details: Json) -> None:
        """Of a custom definition: everything it says about itself."""
        call.session.definitions.save(_row(definition, details=details))

    def delete(self, call: Call) -> None:
        definition = self._known(call)
        for actor in call.session.actors.of_definition(definition.id):
            delete_actor(call.world, call.session, actor)
        call.session.definitions.save(replace(_row(definition), tombstone=True))

    def grant(self, call: Call) -> Json:
        definition = call.definitions(self.words.kind).get(call.body["actorDefinitionId"])
        scope = call.body["scopeId"]
        row = _row(definition)
        call.session.definitions.save(replace(row, grants=tuple({*row.grants, scope})))
        return self._private(call.definitions(self.words.kind).get(definition.id), scope)

    def revoke(self, call: Call) -> None:
        row = _row(call.definitions(self.words.kind).get(call.body["actorDefinitionId"]))
        left = tuple(scope for scope in row.grants if scope != call.body["scopeId"])
        call.session.definitions.save(replace(row, grants=left))

    def specification(self, call: Call) -> Json:
        return self._specification(self._known(call), call)

    def spec_of_actor(self, call: Call) -> Json:
        actor = call.session.actors.find(self.words, call.body[self.words.id])
        return self._specification(call.definitions(self.words.kind).get(actor.definition_id), call)

    def _specification(self, definition: ActorDefinition, call: Call) -> Json:
        modes = destination_sync_modes(definition, call.world.profile) if self.words.kind == "destination" else None
        return form(
            "specification",
            **{self.words.definition_id: definition.id},
            documentationUrl=definition_read(self.words, definition)["documentationUrl"],
            connectionSpecification=definition.connector.spec(),
            advancedAuth=advanced_auth(definition),
            supportedDestinationSyncModes=modes,
            jobInfo=job_read("get_spec", at=call.world.now()),
        )

    def _known(self, call: Call) -> ActorDefinition:
        return call.definitions(self.words.kind).get(call.body[self.words.definition_id])

    def _private(self, definition: ActorDefinition, scope: str) -> Json:
        return {
            self.words.definition: definition_read(self.words, definition),
            "granted": scope in definition.grants,
        }

    def _reads(self, definitions: list[ActorDefinition]) -> Json:
        return {f"{self.words.definition}s": [definition_read(self.words, d) for d in definitions]}

    def _save(self, call: Call, row: Definition) -> Json:
        call.session.definitions.save(row)
        return definition_read(self.words, call.definitions(self.words.kind).get(row.id))


def is_granted(definition: ActorDefinition, scope: str) -> bool:
    return not definition.custom or scope in definition.grants


def _row(definition: ActorDefinition, details: Json | None = None) -> Definition:
    return Definition(
        id=definition.id,
        kind=definition.kind,
        custom=definition.custom,
        tombstone=definition.tombstone,
        grants=definition.grants,
        details=definition.details if details is None else details,
    )


def create_manifest(call: Call) -> None:
    """A version that is there already is refused; whether the new one is in use, the request says."""
    definition = _declarative(call)
    offered: Json = call.body["declarativeManifest"]
    version: int = offered["version"]
    versions = history(definition)
    if any(known["version"] == version for known in versions):
        raise Known(status=409, message=f"Version '{version}' for source {definition.id} already exists")
    details = {**definition.details, "manifests": [*versions, offered_version(call.body, offered)]}
    if call.body["setAsActiveManifest"]:
        details |= {"manifest": offered["manifest"], "manifestVersion": version}
    DefinitionHandlers(words=SOURCE).rewrite(call, definition, details)


def offered_version(body: Json, offered: Json) -> Json:
    """A manifest of a request as the definition keeps it."""
    said = {name: offered[name] for name in ("version", "manifest", "description")}
    return bean(**said, components=body.get("componentsFileContent"))


def activate_manifest(call: Call) -> None:
    definition = _declarative(call)
    version: int = call.body["version"]
    wanted = next((known for known in history(definition) if known["version"] == version), None)
    if wanted is None:
        raise NotFound(type="ACTIVE_DECLARATIVE_MANIFEST", id=f"{definition.id} {version}")
    details = {**definition.details, "manifest": wanted["manifest"], "manifestVersion": version}
    DefinitionHandlers(words=SOURCE).rewrite(call, definition, details)


def list_manifests(call: Call) -> Json:
    definition = _declarative(call)
    active: int = definition.details["manifestVersion"]
    return {
        "manifestVersions": [
            {"version": row["version"], "isActive": row["version"] == active, "description": row["description"]}
            for row in history(definition)
        ]
    }


def history(definition: ActorDefinition) -> list[Json]:
    """Every version so far, the one in use among them."""
    details = definition.details
    kept: list[Json] = details.get("manifests", [])
    if any(known["version"] == details["manifestVersion"] for known in kept):
        return kept
    current = {"version": details["manifestVersion"], "manifest": details["manifest"], "description": ""}
    return [*kept, current]


def _declarative(call: Call) -> ActorDefinition:
    definition_id: str = call.body["sourceDefinitionId"]
    definition = call.definitions("source").get(definition_id)
    if definition.tombstone or not is_granted(definition, call.body["workspaceId"]):
        raise Known(status=404, message=f"Source definition {definition_id} is not in this workspace.")
    if not definition.declarative:
        raise Known(status=400, message=f"Source definition {definition_id} is not declarative.")
    return definition
