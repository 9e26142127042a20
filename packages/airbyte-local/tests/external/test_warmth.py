"""A worker that has loaded a connector once: commands are forks of it, and none the worse for that."""

from __future__ import annotations

import sys
import textwrap
import venv
from dataclasses import replace
from pathlib import Path

import pytest
from airbyte_local.connectors.cancelling import Cancelled
from airbyte_local.connectors.external.workers import Preload, Worker
from airbyte_local.connectors.protocol import ConnectorCrashed

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is loaded ahead")
MODULE = """
import atexit, os, random, sys, threading
open({loads!r}, "a").write("x")
GENERATOR = random.Random(7)
{head}

def run():
{body}
"""


class Warm:
    """A connector that is installed: a module, its entry point and its console script, in an environment."""

    def __init__(self, folder: Path, prologue: str) -> None:
        self.folder = folder
        self.prologue = prologue
        venv.create(folder / "venv", symlinks=True)
        (self.packages,) = (folder / "venv" / "lib").glob("python*/site-packages")
        self.loads = folder / "loads"
        information = self.packages / "airbyte_source_warm-1.0.dist-info"
        information.mkdir()
        (information / "METADATA").write_text("Metadata-Version: 2.1\nName: airbyte-source-warm\nVersion: 1.0\n")
        (information / "entry_points.txt").write_text("[console_scripts]\nsource-warm = warm:run\n")
        python = folder / "venv" / "bin" / "python"
        self.script = folder / "venv" / "bin" / "source-warm"
        self.script.write_text(f"#!{python}\nimport sys\nfrom warm import run\nsys.exit(run())\n")
        self.script.chmod(0o755)
        self.worker = Worker(Preload(python=python, distribution="airbyte-source-warm", script="source-warm"))

    def write(self, body: str, head: str = "") -> None:
        inner = textwrap.indent(f"{self.prologue}\n{textwrap.dedent(body)}", "    ")
        module = MODULE.format(loads=str(self.loads), head=textwrap.dedent(head), body=inner)
        (self.packages / "warm.py").write_text(module)

    @property
    def times_loaded(self) -> int:
        return len(self.loads.read_text())


@pytest.fixture
def warm(tmp_path, prologue):
    made = Warm(tmp_path, prologue)
    yield made
    made.worker.close()


@pytest.fixture
def read(warm, fake, around, catalog):
    """Write the connector, and read it as often as is asked for."""
    source = fake("")
    source = replace(source, program=replace(source.program, arguments=[str(warm.script)], worker=warm.worker))

    def read(times=1):
        return [list(source.read({"name": "n"}, catalog, [], around)) for _ in range(times)]

    return read


def rows(found):
    return [[message["record"]["data"] for message in each if message["type"] == "RECORD"] for each in found]


def test_it_is_loaded_once_and_each_command_is_a_process_of_its_own(warm, read):
    warm.write("record(pid=os.getpid(), arguments=sys.argv[1:3], configuration=given('config'))")
    found = [row for (row,) in rows(read(3))]
    assert warm.times_loaded == 1
    assert len({row["pid"] for row in found}) == 3
    assert all(row["arguments"] == ["read", "--config"] for row in found)
    assert all(row["configuration"] == {"name": "n"} for row in found)


def test_no_two_commands_draw_the_same_numbers(warm, read):
    warm.write("record(own=GENERATOR.random(), shared=random.random())")
    found = [row for (row,) in rows(read(3))]
    assert len({row["own"] for row in found}) == len({row["shared"] for row in found}) == 3


def test_a_command_gets_its_own_folder_and_environment(warm, read, monkeypatch):
    warm.write("""
        import tempfile
        record(here=os.getcwd(), temporary=tempfile.gettempdir(), zone=os.environ.get("TZ"))
    """)
    ((first,),) = rows(read())
    monkeypatch.setenv("TZ", "Mars")
    ((second,),) = rows(read())
    assert first["here"] == first["temporary"] != second["here"] == second["temporary"]
    assert second["zone"] == "Mars"


@pytest.mark.parametrize(
    ("ending", "code"),
    [
        ("return None", None),
        ("return 0", None),
        ("return 3", "ended with 3"),
        ("sys.exit(4)", "ended with 4"),
        ("sys.exit('told')", "ended with 1 and said:\ntold"),
        ("raise ValueError('wrong')", "ValueError: wrong"),
        ("os.kill(os.getpid(), 9)", "was killed by signal 9"),
        ("os._exit(5)", "ended with 5"),
    ],
)
def test_it_ends_with_the_code_of_its_script(warm, read, ending, code):
    warm.write(ending)
    if code is None:
        assert read() == [[]]
    else:
        with pytest.raises(ConnectorCrashed) as raised:
            read()
        assert code in str(raised.value)


def test_what_a_script_does_at_its_end_is_done(warm, read):
    """Threads are waited for, exit handlers called, and what was only buffered gets out."""
    body = """
        threading.Thread(target=lambda: print("by a thread")).start()
        print("by the script")
    """
    warm.write(body, head='atexit.register(lambda: print("by a handler"))')
    (found,) = read()
    assert {message["log"]["message"] for message in found} == {"by a thread", "by the script", "by a handler"}


def test_a_hook_for_uncaught_exceptions_is_called(warm, read):
    warm.write("""
        sys.excepthook = lambda kind, error, trace: record(hooked=str(error))
        raise ValueError("wrong")
    """)
    with pytest.raises(ConnectorCrashed, match="ended with 1"):
        read()


@pytest.mark.parametrize("head", ["raise ImportError('no such thing')", "sys.exit(1)"])
def test_what_does_not_load_is_executed_and_says_so_itself(warm, read, head):
    warm.write("record(a=1)", head=head)
    with pytest.raises(ConnectorCrashed, match="ended with 1"):
        read()
    assert warm.times_loaded == 2


def test_what_runs_threads_when_it_is_loaded_is_executed_each_time(warm, read):
    warm.write("record(a=1)", head="threading.Thread(target=threading.Event().wait, daemon=True).start()")
    assert rows(read(2)) == [[{"a": 1}], [{"a": 1}]]
    assert warm.times_loaded == 3


def test_a_fork_is_cancelled_as_anything_is(warm, read, fake, around, catalog, lifeline):
    warm.write(f"""
        hold({str(lifeline.path)!r})
        subprocess.Popen(["sleep", "1000"], close_fds=False)
        while True:
            record(a=1)
    """)
    source = fake("")
    source = replace(source, program=replace(source.program, arguments=[str(warm.script)], worker=warm.worker))
    messages = source.read({}, catalog, [], around)
    next(messages)
    around.cancellation.cancel()
    with pytest.raises(Cancelled):
        list(messages)
    lifeline.wait_for_the_end()
