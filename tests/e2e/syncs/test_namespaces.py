"""Where streams with a namespace go: into a schema of their own, where a destination has schemas."""

from __future__ import annotations

from dataclasses import replace

import pytest

from testing.syncs.bench import chosen
from testing.syncs.landings import LANDINGS
from testing.syncs.programs import Tables
from testing.syncs.streams import BY_NAME, Stream

pytestmark = pytest.mark.wide("DuckDB", "Local JSON")

EU = Stream(
    name="orders",
    namespace="eu",
    properties={"id": {"type": "integer"}, "note": {"type": "string"}},
    key="id",
    cursor="id",
)
US = replace(EU, namespace="us")
APPENDED = BY_NAME["incremental_append"]
HERE = [{"id": 1, "note": "Käse"}, {"id": 2, "note": "Brot"}]
THERE = [{"id": 1, "note": "cheese"}]
SCHEMAS = pytest.mark.parametrize("landing", ["DuckDB", "Postgres"])


@pytest.fixture
def tables(bench, tmp_path) -> Tables:
    made = Tables(bench, tmp_path)
    made.write((EU, HERE), (US, THERE))
    return made


@SCHEMAS
@pytest.mark.parametrize(
    ("definition", "schemas"),
    [
        ({"namespaceDefinition": "custom_format", "namespaceFormat": "lake_${SOURCE_NAMESPACE}"}, "lake_{}"),
        ({"namespaceDefinition": "source"}, "{}"),
    ],
    ids=["custom format", "source"],
)
def test_a_namespace_becomes_a_schema(bench, land, tables, landing, definition, schemas):
    place = land(landing)
    wanted = [chosen(EU, APPENDED), chosen(US, APPENDED)]
    flow = bench.connect(tables.create(), place, wanted, prefix=f"{place.place}_", **definition)
    written = [replace(each, name=f"{place.place}_orders") for each in (EU, US)]
    flow.sync()
    for stream, rows in zip(written, (HERE, THERE), strict=True):
        flow.holds(stream, rows, schemas.format(stream.namespace))
    tables.write((EU, HERE), (US, [*THERE, {"id": 2, "note": "bread"}]))
    flow.sync()
    flow.holds(written[0], [*HERE, HERE[-1]], schemas.format("eu"))
    flow.holds(written[1], [*THERE, *THERE, {"id": 2, "note": "bread"}], schemas.format("us"))
    states = bench.config("state/get", connectionId=flow.id)["streamState"]
    assert [(state["streamDescriptor"]["namespace"], state["streamState"]) for state in states] == [
        ("eu", {"id": 2}),
        ("us", {"id": 2}),
    ]
    flow.clear()
    assert [place.rows(stream, schemas.format(stream.namespace)) for stream in written] == [[], []]


@SCHEMAS
def test_one_format_for_all_is_one_schema(bench, land, tables, landing):
    place = land(landing)
    format_ = {"namespaceDefinition": "custom_format", "namespaceFormat": f"{place.place}_lake"}
    flow = bench.connect(tables.create(), place, [chosen(EU, APPENDED)], **format_)
    flow.sync()
    flow.holds(EU, HERE, f"{place.place}_lake")
    assert place.rows(EU) is None


@pytest.mark.parametrize("landing", LANDINGS)
def test_two_streams_that_would_go_to_one_place_fail_before_a_row(bench, land, tables, landing):
    place = land(landing)
    flow = bench.connect(tables.create(), place, [chosen(EU, APPENDED), chosen(US, APPENDED)])
    assert flow.fail().startswith("Two streams would write to one ")
    assert place.rows(EU) is None
