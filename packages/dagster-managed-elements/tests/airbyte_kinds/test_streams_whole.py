"""A declared stream is held against all that is known of it: its fields, its destination, its neighbours."""

from __future__ import annotations

from typing import Any

import pytest
from dagster_managed_elements.airbyte import AirbyteDestinationNamespace, AirbyteSyncMode
from dagster_managed_elements.airbyte.kinds.field_paths import missing_field
from dagster_managed_elements.airbyte.kinds.tables import Landing, folds_case
from dagster_managed_elements.airbyte.public_api.bodies import read_streams
from dagster_managed_elements.airbyte.wire import Specification
from hypothesis import given
from hypothesis import strategies as st

from testing.airbyte_catalogs import IDS, SOURCE, Offering, Resolved, stream

FULL = AirbyteSyncMode.FULL_REFRESH_OVERWRITE
MIRRORED = AirbyteDestinationNamespace.SAME_AS_SOURCE
DEFAULT = AirbyteDestinationNamespace.DESTINATION_DEFAULT
SCHEMA = {
    "type": "object",
    "properties": {
        "id": {"type": ["null", "integer"]},
        "at": {"type": "object", "properties": {"day": {"type": "string"}}},
        "any": {"type": "object"},
        "rows": {"type": "array", "items": {"type": "object", "properties": {"x": {}}}},
        "either": {"anyOf": [{"type": "null"}, {"type": "object", "properties": {"x": {"type": "string"}}}]},
    },
}


@pytest.mark.parametrize("kind", ["cursor", "primary key"])
@pytest.mark.parametrize("defined", [False, True])
@pytest.mark.parametrize(
    ("path", "there"),
    [
        (["id"], None),
        (["at", "day"], None),
        (["any", "whatever"], None),
        (["either", "x"], None),
        (["no"], "; its fields are any, at, either, id, rows"),
        (["no", "day"], "; its fields are any, at, either, id, rows"),
        (["at", "no"], "; the fields of at are day"),
        (["at", "day", "no"], "; at.day has no fields of its own"),
        (["rows", "x"], "; rows has no fields of its own"),
        (["either", "y"], "; the fields of either are x"),
    ],
)
def test_every_segment_of_a_cursor_and_of_a_key_is_a_field(kind, defined, path, there):
    cursor, key = (path, None) if kind == "cursor" else (["id"], [path])
    gateway = Offering([stream("orders", schema=SCHEMA, sourceDefinedCursor=defined)])
    mode = AirbyteSyncMode.incremental_append(cursor)
    if key:
        mode = AirbyteSyncMode.incremental_append_dedup(cursor, key)
    problems = Resolved(gateway, {"orders": mode}).problems
    said = f"streams.orders: it has no field {'.'.join(path)} to be its {kind}{there}"
    assert problems == ([] if there is None else [said])


SCHEMAS = st.recursive(
    st.sampled_from([{"type": "string"}, {"type": ["null", "integer"]}]),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, min_size=1, max_size=3).map(
        lambda properties: {"type": "object", "properties": properties}
    ),
    max_leaves=8,
)


@given(SCHEMAS.filter(lambda schema: "properties" in schema), st.lists(st.sampled_from("abcd"), max_size=4))
def test_a_path_is_missing_exactly_where_walking_it_ends_early(schema, path):
    at: Any = schema
    for segment in path:
        at = at.get("properties", {}).get(segment, {}) if at is not None else None
        if not at:
            break
    assert (missing_field(schema, path) is None) is bool(at)


def test_the_public_api_tells_fields_below_fields_too():
    row = {"streamName": "orders", "propertyFields": [["id"], ["at"], ["at", "day"]]}
    ((entry,),) = [read_streams([row], "at").streams]
    schema = entry.stream.raw["jsonSchema"]
    assert missing_field(schema, ["at", "day"]) is None
    assert missing_field(schema, ["at", "no"]) == "; the fields of at are day"
    assert missing_field(schema, ["no"]) == "; its fields are at, id"


NORTH, SOUTH = ("north", "orders"), ("south", "orders")


@pytest.mark.parametrize("exists", [True, False])
@pytest.mark.parametrize(
    ("declared", "image", "more", "table"),
    [
        ([NORTH, SOUTH], "", {}, "orders; a destination_namespace with ${SOURCE_NAMESPACE} keeps them apart"),
        (
            [NORTH, SOUTH],
            "",
            {"destination_namespace": DEFAULT, "prefix": "p_"},
            "p_orders; a destination_namespace",
        ),
        ([NORTH, SOUTH], "", {"destination_namespace": "raw"}, "raw.orders; a destination_namespace"),
        ([NORTH, SOUTH], "", {"destination_namespace": MIRRORED}, None),
        ([NORTH, SOUTH], "", {"destination_namespace": "raw_${SOURCE_NAMESPACE}"}, None),
        ([NORTH, ("North", "orders")], "", {"destination_namespace": MIRRORED}, None),
        (
            [NORTH, ("North", "orders")],
            "airbyte/destination-snowflake",
            {"destination_namespace": MIRRORED},
            "North.orders: this destination does not tell capitals apart",
        ),
        ([NORTH, ("x", "ORDERS")], "airbyte/destination-snowflake", {}, "ORDERS: this destination does not tell"),
        ([NORTH, ("x", "ORDERS")], "airbyte/destination-bigquery", {}, None),
        ([NORTH, ("x", "people")], "airbyte/destination-snowflake", {}, None),
    ],
)
def test_two_streams_that_land_in_one_table_are_a_problem_in_check(exists, declared, image, more, table):
    """Of a source that is to be created too: no more than their names is needed."""
    gateway = Offering([stream(name, namespace) for namespace, name in declared])
    ids = None if exists else {key: of for key, of in IDS.items() if key != SOURCE.key}
    specification = Specification(docker_repository=image)
    found = Resolved(gateway, dict.fromkeys(declared, FULL), specification=specification, ids=ids, **more)
    first, second = [".".join(name) for name in declared]
    said = f"streams.{second}: it would land in the same table as the stream {first}, {table}"
    assert [problem[: len(said)] for problem in found.problems] == ([] if table is None else [said])


def test_where_the_stored_connection_lets_them_land_counts_until_something_is_declared():
    rows = [stream("orders", "north"), stream("orders", "south")]
    for stored, clashes in [({"namespaceDefinition": "source"}, 0), ({"namespaceDefinition": "destination"}, 1)]:
        gateway = Offering(rows, {**stored, "syncCatalog": {"streams": rows}})
        assert len(Resolved(gateway, {NORTH: FULL, SOUTH: FULL}).problems) == clashes


NAMES = st.sampled_from(["a", "A", "b", "p_a", "", "${SOURCE_NAMESPACE}"])


@given(
    st.lists(st.tuples(NAMES, NAMES), unique=True),
    st.sampled_from([MIRRORED, DEFAULT, "", "x", "${SOURCE_NAMESPACE}", "x_${SOURCE_NAMESPACE}"]),
    st.sampled_from(["", "p_"]),
    st.booleans(),
)
def test_streams_clash_exactly_as_often_as_tables_are_fewer(streams, namespace, prefix, folds):
    landing = Landing(namespace=namespace, prefix=prefix, folds=folds)
    tables = [landing.table(each) for each in streams]
    distinct = {tuple(map(str.casefold, table)) for table in tables} if folds else set(tables)
    clashes = list(landing.clashes({str(number): each for number, each in enumerate(streams)}))
    assert len(streams) - len(distinct) == len(clashes)


def test_images_are_known_from_any_registry():
    assert folds_case("registry.internal/airbyte/destination-snowflake")
    assert not folds_case("airbyte/destination-postgres")


MODES = {
    mode.destination_sync_mode: mode for mode in vars(AirbyteSyncMode).values() if isinstance(mode, AirbyteSyncMode)
}


@pytest.mark.parametrize("can", [(), ("append",), ("append", "overwrite"), tuple(MODES)])
@pytest.mark.parametrize("wanted", MODES)
@pytest.mark.parametrize("source", ["new", "changing", "there"])
def test_what_the_destination_cannot_write_is_refused_at_check_whatever_becomes_of_the_source(can, wanted, source):
    mode = MODES[wanted]
    gateway = Offering([stream("orders", sourceDefinedPrimaryKey=[["id"]], defaultCursorField=["id"])])
    ids = {key: of for key, of in IDS.items() if key != SOURCE.key} if source == "new" else None
    coming: Any = {SOURCE.key: object()} if source == "changing" else {}
    specification = Specification(supported_destination_sync_modes=list(can))
    found = Resolved(gateway, {"orders": mode}, specification=specification, ids=ids, coming=coming)
    refused = f"streams.orders: the destination cannot write it as {wanted}, only as {', '.join(sorted(can))}"
    assert found.problems == ([refused] if can and wanted not in can else [])
