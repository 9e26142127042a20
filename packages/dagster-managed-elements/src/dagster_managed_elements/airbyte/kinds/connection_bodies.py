"""A connection's bodies: what is read of one, what is sent of one. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, cast

from dagster_managed_elements.airbyte.kinds import streams
from dagster_managed_elements.airbyte.kinds.stream_patterns import expanded
from dagster_managed_elements.airbyte.kinds.sync_states import SyncState, going_on
from dagster_managed_elements.airbyte.stream_names import Identity, identity
from dagster_managed_elements.airbyte.wire import ConfiguredStream, Connection, Stream, Unreadable
from dagster_managed_elements.engine.changes import Declared, FieldChange, Observed, Pair, Replace
from dagster_managed_elements.engine.succession import read_interim
from dagster_managed_elements.engine.values import Ids, Key, Later, Named, Ref

CONNECTION: Final = "connection"
TAGS: Final = "tags"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What resolving found: each declared stream in a catalog, and what a replacement takes over: *carried* of the
    connection, and the *rows* of its streams; *chosen* are these where they are no part of what is looked at, since
    it is to read from another source, or is made anew. *whole* are all streams of a catalog, with all their
    columns, where one was read; *catalog_id* is that of the one that the connection is to have. *sync_state* is
    that of the connection whose place is taken, where it goes.
    """

    whole: Mapping[Identity, Stream] = field(default_factory=dict[Identity, Stream])
    entries: Mapping[str, ConfiguredStream] = field(default_factory=dict[str, ConfiguredStream])
    catalog_id: str | None = None
    carried: Mapping[str, Any] = field(default_factory=dict[str, Any])
    rows: Mapping[Identity, ConfiguredStream] = field(default_factory=dict[Identity, ConfiguredStream])
    chosen: Mapping[Identity, ConfiguredStream] = field(default_factory=dict[Identity, ConfiguredStream])
    sync_state: SyncState | None = None


def observed_connection(connection: Connection | Unreadable) -> Observed:
    if isinstance(connection, Unreadable):
        return Observed(kind=CONNECTION, name=connection.name, id=connection.id, fields={}, fault=connection.fault)
    entries = streams.labelled(connection.sync_catalog.streams, ())
    interim = read_interim(connection.name)
    # Under an interim name it is paused whatever it is to become.
    shown = connection.fields if interim is None else {**connection.fields, "status": interim.note}
    return Observed(
        kind=CONNECTION,
        name=connection.name,
        id=connection.connection_id,
        fields={
            "source": Ref("source", connection.source_id),
            "destination": Ref("destination", connection.destination_id),
            "normalize data": False,
            "streams": {label: streams.observed_value(entry, None) for label, entry in entries.items()},
            **shown,
        },
        raw=connection,
    )


def unwrapped(value: Any) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value.value if isinstance(value, Later) else value)


def taken_over(pair: Pair, source_id: str | None) -> Facts:
    """What a replacement of the observed connection, reading from *source_id*, is to have of it."""
    earlier = pair.declared.facts if pair.declared else None
    if pair.observed is None:
        if not isinstance(earlier, Facts):
            return Facts()
        going = _as_planned(pair, earlier)
        return Facts(carried=earlier.carried, rows=earlier.rows, chosen=earlier.rows, sync_state=going)
    connection = cast("Connection", pair.observed.raw)
    going = None
    if isinstance(earlier, Facts):
        carried, rows, going = earlier.carried, earlier.rows, _as_planned(pair, earlier)
    else:
        interim = read_interim(pair.observed.name)
        carried = connection.settings if interim is None else {**connection.settings, "status": interim.note}
        rows = {identity(entry.stream): entry for entry in connection.sync_catalog.streams}
    chosen = rows if connection.source_id != source_id else {}
    catalog_id = None if connection.source_id != source_id else connection.source_catalog_id
    return Facts(carried=carried, rows=rows, chosen=chosen, catalog_id=catalog_id, sync_state=going)


def _as_planned(pair: Pair, earlier: Facts) -> SyncState | None:
    """What is taken over is what the plan said, whatever else a source turns out to have alike."""
    if pair.declared is None or (before := earlier.sync_state) is None:
        return None
    kept = going_on(unwrapped(pair.declared.fields["streams"]), earlier.entries, before).values()
    cursors = {name: before.cursors[name] for name in kept}
    return replace(before, cursors=cursors, is_whole=before.is_all(cursors))


def has_taken_over(begun: Observed, change: Replace) -> bool:
    """Whether *begun* has of what *change* replaces all that is shown of it, can be set and is not declared."""
    old, new = change.observed, begun
    raw, own = cast("Connection", old.raw), cast("Connection", new.raw)
    declared = {label for label, value in change.declared.fields.items() if value is not None}
    told = old.fields.keys() - declared - raw.lost.keys()
    if any(_settled(old.fields[label]) != _settled(new.fields.get(label)) for label in told):
        return False
    if "normalize data" not in declared and raw.operations != own.operations:
        return False
    value = unwrapped(change.declared.fields["streams"])
    entries = streams.labelled(own.sync_catalog.streams, value)
    before = {identity(entry.stream): entry for entry in raw.sync_catalog.streams}
    pairs = [
        (want, entry, before[identity(entry.stream)])
        for want in streams.wanted(expanded(value, entries).streams)
        if (entry := entries.get(want.label)) is not None and identity(entry.stream) in before
    ]
    return all(streams.has_taken_over(*pair) for pair in pairs)


def _settled(value: Any) -> Any:
    """Nothing in one form; and a list in one order, since Airbyte keeps none of tags."""
    return sorted(cast("list[Any]", value), key=repr) or None if isinstance(value, list) else value or None


def with_tags(pair: Pair, ids: Ids) -> Pair:
    """*pair* with what of the declared tags is there by its id on both sides, in one order: Airbyte keeps none."""
    declared, observed = pair.declared, pair.observed
    if declared is None or observed is None or TAGS not in declared.fields:
        return pair
    there: Mapping[str, Named] = {tag.id: tag for tag in observed.fields[TAGS]}
    tags = [there.get(ids.get(tag, ""), tag) if isinstance(tag, Key) else tag for tag in declared.fields[TAGS]]
    in_order = [
        *(tag for tag in tags if tag in there.values()),
        *(tag for tag in there.values() if tag not in tags),
    ]
    return Pair(
        replace(declared, fields={**declared.fields, TAGS: tags}),
        replace(observed, fields={**observed.fields, TAGS: in_order}),
    )


def sendable(fields: Mapping[str, Any], ids: Ids, workspace_id: str) -> Mapping[str, Any]:
    """*fields* with its tags as Airbyte has them. Only ids count (its ConnectionsHandler), the rest is form."""
    if TAGS not in fields:
        return fields
    tags = [(ids[tag], tag.name) if isinstance(tag, Key) else (tag.id, tag.label) for tag in fields[TAGS]]
    form = {"workspaceId": workspace_id, "color": "000000"}
    return {**fields, TAGS: [{**form, "tagId": id_, "name": name} for id_, name in tags]}


def paused(settings: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**settings, "status": "inactive"}


def selected(
    declared: Declared,
    as_they_are: Mapping[str, ConfiguredStream],
    settings: Mapping[str, Collection[str]] | None = None,
) -> list[ConfiguredStream]:
    """All selected streams: an update of the catalog is whole, so an untouched stream goes back as it came. Of one
    in *settings* those alone change.
    """
    facts = cast("Facts", declared.facts)
    return [
        as_they_are.get(want.label)
        or streams.configured(want, facts.entries[want.label], (settings or {}).get(want.label))
        for want in streams.wanted(unwrapped(declared.fields["streams"]))
    ]


def changed_settings(changes: Iterable[FieldChange]) -> dict[str, set[str]]:
    """By label of a stream that changes in part, the settings that do."""
    found: dict[str, set[str]] = {}
    for path in (changed.path for changed in changes if len(changed.path) > 2 and changed.path[0] == "streams"):
        found.setdefault(path[1], set()).add(path[2])
    return found


def untouched(observed: Observed, touched: set[str]) -> dict[str, ConfiguredStream]:
    raw = cast("Connection", observed.raw)
    labels = cast("Mapping[str, Any]", observed.fields["streams"])
    entries = streams.labelled(raw.sync_catalog.streams, labels)
    return {label: entry for label, entry in entries.items() if label not in touched}
