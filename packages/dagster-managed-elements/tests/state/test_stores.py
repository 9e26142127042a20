"""Every store keeps the same promise: what is written over is what was read, and nothing is half there."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from dagster_managed_elements.engine.errors import DeclarationError, StateError
from dagster_managed_elements.engine.values import Ref
from dagster_managed_elements.state.encoding import decode
from dagster_managed_elements.state.opening import open_store
from dagster_managed_elements.state.stores import Moved, Store

from testing.google_storage import google_storage

REPOSITORY = Path(__file__).resolve().parents[4]
SLOW_BUCKETS = ["s3", pytest.param("az", marks=pytest.mark.timeout(400))]  # the first installs Azurite
CHILD = Path(__file__).with_name("children") / "applying.py"


def test_what_is_written_is_read_and_the_two_objects_of_a_state_are_apart(store: Store) -> None:
    assert store.read() is None
    tag = store.write(b"one", None)
    assert store.read(".lock") is None
    store.write(b"lock", None, ".lock")
    found, locked = store.read(), store.read(".lock")
    assert found is not None
    assert locked is not None
    assert (found.data, found.tag, locked.data) == (b"one", tag, b"lock")


def test_only_what_was_read_is_written_over(store: Store) -> None:
    first = store.write(b"one", None)
    with pytest.raises(Moved):
        store.write(b"other", None)
    second = store.write(b"two", first)
    with pytest.raises(Moved):
        store.write(b"three", first)
    found = store.read()
    assert found is not None
    assert (found.data, found.tag) == (b"two", second)


def test_what_another_wrote_meanwhile_is_not_written_over(url: str) -> None:
    one, other = open_store(url), open_store(url)
    tag = one.write(b"one", None)
    assert other.write(b"two", tag)
    with pytest.raises(Moved):
        one.write(b"three", tag)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("state.json", "for a file give file://state.json"),
        ("ftp://host/state.json", "not 'ftp://host/state.json'"),
        ("s3://bucket", "such as s3://bucket/state.json"),
        ("s3://bucket/folder/", "such as s3://bucket/folder/state.json"),
        ("file:///", "names no object"),
        ("file://", "names no object"),
        ("memory://", "names no object"),
        ("s3://key:s3cr3t@bucket/x", "no credentials"),
        ("s3://bucket/x?token=s3cr3t", "no credentials and no parameters"),
        ("", "A state is at file://"),
    ],
)
def test_a_url_that_names_no_state_is_refused_with_what_to_write_and_no_password(url: str, said: str) -> None:
    with pytest.raises(DeclarationError) as raised:
        open_store(url)
    assert said in str(raised.value)
    assert "s3cr3t" not in str(raised.value)


def test_a_file_is_its_owners_alone_and_what_a_link_leads_to_is_written(tmp_path: Path) -> None:
    there, link = tmp_path / "real" / "state.json", tmp_path / "link.json"
    there.parent.mkdir()
    link.symlink_to(there)
    store = open_store(f"file://{link}")
    tag = store.write(b"one", None)
    store.write(b"two", tag)
    assert link.is_symlink()
    assert there.read_bytes() == b"two"
    assert stat.S_IMODE(there.stat().st_mode) == 0o600
    assert sorted(path.name for path in there.parent.iterdir()) == ["state.json", "state.json.guard"]


def test_reading_makes_nothing(tmp_path: Path) -> None:
    assert open_store(f"file://{tmp_path / 'none' / 'state.json'}").read() is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StateError, match="cannot be written: Permission denied"):
        open_store(f"file://{tmp_path / 'state.json'}").write(b"one", None)


def test_a_file_where_a_folder_has_to_be_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = open_store(f"file://{tmp_path / 'file' / 'state.json'}")
    with pytest.raises(StateError, match="cannot be read: Not a directory"):
        store.read()
    with pytest.raises(StateError, match="cannot be written"):
        store.write(b"one", None)


@pytest.mark.parametrize("scheme", SLOW_BUCKETS)
@pytest.mark.slow
def test_a_bucket_that_is_not_there_is_said(scheme: str, bucket: Callable[[str], str]) -> None:
    bucket(scheme)
    with pytest.raises(StateError, match="cannot be written"):
        open_store(f"{scheme}://nowhere/state.json").write(b"one", None)


def test_a_write_to_google_names_the_generation_of_what_it_replaces(monkeypatch: pytest.MonkeyPatch) -> None:
    with google_storage() as (address, objects):
        monkeypatch.setenv("GOOGLE_BASE_URL", address)
        monkeypatch.setenv("GOOGLE_BEARER_TOKEN", "test")
        store = open_store("gs://bucket/state.json")
        first = store.write(b"one", None)
        store.write(b"two", first)
        with pytest.raises(Moved):
            store.write(b"three", first)
    generation = json.loads(first)["version"]
    assert objects.conditions == ["0", generation, generation]


def both(state: str, times: int, log: Path) -> None:
    """Two processes that apply at once, each so many times; never was one inside while the other was."""
    command = [sys.executable, str(CHILD), state]
    inherited = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    running = [
        subprocess.Popen([*command, place, str(times), str(log)], env=inherited, stderr=subprocess.PIPE, text=True)
        for place in ("left", "right")
    ]
    try:
        for process in running:
            _, said = process.communicate(timeout=110)
            assert process.returncode == 0, said
    finally:
        for process in running:
            with process:
                process.kill()
    lines = log.read_text().splitlines()
    assert Counter(line.split()[0] for line in lines) == {str(process.pid): 2 * times for process in running}
    for begun, ended in zip(lines[::2], lines[1::2], strict=True):
        assert begun.replace("begins", "ends") == ended
    found = open_store(state).read()
    assert found is not None
    places = decode(found.data, state).places
    assert {place: len(known.objects) for place, known in places.items()} == {"left": times, "right": times}
    assert Ref("node", "node-1") in places["left"].objects


def test_two_processes_that_apply_at_once_are_never_both_inside(tmp_path: Path) -> None:
    both(f"file://{tmp_path / 'state.json'}", 5, tmp_path / "log")


@pytest.mark.slow
def test_two_processes_that_apply_a_hundred_times_at_once_lose_nothing(tmp_path: Path) -> None:
    both(f"file://{tmp_path / 'state.json'}", 100, tmp_path / "log")


@pytest.mark.parametrize("scheme", [*SLOW_BUCKETS, "gs"])
@pytest.mark.slow
def test_two_processes_with_a_state_in_a_bucket_lose_nothing(
    scheme: str, tmp_path: Path, bucket: Callable[[str], str]
) -> None:
    both(f"{bucket(scheme)}/shared/state.json", 100, tmp_path / "log")
