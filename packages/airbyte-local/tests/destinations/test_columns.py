"""Typed tables: what column a property gets, what it is called, and what becomes of it when the schema changes."""

from __future__ import annotations

from typing import Any

import pytest
from airbyte_local.connectors.destinations import duckdb
from airbyte_local.connectors.destinations.tables import Kind, kind_of
from airbyte_local.connectors.protocol import ConnectorCrashed, ConnectorFailed

pytestmark = pytest.mark.wide("json", "sqlite")

WITHOUT = {"airbyte_type": "timestamp_without_timezone"}
# A schema, and the type of its column in DuckDB and in PostgreSQL.
TYPES: list[tuple[Any, str, str]] = [
    ({"type": "string"}, "VARCHAR", "character varying"),
    ({"type": ["null", "string"]}, "VARCHAR", "character varying"),
    ({"type": "string", "format": "email"}, "VARCHAR", "character varying"),
    ({"type": "integer"}, "BIGINT", "bigint"),
    ({"type": "number", "airbyte_type": "integer"}, "BIGINT", "bigint"),
    ({"type": "number"}, "DOUBLE", "numeric"),
    ({"type": ["number", "null"]}, "DOUBLE", "numeric"),
    ({"type": "boolean"}, "BOOLEAN", "boolean"),
    ({"type": "string", "format": "date"}, "DATE", "date"),
    ({"type": "string", "format": "date-time"}, "TIMESTAMP", "timestamp with time zone"),
    ({"type": "string", "format": "date-time", **WITHOUT}, "TIMESTAMP", "timestamp without time zone"),
    ({"type": "string", "format": "time"}, "TIME WITH TIME ZONE", "time with time zone"),
    (
        {"type": "string", "format": "time", "airbyte_type": "time_without_timezone"},
        "TIME",
        "time without time zone",
    ),
    ({"type": "object", "properties": {"a": {"type": "string"}}}, "JSON", "jsonb"),
    ({"type": "array", "items": {"type": "string"}}, "JSON", "jsonb"),
    ({"type": ["string", "integer"]}, "VARCHAR", "jsonb"),
    ({"type": ["null", "object", "string"]}, "VARCHAR", "jsonb"),
    ({"type": ["null", "string"], "format": "date"}, "DATE", "date"),
    ({"oneOf": [{"type": "string"}, {"type": "integer"}]}, "JSON", "jsonb"),
    ({"oneOf": [{"type": "number"}, {"type": "null"}]}, "DOUBLE", "numeric"),
    ({"anyOf": [{"type": ["null", "string"]}, {"type": "string"}]}, "VARCHAR", "character varying"),
    ({"$ref": "WellKnownTypes.json#/definitions/Date"}, "DATE", "date"),
    ({"type": "null"}, "JSON", "jsonb"),
    ({"type": "whatever"}, "JSON", "jsonb"),
    ({"type": {"not": "a type"}}, "JSON", "jsonb"),
    ({"enum": [1, "a"]}, "JSON", "jsonb"),
    ({}, "JSON", "jsonb"),
    (True, "JSON", "jsonb"),
]
QUERIES = {
    "duckdb": "SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = '_airbyte_raw_{}'"
    " ORDER BY column_index",
    "postgres": "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute"
    " WHERE attrelid = 'public.\"{}\"'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
}


def columns(store: Any, stream: str = "users") -> dict[str, str]:
    return dict(store.execute(QUERIES[store.name].format(stream)))


def of(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def only(store: Any, name: str) -> list[Any]:
    return [row.get(name) for row in store.rows()]


def test_each_schema_has_its_type(typed, a_target):
    schema = of(**{f"c{number}": each for number, (each, _, _) in enumerate(TYPES)})
    typed.sync(into=a_target(json_schema=schema))
    place = {"duckdb": 1, "postgres": 2}[typed.name]
    found = columns(typed)
    assert [found[f"c{number}"] for number in range(len(TYPES))] == [each[place] for each in TYPES]


def test_the_vendors_own_columns_are_there(typed):
    typed.sync()
    assert (
        list(columns(typed).items())
        == {
            "duckdb": [
                ("id", "BIGINT"),
                ("name", "VARCHAR"),
                ("_airbyte_raw_id", "VARCHAR"),
                ("_airbyte_extracted_at", "TIMESTAMP"),
                ("_airbyte_meta", "JSON"),
            ],
            "postgres": [
                ("_airbyte_raw_id", "character varying"),
                ("_airbyte_extracted_at", "timestamp with time zone"),
                ("_airbyte_meta", "jsonb"),
                ("_airbyte_generation_id", "bigint"),
                ("id", "bigint"),
                ("name", "character varying"),
            ],
        }[typed.name]
    )


@pytest.mark.parametrize("schema", [{}, {"properties": None}, {"properties": {}}, {"type": "object"}])
def test_a_stream_without_columns_has_rows_all_the_same(typed, a_target, schema):
    typed.sync({"id": 1}, {}, into=a_target(json_schema=schema))
    assert typed.rows() == [{}, {}]


def test_types_that_are_no_types_are_json():
    assert kind_of(None) is kind_of({"type": [[]]}) is kind_of({"oneOf": [1, []]}) is Kind.JSON


LONG = "a_very_long_column_name_that_exceeds_what_most_databases_would_ever_take_and_"
HOSTILE = [
    *("select", "from", "order", "Name", "name", "NAME", "1st", "", "a-b", "a b", "a.b", "a_b", 'q"uote', "q'uote"),
    *(
        "日本",
        "中国",
        "naïve",
        "new\nline",
        "semi;colon--",
        "$1",
        "%s",
        "{}",
        "_airbyte_raw_id",
        "_airbyte_tmp_order",
    ),
    *(
        "_airbyte_tmp_fresh",
        "_airbyte_tmp_spot",
        "_airbyte_tmp_place",
        "_airbyte_tmp_kept",
        "_airbyte_meta",
        "xmin",
    ),
    *(
        LONG * 2 + "x",
        LONG * 2 + "y",
        "nul\0",
        "half\ud800",
        " ",
        "rowid",
        "ctid",
        "old",
        "new",
        "each",
        "rows",
        "place",
        "ranked",
    ),
]


@pytest.mark.parametrize("many", [True, False])
@pytest.mark.parametrize("mode", ["append", "append_dedup"])
def test_columns_may_be_called_anything(typed, a_target, monkeypatch, mode, many):
    monkeypatch.setattr(duckdb, "DELETED_ROWS", 0 if many else 100)
    schema = of(id={"type": "integer"}, **{name: {"type": "string"} for name in HOSTILE})
    key = [
        (name,) for name in ("order", "日本", "half\ud800", LONG * 2 + "x", "_airbyte_tmp_spot", "rowid", "place")
    ]
    target = a_target(json_schema=schema, mode=mode, primary_key=tuple(key), cursor=("new",))
    data = {"id": 1, **{name: f"value {number}" for number, name in enumerate(HOSTILE)}}
    typed.sync(data, into=target)
    if mode == "append_dedup":
        typed.sync(data, {**data, "old": "older", "new": "a"}, into=target)
    typed.sync(into=target)
    ((_, *values),) = (list(row.values()) for row in typed.rows())
    assert sorted(values) == sorted(f"value {number}" for number in range(len(HOSTILE)))
    assert len(columns(typed)) == len(HOSTILE) + 1 + {"duckdb": 3, "postgres": 4}[typed.name]
    if typed.name == "postgres":
        assert max(len(name.encode()) for name in columns(typed)) <= 63


STREAMS = [
    "select",
    "Weird",
    "1st",
    'q"uote',
    "日本語",
    "semi; DROP TABLE users --",
    "new\nline",
    LONG * 3,
    "",
    "%s",
    "a.b",
]


def test_streams_and_namespaces_may_be_called_anything(database, a_target):
    targets = [a_target(name, namespace=name) for name in STREAMS]
    for _ in range(2):
        sink = database.open(*targets)
        for position in range(len(STREAMS)):
            sink.write(position, {"id": position}, 1)
        sink.finish()
    tables = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table'",
        "duckdb": "SELECT table_name FROM duckdb_tables()",
        "postgres": "SELECT tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')",
    }
    assert len(database.execute(tables[database.name])) == len(STREAMS)


def test_a_namespace_is_a_schema_which_is_made_where_it_is_missing(typed, a_target):
    typed.sync({"id": 1}, into=a_target(namespace="sales"))
    typed.sync({"id": 2}, into=a_target())
    typed.sync({"id": 3}, into=a_target(namespace="sales"))
    assert sorted(row["id"] for row in typed.rows(namespace="sales")) == [1, 3]
    assert typed.rows() == [{"id": 2}]


@pytest.mark.parametrize("mode", ["append", "append_dedup"])
@pytest.mark.parametrize("namespace", ["out", "OUT", "temp", "main", "system", "public"])
def test_a_namespace_may_be_called_as_the_database_is(typed, a_target, monkeypatch, namespace, mode):
    monkeypatch.setattr(duckdb, "DELETED_ROWS", 1)
    target = a_target(namespace=namespace, mode=mode, primary_key=(("id",),))
    for _ in range(2):
        typed.sync({"id": 1}, {"id": 2}, into=target)
    assert len(typed.rows(namespace=namespace if typed.name == "postgres" else f'out"."{namespace}')) == (
        2 if mode == "append_dedup" else 4
    )


def test_the_configured_schema_is_for_streams_without_a_namespace(typed, a_target):
    typed.configuration["schema"] = "landing"
    typed.sync({"id": 1}, into=a_target())
    typed.sync({"id": 2}, into=a_target(namespace="sales"))
    assert typed.rows(namespace="landing") == [{"id": 1}]


def test_a_raw_table_knows_no_namespace(stores, a_target):
    store = stores.make("sqlite")
    store.sync({"id": 1}, into=a_target(namespace="sales"))
    assert store.rows() == [{"id": 1}]
    with pytest.raises(ConnectorFailed, match="Two streams"):
        store.open(a_target(namespace="a"), a_target(namespace="b"))


def test_a_new_field_gets_a_column_and_one_that_is_gone_keeps_it(typed, a_target):
    typed.sync(
        {"id": 1, "gone": "x"}, into=a_target(json_schema=of(id={"type": "integer"}, gone={"type": "string"}))
    )
    typed.sync(
        {"id": 2, "new": True}, into=a_target(json_schema=of(id={"type": "integer"}, new={"type": "boolean"}))
    )
    assert typed.rows() == [{"id": 1, "gone": "x"}, {"id": 2, "new": True}]


def test_overwriting_makes_the_columns_of_the_new_schema_alone(typed, a_target):
    typed.sync({"id": 1}, into=a_target())
    typed.sync({"other": 1.5}, into=a_target(json_schema=of(other={"type": "number"}), replaces=True))
    assert "id" not in columns(typed)
    assert float(only(typed, "other")[0]) == 1.5


# What was, what is from now on, a value of each, and what both are in the end.
CHANGES = [
    ("integer", "number", 1, 1.5, ["1", "1.5"]),
    ("number", "integer", 1.5, 2, ["1.5", "2"]),
    ("integer", "string", 1, "a", ["1", "a"]),
    ("string", "integer", "a", 1, ["a", "1"]),
    ("boolean", "string", True, "a", ["true", "a"]),
    ("object", "string", {"a": 1}, "a", ['{"a":1}', "a"]),
    ("string", "array", "a", [1, "b"], ["a", '[1,"b"]']),
    ("boolean", "integer", False, 7, ["false", "7"]),
]


@pytest.mark.parametrize("mode", ["append", "append_dedup"])
@pytest.mark.parametrize(("old", "new", "first", "second", "expected"), CHANGES)
def test_a_change_of_type_keeps_what_there_is(typed, a_target, mode, old, new, first, second, expected):
    for number, (kind, value) in enumerate(((old, first), (new, second), (new, second))):
        schema = of(id={"type": "integer"}, x={"type": kind})
        target = a_target(json_schema=schema, mode=mode, primary_key=(("id",),))
        typed.sync({"id": number, "x": value}, into=target)
    rows = sorted(typed.rows(), key=lambda row: row["id"])
    assert [str(row["x"]).removesuffix(".0").replace(": ", ":") for row in rows] == [*expected, expected[1]]


def test_dates_and_times_that_become_texts_stay_readable(typed, a_target):
    schema = of(d={"type": "string", "format": "date"}, at={"type": "string", "format": "date-time"})
    typed.sync({"d": "2024-01-31", "at": "2024-01-31T10:00:00Z"}, into=a_target(json_schema=schema))
    typed.sync({"d": "soon"}, into=a_target(json_schema=of(d={"type": "string"}, at={"type": "integer"})))
    assert only(typed, "d") == ["2024-01-31", "soon"]
    assert only(typed, "at")[0].startswith("2024-01-31 10:00:00")


def test_big_integers_that_are_there_outlive_a_change_to_number(stores, a_target):
    store = stores.make("duckdb")
    store.sync({"id": 2**53 + 1})
    store.sync({"id": 1.5}, into=a_target(json_schema=of(id={"type": "number"})))
    assert only(store, "id") == [str(2**53 + 1), "1.5"]


@pytest.mark.slow
def test_a_numeric_that_the_vendors_made_takes_every_number(stores, a_target):
    store = stores.make("postgres")
    store.sync({"id": 1}, into=a_target(json_schema=of(id={"type": "number"})))
    store.execute("ALTER TABLE users ALTER COLUMN id TYPE numeric(38, 9)")
    store.sync({"id": 1e-12}, into=a_target(json_schema=of(id={"type": "number"})))
    assert [float(value) for value in only(store, "id")] == [1, 1e-12]


UNFIT = [
    ("integer", "a text", "secret-value"),
    ("integer", "a number", 1.5),
    ("integer", "a boolean", True),
    ("integer", "a list", [1]),
    ("integer", "an object", {"secret-value": 1}),
    ("number", "a text", "secret-value"),
    ("number", "a boolean", False),
    ("number", "NaN or an infinity", float("nan")),
    ("boolean", "a text", "secret-value"),
    ("boolean", "an integer", 1),
    ("date", "a text that is no date", "secret-value"),
    ("date", "a text that has a time of day", "2024-01-01T10:00:00Z"),
    ("date-time", "a text that is no date-time", "secret-value"),
    ("date-time", "an integer", 1_700_000_000),
    ("time", "a text that is no time", "secret-value"),
    ("time", "a boolean", True),
]


@pytest.mark.parametrize(("kind", "value", "given"), UNFIT)
def test_a_row_that_does_not_fit_names_stream_column_and_kind_and_no_value(typed, a_target, kind, value, given):
    schema = {"type": kind} if kind in {"integer", "number", "boolean"} else {"type": "string", "format": kind}
    typed.sync({"id": 1})
    sink = typed.open(a_target(json_schema=of(id={"type": "integer"}, x=schema)))
    with pytest.raises(ConnectorFailed) as caught:
        sink.write(0, {"id": 1, "x": given}, 1)
    sink.abort()
    assert str(caught.value).startswith(f"Stream 'users', column 'x': {value} does not fit ")
    assert "secret-value" not in str(caught.value)
    assert typed.rows() == [{"id": 1}]


def test_values_that_say_the_same_in_another_way_fit(typed, a_target):
    schema = of(i={"type": "integer"}, n={"type": "number"}, b={"type": "boolean"}, t={"type": "string"})
    typed.sync(
        {"i": "12", "n": "1.5", "b": "TRUE", "t": 5}, {"i": 3.0, "t": {"a": [1]}}, into=a_target(json_schema=schema)
    )
    rows = typed.rows()
    assert [row["i"] for row in rows] == [12, 3]
    assert (float(rows[0]["n"]), rows[0]["b"], rows[0]["t"], rows[1]["t"]) == (1.5, True, "5", '{"a":[1]}')


def test_fields_that_the_schema_does_not_know_are_left_out(typed):
    typed.sync({"id": 1, "surprise": 5})
    assert typed.rows() == [{"id": 1}]


def make_table(store: Any, sql: str) -> None:
    if store.name == "sqlite":
        sql = sql.replace("users", "_airbyte_raw_users")
    store.execute(sql if store.name != "duckdb" else sql.replace("users", "_airbyte_raw_users"))


@pytest.mark.parametrize("replaces", [True, False])
def test_a_table_of_somebody_else_is_not_touched(database, a_target, replaces):
    make_table(database, "CREATE TABLE users (mine INTEGER)")
    with pytest.raises(ConnectorFailed, match="not made by Airbyte"):
        database.open(a_target(replaces=replaces))


def test_a_view_is_not_written_to(database, a_target):
    make_table(database, "CREATE VIEW users AS SELECT 1 AS mine")
    with pytest.raises(ConnectorFailed):
        database.open(a_target(replaces=True))


def test_a_column_of_a_type_that_is_never_written_is_named(typed, a_target):
    typed.sync()
    make_table(typed, "ALTER TABLE users ALTER COLUMN id TYPE smallint")
    with pytest.raises(
        ConnectorFailed,
        match="column 'id' of .* is of type smallint, which is not written here".replace(
            "smallint", "(?i:smallint)"
        ),
    ):
        typed.open(a_target())


def test_what_depends_on_an_overwritten_table_goes_only_where_that_is_asked_for(stores, a_target):
    store = stores.make("postgres")
    store.sync({"id": 1})
    store.execute("CREATE VIEW mine AS SELECT id FROM users")
    sink = store.open(a_target(replaces=True))
    with pytest.raises((ConnectorFailed, ConnectorCrashed), match="depend on it"):
        sink.finish()
    sink.abort()
    assert store.rows() == [{"id": 1}]
    store.configuration["drop_cascade"] = True
    store.sync({"id": 2}, into=a_target(replaces=True))
    assert store.rows() == [{"id": 2}]
    assert store.execute("SELECT 1 FROM pg_views WHERE viewname = 'mine'") == []
