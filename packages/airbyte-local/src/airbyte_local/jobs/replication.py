"""Rows from a source into a sink, and state behind them. Knows no store: what may be kept is handed out.

The rules are those of https://docs.airbyte.com/understanding-airbyte/airbyte-protocol, or measured on connectors:
state counts only behind rows that are durable; state of full refreshes is never kept; a source has succeeded when
it ended well and said COMPLETE of every stream it was asked for.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from airbyte_local.connectors.cancelling import Cancellation
from airbyte_local.connectors.messages import now_ms
from airbyte_local.connectors.protocol import Sink
from airbyte_local.jobs.counting import Counter
from airbyte_local.jobs.failures import AttemptFailed, Failure, raised_by, told_by_trace
from airbyte_local.jobs.logs import Journal
from airbyte_local.jobs.progress import HeldState, Statuses, resumable
from airbyte_local.jobs.streams import JobStream
from airbyte_local.json_values import Json, is_object
from airbyte_local.store import StreamKey, StreamStats

LOOK_UP_ROWS = 128
"""How many rows pass between two looks at the clock and at the cancellation."""
REPORT_SECONDS = 1.0
LEVELS = {"FATAL": "error", "ERROR": "error", "WARN": "warn", "DEBUG": "debug", "TRACE": "trace"}


@dataclass(slots=True, kw_only=True)
class Replication:
    streams: Sequence[JobStream]
    sink: Sink
    journal: Journal
    cancellation: Cancellation
    keep: Callable[[HeldState], None]
    """Saves state that may be kept: the rows before it are durable."""
    report: Callable[[Replication], None]
    """Told now and then how far it is."""
    states: int = 0
    _held: HeldState = field(default_factory=HeldState)
    _statuses: Statuses = field(default_factory=Statuses)
    _errors: list[Failure] = field(default_factory=list[Failure])
    _counters: dict[StreamKey, Counter] = field(default_factory=dict[StreamKey, Counter])
    _reported: float = 0.0

    def __post_init__(self) -> None:
        self._counters = {stream.key: Counter(stream.key) for stream in self.streams}

    def stats(self) -> tuple[StreamStats, ...]:
        return tuple(counter.stats() for counter in self._counters.values())

    def pump(self, messages: Iterable[Json]) -> None:
        """Take every message; what can be durable before the end is.

        Raises:
            AttemptFailed: a connector failed, or the source has not done all it was asked for.
            Cancelled: in the middle.
        """
        numbered = enumerate(self.streams)
        targets = {stream.key: (at, self._counters[stream.key], stream.change) for at, stream in numbered}
        write, look_up = self.sink.write, LOOK_UP_ROWS
        for message in messages:
            if message.get("type") != "RECORD":
                self._control(message)
                continue
            row = _record(message)
            target = targets.get((row.get("namespace"), row.get("stream")))  # pyright: ignore[reportArgumentType]
            if target is None:
                raise _not_asked_for(row)
            position, counter, change = target
            data = row["data"] if change is None else change(row["data"])
            counter.count(data)
            try:
                write(position, data, row.get("emitted_at") or now_ms())
            except Exception as error:
                raise raised_by("destination", error) from error
            look_up -= 1
            if not look_up:
                look_up = LOOK_UP_ROWS
                self._look_up()
        self._judge()

    def finish(self) -> None:
        """Everything is durable, and the last state may be kept.

        Raises:
            AttemptFailed: the destination could not, and nothing has changed there.
        """
        try:
            self.sink.finish()
        except Exception as error:
            raise raised_by("destination", error) from error
        self._committed(self.streams)

    @property
    def last_state(self) -> HeldState:
        """What is left to keep once everything is durable."""
        return self._held

    def _control(self, message: Json) -> None:
        """Everything but a row."""
        match message.get("type"):
            case "STATE":
                self._state(message["state"])
            case "TRACE":
                self._trace(message["trace"])
            case "LOG":
                told = message["log"]
                level = LEVELS.get(str(told.get("level")), "info")
                self.journal.say(str(told.get("message")), level=level, source="source")
            case "CONTROL":
                text = "The source asked for its configuration to be changed; this is not done here."
                self.journal.say(text, level="warn")
            case _:
                pass  # what a later protocol may bring
        self.cancellation.raise_if_requested()

    def _state(self, state: Json) -> None:
        self.states += 1
        if not self._held.take(state, resumable(self.streams)):
            return
        if any(stream.incremental and not stream.target.checkpoints for stream in self.streams):
            return  # rows that replace others are durable at the end alone, and so is all state beside them
        try:
            durable = self.sink.flush()
        except Exception as error:
            raise raised_by("destination", error) from error
        if durable:
            self.keep(self._held)
            self._held = HeldState()
            self._committed(stream for stream in self.streams if stream.target.checkpoints)

    def _trace(self, trace: Json) -> None:
        if trace.get("type") == "STREAM_STATUS":
            self._statuses.take(trace["stream_status"])
        elif trace.get("type") == "ERROR":
            failure = told_by_trace("source", trace.get("error") or {})
            self._errors.append(failure)
            self.journal.say(failure.message, level="error", source="source")

    def _committed(self, streams: Iterable[JobStream]) -> None:
        for stream in streams:
            self._counters[stream.key].commit()

    def _look_up(self) -> None:
        self.cancellation.raise_if_requested()
        now = time.monotonic()
        if now - self._reported > REPORT_SECONDS:
            self._reported = now
            self.report(self)

    def _judge(self) -> None:
        failures = self._errors or self._statuses.unfinished(self.streams)
        if failures:
            raise AttemptFailed(*failures)

    def explained(self, error: Exception) -> AttemptFailed:
        """What the source raised; its own words, where it said some before."""
        return AttemptFailed(*self._errors) if self._errors else raised_by("source", error)


def _record(message: Json) -> Json:
    row = message.get("record")
    if not is_object(row) or not is_object(row.get("data")):
        told = "The source sent a record without an object as its data."
        raise AttemptFailed(Failure(origin="source", message=told))
    return row


def _not_asked_for(row: Json) -> AttemptFailed:
    namespace = f" of namespace {row['namespace']}" if row.get("namespace") else ""
    message = f"The source sent a row of stream {row.get('stream')}{namespace}, which was not asked for."
    return AttemptFailed(Failure(origin="source", message=message))
