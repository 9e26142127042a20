"""Two processes that apply the same to one Airbyte at the same moment: what they make, and what they make twice.

    python -m testing.pairs [PAIRS]

makes the figures of docs/trust.md of those that share a state with its lock.
"""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import airbyte_local

PAGE = Path(__file__).resolve().parents[1] / "docs" / "trust.md"
BEGIN, END = "<!-- Made by `python -m testing.pairs`. -->", "<!-- End of what pairs make. -->"
PAIRS = 80
OBJECTS = 13
"""That are declared."""

ELEMENTS = """
from dagster_managed_elements import Reconciler
from dagster_managed_elements.airbyte import *

full = AirbyteSyncMode.FULL_REFRESH_OVERWRITE
files = AirbyteDestination("files", "Local JSON", {{"destination_path": "/local/out"}})
connections = [
    AirbyteConnection(
        f"sync {{n}}", AirbyteSource(f"people {{n}}", "Sample Data", {{"count": 10 + n}}), files, {{"users": full}}
    )
    for n in range(6)
]
everything = Reconciler(AirbyteInstance(url="{url}"), connections)
"""
LOCKED = ("--state", "file://state.json")
WAITING = (*LOCKED, "--lock-timeout", "100")


class Ended(NamedTuple):
    code: int
    said: str


class Pair:
    """Two at once, in a folder of theirs, at a server of theirs."""

    def __init__(self, folder: Path, server: airbyte_local.LocalAirbyte, *options: str) -> None:
        self._folder, self._server, self._options = folder, server, options
        (folder / "wanted.py").write_text(ELEMENTS.format(url=server.url))

    def begin(self) -> subprocess.Popen[str]:
        asked = [sys.executable, "-m", "dagster_managed_elements.cli", "apply", "-m", "wanted", "--yes"]
        out = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        return subprocess.Popen([*asked, *self._options], cwd=self._folder, text=True, **out)

    def ended(self) -> list[Ended]:
        """Both, begun before either is waited for."""
        return [self.end(process) for process in [self.begin(), self.begin()]]

    def end(self, process: subprocess.Popen[str]) -> Ended:
        said, _ = process.communicate(timeout=120)
        return Ended(process.returncode, said)

    def made(self) -> Counter[str]:
        """What the server has by now, by name: no two are declared of one."""
        here = [self._server.workspace_id]
        with self._server.world.store.transaction() as session:
            kinds = ("source", "destination")
            rows = [row.name for kind in kinds for row in session.actors.of_workspaces(kind, here)]
            rows += [row.name for row in session.connections.of_workspaces(here)]
        return Counter(rows)


def counted(options: tuple[str, ...]) -> Counter[str]:
    """What becomes of one pair that shares a state."""
    with TemporaryDirectory() as folder, airbyte_local.server() as server:
        pair = Pair(Path(folder), server, *options)
        codes = [ended.code for ended in pair.ended()]
        made = pair.made()
        again = pair.end(pair.begin())
    return Counter({
        "pairs of runs at the same time": 1,
        "of these, both did what was left for them, the second after the first": codes == [0, 0],
        "of these, one was refused, since the other held the lock": sorted(codes) == [0, 3],
        "objects made": made.total(),
        "objects made twice": sum(found > 1 for found in made.values()),
        "objects lacking": OBJECTS - len(made),
        "runs after both that found a difference": not (again.code == 0 and "No changes applied." in again.said),
    })  # fmt: skip


def figures(pairs: int) -> str:
    """All *pairs* together, as the page has them: every other one waits for the lock."""
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(counted, [(LOCKED, WAITING)[number % 2] for number in range(pairs)]))
    rows = [f"| {what} | {sum(one[what] for one in found):,} |" for what in found[0]]
    return "\n".join(["| what | how often |", "|---|---:|", *rows])


def block(page: str) -> str:
    """The part of the *page* that is made."""
    return page.split(BEGIN, 1)[1].split(END, 1)[0].strip()


def main(pairs: int = PAIRS) -> None:
    made = figures(pairs)
    above, rest = PAGE.read_text(encoding="utf-8").split(BEGIN, 1)
    PAGE.write_text(f"{above}{BEGIN}\n{made}\n{END}{rest.split(END, 1)[1]}", encoding="utf-8")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
