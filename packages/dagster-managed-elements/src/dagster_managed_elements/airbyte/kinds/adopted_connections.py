"""A connection that is there as what declares it: every field that a new one has not, its streams as they are.

Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from dagster_managed_elements.airbyte.connection_fields import FIELDS, ConnectionField, refusals
from dagster_managed_elements.airbyte.elements import AirbyteConnection, AirbyteTag
from dagster_managed_elements.airbyte.gateways import Capabilities
from dagster_managed_elements.airbyte.kinds import stream_fields
from dagster_managed_elements.airbyte.kinds.stream_settings import MAPPERS, SETTINGS
from dagster_managed_elements.airbyte.kinds.streams import AMBIGUOUS, KEYED, ambiguous, ordered
from dagster_managed_elements.airbyte.mappers import mapper_of
from dagster_managed_elements.airbyte.stream_config import AirbyteStream
from dagster_managed_elements.airbyte.stream_names import StreamName, identity
from dagster_managed_elements.airbyte.syncmodes import AirbyteSyncMode
from dagster_managed_elements.airbyte.wire import ConfiguredStream, Connection
from dagster_managed_elements.engine.adoption import AdoptContext, Adopted, left_alone, not_adopted
from dagster_managed_elements.engine.changes import Observed
from dagster_managed_elements.engine.errors import DeclarationError
from dagster_managed_elements.engine.findings import Notice
from dagster_managed_elements.engine.secrets import Secret
from dagster_managed_elements.engine.values import Key, Masked, Named, Path, Ref, at, replaced, walk


def adopted_connection(
    observed: Observed, context: AdoptContext, capabilities: Capabilities, *, normalizes: bool
) -> Sequence[Adopted | Notice]:
    """*normalizes*: whether its rows are normalized."""
    ends: dict[str, Any] = {}
    for side in ("source", "destination"):
        if (end := context.elements.get(observed.fields[side])) is None:
            return [not_adopted(observed.key, f"its {side} is left out")]
        ends[side] = end
    notices: list[Notice] = []
    given: dict[str, Any] = {"normalize_data": True} if normalizes else {}
    for row in FIELDS:
        if capabilities.api in row.words and not row.is_initial(value := observed.fields[row.label]):
            try:
                given[row.attribute] = _declared(row, value, context, capabilities)
            except DeclarationError as error:
                notices.append(left_alone(observed.key, row.label, str(error)))
    entries = cast("Connection", observed.raw).sync_catalog.streams
    if names := ambiguous(entries):
        return [not_adopted(observed.key, f"{', '.join(names)}: {AMBIGUOUS}")]
    try:
        in_order = sorted(entries, key=lambda entry: identity(entry.stream))
        streams = {_name(entry): _stream(observed.key, entry, context) for entry in in_order}
        element = AirbyteConnection(observed.name, ends["source"], ends["destination"], streams, **given)
    except DeclarationError as error:
        return [not_adopted(observed.key, str(error))]
    return [Adopted(element=element), *notices]


def untold(capabilities: Capabilities) -> Iterator[str]:
    """The fields of a connection of which its API does not tell."""
    return (row.label for row in FIELDS if capabilities.api not in row.words)


def _declared(row: ConnectionField, value: Any, context: AdoptContext, capabilities: Capabilities) -> Any:
    """What is declared to be compared as *value*. DeclarationError where nothing is."""
    given = [_tag(tag, context) for tag in sorted(value, key=str)] if row.attribute == "tags" else value
    given = row.adopt(given)
    if row.attribute != "tags" and row.declared(given) != value:
        raise DeclarationError("Airbyte has it in a form that cannot be declared.")
    for why in refusals({row.label: value}, capabilities.api, capabilities.fields).values():
        raise DeclarationError(why)
    return given


def _tag(tag: Named, context: AdoptContext) -> AirbyteTag:
    if (element := context.elements.get(Ref("tag", tag.id))) is None:
        raise DeclarationError(f"its tag {tag.label!r} is left out.")
    return cast("AirbyteTag", element)


def _name(entry: ConfiguredStream) -> StreamName:
    """With its namespace where it has one, so that it is the same one whatever else the source comes to have."""
    namespace, name = identity(entry.stream)
    return (namespace, name) if namespace else name


def _stream(connection: Key, entry: ConfiguredStream, context: AdoptContext) -> AirbyteSyncMode | AirbyteStream:
    stream, config = entry.stream, entry.config
    mode = AirbyteSyncMode(config.sync_mode, config.destination_sync_mode)
    given: dict[str, Any] = {}
    if mode.sync_mode == "incremental" and config.cursor_field and not stream.source_defined_cursor:
        given["cursor_field"] = _path(config.cursor_field)
    keyed = mode.destination_sync_mode in KEYED
    if keyed and config.primary_key and not stream.source_defined_primary_key:
        given["primary_key"] = [_path(path) for path in ordered(config.primary_key)]
    if (chosen := stream_fields.observed(config)) != stream_fields.ALL:
        given["fields"] = list(chosen)
    for setting in SETTINGS:
        if not (value := setting.read(config.raw)):
            continue
        if setting.label == MAPPERS:
            value = [mapper_of(block) for block in _with_variables(connection, stream.name, value, context)]
        given[setting.label.replace(" ", "_")] = value
    return AirbyteStream(mode, **given) if given else mode


def _path(path: Sequence[str]) -> str | list[str]:
    return path[0] if len(path) == 1 else list(path)


def _with_variables(
    connection: Key, stream: str, blocks: Sequence[Mapping[str, Any]], context: AdoptContext
) -> list[Mapping[str, Any]]:
    """Each secret of a mapper in a variable named for the stream and for the field it is about."""
    secrets: dict[Path, Secret] = {}
    for path, leaf in walk(blocks):
        if isinstance(leaf, (Masked, Secret)):
            about = at(blocks, (*path[:2], "targetField"))
            secrets[path] = context.secret(connection, (stream, str(about), *path[1:]))
    return replaced(blocks, secrets)
