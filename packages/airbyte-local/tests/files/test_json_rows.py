"""JSON lines: rows as the vendor's connector gives them, and where ours is kinder than that."""

from __future__ import annotations

import json

import pytest
from airbyte_local.connectors.files import json_lines, texts


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


def test_the_encoding_is_obeyed_and_other_options_change_nothing(reader):
    content = '{"a": "ä"}'.encode("latin-1")
    assert reader.rows(content, "jsonl", encoding="latin-1", lines=True) == [{"a": "ä"}]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"a": 1}\n{cut\n', "no valid JSON, line 2"),
        ('{"a": 1} {"a": 2}\n', "no valid JSON, line 1: Extra data"),
        ('{"a": 1}\n[3]\n', "must hold JSON objects, not [3]"),
        ('{"a":' * 100_000, "nested too deeply, line 1"),
    ],
)
def test_what_is_no_table_is_said(reader, content, said):
    told = reader.told(reader.configuration(content, "jsonl"), schema={})
    assert told.statuses[-1] == "INCOMPLETE"
    assert told.failure.startswith("ConnectorFailed: ")
    assert said in told.failure


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64])
def test_a_line_is_the_same_however_it_arrives(reader, monkeypatch, size):
    monkeypatch.setattr(texts, "BLOCK", size)
    rows = [{"a": 1, "s": 'x"]},{[\\'}, {"b": [[], {}], "c": -1.5e3}, {}, {"ä": "😀"}]
    assert reader.rows("\n".join(map(json.dumps, rows)), "jsonl") == rows


def test_the_catalog_is_that_of_the_first_objects(reader, monkeypatch):
    monkeypatch.setattr(json_lines, "SHOWN", 2)
    schema = reader.schema(reader.configuration('{"a": 1}\n{"a": 2.5}\n{"b": 1}\n', "jsonl"))
    assert (schema["properties"], schema["required"]) == ({"a": {"type": "number"}}, ["a"])


def test_an_empty_file_has_a_catalog_without_columns(reader):
    assert reader.schema(reader.configuration("", "jsonl")) == {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": {},
    }
