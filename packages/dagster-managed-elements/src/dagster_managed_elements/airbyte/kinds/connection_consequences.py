"""What a change of a connection does to its data, by the rules of Airbyte's server. Pure.

An update drops the state of a stream whose source sync mode changes, and nothing else (`ConnectionsHandler`); it
resets no stream and moves no rows. A deletion takes the state along.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from dagster_managed_elements.airbyte.connection_fields import initial_values
from dagster_managed_elements.airbyte.kinds import streams
from dagster_managed_elements.airbyte.kinds.connection_bodies import Facts, unwrapped
from dagster_managed_elements.airbyte.kinds.sync_states import (
    cursor_of,
    going_on,
    identities,
    sync_state_of,
)
from dagster_managed_elements.airbyte.kinds.tables import Landing
from dagster_managed_elements.airbyte.schedules import AirbyteSchedule
from dagster_managed_elements.airbyte.stream_names import identity
from dagster_managed_elements.airbyte.wire import ConfiguredStream, Connection
from dagster_managed_elements.engine.changes import Change, Create, Declared, Delete, Replace, Update
from dagster_managed_elements.engine.findings import Consequence
from dagster_managed_elements.engine.secrets import Secret
from dagster_managed_elements.engine.values import Key, at, walk

_WONDERED_ABOUT = frozenset({"name", "streams", "prefix", "destination namespace"})
"""Fields of which a reader may think that their change costs the sync state."""


def of_removal(consequence: Consequence, change: Change) -> Consequence:
    """*consequence*, which says that a connection goes, with what goes with it."""
    if isinstance(change, Delete) and isinstance(change.observed.raw, Connection):
        is_synced = bool(sync_state_of(change.observed.raw).cursors)
        return (
            replace(consequence, text=f"{consequence.text}; its sync state is lost") if is_synced else consequence
        )
    lost = _unwritable(change)
    listed = " and ".join(filter(None, [", ".join(lost[:-1]), *lost[-1:]]))
    said = f"; {listed} {'is' if len(lost) == 1 else 'are'} lost" if lost else ""
    return replace(consequence, text=f"{consequence.text}{said}")


def of_change(change: Change) -> Iterator[Consequence]:
    """What an update, a replacement, or a creation in the place of what was deleted does beside that."""
    if isinstance(change, Create):
        yield from _states_of_return(change)
    if isinstance(change, Update):
        yield from _states_of_update(change)
        yield from _sent_along(change)
    if isinstance(change, Replace):
        yield from _states_of_replacement(change)
    if isinstance(change, (Update, Replace)):
        yield from _moved(change)
        yield from _resumed(change)


def _unwritable(change: Change) -> Sequence[str]:
    """What a replacement cannot take over and nobody declares, since the API shows it and cannot set it."""
    if not isinstance(change, Replace):
        return ()
    lost = cast("Connection", change.observed.raw).lost
    return [text for label, text in lost.items() if label not in change.declared.fields]


def _states_of_update(change: Update) -> Iterator[Consequence]:
    key, raw = change.key, cast("Connection", change.observed.raw)
    labels = cast("Mapping[str, Any]", change.observed.fields["streams"])
    before = streams.labelled(raw.sync_catalog.streams, labels)
    after = {want.label: want for want in streams.wanted(unwrapped(change.declared.fields["streams"]))}
    kept = list[str]()
    for label, entry in before.items():
        want, was_incremental = after.get(label), entry.config.sync_mode == "incremental"
        if want is None:
            if was_incremental:
                text = f"{key}: its stream {label} is synced no more; selected again it may be read in full"
                yield Consequence(key, "deselected", text, destructive=False)
        elif was_incremental and not want.incremental:
            text = f"{key}: the sync state of its stream {label} is lost, since its sync mode changes"
            yield Consequence(key, "state-lost", f"{text}; each sync reads it in full")
        elif want.incremental and not was_incremental:
            yield Consequence(key, "reread", _first_state(key, label, want, entry), destructive=False)
        elif want.incremental and want.cursor and want.cursor != cursor_of(entry):
            text = f"{key}: its stream {label} gets another cursor, and Airbyte keeps the state of the old one"
            yield Consequence(key, "reread", f"{text}: most sources read it in full then", destructive=False)
        elif want.incremental:
            kept.append(label)
    if kept and _WONDERED_ABOUT & {changed.path[0] for changed in change.fields}:
        text = f"{key} keeps the sync state of its {_named(kept)}"
        yield Consequence(key, "state-kept", text, destructive=False)


def _first_state(key: Key, label: str, want: streams.Wanted, entry: ConfiguredStream) -> str:
    text = f"{key}: its stream {label} has no sync state yet, and the next sync reads it in full"
    appended = want.mode.value[1] == "append" and entry.config.destination_sync_mode == "append"
    return f"{text}; its rows are appended once more" if appended else text


def _sent_along(change: Update) -> Iterator[Consequence]:
    """The secrets beside those that are all that changes of their stream's mappers."""
    changed = {field.path: None for field in change.fields if field.path[0] == "streams" and len(field.path) > 3}
    for around in dict.fromkeys(path[:3] for path in changed):
        for inner, leaf in walk(at(unwrapped(change.declared.fields["streams"]), around[1:])):
            if isinstance(leaf, Secret) and (path := (*around, *inner)) not in changed:
                text = (
                    f"{change.key}: its secret {'.'.join(path)} is sent again, since Airbyte takes all {around[2]}"
                )
                yield Consequence(change.key, "secret-resent", f"{text} of a stream together", destructive=False)


def _kept_and_lost(declared: Declared) -> tuple[Sequence[str], Sequence[str], str]:
    """The streams that go on from where another connection was, those that do not, and why."""
    facts = cast("Facts", declared.facts)
    if not isinstance(declared.facts, Facts) or (before := facts.sync_state) is None:
        return (), (), ""
    wanted = unwrapped(declared.fields["streams"])
    kept = going_on(wanted, facts.entries, before)
    stays = identities([want.label for want in streams.wanted(wanted)], facts.entries, before.cursors)
    lost = [label for label, name in stays.items() if name in before.cursors and label not in kept]
    return list(kept), lost, before.why_lost or f"{_they(lost)} synced otherwise"


def _they(labels: Sequence[str]) -> str:
    return "it is" if len(labels) == 1 else "they are"


def _going_on(key: Key, kept: Sequence[str]) -> str:
    go = "goes on from where it was" if len(kept) == 1 else "go on from where they were"
    return f"{key}: its {_named(kept)} {go}"


def _states_of_return(change: Create) -> Iterator[Consequence]:
    """Nothing is lost by it that was not by the deletion."""
    kept, lost, why = _kept_and_lost(change.declared)
    if lost:
        text = f"{change.key} has no sync state of its {_named(lost)}, since {why}; {_they(lost)} read in full"
        yield Consequence(change.key, "reread", text, destructive=False)
    if kept:
        yield Consequence(change.key, "state-kept", _going_on(change.key, kept), destructive=False)


def _states_of_replacement(change: Replace) -> Iterator[Consequence]:
    key, declared = change.key, change.declared
    kept, lost, why = _kept_and_lost(declared)
    if lost:
        text = f"{key}: the sync state of its {_named(lost)} is lost, since {why}; {_they(lost)} read in full"
        yield Consequence(key, "state-lost", text)
    if kept:
        text = _going_on(key, kept)
        moved = {changed.path[0] for changed in change.fields}
        destination, source = declared.fields["destination"], declared.fields["source"]
        if "source" in moved:
            text += f"; what {source} has of before then is not read"
        if "destination" in moved or change.cause == destination:
            text += f"; {destination} gets only what is new since then"
        yield Consequence(key, "state-kept", text, destructive=False)


def _moved(change: Update | Replace) -> Iterator[Consequence]:
    """Streams that are written to another table than so far."""
    key, declared, before = change.key, change.declared, change.observed.fields
    destination = declared.fields["destination"]
    is_new = isinstance(change, Replace) and change.cause == destination
    if is_new or any(changed.path == ("destination",) for changed in change.fields):
        to = f"the new {destination}" if is_new else str(destination)
        text = f"{key}: its tables are written to {to} from then on; those that are there so far stay"
        yield Consequence(key, "moved", text, destructive=False)
        return
    set_here = {label: value for label, value in change.left.items() if value is not None}
    old, new = _landing({**initial_values(), **before}), _landing({**initial_values(), **before, **set_here})
    if old == new:
        return
    facts, raw = cast("Facts", declared.facts), cast("Connection", change.observed.raw)
    entries = {identity(entry.stream): entry for entry in raw.sync_catalog.streams}
    wants = {want.label: want for want in streams.wanted(unwrapped(declared.fields["streams"]))}
    for label, name in identities(wants, facts.entries, entries).items():
        tables = (old.table(name), new.table(name))
        if name in entries and tables[0] != tables[1]:
            was, becomes = _shown(*tables), _shown(*reversed(tables))
            text = f"{key}: the table of its stream {label} moves from {was} to {becomes}; {was} stays as it is"
            if (
                wants[label].incremental
                and entries[name].config.sync_mode == "incremental"
                and isinstance(change, Update)
            ):
                text += f", and {becomes} begins with what is new then, since the sync state is kept"
            yield Consequence(key, "moved", text, destructive=False)


def _landing(fields: Mapping[str, Any]) -> Landing:
    return Landing(namespace=fields["destination namespace"], prefix=fields["prefix"] or "", folds=False)


def _shown(table: tuple[str, str], other: tuple[str, str]) -> str:
    namespace, name = table
    if namespace:
        return f"{namespace}.{name}"
    return f"{name} in the default namespace" if other[0] else name


def _resumed(change: Update | Replace) -> Iterator[Consequence]:
    """A connection that syncs by itself again, or for the first time, may read all that came meanwhile."""
    before, after = change.observed.fields, change.left
    schedule = cast("AirbyteSchedule", after["schedule"])
    if after["status"] != "active":
        return
    if before["status"] != "active":
        syncs = (
            f"syncs again by its schedule: {schedule}" if schedule.kind != "manual" else "syncs where it is told to"
        )
        yield Consequence(change.key, "resumed", f"{change.key} is resumed, and {syncs}", destructive=False)
    elif before["schedule"].kind == "manual" != schedule.kind:
        text = f"{change.key} was synced by hand, and syncs by itself from then on, by its schedule: {schedule}"
        yield Consequence(change.key, "resumed", text, destructive=False)


def _named(labels: Iterable[str]) -> str:
    listed = list(labels)
    return f"stream{'' if len(listed) == 1 else 's'} {', '.join(listed)}"
