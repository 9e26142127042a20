"""The streams of a connection, declared and configured, made comparable and checked. Pure.

A stream is one name in one namespace. It is known to the user by its name, and by the two where that name stands in
several namespaces or both are declared.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

from msgspec.structs import replace

from dagster_managed_elements.airbyte.kinds import stream_fields
from dagster_managed_elements.airbyte.kinds.field_paths import fields_told, missing_field
from dagster_managed_elements.airbyte.kinds.mapper_fields import unusable
from dagster_managed_elements.airbyte.kinds.stream_patterns import Expanded, is_pattern
from dagster_managed_elements.airbyte.kinds.stream_settings import (
    MAPPERS,
    SETTINGS,
    read_settings,
    written_settings,
)
from dagster_managed_elements.airbyte.near_names import NearNames
from dagster_managed_elements.airbyte.stream_config import EXCLUDED
from dagster_managed_elements.airbyte.stream_names import Identity, identity, label_of, named, spelt
from dagster_managed_elements.airbyte.syncmodes import AirbyteSyncMode, bare_mode
from dagster_managed_elements.airbyte.wire import ConfiguredStream, Stream
from dagster_managed_elements.engine.secrets import unsecret

KEYED: Final = frozenset({"append_dedup", "overwrite_dedup", "update", "soft_delete"})
"""Modes of a destination that need a primary key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A stream as declared: its pair of modes, a cursor and a key where the declaration chooses them, and all of
    the *block* they stand in.
    """

    label: str
    mode: AirbyteSyncMode
    cursor: list[str] | None = None
    primary_key: list[list[str]] | None = None
    block: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def incremental(self) -> bool:
        return self.mode.sync_mode == "incremental"


def wanted(streams: Mapping[str, Any]) -> list[Wanted]:
    """The declared value of a connection's `streams`, read, without those that are excluded."""
    return [_wanted(label, value) for label, value in streams.items() if value is not EXCLUDED]


def _wanted(label: str, value: Any) -> Wanted:
    if isinstance(value, AirbyteSyncMode):
        return Wanted(label=label, mode=value)
    block = cast("Mapping[str, Any]", value)
    return Wanted(
        label=label,
        mode=block["mode"],
        cursor=block.get("cursor") or None,
        primary_key=block.get("primary key") or None,
        block=block,
    )


def by_catalog(streams: Mapping[str, Any], entries: Mapping[str, ConfiguredStream]) -> bool:
    """Whether a catalog alone can tell what *streams* come to, and not the *entries* of a connection."""
    return any(
        value is EXCLUDED or (is_pattern(label) and label not in entries) or chooses_fields(value)
        for label, value in streams.items()
    )


def labelled(entries: Iterable[ConfiguredStream], wanted_labels: Collection[str]) -> dict[str, ConfiguredStream]:
    """*entries* by the name the user knows each by, which is the declared one wherever that is clear: not where
    several are of that name, be one of them a declared pair alone.
    """
    entries = list(entries)
    declared = (name for name in map(named, wanted_labels) if not isinstance(name, str))
    known = {*(identity(entry.stream) for entry in entries), *declared}
    is_clear = len({name for _, name in known}) == len(known)
    repeated = Counter[str]() if is_clear else Counter(name for _, name in known)
    found: dict[str, ConfiguredStream] = {}
    for entry in entries:
        name, full = entry.stream.name, label_of(identity(entry.stream))
        found[full if repeated[name] > 1 or full in wanted_labels else label_of(name)] = entry
    return found


class Offered:
    """The streams of a *source*, to say why a label names none of them. Made once for however many, all of which
    are *declared*.
    """

    def __init__(self, entries: Mapping[str, ConfiguredStream], source: str, declared: Collection[str]) -> None:
        self._entries, self._source, self._declared = entries, source, declared
        self._homes: dict[str, list[Identity]] = {}
        for entry in entries.values():
            self._homes.setdefault(entry.stream.name, []).append(identity(entry.stream))
        self._near = NearNames(entries)
        self._first = sorted(entries)[:_SHOWN]

    def missing(self, label: str) -> str:
        """Why *label* names no single stream, with what comes nearest."""
        wanted = named(label)
        if is_pattern(label):
            return f"the source {self._source!r} has no stream that this takes in{self._nearby(label)}"
        if isinstance(wanted, str) and (homes := sorted(self._homes.get(wanted, ()))):
            listed = ", ".join(map(spelt, homes))
            if len(homes) == 1:
                if label_of(homes[0]) in self._declared:
                    return f"it is declared as {listed} already"
                return f"the source {self._source!r} has this stream in one namespace only; name it {listed}"
            return f"the source {self._source!r} has this stream in several namespaces; name one of {listed}"
        return f"the source {self._source!r} has no such stream{self._nearby(label)}"

    def _nearby(self, label: str) -> str:
        if like := self._near.spelt_like(label):
            return f"; capitals matter: it has {_listed(like)}"
        if near := self._near.near(label):
            return f"; it has {_listed(near)}"
        rest = ", ..." if len(self._entries) > len(self._first) else ""
        return f"; it has {_listed(self._first)}{rest}" if self._first else "; it has no streams"


_SHOWN: Final = 10


def _listed(labels: Iterable[str]) -> str:
    return ", ".join(label if isinstance(name := named(label), str) else spelt(name) for label in labels)


AMBIGUOUS: Final = (
    "there are several streams of this name, and Airbyte's Public API tells their namespaces since 1.8 only; "
    'use api="config"'
)


def ambiguous(entries: Iterable[ConfiguredStream]) -> list[str]:
    """Those that nobody can tell apart, by label."""
    return sorted({label_of(entry.stream.name) for entry in entries if entry.stream.is_ambiguous})


def problems(want: Wanted, entry: ConfiguredStream, destination_modes: Collection[str]) -> Iterator[str]:
    """What stands against syncing *entry* as declared; of a sketch nobody can tell but the server."""
    if entry.stream.is_ambiguous:
        yield AMBIGUOUS
        return
    if entry.stream.is_sketch:
        return
    stream = entry.stream
    source_mode, destination_mode = want.mode.value
    supported = stream.supported_sync_modes or ["full_refresh"]
    readable = source_mode in supported
    if not readable:
        yield f"the source cannot read it as {source_mode}, only as {', '.join(sorted(supported))}"
    yield from unwritable(want, destination_modes)
    if stream.possible_modes and want.mode.value not in stream.possible_modes:
        can = ", ".join(sorted(str(bare_mode(*pair)) for pair in stream.possible_modes))
        yield f"its source and its destination cannot sync it as {want.mode}, only as {can}"
    elif readable:
        yield from _cursor_problems(want, entry)
    yield from _key_problems(want, entry, destination_mode)
    yield from _field_problems(want, entry)


def unwritable(want: Wanted, destination_modes: Collection[str]) -> Iterator[str]:
    """Why the destination cannot write it, whatever the source can; it can where nothing is known of it."""
    if destination_modes and want.mode.destination_sync_mode not in destination_modes:
        can = ", ".join(sorted(destination_modes))
        yield f"the destination cannot write it as {want.mode.destination_sync_mode}, only as {can}"


def _cursor_problems(want: Wanted, entry: ConfiguredStream) -> Iterator[str]:
    stream = entry.stream
    defined = stream.default_cursor_field if stream.source_defined_cursor else []
    if want.cursor and defined and want.cursor != defined:
        yield f"the source itself defines its cursor, {_dotted(defined)}; leave cursor_field out"
        return
    if want.cursor and (there := missing_field(_schema(stream), want.cursor)) is not None:
        yield f"it has no field {_dotted(want.cursor)} to be its cursor{there}"
    known = stream.source_defined_cursor or entry.config.cursor_field or stream.default_cursor_field
    if want.incremental and not (want.cursor or known):
        yield f"an incremental sync of it needs a cursor_field{fields_told(_schema(stream))}"


def _key_problems(want: Wanted, entry: ConfiguredStream, destination_mode: str) -> Iterator[str]:
    stream, defined = entry.stream, entry.stream.source_defined_primary_key
    if defined:
        if want.primary_key and ordered(want.primary_key) != ordered(defined):
            keys = ", ".join(_dotted(path) for path in defined)
            yield f"the source itself defines its primary key, {keys}; leave primary_key out"
        return
    for path in want.primary_key or ():
        if (there := missing_field(_schema(stream), path)) is not None:
            yield f"it has no field {_dotted(path)} to be its primary key{there}"
    if destination_mode in KEYED and not (want.primary_key or entry.config.primary_key):
        yield f"{destination_mode} needs a primary_key{fields_told(_schema(stream))}"


def _field_problems(want: Wanted, entry: ConfiguredStream) -> Iterator[str]:
    stream, declared = entry.stream, want.block.get(MAPPERS)
    chooses = chooses_fields(want.block)
    sent = configured(want, entry, settings=()).config if chooses or declared else entry.config
    if chooses:
        cursor = sent.cursor_field if want.incremental else []
        key = sent.primary_key if want.mode.destination_sync_mode in KEYED else []
        chosen = [*stream_fields.problems(want.block, stream, cursor=cursor, key=key)]
        yield from chosen
        if chosen:
            return
    columns = stream_fields.chosen(want.block, stream, sent) if chooses or declared else set[str]()
    if declared and columns:
        yield from unusable(declared, columns)
    elif declared is None and columns and stream_fields.differs(want.block, stream, entry.config):
        kept = read_settings(entry.config.raw, {MAPPERS: declared})[MAPPERS]
        yield from (f"{why}; it was chosen in Airbyte, so give mappers= too" for why in unusable(kept, columns))
    if want.block.get("include files") and stream.raw.get("isFileBased") is False:
        yield "it has no files to include; leave include_files out"


def declared_value(want: Wanted, entry: ConfiguredStream, *, whole: bool = False) -> Any:
    """What of the declaration is compared: a cursor that the source defines without naming it is whatever it is,
    unless the connection has another one. *whole*: all the columns of its stream are known.
    """
    block: dict[str, Any] = {"mode": want.mode}
    unnamed = entry.stream.source_defined_cursor and not entry.stream.default_cursor_field
    if want.cursor is not None and (entry.config.cursor_field or not unnamed):
        block["cursor"] = want.cursor
    if want.primary_key is not None:
        block["primary key"] = ordered(want.primary_key)
    rest = {label: value for label, value in _comparable(want.block).items() if label not in _OWN}
    if whole and chooses_fields(rest):
        rest.pop(stream_fields.LEFT_OUT, None)
        rest[stream_fields.INCLUDED] = stream_fields.selection(want.block, entry.stream)
    block |= rest
    return block if len(block) > 1 else want.mode


_OWN: Final = frozenset({"mode", "cursor", "primary key"})


def chooses_fields(block: Any) -> bool:
    return isinstance(block, Mapping) and (stream_fields.INCLUDED in block or stream_fields.LEFT_OUT in block)


def as_taken_in(want: Wanted, entry: ConfiguredStream) -> Wanted:
    """*want* for one of the streams that a pattern takes in: columns that it has not need not be left out."""
    lacking = stream_fields.absent(want.block, entry.stream)
    if not lacking:
        return want
    left_out = [name for name in want.block[stream_fields.LEFT_OUT] if name not in lacking]
    return dataclasses.replace(want, block={**want.block, stream_fields.LEFT_OUT: left_out})


def absent_everywhere(taken: Expanded, entries: Mapping[str, ConfiguredStream]) -> Iterator[tuple[str, str]]:
    """The patterns, each with a column that it leaves out and none of the streams it takes in has."""
    absent: dict[str, set[str]] = {}
    for want in wanted({label: taken.streams[label] for label in taken.of}):
        lacking = stream_fields.absent(want.block, entries[want.label].stream)
        pattern = taken.of[want.label]
        absent[pattern] = absent[pattern] & lacking if pattern in absent else lacking
    for pattern, names in absent.items():
        yield from ((pattern, name) for name in sorted(names))


def is_settled(want_value: Any, entry: ConfiguredStream) -> bool:
    """Whether *entry* can be told to be as declared without knowing more of its stream."""
    if not (entry.stream.is_sketch or chooses_fields(want_value)):
        return True
    compared = _comparable(want_value)
    observed = observed_value(entry, compared)
    if chooses_fields(compared) and observed.get(stream_fields.INCLUDED) != compared.get(
        stream_fields.INCLUDED, ()
    ):
        return False
    return not entry.stream.is_sketch or unsecret(observed) == unsecret(compared)


def _comparable(value: Any) -> Any:
    """*value* as an observed one is written, as far as that needs no catalog."""
    if not isinstance(value, Mapping):
        return value
    block = dict(cast("Mapping[str, Any]", value))
    if "primary key" in block:
        block["primary key"] = ordered(block["primary key"])
    names = block.get(stream_fields.INCLUDED, stream_fields.ALL)
    if names != stream_fields.ALL and all(isinstance(name, str) for name in names):
        block[stream_fields.INCLUDED] = sorted(names)
    if block.get(stream_fields.LEFT_OUT) == []:
        del block[stream_fields.LEFT_OUT]
        block[stream_fields.INCLUDED] = stream_fields.ALL
    return block


def observed_value(entry: ConfiguredStream, declared: Any, whole: Stream | None = None) -> Any:
    """How a connection has a stream configured, as far as *declared* speaks of it. *whole* is its stream with all
    of its columns, where that is known.
    """
    mode = bare_mode(entry.config.sync_mode, entry.config.destination_sync_mode)
    if not isinstance(declared, Mapping):
        return mode
    block: dict[str, Any] = {"mode": mode}
    if "cursor" in declared and entry.config.cursor_field:
        block["cursor"] = entry.config.cursor_field
    if "primary key" in declared and entry.config.primary_key:
        block["primary key"] = ordered(entry.config.primary_key)
    if stream_fields.INCLUDED in declared:
        chosen = stream_fields.observed(entry.config)
        block[stream_fields.INCLUDED] = chosen if whole is None else stream_fields.whole(chosen, whole)
    return block | read_settings(entry.config.raw, cast("Mapping[str, Any]", declared))


def configured(want: Wanted, entry: ConfiguredStream, settings: Collection[str] | None = None) -> ConfiguredStream:
    """*entry* as it is sent for *want*: what is declared on top, everything else as it was. Of its *settings* those
    alone, by label, where not all of them.
    """
    stream, config = entry.stream, entry.config
    source_mode, destination_mode = want.mode.value
    kept = [] if stream.source_defined_cursor else config.cursor_field
    block = {label: value for label, value in want.block.items() if settings is None or label in settings}
    chosen = stream_fields.written(block[stream_fields.INCLUDED]) if stream_fields.INCLUDED in block else {}
    config = replace(
        config,
        raw={**written_settings(block, config.raw), **chosen},
        sync_mode=source_mode,
        destination_sync_mode=destination_mode,
        cursor_field=want.cursor or kept or stream.default_cursor_field,
        primary_key=stream.source_defined_primary_key or want.primary_key or config.primary_key,
    )
    return replace(entry, config=config)


def as_chosen(entry: ConfiguredStream, chosen: ConfiguredStream) -> ConfiguredStream:
    """*entry*, of another source, with what was *chosen* for its namesake: columns, mappers, a cursor, a key."""
    schema, own = _schema(entry.stream), chosen.config
    has_cursor = own.cursor_field and missing_field(schema, own.cursor_field) is None
    has_key = all(missing_field(schema, path) is None for path in own.primary_key)
    config = replace(
        own,
        cursor_field=own.cursor_field if has_cursor else [],
        primary_key=own.primary_key if has_key else [],
    )
    return replace(entry, config=config)


def has_taken_over(want: Wanted, entry: ConfiguredStream, old: ConfiguredStream) -> bool:
    """Whether *entry*, made in the place of *old*, has what was chosen for that and *want* does not declare."""
    labels = {"cursor", "primary key", stream_fields.INCLUDED, *(setting.label for setting in SETTINGS)}
    labels -= {*want.block, *([stream_fields.INCLUDED] if chooses_fields(want.block) else [])}
    expected = configured(want, as_chosen(entry, old), settings=())
    shown, has = (observed_value(side, dict.fromkeys(labels)) for side in (expected, entry))
    return all(unsecret(shown.get(label)) == unsecret(has.get(label)) for label in labels)


def unselectable(entry: ConfiguredStream, chosen: ConfiguredStream) -> Iterator[str]:
    """What of the columns that were chosen in Airbyte *entry*, of another source, lacks."""
    rows = cast("list[Mapping[str, Any]]", chosen.config.raw.get("selectedFields") or [])
    paths = [cast("list[str]", row.get("fieldPath") or []) for row in rows]
    lacking = [_dotted(path) for path in paths if path and missing_field(_schema(entry.stream), path) is not None]
    if lacking:
        yield (
            f"its columns were chosen in Airbyte, and the new source has none named {', '.join(lacking)}; "
            "choose others there before it is replaced"
        )


def ordered(key: Iterable[Iterable[str]]) -> list[list[str]]:
    """A primary key in one order: its order means nothing to Airbyte."""
    return sorted(list(path) for path in key)


def _schema(stream: Stream) -> Any:
    return stream.raw.get("jsonSchema")


def _dotted(path: Iterable[str]) -> str:
    return ".".join(path)
