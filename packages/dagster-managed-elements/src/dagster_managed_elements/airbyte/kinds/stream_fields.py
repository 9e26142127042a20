"""Which columns of a stream are synced, declared and configured. Pure.

Airbyte selects whole columns, never what is inside of one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final, cast

from dagster_managed_elements.airbyte.kinds.field_paths import known_fields, names_told
from dagster_managed_elements.airbyte.near_names import NearNames
from dagster_managed_elements.airbyte.wire import Stream, StreamConfig

ALL: Final = "all"
"""In the place of a list: no column is chosen, every one is synced."""

INCLUDED, LEFT_OUT = "fields", "excluded fields"


def observed(config: StreamConfig) -> str | list[str]:
    """The columns that a connection has chosen, `ALL` where it has not."""
    rows = cast("Sequence[Mapping[str, Any]]", config.raw.get("selectedFields") or [])
    if not config.raw.get("fieldSelectionEnabled", bool(rows)):
        return ALL
    return sorted({path[0] for row in rows if (path := cast("list[str]", row.get("fieldPath") or []))})


def selection(block: Mapping[str, Any], stream: Stream) -> str | list[str]:
    """What *block* declares, of all the columns that *stream* has: all of them are no choice."""
    columns = _columns(stream)
    names = block[INCLUDED] if INCLUDED in block else [name for name in columns if name not in block[LEFT_OUT]]
    return whole(names, stream)


def whole(names: str | Sequence[str], stream: Stream) -> str | list[str]:
    """*names* in one order, `ALL` where they are all that *stream* has. What is no column stays for `problems`."""
    columns = _columns(stream)
    own = {name for name in names if isinstance(cast("object", name), str)}
    if names == ALL or (columns and columns <= own):
        return ALL
    return sorted(own) if len(own) == len(names) else list(names)


def written(chosen: str | Sequence[str]) -> dict[str, Any]:
    """In Airbyte's words; the Public API says the second of them alone."""
    rows = [] if chosen == ALL else [{"fieldPath": [name]} for name in chosen]
    return {"fieldSelectionEnabled": bool(rows), "selectedFields": rows}


def problems(
    block: Mapping[str, Any], stream: Stream, *, cursor: Sequence[str], key: Sequence[Sequence[str]]
) -> Iterator[str]:
    """What stands against choosing its columns as *block* does. *cursor* and *key* are those of its sync."""
    label = INCLUDED if INCLUDED in block else LEFT_OUT
    columns = _columns(stream)
    if not columns and label == LEFT_OUT and block[label]:
        yield "the source does not tell its columns, so none can be left out; give fields= instead"
        return
    named = block[label]
    unknown = [*_unknown(named, columns)]
    yield from unknown
    if unknown or named == ALL or (label == LEFT_OUT and not named):
        return
    chosen = set(named) if label == INCLUDED else columns - set(named)
    if not chosen:
        yield "none of its columns is left to be synced"
        return
    what = {path[0]: "its cursor" for path in [cursor] if path} | {
        path[0]: "part of its primary key" for path in key
    }
    for name in (name for name in what if name not in chosen):
        yield f"its column {name} is {what[name]}, so it cannot be left out"


def chosen(block: Mapping[str, Any], stream: Stream, config: StreamConfig) -> set[str]:
    """The columns that are synced, as *block* declares or else *config* has it; empty where nobody knows them."""
    columns = _columns(stream)
    names = selection(block, stream) if INCLUDED in block or LEFT_OUT in block else observed(config)
    return columns if names == ALL else columns & set(names)


def differs(block: Mapping[str, Any], stream: Stream, config: StreamConfig) -> bool:
    """Whether *block*, which chooses columns, chooses others than *config* has."""
    return selection(block, stream) != whole(observed(config), stream)


def absent(block: Mapping[str, Any], stream: Stream) -> set[str]:
    """The names that *block* leaves out and *stream* has not."""
    columns = _columns(stream)
    return {name for name in block.get(LEFT_OUT, ()) if isinstance(name, str) and columns and name not in columns}


def _unknown(names: Sequence[str | Sequence[str]] | str, columns: Collection[str]) -> Iterator[str]:
    near = NearNames(columns)
    for name in () if isinstance(names, str) else names:
        path = name.split(".") if isinstance(name, str) and name not in columns else [name]
        nested = list(name) if not isinstance(name, str) else path if path[0] in columns else []
        if len(nested) > 1:
            yield (
                f"{'.'.join(cast('list[str]', nested))} is inside of the column {nested[0]}, and Airbyte selects "
                "whole columns alone"
            )
        elif columns and name not in columns:
            told = f"; it has {', '.join(alike)}" if (alike := near.near(str(name))) else ""
            yield f"it has no column {name}{told or names_told(columns)}"


def _columns(stream: Stream) -> set[str]:
    """Empty where nothing is told of them."""
    return set(known_fields(stream.raw.get("jsonSchema")) or ())
