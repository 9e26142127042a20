"""Airbyte's Public API in this library's values, and back. Pure.

It has its own names for pairs of sync modes, and shows of a stream only how it is configured.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

import msgspec
from msgspec.structs import replace

from dagster_managed_elements.airbyte.connection_fields import initial_fields, read_fields, words_of, written_fields
from dagster_managed_elements.airbyte.gateways import NO_SYNC_STATES, Capabilities, ConnectionDraft
from dagster_managed_elements.airbyte.manifests import specification
from dagster_managed_elements.airbyte.schedules import AirbyteSchedule
from dagster_managed_elements.airbyte.servers.api_roots import USE_CONFIG
from dagster_managed_elements.airbyte.specs import facts
from dagster_managed_elements.airbyte.specs.connectors import Connectors, Unfound
from dagster_managed_elements.airbyte.stream_names import identity
from dagster_managed_elements.airbyte.syncmodes import AirbyteSyncMode
from dagster_managed_elements.airbyte.wire import (
    LOW_CODE_IMAGE,
    Actor,
    Catalog,
    ConfiguredStream,
    Connection,
    Definition,
    Json,
    Side,
    Specification,
    Stream,
    StreamConfig,
    convert,
    object_in,
    read_list,
    read_optional_list,
    renamed,
)
from dagster_managed_elements.engine.errors import DeclarationError

MODES: Final = {
    ("full_refresh", "overwrite"): "full_refresh_overwrite",
    ("full_refresh", "overwrite_dedup"): "full_refresh_overwrite_deduped",
    ("full_refresh", "append"): "full_refresh_append",
    ("full_refresh", "update"): "full_refresh_update",
    ("full_refresh", "soft_delete"): "full_refresh_soft_delete",
    ("incremental", "append"): "incremental_append",
    ("incremental", "append_dedup"): "incremental_deduped_history",
    ("incremental", "update"): "incremental_update",
    ("incremental", "soft_delete"): "incremental_soft_delete",
}
_PAIRS: Final = {name: pair for pair, name in MODES.items()}
_UNNAMED: Final = ("other", "mode")
_NOT_SENT: Final = frozenset({"name", "namespace", "syncMode", "cursorField", "primaryKey"})


class _Stream(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    name: str
    namespace: str | None = None
    sync_mode: str = ""
    cursor_field: list[str] = []
    primary_key: list[list[str]] = []


class _Properties(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A stream of `GET /streams`, in which the namespace is called `streamnamespace`."""

    stream_name: str
    streamnamespace: str | None = None
    sync_modes: list[str] = []
    default_cursor_field: list[str] = []
    source_defined_cursor_field: bool = False
    source_defined_primary_key: list[list[str]] = []
    property_fields: list[list[str]] = []


def read_definition(side: Side, row: Any, at: str) -> Definition:
    """This API does not say which connectors users added. None of Airbyte's own is, and nobody else pushes images
    to its name; that one of a user's is not of such an image is no rule.
    """
    definition = convert(row, Definition, at)
    airbytes = definition.docker_repository.startswith("airbyte/")
    custom = False if facts.is_known(side, definition.id) else None if airbytes else True
    return replace(definition, custom=custom)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadLowCode:
    """A low-code connector, its manifest, and the specification in that; *version* is the one in use."""

    definition: Definition
    specification: Specification
    manifest: Any = None
    version: int | None = None


def read_low_code(row: Any, at: str) -> ReadLowCode:
    """A manifest may leave out its specification, or be a text: then nothing is known of it."""
    body = object_in(row, at)
    definition = convert({name: body.get(name) for name in ("id", "name")}, Definition, at)
    manifest, version = body.get("manifest"), body.get("version")
    known = specification(cast("Json", manifest)) if isinstance(manifest, Mapping) else None
    return ReadLowCode(
        definition=replace(definition, custom=True, docker_repository=LOW_CODE_IMAGE),
        specification=known or Specification(is_partial=True),
        manifest=manifest,
        version=version if type(version) is int else None,
    )


def read_actor(side: Side, row: Any, at: str, connectors: Connectors) -> Actor:
    """Before 1.0 an object had no definition id, only the slug of its image, such as `postgres`."""
    fields = dict(renamed(row, at, {f"{side}Id": "id"}))
    if "definitionId" not in fields:
        slug = str(fields.get(f"{side}Type", ""))
        found = connectors.find(f"{side}-{slug}")
        fields["definitionId"] = slug if isinstance(found, Unfound) else found.id
    return convert(fields, Actor, at)


def read_connection(row: Any, at: str) -> Connection:
    """A schedule that this API shows and cannot set is among *lost*, and what it does not even show: a replacement
    would have neither.
    """
    shown = object_in(row, at)
    connection = convert({**shown, "fields": {}, "settings": {}, "lost": {}}, Connection, at)
    fields = read_fields(shown, at, "public")
    schedule: AirbyteSchedule = fields["schedule"]
    settings = {name: shown[name] for name in words_of("public") if shown.get(name) is not None}
    settings |= written_fields({"schedule": schedule}, "public")
    lost = {"": "what the Public API does not show of it (notifications, backfill, resources, operations)"}
    if schedule.not_public is not None:
        del settings["schedule"]
        lost = {"schedule": f"its schedule ({schedule})", **lost}
    configurations = shown.get("configurations") or dict[str, Any]()
    rows = read_optional_list(configurations, "streams", f"{at}.configurations")
    return replace(
        connection,
        fields=fields,
        sync_catalog=_catalog([_stored(stream, f"{at}.streams") for stream in rows]),
        settings=settings,
        lost=lost,
    )


def _stored(row: Any, at: str) -> ConfiguredStream:
    shown = convert(row, _Stream, at)
    source, destination = _PAIRS.get(shown.sync_mode, _UNNAMED)
    others = {name: value for name, value in object_in(row, at).items() if name not in _NOT_SENT}
    config = StreamConfig(
        sync_mode=source,
        destination_sync_mode=destination,
        cursor_field=shown.cursor_field,
        primary_key=shown.primary_key,
        selected=True,
        raw={name: value for name, value in others.items() if value not in (None, [])},
    )
    return ConfiguredStream(
        stream=Stream(name=shown.name, namespace=shown.namespace, is_sketch=True), config=config
    )


def read_streams(body: Any, at: str) -> Catalog:
    """*body* is a bare array; before 1.0 it was an object around one."""
    rows = read_list({"streams": body} if isinstance(body, list) else body, "streams", at)
    return _catalog([ConfiguredStream(stream=_discovered(row, at), config=StreamConfig()) for row in rows])


def _catalog(rows: list[ConfiguredStream]) -> Catalog:
    """Before 1.8 no namespaces are told, and a name may be there several times."""
    times = Counter(identity(row.stream) for row in rows)
    several = {name for name, number in times.items() if number > 1}
    return Catalog(
        streams=[
            replace(row, stream=replace(row.stream, is_ambiguous=True)) if identity(row.stream) in several else row
            for row in rows
        ]
    )


def _discovered(row: Any, at: str) -> Stream:
    """Which modes the source supports is not told, but the pairs are, where a destination was named."""
    shown = convert(row, _Properties, at)
    return Stream(
        name=shown.stream_name,
        namespace=shown.streamnamespace,
        supported_sync_modes=["full_refresh", "incremental"],
        possible_modes=[_PAIRS[name] for name in shown.sync_modes if name in _PAIRS],
        source_defined_cursor=shown.source_defined_cursor_field,
        default_cursor_field=shown.default_cursor_field,
        source_defined_primary_key=shown.source_defined_primary_key,
        raw={"jsonSchema": _schema(shown.property_fields)},
    )


def _schema(paths: list[list[str]]) -> dict[str, Any]:
    """What *paths* say of a schema: which fields there are, and which are below them."""
    schema: dict[str, Any] = {}
    for path in paths:
        at = schema
        for segment in path:
            at = at.setdefault("properties", {}).setdefault(segment, {})
    return schema


CAPABILITIES: Final = Capabilities(
    api="public",
    modes=frozenset(AirbyteSyncMode(*pair) for pair in MODES),
    no_normalization="Airbyte's Public API has no normalization; leave normalize_data out",
    no_streams="Airbyte's Public API takes no streams at all for a choice of its own; declare one at least",
    no_sync_states=NO_SYNC_STATES,
)


def creation(draft: ConnectionDraft) -> dict[str, Any]:
    return {**initial_fields("public"), **change(draft)}


def change(draft: ConnectionDraft) -> dict[str, Any]:
    """What of a connection is drafted. Its streams are always all of them: a list replaces the selection."""
    body = {**draft.settings, **draft.written("public")}
    if draft.streams is not None:
        body["configurations"] = {"streams": [_row(entry) for entry in draft.streams]}
    return body


def _row(entry: ConfiguredStream) -> dict[str, Any]:
    """A cursor or key the source itself defines is left out: naming another one is refused (400)."""
    stream, config = entry.stream, entry.config
    pair = (config.sync_mode, config.destination_sync_mode)
    if pair not in MODES:
        text = f"The stream {stream.name!r} has sync modes that Airbyte's Public API cannot name; {USE_CONFIG}."
        raise DeclarationError(text)
    said = {name: value for name, value in config.raw.items() if name != "fieldSelectionEnabled"}
    row: dict[str, Any] = {name: value for name, value in said.items() if value not in (None, [])}
    row |= {"name": stream.name, "syncMode": MODES[pair]}
    if stream.namespace:
        row["namespace"] = stream.namespace
    if config.cursor_field and not stream.source_defined_cursor:
        row["cursorField"] = config.cursor_field
    if config.primary_key and not stream.source_defined_primary_key:
        row["primaryKey"] = config.primary_key
    return row
