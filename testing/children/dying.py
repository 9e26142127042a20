"""dagster-me, forked off a process that has all of it imported: a run begins at once, and is killed like any other.

A line of standard input is one run, in JSON: its *arguments*, *environment* and *folder*, and the *number* of the
act on a file of a state right before which it ends itself, 0 for never. It is answered with the number of the
process, which begins at the next line, and with its exit code once it has ended. In the folder the file `said` has
what it printed, and `counted` how many acts there were, where it came to its end.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import dagster_managed_elements.airbyte.reconciliation
import dagster_managed_elements.cli.approving
import dagster_managed_elements.cli.conclusions
import dagster_managed_elements.cli.plan_files
import dagster_managed_elements.state.encoding
import dagster_managed_elements.state.file_store  # noqa: F401 - what it takes is imported before it is forked off
from dagster_managed_elements.cli import main

ACTS = {"open", "os.rename", "os.remove", "fcntl.flock", "os.mkdir"}


def run(asked: dict[str, Any], begin: int) -> None:
    """In the forked process, to its end."""
    folder, seen = Path(asked["folder"]), list[str]()
    os.read(begin, 1)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(asked["environment"])
    said = os.open(folder / "said", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream, to in ((0, os.open(os.devnull, os.O_RDONLY)), (1, said), (2, said)):
        os.dup2(to, stream)

    def watch(event: str, what: tuple[object, ...]) -> None:
        if event in ACTS and (event == "fcntl.flock" or "state.json" in str(what[0])):
            seen.append(event)
            if len(seen) == asked["number"]:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)
    sys.argv = ["dagster-me", *asked["arguments"]]
    code: Any = 70
    try:
        main()
    except SystemExit as ending:
        code = ending.code
    finally:
        (folder / "counted").write_text(str(len(seen)))
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 70)


for line in iter(sys.stdin.readline, ""):
    waits, begins = os.pipe()
    if not (child := os.fork()):
        run(json.loads(line), waits)
    print(child, flush=True)
    sys.stdin.readline()
    os.write(begins, b".")
    os.close(begins)
    os.close(waits)
    _, status = os.waitpid(child, 0)
    print(os.waitstatus_to_exitcode(status), flush=True)
