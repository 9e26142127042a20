"""Standard streams that are closed, full, or read by nobody: what a command ends with, and what it says where."""

from __future__ import annotations

import errno
import fcntl
import io
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from dagster_managed_elements.cli import streams

MODULES = {
    "same": 'reconciler = Reconciler(Toy(store={("source", "a"): {"type": "File", "config": {}}}), [Source("a")])',
    "new": 'reconciler = Reconciler(Toy(), [Source("a"), Source("b")])',
    "fails": 'reconciler = Reconciler(Toy(), [Source("a"), Source("refused")])',
    "wrong": 'reconciler = Reconciler(Toy(), [Source("")])',
    "theirs": (
        "class Own(ManagedElementReconciler):\n"
        "    def check(self): return ManagedElementDiff().add('a', 1)\n    apply = check\nown = Own()"
    ),
}


@dataclass(frozen=True)
class Case:
    """A command, its exit code where every stream is well, what a report of it must say of what was written, and
    whether it has anything for standard output.
    """

    arguments: tuple[str, ...]
    code: int
    written: str = ""
    has_result: bool = True


def _cases():
    for output in ("text", "json"):
        for verb, module, more, code, written in (
            ("check", "same", (), 0, ""),
            ("check", "same", ("--exit-code",), 0, ""),
            ("check", "new", ("--exit-code",), 1, ""),
            ("apply", "new", (), 0, "Applied: 2 done."),
            ("apply", "fails", (), 3, "Applied: 1 done, 1 failed."),
            ("apply", "theirs", (), 0, "theirs:own was applied."),
            ("check", "wrong", (), 2, ""),
        ):
            yield Case((verb, "-m", module, "--output", output, *more), code, written)
    yield Case(("apply", "-m", "fails", "--output", "markdown"), 3, "Applied: 1 done, 1 failed.")
    yield Case(("check", "-m", "new", "--verbose", "--exit-code"), 1)
    yield Case(("check",), 2, has_result=False)
    yield Case(("no such command",), 2, has_result=False)
    yield Case(("check", "-m", "no_such_module"), 2, has_result=False)
    yield Case(("--help",), 0)
    yield Case(("--version",), 0)


CASES = list(_cases())
BROKEN = {
    "stdin closed": ("<&-", (1, 2)),
    "stdout closed": (">&-", (2,)),
    "stdout full": (">/dev/full", (2,)),
    "stderr closed": ("2>&-", (1,)),
    "stderr full": ("2>/dev/full", (1,)),
    "both full": (">/dev/full 2>/dev/full", ()),
    "all closed": ("<&- >&- 2>&-", ()),
}
"""How a shell says it, and which of the streams are well."""

# Starts once for all cases, as its streams were left to it, and runs each in a fork: a start takes its time.
RUN_ALL = """
import json, os, sys
sys.path.insert(0, "")
from click.testing import CliRunner
from dagster_managed_elements.cli import main
for arguments in (["check", "-m", "warm"], ["apply", "-m", "warm", "--output", "json"], ["--version"]):
    CliRunner().invoke(main, arguments)  # what a run imports is imported
cases, well, codes = json.loads(sys.argv[1]), json.loads(sys.argv[2]), []
for number, arguments in enumerate(cases):
    if child := os.fork():
        codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        continue
    for stream in well:
        os.dup2(os.open(f"{number}.{stream}", os.O_WRONLY | os.O_CREAT), stream)
    main(arguments, prog_name="dagster-me")
with open("codes", "w") as file:
    json.dump(codes, file)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is full, which Linux has")
@pytest.mark.parametrize("broken", BROKEN)
def test_no_broken_stream_is_a_bug_or_a_change_or_hides_what_was_written(project, broken):
    for name, source in MODULES.items():
        project.write(source, name)
    project.write(MODULES["new"], "warm")
    redirected, well = BROKEN[broken]
    asked = [json.dumps([case.arguments for case in CASES]), json.dumps(well)]
    shell = ["sh", "-c", f'exec "$@" {redirected}', "sh", sys.executable, "-c", RUN_ALL, *asked]
    subprocess.run(shell, cwd=project.folder, env=project.environment, check=True, timeout=100)
    codes = json.loads((project.folder / "codes").read_text())
    for number, (case, code) in enumerate(zip(CASES, codes, strict=True)):
        out, err = (_said(project.folder / f"{number}.{stream}") for stream in (1, 2))
        lost = ">/dev/full" in redirected.split() and case.has_result
        assert (case, code) == (case, 3 if lost and case.code in {0, 1} else case.code)
        assert "Traceback" not in out + err
        if 2 in well:
            assert bool(out) == (1 in well and case.has_result)
            assert ("Standard output cannot be written: No space left on device" in err) == lost
            assert 1 in well or case.written in err
        if 1 in well and "json" in case.arguments and case.has_result:
            assert json.loads(out)["exit_code"] == case.code


def _said(file):
    return file.read_text() if file.exists() else ""


REFUSED = "POST http://toy/create: the server refused the request as invalid (422): no way"


def finish(process):
    out, err = process.communicate(timeout=30)
    return process.returncode, out, err


def test_what_was_done_is_told_step_by_step_where_standard_output_is_full(project):
    project.write(MODULES["fails"])
    with Path("/dev/full").open("w") as full:
        code, _, err = finish(project.start("apply", "-m", "mine", stdout=full))
    assert code == 3
    assert err.splitlines() == [
        "note: done: create a (source)",
        f"note: failed: create refused (source): {REFUSED}",
        "note: Applied: 1 done, 1 failed.",
        "Error: Not everything was applied. Apply again to do what is left.",
        "Error: Standard output cannot be written: No space left on device. What it has is not whole.",
    ]


def test_a_reader_that_had_enough_is_told_only_what_was_not_done(project):
    project.write(MODULES["fails"])
    reading, writing = os.pipe()
    os.close(reading)
    process = project.start("apply", "-m", "mine", stdout=writing)
    os.close(writing)
    code, _, err = finish(process)
    assert code == 3
    assert [line.partition(":")[0] for line in err.splitlines()] == ["note", "note", "Error"]
    assert "note: Applied: 1 done, 1 failed." in err


def test_no_socket_takes_the_number_of_a_stream_that_is_closed(project):
    project.write("import os\nopen('taken', 'w').write(str(os.open('mine.py', os.O_RDONLY)))\n" + MODULES["new"])
    process = project.start("check", "-m", "mine", through=["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh"])
    assert finish(process) == (0, "", "")
    assert int((project.folder / "taken").read_text()) > 2


def test_a_pipe_that_does_not_wait_is_waited_for(project):
    """As node leaves the terminal or pipe that it shares with its children."""
    project.write('reconciler = Reconciler(Toy(), [Source("x" * 300_000)])')
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETFL, fcntl.fcntl(writing, fcntl.F_GETFL) | os.O_NONBLOCK)
    process = project.start("check", "-m", "mine", "--output", "json", stdout=writing)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as pipe:
        assert json.load(pipe)["exit_code"] == 0
    assert finish(process) == (0, None, "")


class Raw(io.RawIOBase):
    """Takes what it is given until it has had *enough*, then fails."""

    def __init__(self, enough):
        self.enough, self.taken = enough, b""

    def writable(self):
        return True

    def write(self, data):
        if len(self.taken) >= self.enough:
            raise OSError(errno.ENOSPC, "No space left on device")
        some = bytes(data)[: self.enough - len(self.taken)]
        self.taken += some
        return len(some)


@pytest.mark.parametrize("enough", [0, 1, 7, 8192, 8193, 20_000])
def test_an_outlet_passes_on_what_is_taken_and_remembers_the_first_fault(enough):
    raw = Raw(enough)
    stream = io.TextIOWrapper(io.BufferedWriter(streams.Outlet(1, raw)), "utf-8")
    for number in range(3000):
        stream.write(f"{number:04}")
        stream.flush()
    assert raw.taken == "".join(f"{number:04}" for number in range(3000)).encode()[:enough]
    fault = streams.fault(stream)
    assert (fault and fault.errno) == (errno.ENOSPC if enough < 12_000 else None)
    assert fault is None or not streams.is_unwanted(fault)


def test_streams_that_are_not_the_process_own_are_left_alone(capsys):
    mine = sys.stdout
    with streams.lasting():
        assert sys.stdout is mine
        print("said")
    assert capsys.readouterr().out == "said\n"
