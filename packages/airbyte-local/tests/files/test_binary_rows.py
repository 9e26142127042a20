"""Excel, Parquet and Feather. Expectations without a remark were measured on the vendor's connector."""

from __future__ import annotations

import io
import sys
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal

import openpyxl
import pyarrow as pa
import pytest
from pyarrow import feather, parquet


def workbook(*sheets):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for sheet in sheets:
        page = book.create_sheet()
        for row in sheet:
            page.append(row)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def parquet_file(table, **options):
    target = io.BytesIO()
    parquet.write_table(table, target, **options)
    return target.getvalue()


def feather_file(table):
    target = io.BytesIO()
    feather.write_feather(table, target)
    return target.getvalue()


@pytest.mark.parametrize(
    ("cells", "kind", "values"),
    [
        ([1, 2], "number", [1, 2]),
        ([1, None], "number", [1.0, None]),
        ([1, 1.5], "number", [1.0, 1.5]),
        (["x", None], "string", ["x", None]),
        (["1", "NA"], "string", ["1", "NA"]),
        ([True, False], "boolean", [True, False]),
        ([True, None], "string", [True, None]),
        ([1, "x"], "string", [1, "x"]),
        ([None, None], "string", [None, None]),
        ([datetime(2024, 1, 2, 3, 4, 5), "x"], "string", ["2024-01-02T03:04:05", "x"]),  # noqa: DTZ001
        ([time(1, 2, 3), None], "string", ["01:02:03", None]),
        # The vendor's connector has the type, and fails to write the value.
        ([date(2024, 1, 2), datetime(2024, 1, 2, 3)], "date-time", ["2024-01-02T00:00:00", "2024-01-02T03:00:00"]),  # noqa: DTZ001
    ],
)  # fmt: skip
def test_a_column_of_a_workbook_has_the_type_of_its_cells(reader, cells, kind, values):
    configuration = reader.configuration(workbook([["c", "z"], *([cell, 1] for cell in cells)]), "excel")
    assert reader.types(configuration) == {"c": kind, "z": "number"}
    assert [row.get("c") for row in reader.told(configuration).rows] == values


@pytest.mark.parametrize(
    ("sheets", "options", "rows"),
    [
        ([[["a", "b"], [1, "x"]], [["a", "c"], [2, "y"]]], {}, [{"a": 1, "b": "x"}, {"a": 2, "c": "y"}]),
        ([[["a", "b"], [1, "x"], [None, None], [2, "y"]]], {}, [{"a": 1.0, "b": "x"}, {}, {"a": 2.0, "b": "y"}]),
        ([[["a", "a", None, 3], [1, 2, 3, 4]]], {}, [{"a": 2, "3": 4}]),
        ([[["a", "b"], [1], [1, 2], [1, 2, 3]]], {}, [{"a": 1}, {"a": 1, "b": 2.0}, {"a": 1, "b": 2.0}]),
        ([[["junk"], ["a", "b"], [1, "x"]]], {"skiprows": 1}, [{"a": 1, "b": "x"}]),
        ([[["junk"], ["a", "b"], [1, "x"]]], {"header": 1}, [{"a": 1, "b": "x"}]),
        ([[["a", "b"], [1, "x"]]], {"names": ["x"]}, [{"x": "a"}, {"x": 1}]),
        ([[["a"], [1]]], {"sheet_name": "other"}, [{"a": 1}]),
    ],
)  # fmt: skip
def test_all_sheets_are_read_each_with_its_header(reader, sheets, options, rows):
    assert reader.rows(workbook(*sheets), "excel", **options) == rows


def test_types_in_a_workbook_are_found_anew_for_every_five_hundred_rows(reader):
    configuration = reader.configuration(workbook([["a"], *([n if n < 550 else "s"] for n in range(600))]), "excel")
    assert reader.types(configuration) == {"a": "string"}
    assert [row["a"] for row in reader.told(configuration).rows] == [*range(550), *["s"] * 50]


@pytest.mark.parametrize(
    ("content", "options", "said"),
    [
        (workbook([]), {}, "Sheet 'Sheet' is empty"),
        (workbook([["a"]]), {}, "Sheet 'Sheet' has no rows of data"),
        (workbook([["a"], [1]]), {"header": None}, 'needs "names"'),
        (b"PK\x03\x04 junk", {}, "no Excel workbook"),
        (b"a,b\n1,2\n", {}, "no Excel workbook"),
    ],
)
def test_a_workbook_without_a_table_is_said(reader, content, options, said):
    configuration = reader.configuration(content, "excel", **options)
    assert said in reader.told(configuration, schema={}).failure


UTC = timezone.utc
COLUMNS = [
    (pa.array([1, 2]), "number", [1, 2]),
    (pa.array([2**53 + 1, 2]), "number", [2**53 + 1, 2]),
    (pa.array([1, 2], pa.int32()), "string", [1, 2]),
    (pa.array([1, 2**64 - 1], pa.uint64()), "string", [1, 2**64 - 1]),
    (pa.array([1, None]), "number", [1.0, None]),
    (pa.array([1, None], pa.uint32()), "number", [1.0, None]),
    (pa.array([1.5, None]), "number", [1.5, None]),
    (pa.array([float("nan"), float("inf")]), "number", [None, None]),
    (pa.array([1.5, 2.5], pa.float32()), "string", [1.5, 2.5]),
    (pa.array(["x", None]), "string", ["x", None]),
    (pa.array(["a", None]).dictionary_encode(), "string", ["a", None]),
    (pa.array([True, False]), "boolean", [True, False]),
    (pa.array([["a"], []]), "string", [["a"], []]),
    # What follows the vendor's connector fails to write, in one of the two formats at least.
    (pa.array([[1, 2], None]), "string", [[1, 2], None]),
    (pa.array([Decimal("1.10"), None]), "number", [1.1, None]),
    (pa.array([b"ab", b"\xff"]), "string", ["YWI=", "/w=="]),
    (pa.array([time(1, 2, 3), None]), "string", ["01:02:03", None]),
    (pa.array([timedelta(seconds=1), None]), "number", [1_000_000, None]),
    (pa.array([datetime(2024, 1, 2, 3, 4, 5, 6), None]), "date-time", ["2024-01-02T03:04:05.000006", None]),  # noqa: DTZ001
    (pa.array([1, 2000], pa.timestamp("ns")), "date-time", ["1970-01-01T00:00:00", "1970-01-01T00:00:00.000002"]),
    (pa.array([datetime(2024, 1, 2, tzinfo=UTC)] * 2), "date-time", ["2024-01-02T00:00:00+00:00"] * 2),
    (pa.array([[("k", 1)], []], pa.map_(pa.string(), pa.int64())), "string", [[["k", 1]], []]),
]  # fmt: skip
PARQUET = [
    (pa.array([True, None]), "number", [1.0, None]),
    (pa.array([None, None]), "number", [None, None]),
    (pa.array([date(2024, 1, 2), None]), "date-time", ["2024-01-02T00:00:00", None]),  # there: fails
]
FEATHER = [
    (pa.array([True, None]), "string", [True, None]),
    (pa.array([None, None]), "string", [None, None]),
    (pa.array([date(2024, 1, 2), None]), "string", ["2024-01-02", None]),
    (
        pa.array([{"x": 1.0, "y": "a"}, {"x": None, "y": "b"}]),
        "string",
        [{"x": 1.0, "y": "a"}, {"x": None, "y": "b"}],
    ),
]


@pytest.mark.parametrize(
    ("form", "write", "column", "kind", "values"),
    [
        *(("parquet", parquet_file, *case) for case in COLUMNS + PARQUET),
        *(("feather", feather_file, *case) for case in COLUMNS + FEATHER),
    ],
)
def test_a_column_has_the_type_that_the_file_gives_it(reader, form, write, column, kind, values):
    table = pa.table({"c": column, "z": pa.array([1, 2])})
    configuration = reader.configuration(write(table), form)
    assert reader.types(configuration) == {"c": kind, "z": "number"}
    found = [row.get("c") for row in reader.told(configuration).rows]
    assert [(type(each), each) for each in found] == [(type(each), each) for each in values]


def test_the_fields_of_a_struct_are_columns_in_parquet(reader):
    table = pa.table({"c": [{"x": 1, "y": {"z": "a"}}, {"x": 2, "y": {"z": "b"}}], "d": [True, False]})
    configuration = reader.configuration(parquet_file(table), "parquet")
    assert reader.types(configuration) == {"c.x": "number", "c.y.z": "string", "d": "boolean"}
    assert reader.told(configuration).rows == [
        {"c.x": 1, "c.y.z": "a", "d": True},
        {"c.x": 2, "c.y.z": "b", "d": False},
    ]


def test_numbers_in_parquet_are_floats_where_any_may_be_missing(reader):
    one_missing = pa.table({"a": [1, 2, 3, None], "b": [1, 2, 3, 4]})
    rows = reader.rows(parquet_file(one_missing, row_group_size=2), "parquet")
    assert [repr(row.get("a")) for row in rows] == ["1.0", "2.0", "3.0", "None"]
    assert [repr(row["b"]) for row in rows] == ["1", "2", "3", "4"]
    unknown = reader.rows(parquet_file(pa.table({"a": [1]}), write_statistics=False), "parquet")
    assert [repr(row["a"]) for row in unknown] == ["1.0"]


def test_the_index_of_pandas_is_no_column_and_its_own_types_keep_their_values(reader):
    pandas = {
        "index_columns": ["id"],
        "columns": [{"name": "i", "numpy_type": "Int64"}, {"name": "b", "numpy_type": "boolean"}],
    }
    table = pa.table({"i": [1, None], "b": [True, None], "id": [7, 8]})
    table = table.replace_schema_metadata({"pandas": str(pandas).replace("'", '"')})
    configuration = reader.configuration(parquet_file(table), "parquet")
    assert reader.types(configuration) == {"i": "string", "b": "string"}
    assert [repr(row) for row in reader.told(configuration).rows] == ["{'i': 1, 'b': True}", "{}"]


@pytest.mark.parametrize(("form", "write"), [("parquet", parquet_file), ("feather", feather_file)])
def test_chosen_columns_alone_are_read(reader, form, write):
    content = write(pa.table({"a": [1], "b": ["x"], "c": [2]}))
    assert reader.rows(content, form, columns=["c", "a"]) == [{"a": 1, "c": 2}]
    assert reader.told(reader.configuration(content, form), schema={"properties": {"b": {}}}).rows == [{"b": "x"}]
    failure = reader.told(reader.configuration(content, form, filters=[]), schema={}).failure
    assert failure == "ConnectorFailed: reader_options not known here: filters; known: columns"


@pytest.mark.parametrize(("form", "write"), [("parquet", parquet_file), ("feather", feather_file)])
def test_many_rows_come_in_order(reader, form, write):
    rows = reader.rows(write(pa.table({"a": range(25_000)})), form)
    assert [row["a"] for row in rows] == list(range(25_000))


@pytest.mark.parametrize("form", ["parquet", "feather"])
@pytest.mark.parametrize("content", [b"", b"PAR1junkPAR1", b"ARROW1\0\0 junk ARROW1", b"a,b\n"])
def test_a_file_of_another_kind_is_said(reader, form, content):
    failure = reader.told(reader.configuration(content, form), schema={}).failure
    assert failure.startswith(f"ConnectorFailed: The file is no {form.capitalize()}")


@pytest.mark.parametrize(
    ("form", "library", "extra"),
    [("parquet", "pyarrow.parquet", "parquet"), ("feather", "pyarrow", "parquet"), ("excel", "openpyxl", "excel")],
)
def test_a_library_that_is_missing_is_named_with_its_extra(reader, monkeypatch, form, library, extra):
    configuration = reader.configuration(b"", form)
    monkeypatch.setitem(sys.modules, library, None)
    failure = reader.told(configuration, schema={}).failure
    name = library.partition(".")[0]
    assert failure == f"ConnectorFailed: {name} is not installed: pip install 'airbyte-local[{extra}]'"
