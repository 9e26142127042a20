"""JSON and JSON lines: rows as the vendor's connector gives them, and where ours is kinder than that."""

from __future__ import annotations

import json

import pytest
from airbyte_local.connectors.files import json_tables, texts


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        ('{"b": {"c": [1.5, null]}}\n{"a": null, "d": "x"}', [{"b": {"c": [1.5, None]}}, {"d": "x"}]),
        ('{"a": 9007199254740993, "b": 1234567890123456789012}\n', [{"a": 2**53 + 1, "b": 1234567890123456789012}]),
        ('{"a": [NaN, Infinity, -Infinity, 1e999], "b": NaN}\n', [{"a": [None] * 4}]),
        ('{"a": "\\u0000 \\ud83d\\ude00"}\r\n{}\r\n', [{"a": "\0 😀"}, {}]),
        ('{"a": 1, "a": 2}\n', [{"a": 2}]),
        ('\ufeff{"a": 1}\n\n   \n{"a": 2}\n', [{"a": 1}, {"a": 2}]),
        ('{"a": "\\ud800x"}\n', [{"a": "?x"}]),
        ("", []),
    ],
)  # fmt: skip
def test_each_line_is_a_row(reader, content, rows):
    assert reader.rows(content, "jsonl") == rows


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        ('[{"a": 1}, {"a": 2, "b": true}]', [{"a": 1}, {"a": 2, "b": True}]),
        (' \n [ {"a" : 1}\n,\n{"a":2} ] \n', [{"a": 1}, {"a": 2}]),
        ('{"a": [{"x": 1}, {"y": 2}], "n": null}', [{"a": [{"x": 1}, {"y": 2}]}]),
        ("[]", []),
        ("[{}]", [{}]),
    ],
)
def test_an_array_is_rows_and_an_object_is_one(reader, content, rows):
    assert reader.rows(content, "json") == rows


@pytest.mark.parametrize("form", ["json", "jsonl"])
def test_the_encoding_is_obeyed_and_other_options_change_nothing(reader, form):
    content = '{"a": "ä"}'.encode("latin-1")
    assert reader.rows(content, form, encoding="latin-1", lines=True) == [{"a": "ä"}]


@pytest.mark.parametrize(
    ("content", "form", "said"),
    [
        ('{"a": 1}\n{cut\n', "jsonl", "no valid JSON, line 2"),
        ('{"a": 1} {"a": 2}\n', "jsonl", "no valid JSON, line 1: Extra data"),
        ('{"a": 1}\n[3]\n', "jsonl", "must hold JSON objects, not [3]"),
        ("[1, 2]", "json", "must hold JSON objects, not 1"),
        ("null", "json", "must hold JSON objects, not null"),
        ('[{"a": 1},]', "json", "no valid JSON, after 10 characters"),
        ('[{"a": 1} {"a": 2}]', "json", "'{' where ',' or ']' was expected"),
        ('[{"a": 1}', "json", "its end' where ',' or ']' was expected"),
        ('[{"a": 1}] x', "json", "'x' after its end"),
        ('{"a": 1}{"a": 2}', "json", "'{' after its end"),
        ("", "json", "no valid JSON"),
        ('{"a":' * 100_000, "json", "nested too deeply"),
        ('{"a":' * 100_000, "jsonl", "nested too deeply, line 1"),
    ],
)
def test_what_is_no_table_is_said(reader, content, form, said):
    told = reader.told(reader.configuration(content, form), schema={})
    assert told.statuses[-1] == "INCOMPLETE"
    assert told.failure.startswith("ConnectorFailed: ")
    assert said in told.failure


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64])
def test_an_array_is_the_same_however_it_arrives(reader, monkeypatch, size):
    monkeypatch.setattr(texts, "BLOCK", size)
    rows = [{"a": 1, "s": 'x"]},{[\\'}, {"b": [[], {}], "c": -1.5e3}, {}, {"ä": "😀"}]
    assert reader.rows(json.dumps(rows, indent=1), "json") == rows
    assert reader.rows("\n".join(map(json.dumps, rows)), "jsonl") == rows


def test_the_catalog_is_that_of_the_first_objects(reader, monkeypatch):
    monkeypatch.setattr(json_tables, "SHOWN", 2)
    schema = reader.schema(reader.configuration('{"a": 1}\n{"a": 2.5}\n{"b": 1}\n', "jsonl"))
    assert (schema["properties"], schema["required"]) == ({"a": {"type": "number"}}, ["a"])


def test_an_empty_file_has_a_catalog_without_columns(reader):
    assert reader.schema(reader.configuration("", "jsonl")) == {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": {},
    }
