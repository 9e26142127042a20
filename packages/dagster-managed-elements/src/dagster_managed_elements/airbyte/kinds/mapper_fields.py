"""Which fields a stream's mappers read, each after those before it have had their way. Pure.

Airbyte refuses a mapper of a field that is not there by then. What a mapper of an unknown type does, nobody knows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, cast

from dagster_managed_elements.airbyte.kinds.field_paths import names_told
from dagster_managed_elements.airbyte.near_names import NearNames

_RENAMING = frozenset({"hashing", "encryption"})


def missing(mappers: Sequence[Mapping[str, Any]], columns: Collection[str]) -> Iterator[str]:
    """Of each mapper what it reads and no one of *columns* is, as they are by then; with what comes nearest."""
    there = dict.fromkeys(columns)
    for kind, configuration in ((kind, own) for mapper in mappers for kind, own in mapper.items()):
        for name in _read(kind, configuration):
            if name not in there:
                near = NearNames(there).near(name)
                told = f"; it has {', '.join(near)}" if near else names_told(there)
                yield f"its mapper {kind} has no field {name} to read{told}"
                return
        if kind in _RENAMING:
            _rename(there, configuration["targetField"], f"{configuration['targetField']}{_suffix(configuration)}")
        elif kind == "field-renaming":
            _rename(there, configuration["originalFieldName"], configuration["newFieldName"])
        elif kind == "field-filtering":
            del there[configuration["targetField"]]
        elif kind != "row-filtering":
            return


def _suffix(configuration: Mapping[str, Any]) -> str:
    return str(configuration.get("fieldNameSuffix", ""))


def _rename(there: dict[str, None], old: str, new: str) -> None:
    del there[old]
    there[new] = None


def _read(kind: str, configuration: Mapping[str, Any]) -> Iterator[str]:
    if kind == "row-filtering":
        yield from _compared(configuration.get("conditions"))
    elif kind == "field-renaming":
        yield str(configuration.get("originalFieldName"))
    elif kind in _RENAMING or kind == "field-filtering":
        yield str(configuration.get("targetField"))


def _compared(condition: Any) -> Iterator[str]:
    """The fields that a condition compares, however deep."""
    if isinstance(condition, Mapping):
        own = cast("Mapping[str, Any]", condition)
        if isinstance(name := own.get("fieldName"), str):
            yield name
        for inner in cast("Sequence[Any]", own.get("conditions") or ()):
            yield from _compared(inner)
