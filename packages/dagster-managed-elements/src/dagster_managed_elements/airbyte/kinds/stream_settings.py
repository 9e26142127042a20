"""What else can be chosen of a stream: its mappers, its files, the object it is written to. Pure.

One row a setting, as of a connection's own fields.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from dagster_managed_elements.airbyte.mappers import with_secrets
from dagster_managed_elements.airbyte.stream_names import named
from dagster_managed_elements.airbyte.wire import Json
from dagster_managed_elements.engine.secrets import unsecret
from dagster_managed_elements.engine.values import SECRET_MASK, Masked, mapped

MAPPERS: Final = "mappers"


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamSetting:
    """*read* takes a stream's configuration as both APIs answer it; *write* gives what is sent, of the declared
    value and of what was there.
    """

    label: str
    read: Callable[[Json], Any]
    write: Callable[[Any, Json], Json]


def _read_mappers(config: Json) -> list[Any]:
    kinds = ((str(row.get("type")), row.get("mapperConfiguration")) for row in _rows(config))
    # What a server shows of a secret is one all the same.
    return [{kind: with_secrets(kind, _masked(configuration))} for kind, configuration in kinds]


def _masked(value: Any) -> Any:
    return mapped(value, lambda leaf: Masked() if leaf == SECRET_MASK else leaf)


def _write_mappers(declared: Sequence[Json], config: Json) -> Json:
    """Each with the id of the one that is the same but for its secrets, else of one of its type: the server keeps
    a masked secret by that.
    """
    left = [(block, row.get("id")) for block, row in zip(_read_mappers(config), _rows(config), strict=True)]
    ids: dict[int, Any] = {}
    for alike in (_is_alike, _is_of_type):
        for number, block in enumerate(declared):
            there = next((mapper for mapper in left if number not in ids and alike(block, mapper[0])), None)
            if there is not None:
                ids[number] = there[1]
                left.remove(there)
    sent = [
        {**({"id": ids[number]} if ids.get(number) else {}), "type": kind, "mapperConfiguration": configuration}
        for number, block in enumerate(declared)
        for kind, configuration in block.items()
    ]
    # A server without mappers makes some of the fields it was told to hash by themselves.
    return {"mappers": sent, "hashedFields": None}


def _rows(config: Json) -> list[Json]:
    return cast("list[Json]", config.get("mappers") or [])


def _is_alike(one: Json, other: Json) -> bool:
    return unsecret(one) == unsecret(other)


def _is_of_type(one: Json, other: Json) -> bool:
    return one.keys() == other.keys()


SETTINGS: Final = (
    StreamSetting(label=MAPPERS, read=_read_mappers, write=_write_mappers),
    StreamSetting(
        label="include files",
        read=lambda config: bool(config.get("includeFiles")),
        write=lambda value, _config: {"includeFiles": value},
    ),
    StreamSetting(
        label="destination object name",
        read=lambda config: config.get("destinationObjectName") or "",
        write=lambda value, _config: {"destinationObjectName": value or None},
    ),
)


def read_settings(config: Json, declared: Json) -> dict[str, Any]:
    """As far as *declared* speaks of them."""
    return {setting.label: setting.read(config) for setting in SETTINGS if setting.label in declared}


def written_settings(declared: Json, config: Json) -> dict[str, Any]:
    """*config* with what is *declared*, in the words of both APIs."""
    sent = dict(config)
    for setting in SETTINGS:
        if setting.label in declared:
            sent |= setting.write(declared[setting.label], config)
    return sent


def used(streams: Mapping[str, Any]) -> set[str]:
    """Which settings *streams*, as declared, have, the types of their mappers among them; and a namespace, but for
    one that is none or any.
    """
    blocks = [cast("Json", block) for block in streams.values() if isinstance(block, Mapping)]
    names = [name for name in map(named, streams) if isinstance(name, tuple)]
    namespaces = {"namespace" for namespace, _ in names if namespace.strip("*")}
    return {label for block in blocks for label in block} | mapper_types(blocks) | namespaces


def mapper_types(blocks: Iterable[Any]) -> set[str]:
    """Of the mappers that streams are declared to have."""
    declared = [cast("Json", block).get(MAPPERS, ()) for block in blocks if isinstance(block, Mapping)]
    return {kind for mappers in declared for mapper in mappers for kind in mapper}
