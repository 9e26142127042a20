"""Connections: which streams go from which source to which destination, and how.

A connection is changed by the partial update that never resets a stream. Its streams are discovered only where the
connection's own catalog does not have them, and never with the connection's id: that may disable it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar, Final, cast

import msgspec

from dagster_managed_elements.airbyte.connection_fields import initial_values, refusals
from dagster_managed_elements.airbyte.gateways import LONGEST_NAME, ConnectionDraft, Gateway, Undiscovered
from dagster_managed_elements.airbyte.kinds import streams
from dagster_managed_elements.airbyte.kinds.actors import specification_there, trial
from dagster_managed_elements.airbyte.kinds.adopted_connections import adopted_connection, untold
from dagster_managed_elements.airbyte.kinds.connection_bodies import (
    CONNECTION,
    Facts,
    changed_settings,
    has_taken_over,
    observed_connection,
    paused,
    selected,
    sendable,
    taken_over,
    untouched,
    unwrapped,
    with_tags,
)
from dagster_managed_elements.airbyte.kinds.connection_consequences import of_change, of_removal
from dagster_managed_elements.airbyte.kinds.mapper_fields import wrong_keys
from dagster_managed_elements.airbyte.kinds.stream_patterns import Expanded, expanded, is_pattern
from dagster_managed_elements.airbyte.kinds.stream_settings import MAPPERS, mapper_types, used
from dagster_managed_elements.airbyte.kinds.sync_states import (
    SyncState,
    going_on,
    is_global,
    streams_in,
    sync_state_of,
)
from dagster_managed_elements.airbyte.kinds.sync_states import taken_over as state_of
from dagster_managed_elements.airbyte.kinds.tables import Landing, folds_case
from dagster_managed_elements.airbyte.schedules import AirbyteSchedule
from dagster_managed_elements.airbyte.stream_config import EXCLUDED
from dagster_managed_elements.airbyte.stream_names import Identity, identity, named
from dagster_managed_elements.airbyte.wire import Actor, Catalog, ConfiguredStream, Connection, Specification
from dagster_managed_elements.api.caching import Cache
from dagster_managed_elements.engine.adoption import AdoptContext, Adopted
from dagster_managed_elements.engine.changes import (
    Change,
    Create,
    Declared,
    Delete,
    FieldChange,
    Observed,
    Pair,
    Replace,
    Update,
)
from dagster_managed_elements.engine.concurrency import both, concurrently, paced
from dagster_managed_elements.engine.errors import (
    DeclarationError,
    Invalid,
    Lost,
    ManagedElementsError,
    Missing,
    Partial,
    ServerFault,
    Unauthorized,
)
from dagster_managed_elements.engine.findings import Consequence, Notice, Problem
from dagster_managed_elements.engine.kinds import Kind, ResolveContext
from dagster_managed_elements.engine.succession import read_interim
from dagster_managed_elements.engine.values import Fields, Ids, Key, Later, Masked, Named, leaves


class ConnectionKind(Kind):
    name: ClassVar[str] = CONNECTION
    fixed: ClassVar[frozenset[str]] = frozenset({"source", "destination"})
    create_first: ClassVar[bool] = True
    takes_over: ClassVar[bool] = True
    longest_name: ClassVar[int | None] = LONGEST_NAME

    def __init__(self, gateway: Gateway, *, refresh_catalogs: bool = False) -> None:
        self._gateway, self._refreshes = gateway, refresh_catalogs
        self._connectors: Cache[str, Mapping[str, str]] = Cache()
        self._undeclared: Cache[str, Specification] = Cache()  # of destinations, by their ids
        self._is_in_log: Cache[str, bool] = Cache()
        self._expected: Sequence[Declared] = ()
        self._judged: dict[int, tuple[Fields, Sequence[Problem]]] = {}
        self._went_on: dict[str, tuple[str, Collection[Identity]]] = {}  # by id: from which one, and what of it

    def expect(self, declared: Sequence[Declared]) -> None:
        self._expected = declared

    async def observe(self) -> Sequence[Observed]:
        """What is expected is judged while the list is on its way."""
        found, _ = await both(partial(self._gateway.connections, len(self._expected)), self._look_ahead)
        return [observed_connection(connection) for connection in found]

    async def _look_ahead(self) -> None:
        async for declared in paced(self._expected):
            if declared.removal is None and id(declared.fields) not in self._judged:
                self._judged[id(declared.fields)] = declared.fields, [*self._judge(declared)]

    async def resolve(self, pairs: Sequence[Pair], context: ResolveContext) -> Sequence[Pair | Problem | Notice]:
        found: dict[int, Sequence[Pair | Problem | Notice]] = {}
        context = await self._informed([pair.declared for pair in pairs if pair.declared is not None], context)

        async def resolve_one(number: int, pair: Pair) -> None:
            found[number] = await self._resolve(pair, context)

        await concurrently(*(partial(resolve_one, number, pair) for number, pair in enumerate(pairs)))
        return [resolved for number in range(len(pairs)) for resolved in found[number]]

    async def _informed(self, declared: Iterable[Declared], context: ResolveContext) -> ResolveContext:
        """*context* with the specifications of those destinations too that are there and nobody declares."""
        destinations = {cast("Key", connection.fields["destination"]) for connection in declared}
        there = [key for key in destinations if key in context.ids and key not in context.facts]
        told: dict[Key, Specification] = {}

        async def tell(key: Key) -> None:
            ask = partial(specification_there, self._gateway, "destination", context.observed.get(key))
            told[key] = await self._undeclared.get(context.ids[key], ask)

        await concurrently(*(partial(tell, key) for key in there))
        return replace(context, facts={**context.facts, **told}) if told else context

    async def _resolve(self, pair: Pair, context: ResolveContext) -> Sequence[Pair | Problem | Notice]:
        pair = with_tags(pair, context.ids)
        declared, observed = pair.declared, pair.observed
        if declared is None:
            return [pair]
        value = unwrapped(declared.fields["streams"])
        refused = [*self._refused(pair, declared), *self._unnormalized(context, declared)]
        if refused := [*refused, *await self._lacking(declared, value)]:
            return refused
        managed = (
            self._gateway.capabilities.normalizes is not False and declared.fields.get("normalize data") is not None
        )
        if observed is not None and managed:
            normalizes = await self._gateway.normalizes(cast("Connection", observed.raw))
            pair = Pair(declared, replace(observed, fields={**observed.fields, "normalize data": normalizes}))
        source = cast("Key", declared.fields["source"])
        coming = context.coming.get(source)
        source_id = context.ids.get(source) if not isinstance(coming, Replace) else None
        facts = await self._taken_over(pair, source_id, context)
        stored = _stored(observed, source_id)
        entries = streams.labelled(stored.values(), value)
        if all(label in entries and streams.is_settled(value[label], entries[label]) for label in value):
            return self._checked(pair, context, facts, value, entries)
        is_there = source in context.ids and coming is None and source not in context.broken
        by_catalog = streams.by_catalog(value, entries)
        if by_catalog and stored and not (self._refreshes and is_there):
            catalog = await self._gateway.stored_catalog(cast("Connection", cast("Observed", observed).raw))
            stored, facts = _beside(catalog, stored, facts)
            value = expanded(value, entries := streams.labelled(stored.values(), value)).streams
            if all(label in entries for label in value):
                return self._checked(pair, context, facts, unwrapped(declared.fields["streams"]), entries)
        if not is_there:
            known = list(_foreseen(pair, context, value))
            return known or [_postponed(pair, facts, Later(source, value), entries)]
        return await self._discovered(pair, context, facts, stored, anew=by_catalog and self._refreshes)

    async def _discovered(
        self,
        pair: Pair,
        context: ResolveContext,
        facts: Facts,
        stored: Mapping[Identity, ConfiguredStream],
        *,
        anew: bool,
    ) -> Sequence[Pair | Problem | Notice]:
        """With what the source has beside what the connection knows of it."""
        declared = cast("Declared", pair.declared)
        value = unwrapped(declared.fields["streams"])
        source, destination = (cast("Key", declared.fields[side]) for side in ("source", "destination"))
        try:
            catalog = await self._gateway.discover(context.ids[source], context.ids.get(destination), anew=anew)
        except Lost as error:
            # Of something read: there is nothing that may have been carried out.
            raise ServerFault(str(error), method=error.method, url=error.url, status=error.status) from error
        except (Invalid, Undiscovered) as error:
            if isinstance(error, Invalid) and destination not in context.ids:
                entries = streams.labelled(stored.values(), value)
                return [_postponed(pair, facts, Later(destination, value), entries)]
            return [Problem(declared.key, ("streams",), str(error))]
        facts = replace(facts, catalog_id=catalog.catalog_id)
        if anew or streams.by_catalog(value, {}):
            known, facts = _beside(catalog, stored, facts)
            offered = {identity(entry.stream) for entry in catalog.streams}
            found = {name: entry for name, entry in known.items() if not anew or name in offered}
            return self._checked(pair, context, facts, value, streams.labelled(found.values(), value))
        return self._checked(pair, context, facts, value, _merged(catalog, stored, value))

    async def _lacking(self, declared: Declared, value: Mapping[str, Any]) -> Sequence[Problem]:
        """What of a stream this server is too old for, and what of the connection it has no longer."""
        if not (settings := {*used(value), *declared.fields.keys() & {"region"}}):
            return ()
        lacking = await self._gateway.lacking(settings, mapper_types(value.values()))
        gone = [Problem(declared.key, (name,), why) for name, why in lacking.items() if name in declared.fields]
        return gone + [
            Problem(declared.key, ("streams", label, name), why)
            for label, block in value.items()
            for name, why in lacking.items()
            if name in used({label: block})
        ]

    def _refused(self, pair: Pair, declared: Declared) -> Iterator[Problem]:
        """What no server of today, or not through this API, can do."""
        fields, judged = self._judged.get(id(declared.fields), ({}, ()))
        yield from judged if fields is declared.fields else self._judge(declared)
        value = unwrapped(declared.fields["streams"])
        if all(chosen is EXCLUDED for chosen in value.values()):
            yield from self._unselected(pair, declared)
        there = cast("Connection", pair.observed.raw).sync_catalog.streams if pair.observed else ()
        for label in streams.ambiguous(there):
            yield Problem(declared.key, ("streams", label), streams.AMBIGUOUS)

    def _unselected(self, pair: Pair, declared: Declared) -> Iterator[Problem]:
        """Why no stream at all cannot be written, where that would be."""
        if _selects(pair.observed) and (why := self._gateway.capabilities.no_streams) is not None:
            yield Problem(declared.key, ("streams",), why)

    def _judge(self, declared: Declared) -> Iterator[Problem]:
        """That of it which depends on nothing that is there."""
        capabilities = self._gateway.capabilities
        for label, why in refusals(declared.fields, capabilities.api, capabilities.fields).items():
            yield Problem(declared.key, (label,), why)
        for want in streams.wanted(unwrapped(declared.fields["streams"])):
            whys = [capabilities.refuses(want.mode), *wrong_keys(want.block.get(MAPPERS, ()))]
            yield from (Problem(declared.key, ("streams", want.label), why) for why in whys if why is not None)

    def _unnormalized(self, context: ResolveContext, declared: Declared) -> Iterator[Problem]:
        """Why what the destination is written cannot be normalized, where that is declared."""
        destination, capabilities = cast("Key", declared.fields["destination"]), self._gateway.capabilities
        if not declared.fields.get("normalize data") or destination in context.broken:
            return
        supports = _specification(context, declared).supports_normalization
        if capabilities.normalizes is not False and supports is False:
            text = f"this Airbyte does not normalize what {destination} is written; leave normalize_data out"
            yield Problem(declared.key, ("normalize data",), text)
        elif not (capabilities.normalizes or (capabilities.normalizes is None and supports)):
            yield Problem(declared.key, ("normalize data",), capabilities.no_normalization)

    def _checked(
        self,
        pair: Pair,
        context: ResolveContext,
        facts: Facts,
        value: Mapping[str, Any],
        entries: Mapping[str, ConfiguredStream],
    ) -> Sequence[Pair | Problem | Notice]:
        declared = cast("Declared", pair.declared)
        source = cast("Key", declared.fields["source"]).name
        modes = _specification(context, declared).supported_destination_sync_modes
        taken, entries = expanded(value, entries), dict(entries)
        wanted = _as_taken_in(taken, entries)
        problems = [Problem(declared.key, ("streams", label), text) for label, text in taken.clashes.items()]
        problems += () if taken.streams else self._unselected(pair, declared)
        for pattern, name in streams.absent_everywhere(taken, entries):
            text = f"none of the streams that it takes in has a column {name} to leave out"
            problems.append(Problem(declared.key, ("streams", pattern), text))
        offered: streams.Offered | None = None
        for label in taken.streams:
            if label not in entries:
                offered = offered or streams.Offered(entries, source, value)
                problems.append(Problem(declared.key, ("streams", label), offered.missing(label)))
        for want in wanted:
            path = ("streams", want.label)
            if (entry := entries.get(want.label)) is not None:
                said = [*streams.problems(want, entry, modes)]
                if (chosen := facts.chosen.get(identity(entry.stream))) is not None:
                    said += () if streams.chooses_fields(want.block) else streams.unselectable(entry, chosen)
                    entries[want.label] = streams.as_chosen(entry, chosen)
                problems += [Problem(declared.key, path, text) for text in said]
        found = {want.label: identity(entries[want.label].stream) for want in wanted if want.label in entries}
        problems += _clashes(pair, context, found)
        if problems:
            return problems
        facts = replace(facts, entries={want.label: entries[want.label] for want in wanted})
        shown = {want.label: _declared_value(want, entries[want.label], facts) for want in wanted}
        idle = [Notice(declared.key, ("streams", label), "idle", _IDLE) for label in taken.idle]
        return [*idle, _compared(pair, facts, shown, shown)]

    async def preflight(
        self, change: Create | Update | Replace, context: ResolveContext
    ) -> Sequence[Problem | Notice]:
        """The streams of a source that is not saved yet."""
        declared = change.declared
        later = declared.fields["streams"]
        source = context.coming.get(later.on) if isinstance(later, Later) else None
        if source is None or source.key.kind != "source" or isinstance(source, Delete):
            return ()
        configuration = source.declared.fields["configuration"]
        definition_id, why_not = trial(source.declared, context)
        if why_not or any(isinstance(leaf, Masked) for leaf in leaves(configuration)):
            return [Notice(change.key, ("streams",), "not-tried", f"they are not tried, as {source.key} is not")]
        try:
            catalog = await self._gateway.discover_unsaved(definition_id, source.key.name, configuration)
        except Undiscovered as error:
            return [Problem(declared.key, ("streams",), str(error))]
        value = unwrapped(later)
        facts, context = cast("Facts", declared.facts), await self._informed([declared], context)
        if streams.by_catalog(value, {}):
            known, facts = _beside(catalog, {}, facts)
            entries = streams.labelled(known.values(), value)
        else:
            entries = _merged(catalog, {}, value)
        checked = self._checked(Pair(declared, None), context, facts, value, entries)
        return [finding for finding in checked if isinstance(finding, Problem)]

    async def adopt(self, observed: Sequence[Observed], context: AdoptContext) -> Sequence[Adopted | Notice]:
        capabilities, found = self._gateway.capabilities, list[Adopted | Notice]()
        for there in observed:
            connection = cast("Connection", there.raw)
            asked = capabilities.normalizes is not False and connection.operations
            normalizes = bool(asked) and await self._gateway.normalizes(connection)
            found += adopted_connection(there, context, capabilities, normalizes=normalizes)
        if (labels := ", ".join(untold(capabilities))) and observed:
            text = f"Airbyte's Public API does not tell of a connection: {labels}; they are left as they are"
            found.append(Notice(Key(self.name, "every connection"), (), "untold", text))
        return found

    async def create(self, declared: Declared, ids: Ids) -> str:
        facts, source_id = cast("Facts", declared.facts), ids[declared.fields["source"]]
        rows = await self._whole(selected(declared, {}), source_id, facts)
        made = await self._gateway.create_connection(replace(self._draft(declared, ids), streams=rows))
        await self._go_on(made, declared)
        return made

    async def complete(self, id_: str, declared: Declared, ids: Ids) -> None:
        await self._gateway.complete_connection(id_, self._draft(declared, ids))
        await self._go_on(id_, declared, may_have_run=True)

    async def _go_on(self, made: str, declared: Declared, *, may_have_run: bool = False) -> None:
        """Give a new connection the sync state of the one whose place it takes: while that is there still, so that
        it is with one of the two at any time. What somebody ran already keeps its own, which says what it has
        written; that of the other one says what that has, and is neither older nor newer.
        """
        facts = cast("Facts", declared.facts)
        if (before := facts.sync_state) is None or before.connection_id == made:
            return
        names = set(going_on(unwrapped(declared.fields["streams"]), facts.entries, before).values())
        if not names:
            return
        try:
            if may_have_run and await self._has_run(made):
                return
            self._went_on[made] = (before.connection_id, names)
            there = await self._gateway.sync_state(before.connection_id)
            state = state_of(there, names, before.connection_id, is_whole=before.is_all(names))
            if state is not None:
                await self._gateway.write_sync_state(made, state)
        except ManagedElementsError as error:
            raise Partial(made, f"it was created, but its sync state could not be taken over: {error}") from error

    async def _has_run(self, made: str) -> bool:
        """Whether what was made to take a place was ever synced. Where nobody may be told of jobs, what is still
        paused was not.
        """
        try:
            return await self._gateway.has_run(made)
        except (Missing, Invalid, Unauthorized):
            return (await self._gateway.connection(made)).status != "inactive"

    async def _catch_up(self, made: str, before: str, names: Collection[Identity]) -> None:
        """Give it what the one before came to in the streams *names* until it was deleted, as far as Airbyte still
        tells that; else it reads a few rows again.
        """
        if not names:
            return
        try:
            state = state_of(await self._gateway.sync_state(before), names, made)
        except (Missing, Invalid, Unauthorized, ServerFault):
            return
        own = await self._gateway.sync_state(made)
        if state is not None and state != {name: own.get(name) for name in state}:
            await self._gateway.write_sync_state(made, state)

    async def _catch_up_later(self, made: Connection, before: str) -> None:
        """As `_catch_up`, of what a run made that was cut off. That run knew whether both are read by the same
        connector; where it took something over, they are.
        """
        id_ = made.connection_id
        if self._gateway.capabilities.no_sync_states is not None or await self._has_run(id_):
            return
        own = streams_in(await self._gateway.sync_state(id_), id_)
        try:
            old = await self._gateway.connection(before)
        except (Missing, Invalid, Unauthorized, ServerFault):
            await self._catch_up(id_, before, own)
            return
        if own or old.source_id == made.source_id:
            mine, theirs = sync_state_of(made).cursors, sync_state_of(old).cursors
            alike = [name for name, cursor in mine.items() if name in theirs and [*cursor] == [*theirs[name]]]
            await self._catch_up(id_, before, alike)

    async def _taken_over(self, pair: Pair, source_id: str | None, context: ResolveContext) -> Facts:
        """What a replacement has of the observed connection; its sync state only where one is made. What takes the
        place of a deleted one has the sync state of that.
        """
        facts = taken_over(pair, source_id)
        declared, observed = pair.declared, pair.observed
        if declared is None or facts.sync_state is not None:
            return facts
        if observed is None:
            return replace(facts, sync_state=await self._left_behind(declared, context))
        connection = cast("Connection", observed.raw)
        found = sync_state_of(connection, self._gateway.capabilities.no_sync_states or "")
        if found.cursors and not found.why_lost:
            if not await self._reads_alike(declared, connection, context):
                found = replace(found, why_lost="another connector reads it from then on")
            elif context.ids.get(declared.fields["source"]) != connection.source_id:
                is_place = await self._is_in_log.get(connection.connection_id, partial(self._read_form, connection))
                found = replace(found, why_lost=_IN_LOG if is_place else "")
        return replace(facts, sync_state=found)

    async def _left_behind(self, declared: Declared, context: ResolveContext) -> SyncState | None:
        """How far the deleted connection was read whose place *declared* takes, where Airbyte still tells it."""
        if (id_ := declared.in_place_of) is None or self._gateway.capabilities.no_sync_states is not None:
            return None
        try:
            connection = await self._gateway.connection(id_)
            there = streams_in(await self._gateway.sync_state(id_), id_)
        except (Missing, Invalid, Unauthorized, ServerFault, DeclarationError):
            return None
        ends = {"source": connection.source_id, "destination": connection.destination_id}
        other = next((end for end, was in ends.items() if context.ids.get(declared.fields[end]) != was), None)
        found = sync_state_of(connection, f"its {other} is another one by now" if other else "")
        cursors = {name: cursor for name, cursor in found.cursors.items() if name in there}
        return replace(found, cursors=cursors) if cursors else None

    async def _read_form(self, connection: Connection) -> bool:
        """Whether its sync state says where one log of a whole database was read to, as far as that is told: a
        server without it hands none on either, and a snapshot need not have it.
        """
        try:
            return is_global(await self._gateway.sync_state(connection.connection_id), connection.connection_id)
        except (Missing, Invalid, Unauthorized, DeclarationError):
            return False

    async def _reads_alike(self, declared: Declared, connection: Connection, context: ResolveContext) -> bool:
        """Whether the declared source is of the same connector as that of *connection*, or in the place of it."""
        source = cast("Key", declared.fields["source"])
        coming = context.coming.get(source)
        if context.ids.get(source) == connection.source_id:
            return not (isinstance(coming, Replace) and any(field.path == ("type",) for field in coming.fields))
        connectors = await self._connectors.get("source", self._read_connectors)
        after = connectors.get(context.ids.get(source, ""))
        if isinstance(coming, (Create, Replace)):
            type_ = coming.declared.fields["type"]
            after = type_.id if isinstance(type_, Named) else context.ids.get(type_)
        return after is not None and after == connectors.get(connection.source_id)

    async def _read_connectors(self) -> Mapping[str, str]:
        """Of every source its connector, by their ids."""
        actors = await self._gateway.actors("source")
        return {actor.id: actor.definition_id for actor in actors if isinstance(actor, Actor)}

    def _draft(self, declared: Declared, ids: Ids) -> ConnectionDraft:
        """Of a new one, but for its streams."""
        facts = cast("Facts", declared.facts)
        is_interim = read_interim(declared.key.name) is not None
        fields = {name: value for name, value in declared.fields.items() if not (is_interim and name == "status")}
        return ConnectionDraft(
            name=declared.key.name,
            source_id=ids[declared.fields["source"]],
            destination_id=ids[declared.fields["destination"]],
            catalog_id=facts.catalog_id,
            fields=self._sendable(fields, ids),
            settings=paused(facts.carried) if is_interim else facts.carried,
            normalize=declared.fields.get("normalize data"),
            operations=facts.carried.get("operationIds", ()),
        )

    async def update(self, change: Update, ids: Ids) -> None:
        changed = {field.path[0] for field in change.fields}
        if (interim := read_interim(change.observed.name)) is not None:
            # With its own name it gets its own status, and not before: the one it was to have, or what differs.
            changed = changed if "name" in changed else changed - {"status"}
        fields = {name: value for name, value in change.declared.fields.items() if name in changed}
        draft = ConnectionDraft(
            name=change.declared.key.name if "name" in changed else None, fields=self._sendable(fields, ids)
        )
        if interim is not None and "name" in changed:
            await self._catch_up_later(cast("Connection", change.observed.raw), interim.replaces)
            draft = replace(draft, settings={"status": interim.note})
        if "normalize data" in changed:
            operations = cast("Connection", change.observed.raw).operations
            draft = replace(draft, normalize=change.declared.fields["normalize data"], operations=operations)
        if "streams" in changed:
            touched = {
                field.path[1] for field in change.fields if field.path[0] == "streams" and len(field.path) > 1
            }
            kept = untouched(change.observed, touched)
            rows = selected(change.declared, kept, changed_settings(change.fields))
            facts = cast("Facts", change.declared.facts)
            there = cast("Connection", change.observed.raw)
            draft = replace(draft, streams=await self._whole(rows, there.source_id, facts))
            if facts.catalog_id != there.source_catalog_id:
                draft = replace(draft, catalog_id=facts.catalog_id)
        await self._gateway.update_connection(change.observed.id, draft)

    def _sendable(self, fields: Mapping[str, Any], ids: Ids) -> Mapping[str, Any]:
        return sendable(fields, ids, self._gateway.workspace.workspace_id)

    async def _whole(
        self, rows: Sequence[ConfiguredStream], source_id: str, facts: Facts
    ) -> Sequence[ConfiguredStream]:
        """*rows*, those with chosen columns beside all the source has: a connection keeps the schema of the chosen
        ones alone, and all of a schema is no choice to Airbyte (its CatalogConverter).
        """
        if not any(row.config.raw.get("fieldSelectionEnabled") for row in rows):
            return rows
        whole = facts.whole
        if not whole:
            catalog = await self._gateway.discover(source_id)
            whole = {identity(entry.stream): entry.stream for entry in catalog.streams}
        return [
            msgspec.structs.replace(row, stream=whole.get(identity(row.stream), row.stream))
            if row.config.raw.get("fieldSelectionEnabled")
            else row
            for row in rows
        ]

    def interim_note(self, declared: Declared) -> str:
        """Under its interim name it is paused, so that no two of them ever write to one place."""
        carried = cast("Facts", declared.facts).carried
        return str(declared.fields.get("status", carried.get("status", "active")))

    def serves(self, begun: Update, change: Replace) -> bool:
        if any(changed.path[0] == "streams" and changed.path[2:] == ("cursor",) for changed in begun.fields):
            return False  # it has a state of the old cursor, which no update takes from it
        return has_taken_over(begun.observed, change)

    async def rename(self, id_: str, declared: Declared) -> None:
        if (went_on := self._went_on.get(id_)) is not None:
            await self._catch_up(id_, *went_on)
        settings = {"status": self.interim_note(declared)}
        await self._gateway.update_connection(id_, ConnectionDraft(name=declared.key.name, settings=settings))

    async def delete(self, observed: Observed) -> None:
        await self._gateway.delete_connection(observed.id)

    def show(self, change: Change) -> Iterable[FieldChange]:
        """A deletion shows what a create of the same would: not the fields that are as a new connection has them.
        Text that is empty in Airbyte is no text.
        """
        initial = initial_values()
        for changed in super().show(change):
            name = changed.path[0]
            before = None if name in initial and changed.before == "" else changed.before
            if not (isinstance(change, Delete) and name in initial and before == initial[name]):
                yield replace(changed, before=before)

    def timetable(self, fields: Fields) -> str:
        schedule = fields.get("schedule")
        runs = isinstance(schedule, AirbyteSchedule) and schedule.kind != "manual"
        return str(schedule) if runs and fields.get("status", "active") == "active" else ""

    def consequences(self, change: Change) -> Iterable[Consequence]:
        for consequence in super().consequences(change):
            yield of_removal(consequence, change)
        yield from of_change(change)


_IN_LOG: Final = "it is a place in the log of the other source"


def _specification(context: ResolveContext, declared: Declared) -> Specification:
    """That of the destination; an empty one where nothing is known of it."""
    specification = context.facts.get(cast("Key", declared.fields["destination"]))
    return specification if isinstance(specification, Specification) else Specification()


def _foreseen(pair: Pair, context: ResolveContext, value: Mapping[str, Any]) -> Iterator[Problem]:
    """What stands against the declared streams, whatever the source turns out to have."""
    declared = cast("Declared", pair.declared)
    modes = _specification(context, declared).supported_destination_sync_modes
    for want in streams.wanted(value):
        for text in streams.unwritable(want, modes):
            yield Problem(declared.key, ("streams", want.label), text)
    names = {want.label: named(want.label) for want in streams.wanted(value) if not is_pattern(want.label)}
    pairs = {label: name for label, name in names.items() if not isinstance(name, str)}
    # Of a bare name the namespace is not known yet, and does not matter where all land in one.
    bare = {label: ("", name) for label, name in names.items() if isinstance(name, str)}
    yield from _clashes(pair, context, pairs, bare)


def _clashes(
    pair: Pair, context: ResolveContext, found: Mapping[str, Identity], bare: Mapping[str, Identity] | None = None
) -> Iterator[Problem]:
    """The streams that would land in one table. *bare* ones are of a namespace that is not known."""
    names = [name.casefold() for _, name in (*found.values(), *(bare or {}).values())]
    if len(set(names)) == len(names):
        return
    declared = cast("Declared", pair.declared)
    known = {**initial_values(), **(pair.observed.fields if pair.observed else {})}
    set_here = {label: value for label, value in declared.fields.items() if value is not None}
    fields = {**known, **set_here}
    image = _specification(context, declared).docker_repository
    landing = Landing(
        namespace=fields["destination namespace"], prefix=fields["prefix"] or "", folds=folds_case(image)
    )
    streams_there = {**found, **(bare or {})} if landing.is_one_namespace else found
    for label, text in landing.clashes(streams_there):
        yield Problem(declared.key, ("streams", label), text)


def _selects(observed: Observed | None) -> bool:
    """Whether there is anything to deselect, or nothing yet."""
    return observed is None or bool(cast("Connection", observed.raw).sync_catalog.streams)


def _compared(pair: Pair, facts: Facts, value: Any, shown: Mapping[str, Any]) -> Pair:
    """Both sides with the streams in one form: *value* declared, the observed ones as far as *shown* speaks."""
    declared = cast("Declared", pair.declared)
    declared = replace(declared, fields={**declared.fields, "streams": value}, facts=facts)
    if pair.observed is None:
        return Pair(declared, None)
    raw = cast("Connection", pair.observed.raw)
    entries = streams.labelled(raw.sync_catalog.streams, shown)
    has = {
        label: streams.observed_value(entry, shown.get(label), facts.whole.get(identity(entry.stream)))
        for label, entry in entries.items()
    }
    in_order = {label: has[label] for label in (*shown, *has) if label in has}
    fields = {**pair.observed.fields, "streams": in_order}
    return Pair(declared, replace(pair.observed, fields=fields))


def _postponed(pair: Pair, facts: Facts, later: Later, entries: Mapping[str, ConfiguredStream]) -> Pair:
    """Streams nobody can know yet: those that are known are compared, the others shown as declared."""
    wanted = {want.label: want for want in streams.wanted(later.value)}
    shown = {
        label: _declared_value(wanted[label], entries[label], facts) if label in entries else value
        for label, value in later.value.items()
    }
    return _compared(pair, facts, Later(later.on, shown), shown)


def _declared_value(want: streams.Wanted, entry: ConfiguredStream, facts: Facts) -> Any:
    return streams.declared_value(want, entry, whole=identity(entry.stream) in facts.whole)


def _as_taken_in(taken: Expanded, entries: Mapping[str, ConfiguredStream]) -> list[streams.Wanted]:
    return [
        streams.as_taken_in(want, entries[want.label]) if want.label in taken.of else want
        for want in streams.wanted(taken.streams)
    ]


_IDLE: Final = "it excludes nothing: there is no stream that it takes in"


def _beside(
    catalog: Catalog, stored: Mapping[Identity, ConfiguredStream], facts: Facts
) -> tuple[dict[Identity, ConfiguredStream], Facts]:
    """The streams of a *catalog* beside those that the connection has *stored*, as it has them configured; and
    *facts* that know all their columns.
    """
    found = {
        identity(entry.stream): msgspec.structs.replace(entry, config=own.config)
        if (own := stored.get(identity(entry.stream)))
        else entry
        for entry in catalog.streams
    }
    whole = {name: entry.stream for name, entry in found.items()}
    return {**stored, **found}, replace(facts, whole=whole)


def _stored(observed: Observed | None, source_id: str | None) -> dict[Identity, ConfiguredStream]:
    """The streams of the connection's own catalog, where it reads from the declared source already."""
    if observed is None:
        return {}
    raw = cast("Connection", observed.raw)
    entries = raw.sync_catalog.streams if raw.source_id == source_id else []
    return {identity(entry.stream): entry for entry in entries}


def _merged(
    catalog: Catalog, stored: Mapping[Identity, ConfiguredStream], value: Mapping[str, Any]
) -> dict[str, ConfiguredStream]:
    """The discovered streams, each as the connection has it configured where it does."""
    return streams.labelled([_known(entry, stored) for entry in catalog.streams], value)


def _known(entry: ConfiguredStream, stored: Mapping[Identity, ConfiguredStream]) -> ConfiguredStream:
    own = stored.get(identity(entry.stream))
    if own is None:
        return entry
    return msgspec.structs.replace(own, stream=entry.stream) if own.stream.is_sketch else own
