"""Ctrl-C and SIGTERM at every moment of a run: what is said of what was written is true."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading

import anyio
import pytest
from dagster_managed_elements import ApplyInterrupted, Key
from dagster_managed_elements.cli.inputs import Interruptions
from dagster_managed_elements.engine.planning import Step
from dagster_managed_elements.engine.reports import Outcome, Report
from dagster_managed_elements.reconciling import Result
from dagster_managed_elements.state.locks import holder_of, read_lock
from dagster_managed_elements.state.opening import open_store

MANY = 'reconciler = Reconciler(Toy(), [Source(f"s{n}", config={"text": "x" * 2000}) for n in range(120)])'
SLOW = 'reconciler = Reconciler(Toy(), [Source("slow"), Source("other")])\n'
THEIRS = """
class Own(ManagedElementReconciler):
    def check(self): return ManagedElementDiff().add("a", 1)
    def apply(self):
        open("begun", "w").close()
        return self.check()
zz_own = Own()
"""
PRINTING = "note: interrupted: the report is cut off in 5 seconds, or at the next\n"


def end(process):
    out, err = process.communicate(timeout=30)
    return process.returncode, out, err


def wait_for_the_first_bytes(process):
    """Of a report that does not fit into the pipe: all else has been done, and nobody reads the rest."""
    assert process.stdout.read(1)


@pytest.fixture
def unread(project):
    """An apply that has done everything and is printing its report, into a pipe that nobody reads."""
    project.write(MANY)
    with project.start("apply", "-m", "mine", "--output", "json", text=False, bufsize=0) as process:
        yield process


def test_a_plan_that_nobody_reads_is_not_waited_for_and_nothing_was_written(project):
    project.write(MANY)
    with project.start("apply", "-m", "mine", text=False, bufsize=0) as process:
        assert process.stdout.readline().startswith(b"Found")
        assert process.stdout.readline().startswith(b"+ s0")
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 130
        assert process.stderr.read().decode() == "Interrupted; nothing was written.\n"


@pytest.mark.parametrize("signal_", [signal.SIGINT, signal.SIGTERM])
def test_a_report_that_is_being_printed_is_finished_for_who_reads_it(unread, signal_):
    first = unread.stdout.read(1)
    unread.send_signal(signal_)
    assert unread.stderr.readline().decode() == PRINTING
    code, out, err = end(unread)
    document = json.loads(first + out)
    assert (code, document["exit_code"], err) == (0, 0, b"")
    assert len(document["places"][0]["report"]["outcomes"]) == 120


def test_a_report_that_nobody_reads_is_cut_off_at_the_next_and_what_was_written_is_said(unread):
    wait_for_the_first_bytes(unread)
    unread.send_signal(signal.SIGINT)
    assert unread.stderr.readline().decode() == PRINTING
    unread.send_signal(signal.SIGINT)
    assert unread.wait(timeout=30) == 130
    assert unread.stderr.read().decode().splitlines() == [
        "Error: Interrupted while the report was printed: what is printed is not whole.",
        "note: Applied: 120 done.",
    ]


def test_a_check_that_is_being_printed_ends_at_once_and_has_written_nothing(project):
    project.write(MANY)
    with project.start("check", "-m", "mine", "--output", "json", text=False, bufsize=0) as process:
        wait_for_the_first_bytes(process)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 130
        assert process.stderr.read().decode() == "Interrupted; nothing was written.\n"


def test_who_waits_for_a_report_in_vain_need_not_insist():
    interruptions = Interruptions(grace=0.01)
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)]

    async def listen():
        async with interruptions.listened():
            await anyio.lowlevel.checkpoint()

    reading, writing = os.pipe()
    with interruptions.received():
        anyio.run(listen)
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            os.read(reading, 1)
    os.close(reading)
    os.close(writing)
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)] == before
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_each_signal_is_heard_once_in_the_loop_and_none_ends_it():
    interruptions = Interruptions()
    heard = []

    async def listen():
        async with interruptions.listened() as signals:
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGINT):
                os.kill(os.getpid(), number)
                heard.append(await anext(signals))

    with interruptions.received():
        anyio.run(listen)
    assert heard == [signal.SIGINT, signal.SIGTERM, signal.SIGINT]


def test_before_anybody_listens_an_interruption_ends_the_run():
    with Interruptions().received(), pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGTERM)


def test_a_thread_that_no_signal_reaches_takes_none():
    ended = []

    def run():
        with Interruptions().received():
            ended.append(signal.getsignal(signal.SIGINT))

    before = signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert ended == [before]


def test_a_module_that_is_interrupted_while_it_loads_has_written_nothing(project):
    project.write("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\nreconciler = Reconciler(Toy(), [])")
    for verb in ("check", "apply"):
        assert end(project.start(verb, "-m", "mine")) == (130, "", "Interrupted; nothing was written.\n")


def test_a_third_partys_reconciler_is_not_begun_after_an_interruption(project):
    os.mkfifo(project.folder / "gate")
    project.write(SLOW + THEIRS)
    process = project.start("apply", "-m", "mine")
    assert process.stderr.readline() == "begun\n"
    process.send_signal(signal.SIGINT)
    assert process.stderr.readline().startswith("note: interrupted:")
    (project.folder / "gate").write_text("go on")
    code, _, err = end(process)
    assert code == 130
    assert "Error: mine:zz_own: mine:zz_own was not begun: interrupted\n" in err
    assert not (project.folder / "begun").exists()


@pytest.mark.parametrize("signal_", [signal.SIGINT, signal.SIGTERM])
def test_an_apply_that_a_pipeline_cancels_lets_go_of_its_state_and_keeps_what_was_done(project, signal_):
    os.mkfifo(project.folder / "gate")
    project.write(SLOW)
    url = f"file://{project.folder / 'state.json'}"
    process = project.start("apply", "-m", "mine", "--state", url)
    assert process.stderr.readline() == "begun\n"
    assert holder_of(read_lock(open_store(url)), url) is not None
    process.send_signal(signal_)
    assert process.stderr.readline().startswith("note: interrupted:")
    (project.folder / "gate").write_text("go on")
    assert end(process)[0] == 130
    assert holder_of(read_lock(open_store(url)), url) is None
    (place,) = json.loads((project.folder / "state.json").read_text())["places"].values()
    assert "id-slow" in place["objects"]["source"]


def test_a_third_partys_reconciler_that_is_interrupted_is_waited_for(project):
    os.mkfifo(project.folder / "gate")
    reads_gate = 'open("gate").read(); return self.check()'
    project.write(THEIRS.replace("return self.check()", reads_gate))
    process = project.start("apply", "-m", "mine")
    with (project.folder / "gate").open("w") as gate:  # it has opened the other end: it is under way
        process.send_signal(signal.SIGINT)
        assert process.stderr.readline().startswith("note: interrupted:")
        process.send_signal(signal.SIGINT)
        assert process.stderr.readline() == "note: waiting for: mine:zz_own\n"
        gate.write("go on")
    code, out, _ = end(process)
    assert code == 130
    assert out.endswith("+ a: 1\n")


FROM_PYTHON = """
import signal, sys
from dagster_managed_elements import ApplyInterrupted
from dagster_managed_elements.cli import apply

def interrupt(*_):
    print("heard", file=sys.stderr, flush=True)
    raise KeyboardInterrupt

signal.signal(signal.SIGINT, interrupt)
try:
    apply(".", "mine")
except KeyboardInterrupt as error:
    assert isinstance(error, ApplyInterrupted)
    assert [len(report.outcomes) for report in error.reports] == [3]
    print(error)
"""


def test_an_apply_from_python_that_is_interrupted_says_what_was_written(project):
    os.mkfifo(project.folder / "gate")
    project.write(
        'slow = Source("slow")\n'
        'reconciler = Reconciler(Toy(), [slow, Source("refused"), Connection("after", source=slow)])'
    )
    (project.folder / "script.py").write_text(FROM_PYTHON)
    command = [sys.executable, "script.py"]
    with subprocess.Popen(
        command,
        cwd=project.folder,
        env=project.environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stderr.readline() == "begun\n"
        process.send_signal(signal.SIGINT)
        assert process.stderr.readline() == "heard\n"
        (project.folder / "gate").write_text("go on")
        code, out, err = end(process)
    assert (code, err) == (0, "")
    first, *lines = out.splitlines()
    assert first == "Interrupted; this was done before:"
    assert "  create slow (source): done" in lines
    assert any(line.startswith("  create refused (source): failed: ") for line in lines)


def test_an_apply_from_python_that_is_interrupted_before_any_write_says_so():
    outcome = Outcome(step=Step("create", Key("source", "a")), status="skipped", reason="interrupted")
    report = Report(place="toy", outcomes=(outcome,), interrupted=True)
    error = ApplyInterrupted([Result(of=(0,), place="toy", report=report)])
    assert (str(error), error.reports) == ("Interrupted; nothing was written.", (report,))
