"""An environment is complete or not there, is made once, and never of the user's own."""

from __future__ import annotations

import contextlib
import json
import shutil
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from airbyte_local.connectors.cancelling import Cancellation, Cancelled
from airbyte_local.connectors.external.environments import Environments, find_uv
from airbyte_local.connectors.external.pins import LOCKS, PINS, find_pin
from airbyte_local.connectors.protocol import ConnectorFailed

FAKER = find_pin("faker")


@pytest.fixture
def environments(tmp_path, index):
    return Environments(tmp_path / "connectors", uv=index.find)


@pytest.fixture
def install(environments, fakes):
    def install(pin=FAKER, *, say=lambda _: None, cancellation=None):
        return environments.install(pin, fakes.worker, cancellation or Cancellation(), say)

    return install


def left(environments):
    """What is there besides locks and logs."""
    return sorted(path.name for path in environments.folder.iterdir() if path.suffix not in {".lock", ".log"})


def test_it_is_made_by_uv_of_exactly_what_the_lock_names(environments, install, index):
    assert environments.find(FAKER) is None
    made = install()
    assert made == environments.find(FAKER)
    assert made.folder == environments.folder / "airbyte-source-faker-7.2.1"
    assert made.specification == {"type": "object", "title": "the real one"}
    venv, pip = (asked["arguments"] for asked in index.asked)
    assert venv[venv.index("venv") :][:4] == ["venv", "--relocatable", "--python", "3.11"]
    assert ["--no-deps", "--requirements", str(FAKER.lock)] == pip[-3:]
    assert left(environments) == ["airbyte-source-faker-7.2.1"]


def test_it_is_made_once(install, index):
    assert install() == install()
    assert len(index.asked) == 2


def test_two_who_want_it_at_once_wait_for_one(install, index):
    found = []
    threads = [threading.Thread(target=lambda: found.append(install())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len(index.asked) == 2


@pytest.mark.slow
def test_one_of_other_instructions_is_made_anew(environments, install, index):
    install()
    other = replace(FAKER, python="3.12")
    again = Environments(environments.folder, uv=index.find)
    assert again.find(other) is None
    install(other)
    assert Environments(environments.folder).find(other) is not None
    assert Environments(environments.folder).find(FAKER) is None


@pytest.mark.slow
@pytest.mark.parametrize(
    "what_is_left", ["airbyte-source-faker-7.2.1", ".airbyte-source-faker-7.2.1.making-x"], ids=["old", "aside"]
)
def test_what_an_installation_left_that_was_killed_is_no_environment(environments, install, what_is_left):
    (environments.folder / what_is_left / "bin").mkdir(parents=True)
    assert environments.find(FAKER) is None
    assert install().script.exists()
    assert left(environments) == ["airbyte-source-faker-7.2.1"]


def test_where_it_fails_nothing_is_there_but_the_log(environments, install, index):
    index.behave("""
        if "pip" in arguments:
            sys.stderr.write("Using https://me:hunter2@index.example/simple\\nno such version\\n")
            sys.exit(2)
    """)
    said = []
    with pytest.raises(ConnectorFailed) as raised:
        install(say=said.append)
    log = environments.log(FAKER)
    assert str(raised.value) == (
        "Sample Data could not be installed:\n"
        "airbyte-source-faker 7.2.1 for Python 3.11\n"
        "Using https://**********@index.example/simple\n"
        "no such version\n"
        "uv ended with 2\n"
        f"The whole log is {log}"
    )
    assert log.read_text().splitlines() == said == str(raised.value).splitlines()[1:-1]
    assert left(environments) == []
    index.behave("")
    assert install().script.exists()


def test_one_that_does_not_answer_is_not_installed(environments, install, index):
    index.connect("sys.stderr.write('ImportError: pandas'); sys.exit(1)")
    index.behave("")
    with pytest.raises(ConnectorFailed, match="ImportError: pandas"):
        install()
    assert environments.find(FAKER) is None
    assert left(environments) == []


def test_a_cancelled_installation_leaves_nothing(environments, install, index, tmp_path):
    index.behave("print('downloading', flush=True); time.sleep(1000)")
    cancellation = Cancellation()
    with pytest.raises(Cancelled):
        install(
            say=lambda line: cancellation.cancel() if line == "downloading" else None, cancellation=cancellation
        )
    assert left(environments) == []


def test_one_who_waits_for_an_installation_can_be_cancelled(install, index):
    index.behave("print('downloading', flush=True); time.sleep(1000)")
    first, second = Cancellation(), Cancellation()
    outcomes = []

    def begin(line):
        if line == "downloading":
            waiting = threading.Thread(target=wait)
            waiting.start()
            second.cancel()
            waiting.join()
            first.cancel()

    def wait():
        with contextlib.suppress(Cancelled):
            outcomes.append(install(cancellation=second))

    with pytest.raises(Cancelled):
        install(say=begin, cancellation=first)
    assert outcomes == []


def test_uv_gets_the_users_index_and_nothing_that_steers_another_python(install, index, monkeypatch):
    monkeypatch.setenv("UV_INDEX_URL", "https://index.example")
    monkeypatch.setenv("PIP_INDEX_URL", "https://index.example")
    for name in ("VIRTUAL_ENV", "PYTHONPATH", "AIRBYTE_LOCAL_PASSWORD"):
        monkeypatch.setenv(name, "/x")
    install()
    for asked in index.asked:
        assert asked["environment"]["UV_INDEX_URL"] == asked["environment"]["PIP_INDEX_URL"]
        assert not {"VIRTUAL_ENV", "PYTHONPATH", "AIRBYTE_LOCAL_PASSWORD"} & set(asked["environment"])
        assert asked["arguments"][:2] == ["--directory", str(Path.cwd())]


@pytest.mark.slow
def test_removing_takes_every_version(environments, install):
    install()
    install(replace(FAKER, version="0.0.1"))
    assert environments.remove(FAKER)
    assert environments.find(FAKER) is None
    assert left(environments) == []
    assert not environments.remove(FAKER)


def test_uv_is_that_of_its_package_else_that_of_the_path(monkeypatch, tmp_path):
    assert Path(find_uv()).name == "uv"
    monkeypatch.setitem(sys.modules, "uv", None)
    program = tmp_path / "uv"
    program.write_text("")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_uv() == shutil.which("uv") == str(program)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ConnectorFailed, match=r"pip install 'airbyte-local\[connectors\]'"):
        find_uv()


@pytest.mark.parametrize("pin", PINS, ids=lambda pin: pin.name)
def test_a_lock_names_the_pinned_version_and_nothing_but_versions(pin):
    lines = pin.lock.read_text().splitlines()
    assert f"{pin.package}=={pin.version}" in lines
    assert all("==" in line and "://" not in line and "@" not in line for line in lines)
    assert pin.package.startswith("airbyte-")


def test_every_lock_belongs_to_a_pin():
    assert {path.name for path in LOCKS.glob("*.txt")} == {pin.lock.name for pin in PINS}
    assert {path.stem for path in LOCKS.glob("*.in")} == {pin.package for pin in PINS}


@pytest.mark.parametrize(
    "name", ["faker", "source-faker", "airbyte/source-faker", "airbyte/source-faker:6.2.24", "airbyte-source-faker"]
)
def test_a_pin_is_found_by_every_name_it_has(name):
    assert find_pin(name) is FAKER
    assert find_pin(f"{name}-x".replace(":6.2.24-x", "-x:1")) is None


def test_a_marker_that_is_no_json_is_no_environment(environments, install):
    made = install()
    (made.folder / "installed.json").write_text("{")
    assert environments.find(FAKER) is None
    (made.folder / "installed.json").write_text(json.dumps({"recipe": "another"}))
    assert environments.find(FAKER) is None
