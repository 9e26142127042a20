"""However a command ends, nothing of it is left: no process, no folder, no file."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import subprocess
import sys
import tracemalloc
from dataclasses import replace
from pathlib import Path

import pytest
from airbyte_local.connectors.cancelling import Cancelled
from airbyte_local.connectors.external.workers import Worker
from airbyte_local.connectors.protocol import ConnectorCrashed

linux = pytest.mark.skipif(sys.platform != "linux", reason="what leaves its group is found on Linux only")
FAMILY = """
    hold({lifeline!r})
    subprocess.Popen(["sleep", "1000"], close_fds=False)
    if {runaway}:
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
                os.execvp("sleep", ["sleep", "1000"])
            os._exit(0)
        os.wait()
"""


def family(lifeline, *, runaway=False):
    return FAMILY.format(lifeline=str(lifeline.path), runaway=runaway)


RUNAWAYS = pytest.mark.parametrize("runaway", [False, pytest.param(True, marks=linux)])


@RUNAWAYS
@pytest.mark.parametrize("ending", ["pass", "sys.exit(1)", "os.kill(os.getpid(), 9)"])
def test_what_it_has_started_ends_with_it(fake, around, lifeline, runaway, ending):
    with pytest.raises(ConnectorCrashed):
        fake(family(lifeline, runaway=runaway) + f"\n    {ending}").check({}, around)
    lifeline.wait_for_the_end()


@RUNAWAYS
def test_a_cancelled_reading_ends_with_all_that_came_of_it(fake, around, catalog, lifeline, runaway):
    body = family(lifeline, runaway=runaway) + "\n    record(a=1)\n    time.sleep(1000)"
    messages = fake(body).read({}, catalog, [], around)
    assert next(messages)["type"] == "RECORD"
    around.cancellation.cancel()
    with pytest.raises(Cancelled):
        next(messages)
    lifeline.wait_for_the_end()


def test_one_that_does_not_want_to_end_is_made_to(fake, around, catalog, lifeline):
    body = f"""
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        hold({str(lifeline.path)!r})
        while True:
            record(a=1)
    """
    messages = fake(body, grace=0.2).read({}, catalog, [], around)
    assert next(messages)["type"] == "RECORD"
    around.cancellation.cancel()
    with pytest.raises(Cancelled):
        list(messages)
    lifeline.wait_for_the_end()


def test_one_that_tidies_up_when_told_to_end_has_time_for_it(fake, around, catalog, tmp_path):
    body = f"""
        def tidy(*_):
            open({str(tmp_path / "tidied")!r}, "w").close()
            sys.exit(0)
        signal.signal(signal.SIGTERM, tidy)
        record(a=1)
        time.sleep(1000)
    """
    messages = fake(body).read({}, catalog, [], around)
    next(messages)
    around.cancellation.cancel()
    with pytest.raises(Cancelled):
        next(messages)
    assert (tmp_path / "tidied").exists()


def test_a_reading_that_nobody_wants_any_more_ends(fake, around, catalog, lifeline):
    messages = fake(family(lifeline) + "\n    while True: record(a=1)").read({}, catalog, [], around)
    next(messages)
    messages.close()
    lifeline.wait_for_the_end()


def test_what_was_cancelled_before_is_not_started(fake, around, tmp_path):
    around.cancellation.cancel()
    with pytest.raises(Cancelled):
        fake(f"open({str(tmp_path / 'started')!r}, 'w')").check({}, around)
    assert not (tmp_path / "started").exists()


@pytest.mark.parametrize(("word", "limits"), [("check", {"check": 0.2}), ("discover", {"discover": 0.2})])
def test_an_answer_that_does_not_come_is_not_waited_for(fake, around, lifeline, word, limits):
    source = fake(family(lifeline) + "\n    time.sleep(1000)", **limits)
    with pytest.raises(ConnectorCrashed, match=r"did not end within 0\.2 seconds"):
        getattr(source, word)({}, around)
    lifeline.wait_for_the_end()


def test_a_reading_that_falls_silent_is_ended(fake, around, catalog, lifeline):
    body = family(lifeline) + "\n    record(a=1); time.sleep(1000)"
    with pytest.raises(ConnectorCrashed, match=r"wrote nothing for 0\.2 seconds"):
        list(fake(body, silence=0.2).read({}, catalog, [], around))
    lifeline.wait_for_the_end()


def test_a_line_without_end_fills_no_memory(fake, around, catalog):
    tracemalloc.start()
    try:
        body = "for _ in range(3000): sys.stdout.write('x' * 10_000)"
        with pytest.raises(ConnectorCrashed, match="a line of more than 1,000,000 bytes"):
            list(fake(body, line=1_000_000).read({}, catalog, [], around))
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.slow
def test_rows_need_no_memory_once_they_are_read(fake, around, catalog):
    tracemalloc.start()
    try:
        messages = fake("for n in range(5_000): record(n=n, text='x' * 4_000)").read({}, catalog, [], around)
        assert sum(message["record"]["data"]["n"] for message in messages) == sum(range(5_000))
        assert tracemalloc.get_traced_memory()[1] < 5_000_000  # of 20 MB
    finally:
        tracemalloc.stop()


def test_noise_on_stderr_neither_blocks_nor_fills_anything(fake, around, catalog):
    body = """
        for n in range(20_000):
            sys.stderr.write(f"noise {n}\\n")
        sys.stderr.write("y" * 5_000_000 + "\\n")
        sys.stderr.flush()
        record(a=1)
    """
    found = list(fake(body).read({}, catalog, [], around))
    logs = [message["log"]["message"] for message in found if message["type"] == "LOG"]
    assert sum(message["type"] == "RECORD" for message in found) == 1
    assert logs[-1] == "15,001 more lines that are no messages"
    assert len(logs) == 5_001


def test_its_folder_is_private_and_gone_with_it(fake, around, catalog):
    body = """
        mode = lambda path: oct(os.stat(path).st_mode & 0o777)
        here = os.getcwd()
        made = subprocess.check_output(["mktemp"], text=True).strip()
        record(here=here, folder=mode(here), files={name: mode(name) for name in os.listdir(here)}, made=made)
    """
    (found,) = fake(body).read({"password": "x"}, catalog, [{"type": "LEGACY"}], around)
    data = found["record"]["data"]
    made = Path(data["made"])
    assert made.parent == Path(data["here"])
    assert data["folder"] == "0o700"
    assert data["files"] == {
        **dict.fromkeys(["config.json", "catalog.json", "state.json"], "0o600"),
        made.name: "0o600",
    }
    assert not Path(data["here"]).exists()


def test_it_gets_a_scrubbed_environment(fake, around, catalog, monkeypatch):
    passed = {
        "LC_TIME": "C",
        "https_proxy": "http://p",
        "SSL_CERT_FILE": "/c",
        "AIRBYTE_ENABLE_UNSAFE_CODE": "true",
    }
    kept_back = {
        "PYTHONPATH": "/nowhere",
        "PYTHONDONTWRITEBYTECODE": "1",
        "VIRTUAL_ENV": "/v",
        "AIRBYTE_LOCAL_PASSWORD": "p",
        "AWS_SECRET_ACCESS_KEY": "s",
        "UV_INDEX_URL": "u",
    }
    for name, value in {**passed, **kept_back}.items():
        monkeypatch.setenv(name, value)
    (found,) = fake("record(environment=dict(os.environ))").read({}, catalog, [], around)
    environment = found["record"]["data"]["environment"]
    assert not set(kept_back) & set(environment)
    assert passed.items() <= environment.items()
    assert environment["DO_NOT_TRACK"] == "true"
    assert environment["PATH"] == os.environ["PATH"]


SERVER = """
import json, sys
from pathlib import Path
from airbyte_local.connectors.external.sources import ExternalSource, Program
from airbyte_local.connectors.external.workers import Worker
from airbyte_local.connectors.protocol import Surroundings

program = Program(arguments=[sys.argv[1]], worker=Worker())
source = ExternalSource(title="fake", specification={}, program=program)
messages = source.read({}, {"streams": []}, [], Surroundings(local_root=Path("/")))
print(json.dumps(next(messages)), flush=True)
input()
"""


@RUNAWAYS
def test_a_server_that_is_killed_leaves_nothing_behind(fakes, lifeline, runaway):
    body = family(lifeline, runaway=runaway) + "\n    record(here=os.getcwd())\n    time.sleep(1000)"
    command = [sys.executable, "-c", SERVER, str(fakes.script(body))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True) as server:
        here = json.loads(server.stdout.readline())["record"]["data"]["here"]
        assert Path(here, "config.json").exists()
        server.send_signal(signal.SIGKILL)
    lifeline.wait_for_the_end()
    # What holds nothing of the pipe is the supervisor, which tidies up last: its end is that of the folder.
    while Path(here).exists():
        os.sched_yield()


def processes_in(folder):
    """Whose temporary files are below *folder*."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if f"TMPDIR={folder}".encode() in path.read_bytes():
                found.append(path)
    return found


@pytest.mark.slow
@linux
@pytest.mark.parametrize("moment", range(4))
def test_a_server_that_is_killed_at_once_leaves_no_folder_behind(fakes, tmp_path, moment):
    """However far the worker has come with what it was told last."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    killed = SERVER.replace(
        "print(json.dumps(next(messages)), flush=True)",
        f"""
import os, threading
threading.Timer({moment} * 0.02, lambda: os.kill(os.getpid(), 9)).start()
next(messages)""",
    )
    command = [sys.executable, "-c", killed, str(fakes.script("time.sleep(1000)"))]
    environment = {**os.environ, "TMPDIR": str(folder)}
    with subprocess.Popen(command, stdin=subprocess.PIPE, env=environment) as server:
        assert server.wait() == -signal.SIGKILL
    while processes_in(folder) or list(folder.iterdir()):
        os.sched_yield()


@linux
def test_a_full_disk_is_said_and_leaves_nothing(fakes, around, tmp_path, monkeypatch):
    fakes.source('say("CONNECTION_STATUS", status="SUCCEEDED")').check({}, around)
    resource.prlimit(fakes.worker._process.pid, resource.RLIMIT_FSIZE, (10, resource.RLIM_INFINITY))
    with pytest.raises(ConnectorCrashed, match=r"^The connector cannot be started: File too large$"):
        fakes.source("").check({"name": "more than ten bytes"}, around)


@linux
def test_one_whose_supervisor_is_killed_ends_too(fake, around, catalog, lifeline):
    body = family(lifeline) + "\n    record(a=1)\n    os.kill(os.getppid(), 9)\n    time.sleep(1000)"
    messages = fake(body).read({}, catalog, [], around)
    next(messages)
    with pytest.raises(ConnectorCrashed, match="vanished"):
        list(messages)
    lifeline.wait_for_the_end()


def test_a_worker_that_was_killed_takes_no_reading_with_it_and_is_replaced(fakes, around, catalog):
    messages = fakes.source("record(a=1); given('config'); record(a=2)").read({}, catalog, [], around)
    next(messages)
    fakes.worker._process.kill()
    fakes.worker._process.wait()
    assert [message["record"]["data"] for message in messages] == [{"a": 2}]
    assert len(list(fakes.source("record(a=3)").read({}, catalog, [], around))) == 1


def test_a_worker_without_work_ends_and_the_next_command_starts_another(fakes, around, catalog):
    worker = Worker(idle=0.01)
    source = fakes.source("record(a=1)")
    source = replace(source, program=replace(source.program, worker=worker))
    pids = set()
    for _ in range(3):
        assert len(list(source.read({}, catalog, [], around))) == 1
        process = worker._process
        process.wait()  # it ends by itself
        pids.add(process.pid)
    assert len(pids) == 3
    worker.close()


def test_a_worker_that_is_closed_ends_what_it_has_started(fakes, around, catalog, lifeline):
    messages = fakes.source(family(lifeline) + "\n    record(a=1); time.sleep(1000)").read({}, catalog, [], around)
    next(messages)
    fakes.worker.close()
    lifeline.wait_for_the_end()
    with pytest.raises(ConnectorCrashed, match="signal 15"):
        next(messages)
