"""Sources and destinations: one kind of thing with two names, a connector and its configuration."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar, Final, cast

import msgspec

from dagster_managed_elements.airbyte.elements import AirbyteDestination, AirbyteSource
from dagster_managed_elements.airbyte.gateways import LONGEST_NAME, Gateway, Side
from dagster_managed_elements.airbyte.kinds.adopted_configurations import declarable, secrets_of
from dagster_managed_elements.airbyte.kinds.configurations import MASK_DECLARED, Patch, patch, resent, unfounded
from dagster_managed_elements.airbyte.kinds.judging import Judgements
from dagster_managed_elements.airbyte.kinds.low_code import LowCodeFacts
from dagster_managed_elements.airbyte.references import (
    DESTINATION_DEFINITION,
    LOW_CODE_CONNECTOR,
    SOURCE_DEFINITION,
)
from dagster_managed_elements.airbyte.specs import specifications
from dagster_managed_elements.airbyte.specs.connectors import Connectors, Unfound
from dagster_managed_elements.airbyte.specs.oauth import adopted_from_oauth, filled, set_by_oauth
from dagster_managed_elements.airbyte.wire import Actor, Definition, Specification, Unreadable
from dagster_managed_elements.engine.adoption import AdoptContext, Adopted, not_adopted
from dagster_managed_elements.engine.changes import (
    Change,
    Create,
    Declared,
    FieldChange,
    Observed,
    Pair,
    Replace,
    Update,
)
from dagster_managed_elements.engine.concurrency import both, concurrently, paced
from dagster_managed_elements.engine.errors import ApiError, DeclarationError, Invalid, Missing, ServerFault
from dagster_managed_elements.engine.findings import Consequence, Notice, Problem, left_out
from dagster_managed_elements.engine.kinds import Kind, ResolveContext
from dagster_managed_elements.engine.secrets import Secret
from dagster_managed_elements.engine.values import (
    ABSENT,
    SECRET_MASK,
    Ids,
    Key,
    Later,
    Masked,
    Named,
    Path,
    Ref,
    at,
    leaves,
    mapped,
    replaced,
)


@dataclass(frozen=True, slots=True)
class _Typed:
    """A pair whose declared connector is known. *key* is there where that is referred to, *known* where its element
    tells its specification; *is_moving*: it will have another version.
    """

    pair: Pair
    definition: Definition
    key: Key | None = None
    known: Specification | None = None
    is_moving: bool = False


class ActorKind(Kind):
    """A source or a destination. Its connector cannot change: another one is a Replace."""

    side: ClassVar[Side]
    fixed: ClassVar[frozenset[str]] = frozenset({"type"})
    lifted: ClassVar[frozenset[str]] = frozenset({"configuration"})
    quiet: ClassVar[frozenset[str]] = frozenset({"type"})
    create_first: ClassVar[bool] = True
    longest_name: ClassVar[int | None] = LONGEST_NAME

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._expected: Sequence[Declared] = ()
        self._indexed: tuple[Sequence[Definition | Unreadable], Connectors] | None = None
        self._judgements = Judgements()

    def expect(self, declared: Sequence[Declared]) -> None:
        self._expected = declared

    async def observe(self) -> Sequence[Observed]:
        """With the specifications of what is expected, which would take a round of requests of their own later; by
        those it is judged while the lists are on their way.
        """
        listed = partial(self._gateway.actors, self.side, len(self._expected))
        actors, _ = await both(listed, self._look_ahead)
        definitions = await self._gateway.definitions(self.side)
        known = {definition.id: definition for definition in definitions if isinstance(definition, Definition)}
        return [self._observed(actor, known) for actor in actors]

    async def _look_ahead(self) -> None:
        """The gateway keeps what it is told, a refusal too: whoever needs it meets that again."""
        connectors = self._connectors(await self._gateway.definitions(self.side))
        spelled: dict[str, list[Mapping[str, Any]]] = {}
        for declared in self._expected:
            if declared.removal is None and not isinstance(type_ := declared.fields["type"], Key):
                spelled.setdefault(_spelling(type_), []).append(_configuration(declared))
        known: dict[str, list[Mapping[str, Any]]] = {}
        for spelling, configurations in spelled.items():
            if isinstance(found := connectors.find(spelling), Definition):
                known.setdefault(found.id, []).extend(configurations)

        async def ask(definition_id: str) -> None:
            with suppress(ApiError):
                specification = await self._gateway.specification(self.side, definition_id)
                await self._judgements.make(known[definition_id], specification)

        await concurrently(*(partial(ask, id_) for id_ in sorted(known)))

    def _connectors(self, definitions: Sequence[Definition | Unreadable]) -> Connectors:
        """Hundreds, of which an index is made once for as long as the gateway gives the same."""
        if self._indexed is None or self._indexed[0] is not definitions:
            self._indexed = definitions, Connectors(self.side, definitions)
        return self._indexed[1]

    def _observed(self, actor: Actor | Unreadable, known: Mapping[str, Definition]) -> Observed:
        """One of a connector that somebody added points at it: it goes where that goes."""
        if isinstance(actor, Unreadable):
            return Observed(kind=self.name, name=actor.name, id=actor.id, fields={}, fault=actor.fault)
        definition = known.get(actor.definition_id)
        is_added = definition is not None and definition.custom is True
        shown = self._pointer(actor, definition) if is_added else _choice(actor, definition)
        fields = {"type": shown, "configuration": actor.configuration or {}}
        return Observed(kind=self.name, name=actor.name, id=actor.id, fields=fields, raw=actor)

    def _pointer(self, actor: Actor, definition: Definition | None) -> Ref:
        is_low_code = definition is not None and definition.is_low_code
        kind = LOW_CODE_CONNECTOR if is_low_code else _CONNECTORS[self.side][0]
        return Ref(kind, actor.definition_id, definition.name if definition else "")

    async def resolve(self, pairs: Sequence[Pair], context: ResolveContext) -> Sequence[Pair | Problem | Notice]:
        definitions = await self._known(pairs, context)
        connectors = self._connectors(definitions)
        named = {id_: key for key, id_ in context.ids.items() if key.kind in _CONNECTORS[self.side]}
        typed = [self._typed(pair, connectors, context, named) for pair in pairs]
        schemas = {
            _needs(entry)[0]: entry.known
            for entry in typed
            if isinstance(entry, _Typed) and entry.known is not None
        }

        async def fetch(definition_id: str, pinned: str | None) -> None:
            schemas[definition_id, pinned] = await _specification(self._gateway, self.side, definition_id, pinned)

        wanted = {need for entry in typed if isinstance(entry, _Typed) for need in _needs(entry)} - {*schemas}
        await concurrently(*(partial(fetch, *need) for need in sorted(wanted, key=str)))
        resolved: list[Pair | Problem | Notice] = []
        async for entry in paced(typed):
            resolved += self._comparable(entry, schemas, connectors) if isinstance(entry, _Typed) else [entry]
        unchecked = [entry for entry in typed if isinstance(entry, _Typed) and schemas[_needs(entry)[0]].is_partial]
        unknown = [entry for entry in typed if isinstance(entry, _Typed) and schemas[_needs(entry)[0]].is_unknown]
        unreadable = [
            left_out(Key(f"{self.side} connector", definition.name or definition.id), definition.fault)
            for definition in definitions
            if isinstance(definition, Unreadable)
        ]
        return [*resolved, *_unvalidated(unchecked), *_told_by_name(unknown), *unreadable]

    async def adopt(self, observed: Sequence[Observed], context: AdoptContext) -> Sequence[Adopted | Notice]:
        """One specification is asked for each connector; what it has by default is not declared."""
        connectors = self._connectors(await self._gateway.definitions(self.side))
        schemas: dict[tuple[str, str | None], Specification] = {}

        async def fetch(definition_id: str, pinned: str | None) -> None:
            schemas[definition_id, pinned] = await _specification(self._gateway, self.side, definition_id, pinned)

        known = [actor for actor in observed if connectors.get(_raw(actor).definition_id) is not None]
        await concurrently(
            *(partial(fetch, *need) for need in sorted({_need(_raw(actor)) for actor in known}, key=str))
        )
        found: list[Adopted | Notice] = []
        for actor in observed:
            if (definition := connectors.get(_raw(actor).definition_id)) is None:
                text = f"there is no connector {_raw(actor).definition_id} in this workspace"
                found.append(not_adopted(actor.key, text))
            else:
                found += self._adopted_as(actor, definition, connectors, schemas[_need(_raw(actor))], context)
        untold = {id_ for (id_, _), schema in schemas.items() if schema.is_partial}
        if names := sorted({one.name for id_ in untold if (one := connectors.get(id_)) is not None}):
            text = f"this API does not tell what {', '.join(names)} have by default; all that is there is declared"
            found.append(Notice(Key(self.name, f"every {self.side}"), (), "untold", text))
        return found

    def _adopted_as(
        self,
        observed: Observed,
        definition: Definition,
        connectors: Connectors,
        specification: Specification,
        context: AdoptContext,
    ) -> Sequence[Adopted | Notice]:
        raw = _raw(observed).configuration or {}
        configuration, against = declarable(raw, specification)
        if against:
            path, text = against[0]
            return [not_adopted(observed.key, f"as it is there, {'.'.join(path) or 'its configuration'} {text}")]
        by_oauth = adopted_from_oauth(raw, specification)
        left_out = [".".join(path) for path in sorted(by_oauth) if at(configuration, path) is not ABSENT]
        configuration = replaced(configuration, dict.fromkeys(by_oauth, ABSENT))
        secrets = {
            path: context.secret(observed.key, path, as_type)
            for path, as_type in secrets_of(configuration, specification.connection_specification)
        }
        spellings = (definition.name, definition.docker_repository, definition.id)
        pointer = observed.fields["type"]
        connector = context.elements.get(pointer) if isinstance(pointer, Ref) else None
        spelled = connector or next(name for name in spellings if connectors.find(name) == definition)
        try:
            made = AirbyteSource if self.side == "source" else AirbyteDestination
            element = made(observed.name, cast("Any", spelled), replaced(configuration, secrets))
        except DeclarationError as error:
            return [not_adopted(observed.key, str(error))]
        context.elements[observed.ref] = element
        told = f"set by Airbyte's OAuth, and left out: {', '.join(left_out)}"
        notices = [Notice(observed.key, (), "oauth", told)] if left_out else []
        return [Adopted(element=element, group=definition.name if self.side == "source" else ""), *notices]

    async def _known(self, pairs: Sequence[Pair], context: ResolveContext) -> Sequence[Definition | Unreadable]:
        """What there is, looked up again where something is referred to that was created meanwhile."""
        definitions = await self._gateway.definitions(self.side)
        referred = [pair.declared.fields["type"] for pair in pairs if pair.declared is not None]
        ids = {context.ids[key] for key in referred if isinstance(key, Key) and key in context.ids}
        if ids <= {definition.id for definition in definitions}:
            return definitions
        self._gateway.registry.forget()
        return await self._gateway.definitions(self.side)

    def _typed(
        self, pair: Pair, connectors: Connectors, context: ResolveContext, named: Mapping[str, Key]
    ) -> _Typed | Pair | Problem:
        if pair.declared is None:
            return self._undeclared(pair)
        declared = pair.declared.fields["type"]
        if not isinstance(declared, Key):
            found = connectors.find(_spelling(declared))
            if isinstance(found, Unfound):
                keys = [Key(kind, str(declared)) for kind in _CONNECTORS[self.side]]
                key = next((coming for coming in keys if coming in context.coming), None)
                if key is None and found.unreadable:
                    raise ServerFault(f"{pair.declared.key}: {found.message}")
                if key is None:
                    return Problem(pair.declared.key, ("type",), found.message)
            elif (key := named.get(found.id)) is None:
                return _Typed(pair, found)
            declared = key
        facts = context.facts.get(declared)
        known = facts.specification if isinstance(facts, LowCodeFacts) else None
        definition = connectors.get(context.ids.get(declared, ""))
        if definition is None and known is None:
            return _postponed(pair, declared)
        definition = definition or Definition(id=str(declared), name=declared.name)
        return _Typed(pair, definition, declared, known, is_moving=known is None and declared in context.coming)

    def _undeclared(self, pair: Pair) -> Pair:
        """What is only to be deleted, where no specification can be asked for: its keys' names have to do."""
        observed = pair.observed
        if observed is None or self._gateway.capabilities.api == "config":
            return pair
        shown = specifications.mask_by_name(observed.fields["configuration"])
        return replace(pair, observed=replace(observed, fields={**observed.fields, "configuration": shown}))

    def _comparable(
        self, typed: _Typed, schemas: Mapping[tuple[str, str | None], Specification], connectors: Connectors
    ) -> Iterator[Pair | Problem | Notice]:
        """Both sides with their secrets as markers, the observed one without what nobody needs to declare."""
        declared, observed = cast("Declared", typed.pair.declared), typed.pair.observed
        specification = schemas[_needs(typed)[0]]
        left_alone = _left_alone(typed, specification)
        given = _configuration(declared)
        given = filled(given, left_alone) if left_alone else given
        judgement = self._judgements.of(given, specification, is_moving=typed.is_moving)
        configuration = judgement.configuration
        yield from (Problem(declared.key, path, message) for path, message in judgement.problems)
        if judgement.problems:
            return
        yield from (Notice(declared.key, path, code, text) for path, code, text in judgement.remarks)
        if observed is not None:
            seen = _seen(observed, configuration, schemas[_needs(typed)[-1]].connection_specification)
            configuration, shown = specifications.believe_masks(configuration, seen)
            actor = cast("Actor", observed.raw)
            definition = connectors.get(actor.definition_id)
            shown_type = self._pointer(actor, definition) if typed.key else _choice(actor, definition)
            observed = replace(observed, fields={**observed.fields, "type": shown_type, "configuration": shown})
        configuration, observed = _masked_by_name(typed, schemas, configuration, observed)
        there = observed.fields["configuration"] if observed and not _is_other(typed) else None
        if copied := [Problem(declared.key, path, MASK_DECLARED) for path in unfounded(configuration, there)]:
            yield from copied
            return
        if left_alone:
            yield Notice(declared.key, (), "oauth", _LEFT_ALONE.format(", ".join(map(".".join, left_alone))))
        type_ = typed.key or Named(typed.definition.id, typed.definition.name)
        value = Later(typed.key, configuration) if typed.key and typed.is_moving else configuration
        fields = {**declared.fields, "type": type_, "configuration": value}
        facts = _of_definition(specification, typed.definition)
        yield Pair(replace(declared, fields=fields, facts=facts), observed)

    async def preflight(
        self, change: Create | Update | Replace, context: ResolveContext
    ) -> Sequence[Problem | Notice]:
        """The connector's own check, with the configuration as it would be."""
        if isinstance(change, Update) and all(changed.path[0] != "configuration" for changed in change.fields):
            return ()
        definition_id, why_not = trial(change.declared, context)
        if why_not:
            return [Notice(change.key, (), "not-tried", why_not)]
        actor_id = change.observed.id if isinstance(change, Update) else None
        configuration = change.declared.fields["configuration"]
        failure = await self._gateway.try_actor(
            self.side, definition_id, change.key.name, configuration, actor_id=actor_id
        )
        return [Problem(change.key, (), f"its connector says: {failure}")] if failure is not None else ()

    async def create(self, declared: Declared, ids: Ids) -> str:
        type_ = declared.fields["type"]
        definition_id = ids[type_] if isinstance(type_, Key) else type_.id
        return await self._gateway.create_actor(
            self.side, definition_id, declared.key.name, declared.fields["configuration"]
        )

    async def update(self, change: Update, ids: Ids) -> None:
        del ids
        sent = self._patch(change)
        await self._gateway.update_actor(
            self.side, change.observed.id, change.declared.key.name, sent.configuration, whole=sent.whole
        )

    async def rename(self, id_: str, declared: Declared) -> None:
        """By an update of nothing but its name, from what it was created with."""
        shown = mapped(declared.fields["configuration"], _as_shown)
        actor = Actor(id=id_, definition_id="", name="", configuration=shown)
        interim = Observed(kind=self.name, name="", id=id_, fields={}, raw=actor)
        await self.update(Update(declared, interim, (FieldChange(("name",), "", declared.key.name),)), {})

    async def delete(self, observed: Observed) -> None:
        await self._gateway.delete_actor(self.side, observed.id)

    async def versions(self, ids: Sequence[str]) -> Mapping[str, Mapping[Path, str]]:
        found: dict[str, Mapping[Path, str]] = {}

        async def ask(id_: str) -> None:
            versions = await self._gateway.versions(self.side, id_)
            found[id_] = {("configuration", *path): version for path, version in versions.items()}

        await concurrently(*(partial(ask, id_) for id_ in ids))
        return found

    def consequences(self, change: Change) -> Iterable[Consequence]:
        yield from super().consequences(change)
        if isinstance(change, Update):
            is_unknown = cast("Specification", change.declared.facts).is_unknown
            verb = "may" if is_unknown else "would"
            why = f"Airbyte {verb} lose or refuse it in this update, or keep that of another choice"
            for path in resent(change, self._patch(change)):
                text = f"{change.key}: its secret {'.'.join(path)} is sent again, since {why}"
                yield Consequence(change.key, "secret-resent", text, destructive=False)

    def _patch(self, change: Update) -> Patch:
        raw, declared = cast("Actor", change.observed.raw).configuration or {}, change.declared
        declared = replace(declared, fields={**declared.fields, "configuration": _configuration(declared)})
        return patch(replace(change, declared=declared), raw, cast("Specification", declared.facts))


_LEFT_ALONE: Final = "left as Airbyte's OAuth set it: {}"
_CONNECTORS: Final[Mapping[Side, Sequence[str]]] = {
    "source": (SOURCE_DEFINITION, LOW_CODE_CONNECTOR),
    "destination": (DESTINATION_DEFINITION,),
}
"""Which kinds of connectors each side is made of, those of an image first."""


def trial(declared: Declared, context: ResolveContext) -> tuple[str, str]:
    """The id of the connector with which what is *declared* can be tried, or why it cannot be."""
    type_ = declared.fields["type"]
    if isinstance(declared.fields["configuration"], Later) or (isinstance(type_, Key) and type_ not in context.ids):
        return "", "it is not tried, since its connector is changed with it"
    if any(isinstance(leaf, Secret) and not leaf.cheap for leaf in leaves(declared.fields["configuration"])):
        return "", "it is not tried, since a secret of it is a function, which is called only for what is written"
    return (context.ids[type_] if isinstance(type_, Key) else type_.id), ""


def _choice(actor: Actor, definition: Definition | None) -> Named:
    return Named(actor.definition_id, definition.name if definition else actor.definition_id)


def _configuration(declared: Declared) -> Mapping[str, Any]:
    value = declared.fields["configuration"]
    return value.value if isinstance(value, Later) else value


def _left_alone(typed: _Typed, specification: Specification) -> Mapping[Path, Any]:
    """What nobody declared since Airbyte's OAuth set it, of a source that stays what it is."""
    observed = typed.pair.observed
    if observed is None or _is_other(typed):
        return {}
    raw = cast("Actor", observed.raw).configuration or {}
    return set_by_oauth(_configuration(cast("Declared", typed.pair.declared)), raw, specification)


def _postponed(pair: Pair, connector: Key) -> Pair:
    """Of a connector that is not there yet nobody knows what it is configured with."""
    declared = cast("Declared", pair.declared)
    configuration = specifications.mask_by_name(_configuration(declared))
    fields = {**declared.fields, "type": connector, "configuration": Later(connector, configuration)}
    return Pair(replace(declared, fields=fields), pair.observed)


def _raw(observed: Observed) -> Actor:
    return cast("Actor", observed.raw)


def _need(actor: Actor) -> tuple[str, str | None]:
    """The specification that it is configured by."""
    return (actor.definition_id, actor.id if actor.is_version_override_applied else None)


def _as_shown(leaf: Any) -> Any:
    """What the server shows of what it was sent."""
    return SECRET_MASK if isinstance(leaf, (Secret, Masked)) else leaf


async def specification_there(gateway: Gateway, side: Side, observed: Observed | None) -> Specification:
    """As the facts of a declared one, of one that nobody declares; an empty one where the server cannot tell it."""
    actor = observed.raw if observed else None
    if isinstance(actor, Actor):
        with suppress(Missing, Invalid, ServerFault):
            specification = await _specification(gateway, side, *_need(actor))
            definitions = await gateway.definitions(side)
            own = (definition for definition in definitions if definition.id == actor.definition_id)
            definition = next(own, None)
            return (
                _of_definition(specification, definition) if isinstance(definition, Definition) else specification
            )
    return Specification()


async def _specification(gateway: Gateway, side: Side, definition_id: str, pinned: str | None) -> Specification:
    """Of the version that one source or destination is pinned to, where it is."""
    if pinned is None:
        return await gateway.specification(side, definition_id)
    return await gateway.specification_of(side, pinned)


def _of_definition(specification: Specification, definition: Definition) -> Specification:
    """With what only the definition says of the connector, which connections are checked against too."""
    config = definition.normalization_config
    normalizes = config.supported if config else specification.supports_normalization
    return msgspec.structs.replace(
        specification, docker_repository=definition.docker_repository, supports_normalization=normalizes
    )


def _masked_by_name(
    typed: _Typed,
    schemas: Mapping[tuple[str, str | None], Specification],
    declared: Mapping[str, Any],
    observed: Observed | None,
) -> tuple[Mapping[str, Any], Observed | None]:
    """Both sides, each with what sounds secret masked where its connector is unknown."""
    needs = _needs(typed)
    if observed is not None and schemas[needs[-1]].is_unknown:
        shown = specifications.mask_by_name(observed.fields["configuration"])
        observed = replace(observed, fields={**observed.fields, "configuration": shown})
    return (specifications.mask_by_name(declared) if schemas[needs[0]].is_unknown else declared), observed


def _spelling(type_: Any) -> str:
    return type_.id if isinstance(type_, Named) else str(type_)


def _is_other(typed: _Typed) -> bool:
    """Whether what is there has another connector, so that nothing of its configuration stays."""
    return typed.pair.observed is not None and len(_needs(typed)) > 1


def _seen(observed: Observed, declared: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The observed configuration with its secrets as markers, without what nobody needs to declare."""
    raw = cast("Actor", observed.raw).configuration or {}
    return specifications.trim(specifications.mask(raw, schema), declared, schema)


def _needs(typed: _Typed) -> list[tuple[str, str | None]]:
    """The specifications a pair needs, the declared side's first: of the pinned version where one is pinned,
    and of the observed connector too where another one is declared.
    """
    observed = typed.pair.observed
    if observed is None:
        return [(typed.definition.id, None)]
    actor = cast("Actor", observed.raw)
    if actor.definition_id == typed.definition.id:
        return [_need(actor)]
    return [(typed.definition.id, None), _need(actor)]


def _unvalidated(unchecked: Sequence[_Typed]) -> Iterator[Notice]:
    """Said once, however many there are."""
    if unchecked and (declared := unchecked[0].pair.declared) is not None:
        names = ", ".join(sorted({actor.definition.name for actor in unchecked}))
        text = f"this API tells no specifications; give specs= to have configurations of {names} validated"
        yield Notice(declared.key, (), "not-validated", text)


def _told_by_name(unknown: Sequence[_Typed]) -> Iterator[Notice]:
    """Said once, however many there are."""
    if unknown and (declared := unknown[0].pair.declared) is not None:
        names = ", ".join(sorted({actor.definition.name for actor in unknown}))
        text = f"where the secrets of {names} are is not known; what sounds like one by its key is masked"
        yield Notice(declared.key, (), "masked-by-name", text)


class SourceKind(ActorKind):
    name: ClassVar[str] = "source"
    side: ClassVar[Side] = "source"


class DestinationKind(ActorKind):
    name: ClassVar[str] = "destination"
    side: ClassVar[Side] = "destination"
