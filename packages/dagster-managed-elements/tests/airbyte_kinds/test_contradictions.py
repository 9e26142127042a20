"""Whatever a stored connection has otherwise than declared is seen: every leaf is mutated, in both APIs."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from dagster_managed_elements.airbyte import AirbyteSyncMode
from dagster_managed_elements.engine.changes import FieldChange, Update
from dagster_managed_elements.engine.errors import ServerFault
from dagster_managed_elements.engine.values import ABSENT

from testing.airbyte_catalogs import Offering, Resolved, stream

DEDUP = AirbyteSyncMode.INCREMENTAL_APPEND_DEDUP
KEYED = AirbyteSyncMode.incremental_append_dedup(["at", "day"], [["id"], ["at", "day"]])
FULL = AirbyteSyncMode.FULL_REFRESH_OVERWRITE
DECLARED = {("north", "chosen"): KEYED, ("north", "defined"): KEYED, "plain": FULL}
MORE = {"destination_namespace": "raw_${SOURCE_NAMESPACE}", "prefix": "p_"}

CURSOR, KEY = ["at", "day"], [["at", "day"], ["id"]]
DEFINED = {"sourceDefinedCursor": True, "defaultCursorField": CURSOR, "sourceDefinedPrimaryKey": KEY}
SCHEMA = {
    "properties": {"id": {"type": "integer"}, "at": {"type": "object", "properties": {"day": {"type": "string"}}}}
}
ROWS = [
    stream("chosen", "north", mode=DEDUP, cursor=CURSOR, key=KEY, schema=SCHEMA),
    stream("defined", "north", mode=DEDUP, cursor=CURSOR, key=KEY, schema=SCHEMA, **DEFINED),
    stream("plain", schema=SCHEMA),
]
CONFIG: dict[str, Any] = {
    "namespaceDefinition": "customformat",
    "namespaceFormat": "raw_${SOURCE_NAMESPACE}",
    "prefix": "p_",
    "syncCatalog": {"streams": ROWS},
}
SHOWN = {"namespace": "north", "syncMode": "incremental_deduped_history", "cursorField": CURSOR, "primaryKey": KEY}
PUBLIC: dict[str, Any] = {
    "namespaceDefinition": "custom_format",
    "namespaceFormat": "raw_${SOURCE_NAMESPACE}",
    "prefix": "p_",
    "configurations": {
        "streams": [
            {"name": "chosen", **SHOWN},
            {"name": "defined", **SHOWN},
            {"name": "plain", "syncMode": "full_refresh_overwrite"},
        ]
    },
}
PATHS = [["id"], ["at"], ["at", "day"]]
OFFERED = [
    {"streamName": "chosen", "streamnamespace": "north", "propertyFields": PATHS},
    {
        "streamName": "defined",
        "streamnamespace": "north",
        "propertyFields": PATHS,
        "sourceDefinedCursorField": True,
        "defaultCursorField": CURSOR,
        "sourceDefinedPrimaryKey": KEY,
    },
    {"streamName": "plain", "propertyFields": PATHS},
]
SIDES: dict[str, tuple[Any, Any]] = {"config": (ROWS, CONFIG), "public": (OFFERED, PUBLIC)}
MANAGED = frozenset({
    "namespaceDefinition", "namespaceFormat", "prefix", "name", "namespace", "syncMode", "destinationSyncMode",
    "cursorField", "primaryKey", "sourceId", "destinationId",
})  # fmt: skip
"""What a declaration says something of; all else of a stream is the source's, or nobody's."""


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where a managed thing stands: the thing as a whole, and everything inside of it."""
    rows = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in rows:
        if MANAGED & {*path, key} and inner:  # an empty one is not declared
            yield (*path, key)
        yield from leaves(inner, (*path, key))


def mutations(api: str) -> Iterator[Any]:
    stored = {"sourceId": "s", "destinationId": "d", **SIDES[api][1]}
    for path in leaves(stored):
        for how in ("other", "null", "gone", "empty"):
            mutant = copy.deepcopy(stored)
            at: Any = mutant
            for key in path[:-1]:
                at = at[key]
            before = at[path[-1]]
            if how == "gone":
                del at[path[-1]]
            else:
                at[path[-1]] = {
                    "other": "else" if isinstance(before, str) else [["else"]],
                    "null": None,
                    "empty": "",
                }[how]
                if isinstance(before, list) and how == "empty":
                    at[path[-1]] = []
            where = "-".join(map(str, path))
            if mutant != stored and not is_none_at_all(path, how):
                yield pytest.param(api, mutant, id=f"{api}-{where}-{how}")


def is_none_at_all(path: tuple[Any, ...], how: str) -> bool:
    """Such JSON is none of Airbyte's: a stream without a name, an object without an id, null for a field."""
    needed = path[-1] in {"name", "sourceId", "destinationId"} and how != "other"
    return needed or (isinstance(path[-1], int) and how == "null")


@pytest.mark.parametrize("api", SIDES)
def test_a_connection_that_is_as_declared_is_no_difference(api):
    offered, stored = SIDES[api]
    found = Resolved(Offering(offered, stored, api), DECLARED, **MORE)
    assert (found.problems, found.items) == ([], ())


@pytest.mark.parametrize(("api", "mutant"), [*mutations("config"), *mutations("public")])
def test_every_leaf_that_contradicts_the_declaration_is_seen(api, mutant):
    try:
        found = Resolved(Offering(SIDES[api][0], mutant, api), DECLARED, **MORE)
    except ServerFault as fault:
        assert "is not what Airbyte promises" in str(fault)  # noqa: PT017 - seen all the same
    else:
        assert found.problems or found.items


@pytest.mark.parametrize("name", ["chosen", "defined"])
@pytest.mark.parametrize("cursor", [["id"], []])
def test_what_is_seen_is_one_change_and_what_is_sent_for_it_ends_it(name, cursor):
    stored = copy.deepcopy(CONFIG)
    (row,) = [row for row in stored["syncCatalog"]["streams"] if row["stream"]["name"] == name]
    row["config"] |= {"cursorField": cursor, "primaryKey": [["id"]]}
    found = Resolved(Offering(ROWS, stored), DECLARED, **MORE)
    label = f"north.{name}"
    assert [type(item) for item in found.items] == [Update]
    assert found.fields == [
        FieldChange(("streams", label, "cursor"), cursor or ABSENT, CURSOR),
        FieldChange(("streams", label, "primary key"), [["id"]], KEY),
    ]


def test_a_cursor_that_the_source_defines_without_naming_it_is_no_difference():
    rows = [stream("log", mode=AirbyteSyncMode.INCREMENTAL_APPEND, sourceDefinedCursor=True)]
    declared = {"log": AirbyteSyncMode.incremental_append("id")}
    gateway = Offering(rows, {"syncCatalog": {"streams": rows}})
    assert Resolved(gateway, declared).items == ()


def test_an_empty_cursor_or_key_is_none():
    rows = [stream("log", mode=DEDUP, cursor=["id"], key=[["id"]])]
    gateway = Offering(rows, {"syncCatalog": {"streams": rows}})
    assert Resolved(gateway, {"log": AirbyteSyncMode.incremental_append_dedup([], [])}).items == ()
