"""How far the streams of a connection were read, and what of that a connection made in its place takes over. Pure.

Airbyte keeps it with the connection: by stream, by stream beside what all share, or (`legacy`) in one piece.
What is taken over is read by the same connector, under the same name and by the same cursor, and from the same
source where it is a place in that one's log; else it would be read as something that it is not.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from dagster_managed_elements.airbyte.kinds import streams
from dagster_managed_elements.airbyte.stream_names import Identity, identity, named
from dagster_managed_elements.airbyte.wire import (
    ConfiguredStream,
    Connection,
    Json,
    object_in,
    read_list,
    read_optional,
    read_optional_list,
    read_optional_text,
)
from dagster_managed_elements.engine.errors import ManagedElementsError


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncState:
    """What one connection knows of how far it was read: its incremental streams, each with its cursor.

    *why_lost* says why nothing of it can be taken over, "" where it can. *is_whole*: these are all its streams.
    """

    connection_id: str
    cursors: Mapping[Identity, Sequence[str]]
    why_lost: str = ""
    is_whole: bool = True

    def is_all(self, names: Collection[Identity]) -> bool:
        return self.is_whole and set(names) == set(self.cursors)


def sync_state_of(connection: Connection, why_lost: str = "") -> SyncState:
    entries = [stream for stream in connection.sync_catalog.streams if stream.config.sync_mode == "incremental"]
    cursors = {identity(entry.stream): cursor_of(entry) for entry in entries}
    return SyncState(connection_id=connection.connection_id, cursors=cursors, why_lost=why_lost)


def cursor_of(entry: ConfiguredStream) -> list[str]:
    """What the source reads it by: its own, where it has one."""
    stream = entry.stream
    chosen = [] if stream.source_defined_cursor else entry.config.cursor_field
    return chosen or stream.default_cursor_field


def identities(
    labels: Collection[str], entries: Mapping[str, ConfiguredStream], known: Collection[Identity]
) -> dict[str, Identity]:
    """Which streams *labels* mean: those of *entries*, else the *known* ones of that name."""
    found: dict[str, Identity] = {}
    for label in labels:
        if (entry := entries.get(label)) is not None:
            found[label] = identity(entry.stream)
            continue
        name = named(label)
        alike = [stream for stream in known if stream == name or stream[1] == name]
        if len(alike) == 1:
            found[label] = alike[0]
    return found


def going_on(
    wanted: Mapping[str, Any], entries: Mapping[str, ConfiguredStream], before: SyncState
) -> dict[str, Identity]:
    """By label, the streams of a connection made in the place of *before* that go on from where that was. *wanted*
    are its streams as declared, *entries* what is known of them.
    """
    if before.why_lost:
        return {}
    wants = {want.label: want for want in streams.wanted(wanted) if want.incremental}
    found = identities(wants, entries, before.cursors)

    def has_cursor(label: str, name: Identity) -> bool:
        want, entry = wants[label], entries.get(label)
        cursor = cursor_of(streams.configured(want, entry)) if entry else want.cursor or before.cursors[name]
        return list(cursor) == list(before.cursors[name])

    return {label: name for label, name in found.items() if name in before.cursors and has_cursor(label, name)}


def taken_over(state: Any, names: Collection[Identity], at: str, *, is_whole: bool = True) -> Json | None:
    """Of a connection's *state*, as Airbyte answers it, what is of the streams *names*; None: there is none.

    Raises:
        ManagedElementsError: Where it is in one piece, and they are not all that it is of (*is_whole*).
    """
    match read_optional_text(state, "stateType", at):
        case "stream":
            rows = _of(read_optional_list(state, "streamState", at), names, at)
            return {"stateType": "stream", "streamState": rows} if rows else None
        case "global":
            whole = object_in(read_optional(state, "globalState", at), f"{at}.globalState")
            rows = _of(read_list(whole, "streamStates", at), names, at)
            return {"stateType": "global", "globalState": {**whole, "streamStates": rows}} if rows else None
        case "legacy" if (piece := read_optional(state, "state", at)) is not None:
            if not is_whole:
                text = (
                    "its sync state is in one piece, as an old connector left it, and not all of its streams go on"
                )
                raise ManagedElementsError(text)
            return {"stateType": "legacy", "state": piece}
        case _:
            return None


def is_global(state: Any, at: str) -> bool:
    """Whether it is of one log that all streams share: of that source, and of no other."""
    return read_optional_text(state, "stateType", at) == "global"


def streams_in(state: Any, at: str) -> list[Identity]:
    """Those that a *state*, as Airbyte answers it, has something of."""
    rows = [*read_optional_list(state, "streamState", at)]
    if (whole := read_optional(state, "globalState", at)) is not None:
        rows += read_list(whole, "streamStates", at)
    return [_identity(row, at) for row in rows]


def _of(rows: Sequence[Any], names: Collection[Identity], at: str) -> list[Json]:
    return [cast("Json", row) for row in rows if _identity(row, at) in names]


def _identity(row: Any, at: str) -> Identity:
    told = object_in(read_optional(row, "streamDescriptor", at), f"{at}.streamDescriptor")
    return (read_optional_text(told, "namespace", at), read_optional_text(told, "name", at))
