"""What only a process shows: start-up, signals, pipes that close."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

SLOW = 'reconciler = Reconciler(Toy(), [Connection("after", source=Source("slow")), Source("other")])'


def finish(process):
    out, err = process.communicate(timeout=30)
    return process.returncode, out, err


def test_help_imports_neither_dagster_nor_http(project):
    code = (
        "import sys\nfrom dagster_managed_elements.cli import main\n"
        "main(['--help'], standalone_mode=False)\n"
        "print([name for name in ('dagster', 'httpx', 'rich', 'msgspec') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=project.environment
    )
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("signal_", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_finishes_what_is_in_flight_and_reports(project, signal_):
    os.mkfifo(project.folder / "gate")
    project.write(SLOW)
    process = project.start("apply", "-m", "mine")
    assert process.stderr.readline() == "begun\n"
    process.send_signal(signal_)
    assert process.stderr.readline() == ("note: interrupted: what is in flight is finished, nothing new is begun\n")
    process.send_signal(signal_)
    assert process.stderr.readline() == "note: waiting for: create slow (source)\n"
    (project.folder / "gate").write_text("go on")
    code, out, err = finish(process)
    assert code == 130
    assert out.splitlines()[-2:] == [
        "skipped: create after (connection): interrupted before it began",
        "Applied: 2 done, 1 skipped.",
    ]
    assert err == "Error: Interrupted. Apply again to do what is left.\n"


def test_a_reader_that_goes_away_is_no_error_and_ends_no_apply(project):
    os.mkfifo(project.folder / "gate")
    project.write(SLOW.replace("other", "x" * 100_000))
    with project.start("apply", "-m", "mine") as process:
        process.stdout.close()
        assert process.stderr.readline() == "begun\n"
        (project.folder / "gate").write_text("go on")
        assert process.stderr.read() == ""
    assert process.returncode == 0


def test_output_that_the_terminal_has_no_letters_for_is_escaped(project):
    project.write('reconciler = Reconciler(Toy(), [Source("käse")])')
    done = subprocess.run(
        project.command("check", "-m", "mine"),
        cwd=project.folder,
        env={**project.environment, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=True,
    )
    assert done.stdout.splitlines()[1:] == [b"+ k\\xe4se:"]


def test_the_same_bytes_on_every_run(project):
    project.write(
        'parts = [Source(f"s{n}", config={f"k{m}": {"a": m} for m in range(5)}) for n in range(5)]\n'
        'reconciler = Reconciler(Toy(), [Connection(f"c{n}", source=part) for n, part in enumerate(parts)])'
    )
    said = set()
    for seed in ("1", "2", "3"):
        done = subprocess.run(
            project.command("check", "-m", "mine"),
            cwd=project.folder,
            env={**project.environment, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        )
        said.add(done.stdout)
    assert len(said) == 1
