"""Declared connections as the port's: which tables each fills, told without asking a server.

What is not declared counts as what a new connection has, unless a snapshot tells more.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final, cast

from dagster_managed_elements.airbyte.connection_fields import AirbyteDestinationNamespace
from dagster_managed_elements.airbyte.elements import AirbyteConnection, AirbyteDestination, AirbyteSource
from dagster_managed_elements.airbyte.instance import AirbyteInstance
from dagster_managed_elements.airbyte.kinds.stream_patterns import expanded, is_pattern
from dagster_managed_elements.airbyte.kinds.streams import Wanted, labelled, wanted
from dagster_managed_elements.airbyte.stream_config import streams_block
from dagster_managed_elements.airbyte.stream_names import StreamName, identity, named
from dagster_managed_elements.airbyte.syncs import open_syncs
from dagster_managed_elements.airbyte.wire import ConfiguredStream, Json, Stream, StreamConfig
from dagster_managed_elements.definitions.ports import Column, StreamProps, SyncedConnection
from dagster_managed_elements.engine.elements import Element, plain
from dagster_managed_elements.engine.errors import DeclarationError, ManagedElementsError
from dagster_managed_elements.engine.secrets import Secret, sounds_secret
from dagster_managed_elements.engine.values import UNSET, Key, leaves, walk

INTEGRATION: Final = "airbyte"
_DATABASES: Final = ("database", "project_id")
_SCHEMAS: Final = ("schema", "dataset_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of a connection beside its declaration: the *entries* of what it chooses from, and its *fields*
    by label.
    """

    entries: Sequence[ConfiguredStream]
    fields: Mapping[str, Any] = field(default_factory=dict[str, Any])


def known_streams(names: Iterable[StreamName]) -> Known:
    """What a source has, by name, where nobody knows more of it."""
    streams = [
        Stream(name=name, is_sketch=True)
        if isinstance(name, str)
        else Stream(name=name[1], namespace=name[0] or None)
        for name in names
    ]
    return Known(entries=[ConfiguredStream(stream=stream, config=StreamConfig()) for stream in streams])


def synced_connection(
    connection: AirbyteConnection, instance: Callable[[], AirbyteInstance], known: Known | None = None
) -> SyncedConnection:
    """DeclarationError where what it syncs depends on what its source has, and that is not *known*."""
    return SyncedConnection(
        name=connection.name,
        integration=INTEGRATION,
        streams=_distinguished([*_streams(connection, known)]),
        open=partial(open_syncs, instance, connection.name, partial(_secrets, connection)),
    )


def _distinguished(streams: Sequence[StreamProps]) -> Sequence[StreamProps]:
    tables = Counter(props.table_name for props in streams)
    return [replace(props, is_ambiguous=True) if tables[props.table_name] > 1 else props for props in streams]


def _streams(connection: AirbyteConnection, known: Known | None) -> Iterator[StreamProps]:
    block = streams_block(connection.stream_config)
    if known is None and (patterns := [label for label in block if is_pattern(label)]):
        raise DeclarationError(
            f"Which streams {', '.join(map(repr, patterns))} of the connection {connection.name!r} takes in, its "
            "source alone can tell, and no server is asked here: give streams={"
            f"{connection.name!r}: [...]}}, or snapshot= with what `dagster-me snapshot` wrote once it was applied."
        )
    entries = labelled(known.entries if known else (), block.keys())
    whole = expanded(block, entries)
    if whole.clashes:
        label, why = next(iter(whole.clashes.items()))
        raise DeclarationError(f"The stream {label} of the connection {connection.name!r}: {why}.")
    common = _common(connection, known)
    for want in wanted(whole.streams):
        entry = entries.get(want.label)
        if entry is None and is_pattern(want.label):
            continue  # it takes nothing in
        yield _props(connection, common, want, entry, known)


def _common(connection: AirbyteConnection, known: Known | None) -> StreamProps:
    """What all streams of a connection have alike."""
    source, destination = connection.source, connection.destination
    return StreamProps(
        connection_name=connection.name,
        stream_name="",
        stream_prefix=_declared(connection.prefix, "prefix", known) or "",
        integration=INTEGRATION,
        source_name=source.name,
        source_type=_connector(source.source_type) if isinstance(source, AirbyteSource) else None,
        destination_name=destination.name,
        destination_type=(
            _connector(destination.destination_type) if isinstance(destination, AirbyteDestination) else None
        ),
        database=_setting(destination, _DATABASES),
        tags=_tags(connection),
    )


def _declared(value: Any, label: str, known: Known | None) -> Any:
    if value is not UNSET or known is None:
        return None if value is UNSET else value
    return known.fields.get(label)


def _connector(kind: str | Element | Key) -> str | None:
    """By which a connector is known: of its image the last part, nothing of an id."""
    name = kind if isinstance(kind, str) else kind.name
    if re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", name):
        return None
    return re.sub(r"^(.*/)?(source|destination)-", "", name)


def _setting(destination: AirbyteDestination | Key, names: Sequence[str]) -> str | None:
    if not isinstance(destination, AirbyteDestination):
        return None
    configuration = cast("Json", destination.destination_configuration)
    values = (configuration.get(name) for name in names)
    return next((value for value in values if isinstance(value, str) and value), None)


def _tags(connection: AirbyteConnection) -> list[str]:
    listed: object = connection.tags
    tags = cast("Sequence[str | Element]", listed) if isinstance(listed, (list, tuple)) else ()
    return [tag if isinstance(tag, str) else tag.name for tag in tags]


def _props(
    connection: AirbyteConnection,
    common: StreamProps,
    want: Wanted,
    entry: ConfiguredStream | None,
    known: Known | None,
) -> StreamProps:
    name = named(want.label)
    declared = ("", name) if isinstance(name, str) else name
    namespace, stream = declared if entry is None else identity(entry.stream)
    is_told = bool(namespace) or not isinstance(name, str) or (entry is not None and not entry.stream.is_sketch)
    return replace(
        common,
        stream_name=stream,
        namespace=namespace or None,
        mode=str(want.mode.bare),
        schema=_schema(connection, namespace, known, is_told=is_told),
        columns=None if entry is None else _columns(want, entry),
    )


def _schema(connection: AirbyteConnection, namespace: str, known: Known | None, *, is_told: bool) -> str | None:
    """In which its table is; None where that hangs on what nobody told."""
    wanted = _declared(connection.destination_namespace, "destination namespace", known)
    default = _setting(connection.destination, _SCHEMAS)
    if wanted is None or wanted is AirbyteDestinationNamespace.DESTINATION_DEFAULT:
        return default
    if not is_told:
        return None
    if wanted is AirbyteDestinationNamespace.SAME_AS_SOURCE:
        return namespace or default
    return str(wanted).replace("${SOURCE_NAMESPACE}", namespace) or default


def _columns(want: Wanted, entry: ConfiguredStream) -> Sequence[Column] | None:
    """Those that are synced; None where nobody knows them, or a mapper makes others of them."""
    schema = cast("Json", entry.stream.raw.get("jsonSchema") or {})
    properties = cast("Mapping[str, Any]", schema.get("properties") or {})
    if not properties or want.block.get("mappers") or entry.config.raw.get("mappers"):
        return None
    chosen, left_out = want.block.get("fields"), want.block.get("excluded fields") or ()
    kept = {_top(path) for path in (*(chosen or ()), *(want.cursor or ()), *(want.primary_key or ()))}
    return [
        _column(name, told)
        for name, told in properties.items()
        if name not in left_out and (chosen is None or name in kept)
    ]


def _top(path: str | Sequence[str]) -> str:
    return path if isinstance(path, str) else path[0]


def _column(name: str, told: Any) -> Column:
    """Its type in Airbyte's words where it has one, else in those of JSON Schema."""
    schema = cast("Json", told if isinstance(told, Mapping) else {})
    types: object = schema.get("type")
    listed = [str(word) for word in (cast("list[object]", types) if isinstance(types, list) else [types]) if word]
    named = [word for word in listed if word != "null"]
    words = (schema.get("airbyte_type"), schema.get("format"), " | ".join(named), "unknown")
    description = schema.get("description")
    return Column(
        name=name,
        type=next(str(word) for word in words if word),
        nullable=len(named) < len(listed) or not listed,
        description=description if isinstance(description, str) else None,
    )


def _secrets(connection: AirbyteConnection) -> frozenset[str]:
    """What no connector may say in a log of ours: the secrets of both ends, as far as they can be read here. A
    function is not called for it.
    """
    return frozenset(text for end in (connection.source, connection.destination) for text in _texts(end))


def _texts(end: Element | Key) -> Iterator[str]:
    configuration = end.fields().get("configuration") if isinstance(end, Element) else None
    for path, leaf in walk(plain(configuration)):
        if isinstance(leaf, Secret):
            if leaf.cheap:
                try:
                    yield from map(str, leaves(leaf.read()))
                except ManagedElementsError:
                    continue  # the run need not have what an apply takes
        elif isinstance(leaf, str) and leaf and any(map(sounds_secret, path)):
            yield leaf
