"""The built-in File source gives the catalog and the rows that the vendor's connector gives."""

from __future__ import annotations

import csv
import gzip
import io
import json
import random

import pytest
from airbyte_local.connectors.file import File

from .conftest import ask, typed

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


LINES = {
    "ints": "a\n1\n2\n", "floats": "a\n1\n2.5\n1e5\n.5\n", "blanks": "a,b\n1,2\n,3\n", "mixed": "a\n1\nx\n",
    "truths": "a\nTrue\nfalse\nTRUE\n", "truths and blanks": "a,b\nTrue,1\n,2\n", "truths and ones": "a\nTrue\n1\n",
    "dates": "a\n2024-01-01\n2024-01-02T03:04:05Z\n", "quotes": 'a,b\nx"y,"q""r"\n"ab"c,""\n',
    "newlines": 'a,b\n"l1\nl2",x\n"l1\r\nl2",y\n', "returns": "a,b\r1,2\r\n3,4\r", "unicode": "ä,b\n€,😀\n",
    "mark": "\ufeffa,b\n1,2\n", "twice": "a,a,a.1,,a\n1,2,3,4,5\n", "short": "a,b,c\n1\n4,5\n7,8,9\n",
    "long": "a,b\n1,2\n4,5,6\n", "longer": "a,b\n1,2,3\n4,5,6\n", "trailing": "a,b\n1,2,\n4,5,\n",
    "index": ",a\n0,1\n", "empty lines": "a\n1\n\n  \n2\n", "nothing": "", "blank": "\n\n", "header": "a,b\n",
    "no end": "a,b\n1,2", "open quote": 'a,b\n"1,2\n', "beyond 53 bits": "a\n9007199254740993\n",
    "beyond 64 bits": "a\n18446744073709551616\n1\n",
    "infinite": "a\ninf\n-Infinity\n1\n", "not numbers": "a\nNaN\n-nan\n1\n", "odd numbers": "a\n1_0\n0x1\n--1\n",
    "too great": "a\n1e400\n1\n", "zeros": "a\n007\n-0\n+5\n 4 \n", "nulls": "a,b\nNULL,x\nN/A,None\n<NA>,n/a\n",
}  # fmt: skip
OPTIONS = [
    ("a;b\n1,5;x\n", {"sep": ";"}), ("1,2\n3,4\n", {"header": None}),
    ("1,2\n3,4\n", {"names": ["x"]}), ("1,2\n3,4\n", {"names": ["x", "y", "z"]}),
    ("a,b\n3,4\n", {"names": ["x", "y"], "header": 0}),
    ("junk\n\na,b\n1,2\n", {"skiprows": 1}), ("a,b\n1,2\n3,4\n5,6\n", {"skiprows": 1, "nrows": 1}),
    ("\n\na,b\nc,d\n\n1,2\n", {"header": 1}),
    ("a,b,c\n1,2,x\n", {"usecols": ["c", "a"]}),
    ("a,b\n007,2\n3,\n", {"dtype": "str"}), ("a,b\n007,2\n3,\n", {"dtype": {"a": "str"}}),
    ("a,b\n'1,2',x\n", {"quotechar": "'"}),
    ('a,b\n"1\\"2",x\n', {"escapechar": "\\"}), ("a,b\n1,2\n", {"nonsense": 1}),
]  # fmt: skip
TREES = [
    '{"a": 1, "b": {"c": [1.5, null]}}\n{"a": null, "d": "x"}\n', '{"a": []}\n{"a": [1, "x", null, {"k": 1}]}\n',
    '{"a": 1}\n{"a": "x"}\n{"a": {"k": 1}}\n{"a": [1]}\n{"a": {}}\n', '{"a": 9007199254740993, "b": 1e22}\n',
    '{"a": [NaN, Infinity]}\n', '{"a": 1, "a": 2}\n{}\n', '{"a": {"x": {"y": [{"z": 1}, {"w": null}]}}}\n',
    '{"a": 1} {"a": 2}\n', '{"a": 1}\n[3]\n', '{"a": 1}\n{cut\n',
]  # fmt: skip
FILES = [
    *((f"csv: {name}", "csv", content, {}) for name, content in LINES.items()),
    *((f"csv: {options}", "csv", content, options) for content, options in OPTIONS),
    *((f"jsonl: {content[:20]}", "jsonl", content, {}) for content in TREES),
    ("csv: latin-1", "csv", "ä,b\n1,2\n".encode("latin-1"), {"encoding": "latin-1"}),
    ("csv: not utf-8", "csv", "ä,b\n1,2\n".encode("latin-1"), {}),
    ("csv: chunks", "csv", "a,b\n" + "".join(f"{'x' if n == 12_345 else n},{n}.5\n" for n in range(25_000)), {}),
]  # fmt: skip


def written(around, name, form, content, options):
    (around.local_root / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    found = {"dataset_name": "t", "format": form, "url": f"/local/{name}", "provider": {"storage": "local"}}
    return {**found, "reader_options": json.dumps(options)} if options else found


def compare(real, configuration, around):
    ours, theirs = ask(File(), configuration, around), ask(real("file"), configuration, around)
    assert ours.failed == theirs.failed
    if not ours.failed:
        assert ours.streams == theirs.streams
        assert typed(ours.rows) == typed(theirs.rows)
        assert ours.statuses == theirs.statuses
        assert not ours.states
        assert not theirs.states


@pytest.mark.parametrize(("name", "form", "content", "options"), FILES, ids=[name for name, *_ in FILES])
def test_a_file_is_the_same_to_both(real, around, name, form, content, options):
    compare(real, written(around, f"t.{form}", form, content, options), around)


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_a_packed_file_is_the_same_to_both(real, around, form):
    content = gzip.compress({"csv": b"a,b\n1,x\n", "jsonl": b'{"a": 1}\n'}[form])
    compare(real, written(around, f"t.{form}.gz", form, content, {}), around)


POOLS = (
    ["1", "2", "-3", "007", "+5", " 4", "5 "], ["1.5", "2", "-0.25", "1e3", ".5", "3."], ["", "NA", "null", "x"],
    ["True", "False"], ["true", "False", "TRUE"], ["", "1"], ["", "True"], ["", "1.5", "inf", "-inf"],
    ["a", "b c", "ü", 'é,"q"', "\n", "l1\r\nl2", '"'], ["9223372036854775807", "1"], ["18446744073709551616", "1"],
    ["1_0", "0x1", "1e400", "--1", "1 2", "nan", "NaN", "-"], ["0", "1", "True"], ["1,5", "1.234,5", "7"],
    ["１", "٣", "1"], ["1\t", "\t2", "3"], ["2024-01-01", ""], ["", '""', "''"],
)  # fmt: skip


def any_table(dice):
    """A file of a few columns, with lines too short, too long or empty here and there."""
    width, sep = dice.randrange(1, 5), dice.choice(",,,;\t|")
    target = io.StringIO()
    quoting = dice.choice([csv.QUOTE_MINIMAL, csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
    writer = csv.writer(target, delimiter=sep, lineterminator=dice.choice(["\n", "\r\n", "\r"]), quoting=quoting)
    writer.writerow(dice.choice(["a", "b", "c", "id", "", "a b", "1"]) for _ in range(width))
    pools = [dice.choice(POOLS) for _ in range(width)]
    for _ in range(dice.randrange(7)):
        odd = dice.choice([-1, 1]) if dice.random() < 0.07 else 0
        writer.writerow(dice.choice(pools[min(place, width - 1)]) for place in range(max(width + odd, 0)))
        target.write("\n" if dice.random() < 0.05 else "")
    options = {"sep": sep} if sep != "," else {}
    extra = [{"nrows": 2}, {"header": None}, {"dtype": "str"}, {"skiprows": 1}]
    return target.getvalue(), {**options, **(dice.choice(extra) if dice.random() < 0.2 else {})}


@pytest.mark.parametrize("seed", range(150))
def test_any_table_is_the_same_to_both(real, around, seed):
    content, options = any_table(random.Random(seed))
    compare(real, written(around, "t.csv", "csv", content, options), around)
