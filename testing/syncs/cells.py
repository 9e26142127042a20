"""The table of syncs: each source into each destination in each mode, and which of these cannot be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from testing.syncs.bench import chosen
from testing.syncs.landings import LANDINGS
from testing.syncs.origins import Origin
from testing.syncs.raw_landings import Landing
from testing.syncs.streams import MODES, Mode, Row


@dataclass(frozen=True)
class Cell:
    origin: type[Origin]
    landing: str
    mode: Mode

    def __str__(self) -> str:
        return f"{self.origin.__name__}-{self.landing}-{self.mode}".replace(" ", "")

    @property
    def legal(self) -> bool:
        return self.mode.into in LANDINGS[self.landing].modes and (self.origin.resumes or not self.mode.incremental)


def table(*origins: type[Origin]) -> list[Cell]:
    return [Cell(origin, landing, mode) for origin in origins for landing in LANDINGS for mode in MODES]


def legal(cells: list[Cell]) -> pytest.MarkDecorator:
    """Every sixth soon, the others among the slow tests. Each source, destination and mode is among the first."""
    all_legal = [cell for cell in cells if cell.legal]
    return pytest.mark.parametrize(
        "cell",
        [pytest.param(cell, marks=pytest.mark.slow if n % 6 else ()) for n, cell in enumerate(all_legal)],
        ids=str,
    )


def illegal(cells: list[Cell]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("cell", [cell for cell in cells if not cell.legal], ids=str)


def check_cell(cell: Cell, origin: Origin, landing: Landing) -> None:
    """Two syncs with a change between them, a third one, a refresh, a clear, and a sync after it."""
    source_id, mode, streams = origin.create(), cell.mode, origin.streams
    flow = origin.bench.connect(source_id, landing, [chosen(stream, mode) for stream in streams])
    known: dict[str, list[Row]] = {}
    there: dict[str, list[Row]] = {stream.name: [] for stream in streams}

    def check(job: Any) -> None:
        committed = 0
        for stream in streams:
            resumed = mode.incremental and stream.name in known
            read = origin.news(stream, known[stream.name]) if resumed else origin.rows(stream)
            known[stream.name] = known.get(stream.name, []) + read
            there[stream.name] = mode.after(there[stream.name], read, stream)
            flow.holds(stream, there[stream.name])
            committed += len(read)
        assert job["job"]["aggregatedStats"]["recordsCommitted"] == committed
        states = flow.states()
        assert states.keys() == ({stream.name for stream in streams} if mode.incremental else set())
        for stream in streams if states else ():
            assert stream.settled_row(states[stream.name]) == origin.state(stream)

    def forget() -> None:
        known.clear()
        there.update({name: [] for name in there})

    check(flow.sync())
    for stream in streams:
        assert landing.types(stream) == landing.wanted_types(stream)
    origin.change()
    check(flow.sync())
    if mode.incremental:
        check(flow.sync())
    refreshed = flow.refresh("Truncate")
    forget()
    check(refreshed)
    flow.clear()
    forget()
    assert not any(landing.rows(stream) for stream in streams)
    assert flow.states() == {}
    check(flow.sync())


def check_refusal(cell: Cell, cells: list[Cell], origin: Origin, landing: Landing) -> None:
    """The Public API refuses, and says which modes there are instead: those of the legal *cells*."""
    source_id, stream = origin.create(), origin.streams[0]
    answer = origin.bench.asked_for(source_id, landing, [chosen(stream, cell.mode)])
    assert answer.status_code == 400
    twins = [each for each in cells if (each.origin, each.landing) == (cell.origin, cell.landing) and each.legal]
    said, _, modes = answer.json()["data"]["message"].partition("Valid sync modes are: [")
    assert said == f"Cannot set sync mode to {cell.mode} for stream {stream.name}. "
    assert set(modes.removesuffix("]").split(", ")) == {str(twin.mode) for twin in twins}
