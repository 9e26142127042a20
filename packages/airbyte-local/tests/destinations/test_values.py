"""Values that try one's patience: everything JSON has arrives whole, and what it does not have is refused."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from airbyte_local.connectors.protocol import ConnectorFailed

pytestmark = pytest.mark.wide("json", "sqlite")

ANY = {
    "type": "object",
    "properties": {
        "id": {"type": "integer"},
        "n": {"type": "number"},
        "t": {"type": "string"},
        "o": {"type": "object"},
        "u": {"oneOf": [{"type": "string"}, {"type": "integer"}]},
    },
}
TEXTS = [
    *(
        "",
        " ",
        "null",
        "NULL",
        "\\N",
        "\\.",
        "a\n\\.\nb",
        '"',
        '""',
        "'",
        ",",
        "\r",
        "\r\n",
        "\n",
        "\t",
        "\\",
        "\\\\",
    ),
    *(
        "é",
        "日本語",
        "🦆",
        "\u2028",
        "\ufeff",
        "\x01\x1f\x7f",
        "--",
        ";",
        "%s",
        "{}",
        "$1",
        "\\u0000",
        "\\ud800",
        "x" * 70_000,
    ),
]
NUMBERS = [
    *(0, 1, -1, 1.5, -0.1, 0.1 + 0.2, 1e-10, 3.141592653589793, 5e-324, -5e-324, 1.7976931348623157e308),
    *(99999999.99999999, 9007199254740992, 1e22, 2**63, 2**64),
]


def numbered(values: list[Any], name: str) -> list[dict[str, Any]]:
    return [{"id": number, name: value} for number, value in enumerate(values)]


def found(store: Any, name: str) -> list[Any]:
    return [row.get(name) for row in sorted(store.rows(), key=lambda row: row["id"])]


def test_texts_arrive_as_they_are(store, a_target):
    store.sync(*numbered(TEXTS, "t"), into=a_target(json_schema=ANY))
    assert found(store, "t") == TEXTS


def test_an_empty_text_is_not_null(store, a_target):
    store.sync({"id": 1, "t": ""}, {"id": 2, "t": None}, {"id": 3}, into=a_target(json_schema=ANY))
    assert found(store, "t") == ["", None, None]


def test_numbers_arrive_as_they_are(store, a_target):
    store.sync(*numbered(NUMBERS, "n"), into=a_target(json_schema=ANY))
    assert [float(value) for value in found(store, "n")] == [float(value) for value in NUMBERS]


def test_integers_of_sixty_four_bits_arrive_as_they_are(store, a_target):
    values = [0, 2**63 - 1, -(2**63), 9999999999999999]
    schema = {"type": "object", "properties": {"id": {"type": "integer"}, "i": {"type": "integer"}}}
    store.sync(*numbered(values, "i"), into=a_target(json_schema=schema))
    assert found(store, "i") == values


@pytest.mark.parametrize("kind", ["integer", "number"])
def test_integers_beyond_arrive_to_the_last_digit(store, a_target, kind):
    values = [1, 2**63, -(2**70) - 1, 10**30 + 1, 5, 10**400 + 1]
    schema = {"type": "object", "properties": {"id": {"type": "integer"}, "i": {"type": kind}}}
    target = a_target(json_schema=schema)
    store.sync(*numbered(values, "i"), into=target)
    store.sync({"id": 99, "i": 7}, into=target)
    assert [int(Decimal(value)) for value in found(store, "i")] == [*values, 7]


def test_what_was_staged_before_a_number_that_is_too_wide_is_kept(typed, a_target):
    sink = typed.open(a_target(checkpoints=True))
    for number in range(50_000):
        sink.write(0, {"id": number, "name": "x" * 30}, 1)
    sink.flush()
    sink.write(0, {"id": 50_000}, 1)
    sink.write(0, {"id": 2**80}, 1)
    sink.finish()
    assert sorted(int(row["id"]) for row in typed.rows()) == [*range(50_001), 2**80]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("column", ["n", "o", "t"])
def test_numbers_that_json_does_not_have_are_refused(store, a_target, value, column):
    sink = store.open(a_target(json_schema=ANY))
    data = {"id": 1, column: {"deep": [value]} if column == "o" else value}
    with pytest.raises(ConnectorFailed, match=f"Stream 'users', column '{column}': .*NaN"):
        sink.write(0, data, 1)
    sink.abort()


def test_what_is_no_json_at_all_is_refused(store, a_target):
    sink = store.open(a_target(json_schema=ANY))
    with pytest.raises(ConnectorFailed, match="what is no JSON"):
        sink.write(0, {"id": 1, "o": object()}, 1)
    sink.abort()


def test_json_may_be_deep_and_wide(store, a_target):
    deep: Any = "end"
    for _ in range(200):
        deep = {"a": [deep]}
    wide = {f"k{number}": [number, None, True, "é"] for number in range(5000)}
    store.sync({"id": 1, "o": {"deep": deep}}, {"id": 2, "o": wide}, into=a_target(json_schema=ANY))
    assert [as_json(value) for value in found(store, "o")] == [{"deep": deep}, wide]


def test_json_that_is_too_deep_to_be_written_is_refused(store, a_target):
    deep: Any = "end"
    for _ in range(200_000):
        deep = [deep]
    sink = store.open(a_target(json_schema=ANY))
    with pytest.raises(ConnectorFailed, match="column 'o': a list nested too deeply"):
        sink.write(0, {"id": 1, "o": deep}, 1)
    sink.abort()
    while isinstance(deep, list):  # to free it all at once would be as deep
        (deep,) = deep


def as_json(value: Any) -> Any:
    import json

    return json.loads(value) if isinstance(value, str) else value


def test_a_union_keeps_its_types(store, a_target):
    values = ["a", 1, "1"]
    store.sync(*numbered(values, "u"), into=a_target(json_schema=ANY))
    kept = found(store, "u")
    assert [as_json(value) for value in kept] == values if store.name == "duckdb" else kept == values


def test_half_a_surrogate_pair_is_kept_where_that_is_possible_and_replaced_where_not(store, a_target):
    store.sync({"id": 1, "t": "a\ud800b", "o": {"k\udfff": "\ud800"}}, into=a_target(json_schema=ANY))
    ((text, inner),) = zip(found(store, "t"), map(as_json, found(store, "o")), strict=True)
    if store.name in {"duckdb", "postgres"}:
        assert (text, inner) == ("a\ufffdb", {"k\ufffd": "\ufffd"})
    else:
        assert (text, inner) == ("a\ud800b", {"k\udfff": "\ud800"})


def test_a_nul_is_kept_but_in_postgres_which_has_no_place_for_it(store, a_target):
    store.sync({"id": 1, "t": "a\0b", "o": {"k\0": ["\0"]}}, into=a_target(json_schema=ANY))
    mark = "\ufffd" if store.name == "postgres" else "\0"
    assert found(store, "t") == [f"a{mark}b"]
    assert as_json(found(store, "o")[0]) == {f"k{mark}": [mark]}


def test_what_was_replaced_is_noted_beside_the_row(stores, a_target):
    store = stores.make("postgres")
    rows = [{"id": 1, "t": "a\0"}, {"id": 2, "o": {"a": "\\u0000 is text"}}, {"id": 3, "t": "b", "o": {"a": "\0"}}]
    store.sync(*rows, into=a_target(json_schema=ANY, sync_id=12, generation=4))
    noted = store.execute("SELECT _airbyte_meta, _airbyte_generation_id FROM users ORDER BY id")

    def change(field: str) -> dict[str, str]:
        return {"field": field, "change": "TRUNCATED", "reason": "DESTINATION_SERIALIZATION_ERROR"}

    assert noted == [
        ({"changes": [change("t")], "sync_id": 12}, 4),
        ({"changes": [], "sync_id": 12}, 4),
        ({"changes": [change("o")], "sync_id": 12}, 4),
    ]
    assert store.rows()[1]["o"] == {"a": "\\u0000 is text"}


TIMES = {
    "type": "object",
    "properties": {
        "id": {"type": "integer"},
        "d": {"type": "string", "format": "date"},
        "at": {"type": "string", "format": "date-time"},
        "local": {"type": "string", "format": "date-time", "airbyte_type": "timestamp_without_timezone"},
        "t": {"type": "string", "format": "time", "airbyte_type": "time_without_timezone"},
        "tz": {"type": "string", "format": "time"},
    },
}


def test_dates_and_times_arrive_to_the_microsecond(typed, a_target):
    rows = [
        {
            "id": 1,
            "d": "2024-02-29",
            "at": "2024-02-29T23:59:59.999999-05:30",
            "local": "1970-01-01T00:00:00",
            "t": "23:59:59.999999",
            "tz": "10:30:00+05:30",
        },
        {
            "id": 2,
            "d": "0001-01-01",
            "at": "9999-12-31T23:59:59Z",
            "local": "2099-12-31T23:59:59.5",
            "tz": "00:00:00Z",
        },
    ]
    typed.sync(*rows, into=a_target(json_schema=TIMES))
    first, second = sorted(typed.rows(), key=lambda row: row["id"])
    utc = dt.timezone.utc if typed.name == "postgres" else None
    assert first == {
        "id": 1,
        "d": dt.date(2024, 2, 29),
        "at": dt.datetime(2024, 3, 1, 5, 29, 59, 999999, tzinfo=utc),
        "local": dt.datetime(1970, 1, 1),  # noqa: DTZ001
        "t": dt.time(23, 59, 59, 999999),
        "tz": dt.time(10, 30, tzinfo=dt.timezone(dt.timedelta(hours=5, minutes=30))),
    }
    assert second["d"] == dt.date(1, 1, 1)
    assert second["at"] == dt.datetime(9999, 12, 31, 23, 59, 59, tzinfo=utc)
    assert second["tz"].utcoffset() == dt.timedelta(0)


def test_when_a_row_was_read_is_kept_in_utc(store, a_target):
    sink = store.open(a_target())
    sink.write(0, {"id": 1}, 1_704_067_200_123)
    sink.finish()
    moment = dt.datetime(2024, 1, 1, 0, 0, 0, 123_000)  # noqa: DTZ001
    if store.name in {"json", "csv"}:
        (file,) = (store.root / "out").iterdir()
        assert "1704067200123" in file.read_text()
        return
    column, table = {
        "sqlite": ("_airbyte_emitted_at", "_airbyte_raw_users"),
        "duckdb": ("_airbyte_extracted_at", "_airbyte_raw_users"),
        "postgres": ("_airbyte_extracted_at AT TIME ZONE 'UTC'", "users"),
    }[store.name]
    expected = "2024-01-01T00:00:00.123+00:00" if store.name == "sqlite" else moment
    assert store.execute(f"SELECT {column} FROM {table}") == [(expected,)]
