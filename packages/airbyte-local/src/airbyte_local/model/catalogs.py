"""Catalogs of streams: the configuration a discovery proposes, and what differs between two catalogs. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from airbyte_local.model.configurations import MASK
from airbyte_local.model.errors import named_problem
from airbyte_local.model.json_values import Form, Json, bean, form, is_object, shape
from airbyte_local.model.records import StreamKey

STREAM = shape(
    "name!: text, namespace: text, jsonSchema: object, supportedSyncModes: [full_refresh|incremental], "
    "sourceDefinedCursor: flag, defaultCursorField: [text], sourceDefinedPrimaryKey: [[text]], isResumable: flag, "
    "isFileBased: flag",
    name="stream",
)
MAPPERS = "hashing|field-renaming|row-filtering|encryption|field-filtering"
MAPPER = shape(f"id: uuid, type!: {MAPPERS}, mapperConfiguration!: object", name="mapper")
FIELDS = [shape("fieldPath: [text]")]
STREAM_CONFIG = shape(
    "syncMode!: full_refresh|incremental, "
    "destinationSyncMode!: append|overwrite|append_dedup|overwrite_dedup|update|soft_delete, "
    "cursorField: [text], primaryKey: [[text]], namespace: text, aliasName: text, selected: flag, suggested: flag, "
    "destinationObjectName: text, includeFiles: flag, fieldSelectionEnabled: flag, minimumGenerationId: whole, "
    "generationId: whole, syncId: whole",
    {"selectedFields": FIELDS, "hashedFields": FIELDS, "mappers": [MAPPER]},
    name="stream_config",
)
CATALOG = {"streams!": [{"stream": STREAM, "config": STREAM_CONFIG}]}


def key_of(stream: Json) -> StreamKey:
    """An empty namespace is none."""
    return (stream.get("namespace") or None, stream["name"])


def entry_read(stream: Json, config: Json) -> Json:
    """A stream with its configuration, as answers show the two: the key of a mapper is masked."""
    mappers = [
        _keyed(mapper, MASK) if "key" in mapper["mapperConfiguration"] else mapper for mapper in config["mappers"]
    ]
    return {"stream": Form("stream", stream), "config": Form("stream_config", {**config, "mappers": mappers})}


def with_keys(mappers: Iterable[Json], before: Iterable[Json]) -> list[Json]:
    """*mappers*, where one is masked with the key that the one of its id had *before*.

    Raises:
        Problem: 400, where there is none.
    """
    keys = {mapper["id"]: mapper["mapperConfiguration"].get("key") for mapper in before}
    found: list[Json] = []
    for mapper in mappers:
        key = mapper["mapperConfiguration"].get("key")
        if key == MASK and (key := keys.get(mapper.get("id"))) is None:
            detail, data = "A secret of this mapper is masked, and none is stored.", {"mapperType": mapper["type"]}
            name = "mapper-validation/secret-not-found"
            raise named_problem(400, name, detail, data, title="mapper-secret-not-found")
        found.append(mapper if key is None else _keyed(mapper, key))
    return found


def check_mappers(stream: Json, mappers: Iterable[Json]) -> None:
    """Problem (400) where one reads what is not there by then, makes what is, or has a key that is none."""
    there: dict[str, Any] = dict(stream.get("jsonSchema", {}).get("properties") or {})
    for mapper in mappers:
        own, error = mapper["mapperConfiguration"], ""
        old: str = own.get("originalFieldName") or own.get("targetField") or ""
        new: str = own.get("newFieldName", f"{old}{own.get('fieldNameSuffix') or ''}")
        if not re.fullmatch("([0-9a-fA-F]{2})+", own.get("key", own.get("publicKey", "00"))) or (old and not new):
            error = "INVALID_MAPPER_CONFIG"
        elif there and old and there.pop(old, MASK) is MASK:
            error = "FIELD_NOT_FOUND"
        elif new in there:
            error = "FIELD_ALREADY_EXISTS"
        if error:
            data = {"errors": [{"stream": stream["name"], "mapper": mapper["type"], "error": error}]}
            raise named_problem(400, "mapper-validation", "A mapper is not valid.", data)
        there |= {new: {}} if old and mapper["type"] != "field-filtering" else {}


def _keyed(mapper: Json, key: str) -> Json:
    return {**mapper, "mapperConfiguration": {**mapper["mapperConfiguration"], "key": key}}


def proposed(streams: Iterable[Json], suggested: Iterable[str] = ()) -> Json:
    """A discovered catalog as the vendor answers it: each stream with a default configuration.

    Only the one stream of a single-stream source is selected, and those that the connector suggests.
    """
    listed, names = list(streams), set(suggested)
    return {
        "streams": [
            entry_read(stream, _default(stream, chosen=len(listed) == 1 or stream["name"] in names))
            for stream in listed
        ]
    }


def _default(stream: Json, *, chosen: bool) -> Json:
    modes = stream["supportedSyncModes"]
    if stream["sourceDefinedCursor"] and stream["sourceDefinedPrimaryKey"]:
        pair = ("incremental", "append_dedup")
    elif "full_refresh" in modes or not modes:
        pair = ("full_refresh", "overwrite")
    else:
        pair = ("incremental", "append")
    return {
        "syncMode": pair[0],
        "destinationSyncMode": pair[1],
        "cursorField": stream["defaultCursorField"],
        "primaryKey": stream["sourceDefinedPrimaryKey"],
        "aliasName": re.sub(r"[^A-Za-z0-9_]", "_", stream["name"]),
        "selected": chosen,
        "suggested": chosen,
        "selectedFields": [],
        "hashedFields": [],
        "mappers": [],
    }


def everything(configured: Iterable[Json], discovered: Iterable[Json], *, refreshed: bool) -> Json:
    """What the UI shows: all streams of the discovered catalog, those of the connection with its configuration.

    A refreshed catalog rules; else streams that the connection has and the catalog has not stay.
    """
    chosen = {key_of(entry["stream"]): entry for entry in configured}
    shown: list[Json] = []
    for stream in discovered:
        mine = chosen.pop(key_of(stream), None)
        config = mine["config"] if mine else {**_default(stream, chosen=False)}
        shown.append(entry_read(stream, config))
    gone = [] if refreshed else [entry_read(entry["stream"], entry["config"]) for entry in chosen.values()]
    return {"streams": shown + gone}


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    transforms: list[Json]
    breaking: bool

    def __bool__(self) -> bool:
        return bool(self.transforms)

    def read(self) -> Json:
        return {"transforms": self.transforms}


def difference(before: Iterable[Json], after: Iterable[Json], configured: Iterable[Json]) -> Difference:
    """How *after* differs from *before*; breaking where a configured stream loses its cursor or a key field."""
    old = {key_of(stream): stream for stream in before}
    new = {key_of(stream): stream for stream in after}
    configs = {key_of(entry["stream"]): entry["config"] for entry in configured}
    transforms = [_transform("remove_stream", key) for key in old if key not in new]
    transforms += [_transform("add_stream", key) for key in new if key not in old]
    breaking = False
    for key in (key for key in old if key in new):
        needed = _needed_fields(configs.get(key, {}))
        fields = _field_transforms(old[key], new[key], needed)
        breaking = breaking or any(field["breaking"] for field in fields)
        if fields:
            update = form("stream_update", fieldTransforms=fields, streamAttributeTransforms=[])
            transforms.append({**_transform("update_stream", key), "updateStream": update})
    return Difference(transforms=transforms, breaking=breaking)


def _transform(kind: str, key: StreamKey) -> Json:
    return {"transformType": kind, "streamDescriptor": bean(name=key[1], namespace=key[0])}


def _needed_fields(config: Json) -> set[str]:
    needed = {path[0] for path in config.get("primaryKey", []) if path}
    if config.get("syncMode") == "incremental":
        needed |= set(config.get("cursorField", [])[:1])
    return needed


def _field_transforms(old: Json, new: Json, needed: set[str]) -> list[Json]:
    before, after = _properties(old), _properties(new)
    found: list[Json] = []
    for name in before.keys() | after.keys():
        field = {"fieldName": [name], "breaking": False}
        if name not in after:
            removed = {"transformType": "remove_field", "removeField": {"schema": before[name]}}
            found.append({**field, **removed, "breaking": name in needed})
        elif name not in before:
            found.append({**field, "transformType": "add_field", "addField": {"schema": after[name]}})
        elif before[name] != after[name]:
            change = {"oldSchema": before[name], "newSchema": after[name]}
            found.append({**field, "transformType": "update_field_schema", "updateFieldSchema": change})
    return sorted(found, key=lambda transform: transform["fieldName"])


def _properties(stream: Json) -> dict[str, Any]:
    properties = stream.get("jsonSchema", {}).get("properties")
    return properties if is_object(properties) else {}
