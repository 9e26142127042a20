"""The Sample Data source: users, products and purchases that nobody had to enter, as many as wanted."""

from __future__ import annotations

import secrets
from collections.abc import Generator
from dataclasses import dataclass
from datetime import datetime, timezone

from airbyte_local.connectors.messages import now_ms, record, stream_state, stream_status
from airbyte_local.connectors.protocol import ConnectorFailed, Surroundings
from airbyte_local.connectors.samples.rows import PRODUCTS, Row, product, purchase, user
from airbyte_local.connectors.specifications import specification, streams
from airbyte_local.json_values import Json

SPECIFICATION = specification("source-faker")
STREAMS = streams("source-faker")
ROWS_AT_ONCE = 1000  # between two looks at whether the job was cancelled
ROWS: dict[str, Row] = {"users": user, "products": product, "purchases": purchase}


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one reading goes by."""

    count: int
    seed: int  # as configured: what a state has
    dice: int  # as thrown
    slice: int
    always_updated: bool
    now: str
    around: Surroundings

    def total(self, name: str) -> int:
        """As many users, as many purchases, and a hundred products at most."""
        return min(self.count, PRODUCTS) if name == "products" else self.count

    def state(self, name: str, done: int) -> Json:
        offset: Json = {} if name == "products" else {"loop_offset": done}
        return stream_state(name, {"seed": self.seed, "updated_at": self.now, **offset})

    def done(self, name: str, state: Json) -> int:
        """How many rows need not come again. Unlike the vendor's, a run that was broken off is taken up again."""
        if self.always_updated or "updated_at" not in state:
            return 0
        offset = state.get("loop_offset")
        return offset if isinstance(offset, int) else self.total(name)


class SampleData:
    def spec(self) -> Json:
        return SPECIFICATION

    def check(self, configuration: Json, around: Surroundings, /) -> None:
        """Nothing can be wrong that the specification does not already refuse."""

    def discover(self, _configuration: Json, _around: Surroundings, /) -> list[Json]:
        return list(STREAMS)

    def read(
        self, configuration: Json, catalog: Json, state: list[Json], around: Surroundings, /
    ) -> Generator[Json]:
        """Rows of one seed are the same on every run, but for `updated_at`, which is the time of the run."""
        run = _run(configuration, around)
        states = dict(_state(each["stream"]) for each in state if "stream" in each)
        for configured in catalog["streams"]:
            name: str = configured["stream"]["name"]
            if name not in ROWS:
                raise ConnectorFailed(f"There is no stream {name!r} here: there are {', '.join(ROWS)}")
            incremental = configured.get("sync_mode") == "incremental"
            yield from _read(run, name, run.done(name, states.get(name, {})) if incremental else 0)


def _run(configuration: Json, around: Surroundings) -> Run:
    seed: int = configuration.get("seed", -1)
    return Run(
        count=configuration.get("count", 1000),
        seed=seed,
        dice=secrets.randbits(63) if seed == -1 else seed,
        slice=configuration.get("records_per_slice", 1000),
        always_updated=configuration.get("always_updated", True),
        now=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        around=around,
    )


def _state(stream: Json) -> tuple[str, Json]:
    return stream["stream_descriptor"]["name"], stream.get("stream_state") or {}


def _read(run: Run, name: str, done: int) -> Generator[Json]:
    total, row = run.total(name), ROWS[name]
    yield stream_status(name, "STARTED")
    if done < total:
        yield stream_status(name, "RUNNING")
    while done < total:
        if done % ROWS_AT_ONCE == 0:
            run.around.cancellation.raise_if_requested()
        done += 1
        yield record(name, row(run.dice, done, run.now), now_ms())
        if done % run.slice == 0 and done < total and name != "products":  # whose state knows no middle
            yield run.state(name, done)
    yield run.state(name, done)
    yield stream_status(name, "COMPLETE")
