"""What loading a code location costs that has the assets of a thousand connections, from the start of Python on.

The peer is `load_assets_from_connections` of Dagster's own dagster-airbyte, in an environment of its own, with the
same connections applied to a local Airbyte that answers at once.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from benchmarks.costs import Cost, Failed, TooLong, measure
from benchmarks.peers import environment
from benchmarks.served import Served, served

CONNECTIONS: Final = 1000
SECONDS: Final = 900.0
"""How long one of them may take."""
CHILDREN: Final = Path(__file__).parent / "children"
APPLY: Final = ("-m", "dagster_managed_elements.cli", "apply", "--yes", "-d", CHILDREN, "-m", "code_location")
_OPTIONS: Final = ("--no-schedules", "--no-install", "--airbyte-version", "0.50")


def loaded(server: Served, command: tuple[str | Path, ...], connections: int) -> Cost | None:
    """None where it did not end in time, or failed. One is loaded before: what is read first costs more."""
    (server.data / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    told = {
        "AIRBYTE_URL": server.url,
        "CONNECTIONS": str(connections),
        "DAGSTER_HOME": str(server.data),
        "PYTHONWARNINGS": "ignore",
    }
    try:
        measure(server, command, seconds=SECONDS, environment={**told, "CONNECTIONS": "1"})
        return measure(server, command, seconds=SECONDS, environment=told)
    except TooLong:
        return None
    except Failed as failed:
        print(f"{command[-1]} failed:\n{failed}")
        return None


def costs(connections: int = CONNECTIONS) -> tuple[Cost | None, Cost | None]:
    """Ours, and theirs."""
    with tempfile.TemporaryDirectory() as folder, served(Path(folder), *_OPTIONS) as server:
        mine = loaded(server, (sys.executable, CHILDREN / "code_location.py"), connections)
        try:
            python = environment("dagster_airbyte") / "bin" / "python"
        except subprocess.CalledProcessError as failed:
            print(f"Dagster's own dagster-airbyte could not be installed: {failed}")
            return mine, None
        if loaded(server, (sys.executable, *APPLY), connections) is None:
            return mine, None
        return mine, loaded(server, (python, CHILDREN / "upstream_location.py"), connections)


def main(connections: int = CONNECTIONS) -> None:
    mine, theirs = costs(connections)
    print(f"A code location with the assets of {connections} connections is loaded; wanted: no request of ours.\n")
    print(f"{'':>8} {'requests':>9} {'wall s':>8} {'CPU s':>8} {'peak MB':>8}")
    for whose, cost in (("ours", mine), ("theirs", theirs)):
        figures = "did not end" if cost is None else (
            f"{cost.requests:>9} {cost.wall:>8.2f} {cost.cpu:>8.2f} {cost.memory:>8.0f}"
        )  # fmt: skip
        print(f"{whose:>8} {figures}")
    if mine is not None and theirs is not None:
        wall, cpu, memory = theirs.wall / mine.wall, theirs.cpu / mine.cpu, theirs.memory / mine.memory
        print(f"{'ratio':>8} {'':>9} {wall:>7.1f}x {cpu:>7.1f}x {memory:>7.1f}x")
    print()


if __name__ == "__main__":
    main()
