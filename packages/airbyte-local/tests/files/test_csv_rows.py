"""Rows and types of CSV files. Every expectation was measured on the vendor's connector (source-file 0.6.0)."""

from __future__ import annotations

import json

import pytest

NUMBER, TEXT, TRUTH = "number", "string", "boolean"


@pytest.mark.parametrize(
    ("cells", "kind", "values"),
    [
        (["1", "2"], NUMBER, [1, 2]),
        (["007", "-0", "+5", " 4", "5 "], NUMBER, [7, 0, 5, 4, 5]),
        (["1", ""], NUMBER, [1.0, None]),
        (["", "NaN", "NULL", "#N/A"], NUMBER, [None, None, None, None]),
        (["1", "2.5"], NUMBER, [1.0, 2.5]),
        (["1e5", "1.", ".5", "-2.5E-3", "1e-400"], NUMBER, [1e5, 1.0, 0.5, -0.0025, 0.0]),
        (["9007199254740993", "2"], NUMBER, [9007199254740993, 2]),
        (["9223372036854775807", "-9223372036854775808"], NUMBER, [2**63 - 1, -(2**63)]),
        (["18446744073709551616", "1"], TEXT, ["18446744073709551616", "1"]),
        (["9223372036854775808", "-1"], TEXT, ["9223372036854775808", "-1"]),
        (["9223372036854775808", "1.5"], NUMBER, [9223372036854775808.0, 1.5]),
        (["1.5", "99999999999999999999"], NUMBER, [1.5, 99999999999999999999.0]),
        (["1e400", "1"], TEXT, ["1e400", "1"]),
        (["inf", "-Infinity", "1"], NUMBER, [None, None, 1.0]),
        (["Inf ", "1"], TEXT, ["Inf ", "1"]),
        (["NAN", "1"], TEXT, ["NAN", "1"]),
        (["1_000", "1"], TEXT, ["1_000", "1"]),
        (["１", "1"], TEXT, ["１", "1"]),
        (["0x10", "1"], TEXT, ["0x10", "1"]),
        (["1 e5", "1"], TEXT, ["1 e5", "1"]),
        (["--1", "1"], TEXT, ["--1", "1"]),
        (["True", "FALSE", "true"], TRUTH, [True, False, True]),
        (["True", ""], TEXT, [True, None]),
        (["True", "1"], TEXT, ["True", "1"]),
        (["tRUE", "True"], TEXT, ["tRUE", "True"]),
        (["x", "NA", "n/a"], TEXT, ["x", None, None]),
        (["2024-01-01", "2024-01-02"], TEXT, ["2024-01-01", "2024-01-02"]),
        (['"NA"', '""', '"1"'], NUMBER, [None, None, 1.0]),
    ],
)
def test_a_column_has_the_type_that_all_its_cells_have(reader, cells, kind, values):
    configuration = reader.configuration("a,z\n" + "".join(f"{cell},x\n" for cell in cells))
    assert reader.types(configuration) == {"a": kind, "z": TEXT}
    found = [row.get("a") for row in reader.told(configuration).rows]
    assert [(type(each), each) for each in found] == [(type(each), each) for each in values]


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        ("a\n1\n\n2\n  \n3\n", [{"a": 1}, {"a": 2}, {"a": 3}]),
        ('a\n" "\n""\n', [{"a": " "}, {}]),
        (
            'a,b\nx"y,"q""r"\n"l1\r\nl2",z\r\n"ab"c,""\n',
            [{"a": 'x"y', "b": 'q"r'}, {"a": "l1\nl2", "b": "z"}, {"a": "abc"}],
        ),
        ("a,b,c\n1\n4,5\n7,8,9\n", [{"a": 1}, {"a": 4, "b": 5.0}, {"a": 7, "b": 8.0, "c": 9.0}]),
        ("a,b\n1,2,3\n4,5,6\n", [{"a": 2, "b": 3}, {"a": 5, "b": 6}]),
        ("a,b\n1,2,\n4,5,\n", [{"a": 2}, {"a": 5}]),
        (",a\n0,1\n", [{"Unnamed: 0": 0, "a": 1}]),
        ("a,a,a.1,,a\n1,2,3,4,5\n", [{"a": 1, "a.2": 2, "a.1": 3, "Unnamed: 3": 4, "a.3": 5}]),
        ("a,b\r1,2\r3,4", [{"a": 1, "b": 2}, {"a": 3, "b": 4}]),
        ('\ufeff"a",b\n€,😀\n', [{"a": "€", "b": "😀"}]),
        ("a,b\n1,2\n\x1a\n", [{"a": "1", "b": 2.0}, {"a": "\x1a"}]),
    ],
)
def test_rows_are_cut_as_pandas_cuts_them(reader, content, rows):
    assert reader.rows(content) == rows


@pytest.mark.parametrize(
    ("content", "options", "rows"),
    [
        ("a\tb\n1\t2\n", {"sep": "\\t"}, [{"a": 1, "b": 2}]),
        ("1,2\n3,4\n", {"header": None}, [{"0": 1, "1": 2}, {"0": 3, "1": 4}]),
        ("1,2\n3,4\n", {"names": ["x", "y", "z"]}, [{"x": 1, "y": 2}, {"x": 3, "y": 4}]),
        ("1,2\n3,4\n", {"names": ["x"]}, [{"x": 2}, {"x": 4}]),
        ("a,b\n3,4\n", {"names": ["x", "y"], "header": 0}, [{"x": 3, "y": 4}]),
        ("junk\n\na,b\n1,2\n", {"skiprows": 1}, [{"a": 1, "b": 2}]),
        ('"two\nlines"\na,b\n1,2\n', {"skiprows": 1}, [{"a": 1, "b": 2}]),
        ("\n\na,b\nc,d\n\n1,2\n", {"header": 1}, [{"c": 1, "d": 2}]),
        ("a,b\n1,2\n3,4\n", {"nrows": 1}, [{"a": 1, "b": 2}]),
        ("a,b,c\n1,2,x\n3,4,y,z\n", {"usecols": ["c", "a"]}, [{"a": 1, "c": "x"}, {"a": 3, "c": "y"}]),
        ("a,b,c\n1,2,x\n", {"usecols": [0, 2]}, [{"a": 1, "c": "x"}]),
        ("a,b\n007,2\n3,\n", {"dtype": "str"}, [{"a": "007", "b": "2"}, {"a": "3"}]),
        ("a,b\n007,2\n3,\n", {"dtype": {"a": "str"}}, [{"a": "007", "b": 2.0}, {"a": "3"}]),
        ("a,b\n'1,2',x\n", {"quotechar": "'"}, [{"a": "1,2", "b": "x"}]),
        ('a,b\n"1\\"2",x\n', {"escapechar": "\\"}, [{"a": '1"2', "b": "x"}]),
        ("ä,b\n1,2\n".encode("utf-16"), {"encoding": "utf-16"}, [{"ä": 1, "b": 2}]),
        ("a,b\n1,2\n", {"low_memory": False, "names": None, "engine": "c"}, [{"a": 1, "b": 2}]),
    ],
)  # fmt: skip
def test_options_of_the_reader_are_obeyed(reader, content, options, rows):
    assert reader.rows(content, **options) == rows


@pytest.mark.parametrize(
    ("content", "options", "said"),
    [
        ("a,b\n1,2\n4,5,6\n", {}, "Row 2 has 3 values where 2 were expected"),
        ('a,b\n"1,2\n3,4\n', {}, "ends inside quotes"),
    ],
)
def test_what_does_not_fit_is_said(reader, content, options, said):
    told = reader.told(reader.configuration(content, **options), schema={"properties": {}})
    assert (told.rows, told.statuses) == ([], ["STARTED", "INCOMPLETE"])
    assert told.failure.startswith("ConnectorFailed: ")
    assert said in told.failure


def test_a_reading_starts_runs_and_completes(reader):
    told = reader.told(reader.configuration("a\n1\n"))
    assert (told.rows, told.statuses) == ([{"a": 1}], ["STARTED", "RUNNING", "COMPLETE"])


def test_a_header_alone_is_a_table_without_rows(reader):
    configuration = reader.configuration("a,b")
    assert reader.types(configuration) == {"a": TEXT, "b": TEXT}
    assert (reader.told(configuration).rows, reader.told(configuration).statuses) == ([], ["STARTED", "COMPLETE"])


def test_only_the_columns_of_the_catalog_are_read(reader):
    configuration = reader.configuration("a,b,c\n1,x,2\n,y,3\n")
    told = reader.told(configuration, schema={"properties": {"c": {}, "a": {}, "gone": {}}})
    assert told.rows == [{"a": 1.0, "c": 2}, {"c": 3}]


def test_records_bear_the_name_of_the_stream_and_the_time(reader):
    records = [m["record"] for m in reader.messages(reader.configuration("a\n1\n")) if m["type"] == "RECORD"]
    assert [(record["stream"], record["data"], record["emitted_at"] > 1_600_000_000_000) for record in records] == [
        ("t", {"a": 1}, True)
    ]


def test_a_stream_of_another_name_is_refused(reader):
    with pytest.raises(Exception, match="There is no stream 'other' here: the file is 't'"):
        list(reader.messages(reader.configuration("a\n1\n"), name="other"))


def test_types_are_found_anew_for_every_ten_thousand_rows(reader):
    lines = [str(number) for number in range(25_000)]
    lines[12_345] = "x"
    lines[24_000] = "NA"
    configuration = reader.configuration("a,b\n" + "".join(f"{line},1\n" for line in lines))
    assert reader.types(configuration) == {"a": NUMBER, "b": NUMBER}
    values = [row.get("a") for row in reader.told(configuration).rows]
    assert values[:10_000] == list(range(10_000))
    assert values[10_000:20_000] == lines[10_000:20_000]
    assert [type(value) for value in values[20_000:]].count(float) == 4999
    assert values[24_000] is None


def test_a_wide_file_is_read_in_shorter_chunks_with_the_same_rows(reader):
    width, rows = 2000, 1200
    content = ",".join(f"c{n}" for n in range(width)) + "\n" + (",".join("1" for _ in range(width)) + "\n") * rows
    found = reader.rows(content, usecols=["c0", "c1999"])
    assert found == [{"c0": 1, "c1999": 1}] * rows


def test_options_are_a_json_object_in_a_text(reader):
    configuration = reader.configuration("a;b\n1;2\n")
    assert reader.told({**configuration, "reader_options": json.dumps({"sep": ";"})}).rows == [{"a": 1, "b": 2}]
    assert reader.told({**configuration, "reader_options": ""}).rows == [{"a;b": "1;2"}]
