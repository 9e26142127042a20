"""dagster-me, ended by itself right before its so manieth act on a file of a state.

    dying.py NUMBER COUNTED ARGUMENT...

NUMBER 0 is never; how many there were is put down in the file COUNTED.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
from pathlib import Path

ACTS = {"open", "os.rename", "os.remove", "fcntl.flock", "os.mkdir"}
number, counted, *arguments = sys.argv[1:]
seen: list[str] = []


def watch(event: str, what: tuple[object, ...]) -> None:
    if event in ACTS and (event == "fcntl.flock" or "state.json" in str(what[0])):
        seen.append(event)
        if len(seen) == int(number):
            os.kill(os.getpid(), signal.SIGKILL)


sys.addaudithook(watch)
atexit.register(lambda: Path(counted).write_text(str(len(seen))))
sys.argv = ["dagster-me", *arguments]

from dagster_managed_elements.cli import main  # noqa: E402 - what it opens while it is imported counts too

main()
