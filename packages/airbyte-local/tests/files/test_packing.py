"""Files of this machine: how they are named, packed and let go of."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import io
import lzma
import os
import zipfile
from pathlib import Path

import pytest

CSV = b"a,b\n1,x\n2,y\n"
ROWS = [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]


def zipped(*names):
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, CSV)
    return target.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv", CSV),
        ("t.csv.gz", gzip.compress(CSV, mtime=0)),
        ("t.csv.bz2", bz2.compress(CSV)),
        ("t.csv.xz", lzma.compress(CSV)),
        ("t.CSV.GZ", gzip.compress(CSV[:6], mtime=0) + gzip.compress(CSV[6:], mtime=0)),
        ("t.csv.zip", zipped("inside.csv")),
        ("t.csv.gz", CSV),
    ],
)
def test_a_file_is_unpacked_as_its_name_says(reader, web, name, content):
    assert reader.told(reader.configuration(content, name=name)).rows == ROWS
    web.says(f"/{name}", content)
    assert reader.told(reader.at(f"{web.url}/{name}", storage="HTTPS")).rows == ROWS


def test_a_file_may_be_named_by_its_scheme(reader):
    reader.configuration(CSV, name="t.csv")
    assert reader.told(reader.at("file:///local/t.csv")).rows == ROWS


def test_packed_json_is_unpacked_too(reader):
    assert reader.rows(gzip.compress(b'{"a": 1}\n'), "jsonl", "t.jsonl.gz") == [{"a": 1}]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (zipped("a.csv", "b.csv"), "holds 2 files; it must hold one"),
        (zipped(), "holds 0 files"),
        (CSV, "no zip archive"),
    ],
)
def test_a_zip_archive_holds_one_file(reader, content, said):
    assert said in reader.told(reader.configuration(content, name="t.zip"), schema={}).failure


def open_files():
    found = set()
    for each in Path(f"/proc/{os.getpid()}/fd").iterdir():
        with contextlib.suppress(OSError):
            found.add(each.readlink())
    return found


def test_a_reading_that_is_closed_early_closes_the_file(reader):
    messages = reader.messages(reader.configuration("a\n" + "1\n" * 100_000))
    for _ in range(5):
        next(messages)
    assert reader.root / "file.csv" in open_files()
    messages.close()
    assert reader.root / "file.csv" not in open_files()
