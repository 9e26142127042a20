"""Files that are broken, or made to break their reader: right rows or a plain failure, in bounded memory."""

from __future__ import annotations

import bz2
import gzip
import io
import itertools
import lzma
import random
import subprocess
import sys
import zipfile

import pytest
from airbyte_local.connectors.cancelling import Cancelled
from airbyte_local.connectors.files import opening, texts
from airbyte_local.connectors.protocol import ConnectorCrashed

CSV = b"a,b\n" + b"".join(b"%d,row %d\n" % (n, n * 7919 % 10007) for n in range(50_000))
PACKED = {"gz": gzip.compress(CSV, mtime=0), "bz2": bz2.compress(CSV), "xz": lzma.compress(CSV)}


@pytest.fixture
def failure(reader):
    """What a reading of this file says, which is all that it does."""

    def read(content, form="csv", name=None, **options):
        told = reader.told(reader.configuration(content, form, name, **options), schema={})
        assert told.statuses[-1] == "INCOMPLETE"
        return told.failure

    return read


@pytest.mark.parametrize("packing", PACKED)
def test_a_packed_file_that_is_cut_or_spoilt_is_said(failure, packing):
    content = PACKED[packing]
    middle = len(content) // 2
    for broken in (content[:middle], content[:middle] + bytes(100) + content[middle + 100 :]):
        said = failure(broken, name=f"t.csv.{packing}")
        assert said.startswith(f"ConnectorFailed: '/local/t.csv.{packing}' ")


@pytest.mark.slow
def test_a_wrong_encoding_in_the_middle_is_said(reader):
    told = reader.told(reader.configuration(CSV * 5 + "99,ä\n".encode("latin-1") + CSV), schema={})
    assert "The file is not utf-8 text: 'utf-8' codec can't decode byte 0xe4" in told.failure
    assert told.rows[0] == {"a": 0, "b": "row 0"}


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_nul_characters_are_said(failure, form):
    assert "holds NUL characters" in failure('{"a": "x\0"}', form)


@pytest.mark.parametrize("form", ["csv", "jsonl"])
@pytest.mark.parametrize("seed", range(20))
def test_junk_gives_rows_or_a_failure_and_nothing_else(reader, form, seed):
    dice = random.Random(seed)
    start = dice.choice([b"", b"PK\x03\x04", b"PAR1", b"ARROW1\0\0", b"[{", b"a,b\n", b"\xff\xfe", b"\x1f\x8b"])
    content = start + dice.randbytes(dice.randrange(5000))
    told = reader.told(reader.configuration(content, form), schema={})
    assert told.failure is None or told.failure.startswith("ConnectorFailed: ")


@pytest.mark.parametrize("form", ["csv", "jsonl"])
@pytest.mark.parametrize("opening", ["", '"', '[{"a": "'])
def test_a_line_without_an_end_is_said_before_it_fills_the_memory(failure, monkeypatch, form, opening):
    monkeypatch.setattr(texts, "LONGEST", 3_000_000)
    said = failure(opening + "x" * 9_000_000, form)
    assert "longer than 3 million characters" in said or ("no valid JSON" in said and form != "csv")


def test_a_quote_that_is_never_closed_does_not_swallow_the_file(failure, monkeypatch):
    monkeypatch.setattr(texts, "LONGEST", 3_000_000)
    assert "longer than 3 million characters" in failure('a,b\n1,"open\n' + "2,x\n" * 2_000_000)


def test_long_cells_are_read_whole(reader):
    long = "x" * 5_000_000
    assert reader.rows(f'a,b\n1,"{long}\n{long}"\n') == [{"a": 1, "b": f"{long}\n{long}"}]


def test_a_zip_archive_that_lies_about_its_size_is_said(failure):
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("t.csv", CSV)
    content = bytearray(target.getvalue())
    at = content.index(b"PK\x01\x02") + 24  # where the directory says the size
    content[at : at + 4] = (5).to_bytes(4, "little")
    assert failure(bytes(content), name="t.zip").startswith("ConnectorFailed: ")


def test_a_copy_leaves_the_disk_some_room(reader, web, monkeypatch):
    monkeypatch.setattr(opening, "RESERVE", 1 << 62)
    web.says("/t.zip", CSV)
    told = reader.told(reader.at(f"{web.url}/t.zip", storage="HTTPS"), schema={})
    assert "has no room for a copy of the file" in told.failure


@pytest.mark.slow
def test_a_file_that_changes_while_it_is_read_is_another_try(reader):
    configuration = reader.configuration(CSV * 5)
    messages = reader.messages(configuration, schema={})
    for _ in range(3):
        next(messages)
    with (reader.root / "file.csv").open("ab") as file:
        file.write(b"1,2\n")
    with pytest.raises(ConnectorCrashed, match="was changed while it was read"):
        list(messages)


@pytest.mark.slow
def test_a_file_that_is_replaced_while_it_is_read_is_read_to_its_end(reader):
    configuration = reader.configuration(CSV * 5)
    messages = reader.messages(configuration, schema={})
    for _ in range(3):
        next(messages)
    (reader.root / "new.csv").write_bytes(b"a,b\n")
    (reader.root / "new.csv").replace(reader.root / "file.csv")
    assert sum(message["type"] == "RECORD" for message in messages) == 5 * 50_001 - 2


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_a_reading_stops_soon_after_it_is_cancelled(reader, form):
    content = CSV * 10 if form == "csv" else '{"a": 1}\n' * 500_000
    messages = reader.messages(reader.configuration(content, form), schema={})
    assert [next(messages)["type"] for _ in range(3)] == ["TRACE", "TRACE", "RECORD"]
    reader.around.cancellation.cancel()
    with pytest.raises(Cancelled):
        list(itertools.islice(messages, 10_000))


PEAK = """
import resource, sys
from pathlib import Path
from airbyte_local.connectors.file import File
from airbyte_local.connectors.protocol import ConnectorFailed, Surroundings

root, name, form = sys.argv[1:]
configuration = {"dataset_name": "t", "format": form, "url": f"/local/{name}", "provider": {"storage": "local"}}
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
catalog = {"streams": [{"stream": {"name": "t", "json_schema": {}}}]}
rows, said = 0, ""
try:
    for message in File().read(configuration, catalog, [], Surroundings(local_root=Path(root))):
        rows += message["type"] == "RECORD"
except ConnectorFailed as error:
    said = str(error)
print(rows, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, said)
"""


def peak(root, name, form):
    """Rows, and kilobytes that reading them took at most, and what was said."""
    arguments = [sys.executable, "-c", PEAK, str(root), name, form]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=100, check=True)
    rows, kilobytes, said = done.stdout.split(" ", 2)
    return int(rows), int(kilobytes), said.strip()


@pytest.mark.slow
@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_memory_does_not_grow_with_the_rows(tmp_path, form):
    taken = []
    for count in (100_000, 600_000):
        with (tmp_path / "t").open("w") as file:
            file.write({"csv": "a,b\n", "jsonl": ""}[form])
            for n in range(count):
                file.write(f"{n},row {n}\n" if form == "csv" else f'{{"a": {n}}}\n')
        taken.append(peak(tmp_path, "t", form))
    (_, few, _), (_, many, _) = taken
    assert [rows // 1000 for rows, _, _ in taken] == [100, 600]
    assert many < few + 15_000


@pytest.mark.slow
@pytest.mark.parametrize(("form", "opening"), [("csv", b"a"), ("csv", b'a,b\n"'), ("jsonl", b'{"a": "')])
def test_a_bomb_of_two_gigabytes_does_not_go_off(tmp_path, form, opening):
    with gzip.open(tmp_path / "t.gz", "wb", compresslevel=1) as bomb:
        bomb.write(opening)
        for _ in range(200):
            bomb.write(b"x" * 10_000_000)
    rows, kilobytes, said = peak(tmp_path, "t.gz", form)
    assert (rows, "longer than 64 million characters" in said) == (0, True)
    assert kilobytes < 600_000


@pytest.mark.slow
def test_ten_thousand_long_rows_are_not_held_at_once(tmp_path):
    with (tmp_path / "t").open("w") as file:
        file.write("a,b\n")
        for n in range(3000):
            file.write(f"{n},{'x' * 100_000}\n")
    rows, kilobytes, _ = peak(tmp_path, "t", "csv")
    assert rows == 3000
    assert kilobytes < 150_000
