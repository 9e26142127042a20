"""`dagster-me serve --module`: the server, and beside it what a module declares, from the first diff to in sync."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from airbyte_local import server
from dagster_managed_elements.cli.monitoring import free_port

SECONDS = 60.0


@pytest.fixture
def served(dagster_me: Any, request: pytest.FixtureRequest) -> Iterator[Any]:
    """The example of the cereals beside a server of its own, as a user starts the two."""
    example = request.path.parents[2] / "examples" / "cereals"
    shutil.copy(example / "cereals.py", dagster_me.folder)
    files = dagster_me.folder / "data" / "files"
    files.mkdir(parents=True)
    shutil.copy(example / "files" / "cereals.csv", files)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    dagster_me.environment |= {
        "AIRBYTE_PORT": str(port),
        "AIRBYTE_PASSWORD": "password",
        "CEREALS_URL": f"{url}/_local/files/cereals.csv",
    }
    words = ["serve", "--port", str(port), "--data", "data", "-m", "cereals"]
    log = (dagster_me.folder / "log").open("w")
    with log, dagster_me.started(*words, stdout=log, stderr=subprocess.STDOUT) as process:
        try:
            yield process, url
        finally:
            process.kill()


def until(there: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + SECONDS
    while not (found := there()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)
    return found


def page(url: str) -> str:
    try:
        return httpx.get(f"{url}/diff", trust_env=False, verify=False).text
    except httpx.TransportError:
        return ""


@pytest.mark.slow
def test_the_page_goes_from_what_is_to_create_to_in_sync_and_tells_what_is_broken(served, dagster_me):
    process, url = served
    until(lambda: "<b>3</b> to create" in page(url))
    dagster_me("apply", "-m", "cereals")
    until(lambda: "What is declared is here" in page(url))
    file = dagster_me.folder / "cereals.py"
    text = file.read_text()
    file.write_text(text.replace('"user_agent": False', '"user_agent": True'))
    until(lambda: "<b>1</b> to change" in page(url))
    file.write_text(f"{text}\nraise ValueError('half way')\n")
    until(lambda: "ValueError: half way" in page(url))
    file.write_text(text)
    until(lambda: "What is declared is here" in page(url))
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    assert process.wait(SECONDS) == 0
    said = (dagster_me.folder / "log").read_text().splitlines()
    line = len((text + "\n").splitlines()) + 1
    assert [each.partition(" See ")[0] for each in said[1:]] == [
        "cereals: 3 to create.",
        "cereals: in sync.",
        "cereals: 1 to change.",
        f"Error: cereals.py, line {line}: ValueError: half way",
        "cereals: in sync.",
    ]
    assert not [each for each in Path("/proc").glob("[0-9]*") if checks(each, dagster_me.folder)]


@pytest.mark.slow
def test_a_module_about_another_server_is_told_the_address_of_this_one(dagster_me, tmp_path):
    with server(tmp_path / "other") as other:
        port = free_port()
        dagster_me.module(
            "mine",
            "from dagster_managed_elements.airbyte import *\n"
            f"instance = AirbyteInstance(url='{other.url}')\n"
            "reconciler = AirbyteManagedElementReconciler(instance, elements=[])\n",
        )
        words = ["serve", "--port", str(port), "--data", "data", "-m", "mine"]
        with dagster_me.started(*words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            said = until(lambda: "not about this server" in (text := page(f"http://127.0.0.1:{port}")) and text)
            process.terminate()
        assert f"http://127.0.0.1:{port}." in said
        assert other.url in said


def checks(process: Path, folder: Path) -> bool:
    """Whether it is a check that was left behind."""
    try:
        words = (process / "cmdline").read_bytes()
    except OSError:
        return False
    return b"cli.check_process" in words and str(folder).encode() in words
