"""Rows from a source into a sink, counted, and state behind them. Knows no store: what may be kept is handed out.

The rules are those of https://docs.airbyte.com/understanding-airbyte/airbyte-protocol, or measured on connectors:
state counts only behind rows that are durable; state of full refreshes is never kept; a source has succeeded when
it ended well and said COMPLETE of every stream it was asked for.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from airbyte_local.connectors.cancelling import Cancellation
from airbyte_local.connectors.messages import now_ms
from airbyte_local.connectors.protocol import Sink
from airbyte_local.jobs.failures import AttemptFailed, Failure, blamed, raised_by, told_by_trace
from airbyte_local.jobs.logs import Journal
from airbyte_local.jobs.streams import Change, JobStream
from airbyte_local.model.catalogs import key_of
from airbyte_local.model.json_values import Json, dumps, is_object
from airbyte_local.model.records import StreamKey, StreamStats

MEASURED_FIRST = 128
MEASURED_EVERY = 64
LOOK_UP_ROWS = 128
"""How many rows pass between two looks at the clock and at the cancellation."""
REPORT_SECONDS = 1.0
MOST_ERRORS = 20
"""Of those that one source complains of, so many are kept."""
LATEST = 253_402_300_800_000
"""The first millisecond of the year 10000, which no calendar of Python's or of a database has."""
LEVELS = {"FATAL": "error", "ERROR": "error", "WARN": "warn", "DEBUG": "debug", "TRACE": "trace"}


@dataclass(slots=True)
class Counter:
    """Bytes are exact for the first rows; later ones are taken to be as long as every 64th is."""

    key: StreamKey
    rows: int = 0
    bytes: int = 0
    committed: int = 0
    committed_bytes: int = 0

    def count(self, row: Json) -> None:
        rows = self.rows = self.rows + 1
        if rows <= MEASURED_FIRST:
            self.bytes += len(dumps(row))
        elif not rows % MEASURED_EVERY:
            self.bytes += len(dumps(row)) * MEASURED_EVERY

    def commit(self) -> None:
        """All rows so far are durable."""
        self.committed = self.rows
        self.committed_bytes = self.bytes

    def stats(self) -> StreamStats:
        namespace, name = self.key
        return StreamStats(
            name=name,
            namespace=namespace,
            records_emitted=self.rows,
            bytes_emitted=self.bytes,
            records_committed=self.committed,
            bytes_committed=self.committed_bytes,
        )


Targets = Mapping[StreamKey, tuple[int, Counter, Change | None]]
"""By stream: its position at the sink, what counts its rows, and what changes them."""


@dataclass(slots=True)
class HeldState:
    """State that came from the source, and may be kept once the rows before it are durable: the newest of each.

    What a source says is not to be trusted: `take` raises KeyError, TypeError or AttributeError for what is not as
    the protocol has it.
    """

    type: str = "not_set"
    streams: dict[StreamKey, Json | None] = field(default_factory=dict[StreamKey, "Json | None"])
    shared: Json | None = None
    legacy: Json | None = None

    def __bool__(self) -> bool:
        return self.type != "not_set"

    def take(self, state: Json, wanted: set[StreamKey]) -> bool:
        """Hold what *state* says about *wanted* streams. False: it says nothing about any."""
        kind = str(state.get("type") or "LEGACY").lower()
        if kind == "stream":
            key, value = _stream_state(state["stream"])
            if key not in wanted:
                return False
            before = self.streams if self.type == kind else {}
            self.streams, self.shared, self.legacy = {**before, key: value}, None, None
        elif kind == "global" and wanted:
            whole: Json = state["global"]
            told: list[Json] = whole.get("stream_states") or []
            self.streams = {key: value for key, value in map(_stream_state, told) if key in wanted}
            self.shared, self.legacy = _blob(whole.get("shared_state")), None
        elif kind == "legacy" and wanted and "data" in state:
            self.streams, self.shared, self.legacy = {}, None, _blob(state["data"])
        else:
            return False
        self.type = kind
        return True


@dataclass(slots=True)
class Statuses:
    """What the source said about *streams*."""

    streams: Sequence[JobStream]
    any: bool = False
    said: dict[StreamKey, str] = field(default_factory=dict[StreamKey, str])

    def take(self, status: Json) -> None:
        key, said = key_of(status["stream_descriptor"]), str(status["status"])
        self.any = True
        if any(stream.key == key for stream in self.streams):
            self.said[key] = said

    def unfinished(self) -> list[Failure]:
        """Streams that were not completed. A source that never says a status is judged by its exit alone."""
        if not self.any:
            return []
        failures: list[Failure] = []
        for key in (stream.key for stream in self.streams if self.said.get(stream.key) != "COMPLETE"):
            what = f"left it {self.said[key]}" if key in self.said else "said nothing about it"
            message = f"The source did not complete stream {key[1]}: it {what}."
            failures.append(Failure(origin="source", message=message, stream=key))
        return failures


def resumable(streams: Iterable[JobStream]) -> set[StreamKey]:
    return {stream.key for stream in streams if stream.incremental}


def _stream_state(state: Json) -> tuple[StreamKey, Json | None]:
    return key_of(state["stream_descriptor"]), _blob(state.get("stream_state"))


def _blob(state: Any) -> Json | None:
    if state is not None and not is_object(state):
        raise TypeError(f"{type(state).__name__} is no object")
    return state


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
    last_state: HeldState = field(default_factory=HeldState)
    """What is left to keep once everything is durable."""
    _statuses: Statuses = field(init=False)
    _errors: list[Failure] = field(default_factory=list[Failure])
    _counters: dict[StreamKey, Counter] = field(default_factory=dict[StreamKey, Counter])
    _reported: float = 0.0

    def __post_init__(self) -> None:
        self._statuses = Statuses(self.streams)
        self._counters = {stream.key: Counter(stream.key) for stream in self.streams}

    def stats(self) -> tuple[StreamStats, ...]:
        return tuple(counter.stats() for counter in self._counters.values())

    def pump(self, messages: Iterable[Any]) -> None:
        """Take every message; what can be durable before the end is.

        Raises:
            AttemptFailed: a connector failed, or the source has not done all it was asked for.
            Cancelled: in the middle.
        """
        numbered = enumerate(self.streams)
        targets = {stream.key: (at, self._counters[stream.key], stream.change) for at, stream in numbered}
        write, look_up = self.sink.write, LOOK_UP_ROWS
        for message in messages:  # no more than what each row needs: there may be millions
            if not is_object(message) or message.get("type") != "RECORD":
                self._control(message)
                continue
            position, counter, change, data, emitted_at = _record(message, targets)
            try:
                if change is not None:
                    data = change(data)
                counter.count(data)
            except Exception as error:
                raise raised_by("replication", error) from error
            try:
                write(position, data, emitted_at)
            except Exception as error:
                raise raised_by("destination", error) from error
            look_up -= 1
            if not look_up:
                look_up = LOOK_UP_ROWS
                self._look_up()
        if failures := self._errors or self._statuses.unfinished():
            raise AttemptFailed(*failures)

    def finish(self) -> None:
        """Everything is durable, and the last state may be kept.

        Raises:
            AttemptFailed: the destination could not, and nothing has changed there.
        """
        with blamed("destination"):
            self.sink.finish()
        self._committed(self.streams)

    def _control(self, message: Any) -> None:
        """Everything but a row. What is no message at all is passed over, as what a later protocol may bring."""
        match message:
            case {"type": "STATE"}:
                self._state(message.get("state"))
            case {"type": "TRACE", "trace": {"type": "STREAM_STATUS", **trace}}:
                with _understanding("STREAM_STATUS"):
                    self._statuses.take(trace["stream_status"])
            case {"type": "TRACE", "trace": {"type": "ERROR", **trace}}:
                failure = told_by_trace("source", trace.get("error"))
                self.journal.say(failure.message, level="error", source="source")
                if len(self._errors) < MOST_ERRORS:
                    self._errors.append(failure)
            case {"type": "LOG", "log": told}:
                said = told if is_object(told) else {"message": told}
                level = LEVELS.get(str(said.get("level")), "info")
                self.journal.say(str(said.get("message")), level=level, source="source")
            case {"type": "CONTROL"}:
                text = "The source asked for its configuration to be changed; this is not done here."
                self.journal.say(text, level="warn")
            case _:
                pass
        self._look_up()

    def _state(self, state: Any) -> None:
        self.states += 1
        with _understanding("STATE"):
            if not self.last_state.take(state, resumable(self.streams)):
                return
        if any(stream.incremental and not stream.target.checkpoints for stream in self.streams):
            return  # rows that replace others are durable at the end alone, and so is all state beside them
        with blamed("destination"):
            durable = self.sink.flush()
        if durable:
            with blamed("airbyte_platform"):
                self.keep(self.last_state)
            self.last_state = HeldState()
            self._committed(stream for stream in self.streams if stream.target.checkpoints)

    def _committed(self, streams: Iterable[JobStream]) -> None:
        for stream in streams:
            self._counters[stream.key].commit()

    def _look_up(self) -> None:
        self.cancellation.raise_if_requested()
        now = time.monotonic()
        if now - self._reported > REPORT_SECONDS:
            self._reported = now
            with blamed("airbyte_platform"):
                self.report(self)

    def explained(self, error: Exception) -> AttemptFailed:
        """What the source raised; its own words, where it said some before."""
        return AttemptFailed(*self._errors) if self._errors else raised_by("source", error)


def _record(message: Any, targets: Targets) -> tuple[int, Counter, Change | None, Json, int]:
    try:
        row = message["record"]
        position, counter, change = targets[row.get("namespace") or None, row["stream"]]
        data, emitted_at = row["data"], row.get("emitted_at")
    except (AttributeError, KeyError, TypeError):
        raise _not_asked_for(message.get("record")) from None
    if not is_object(data):
        raise _not_asked_for(row)
    if type(emitted_at) is not int or not 0 < emitted_at < LATEST:
        # Of what is no whole number of milliseconds of a calendar: the whole part, or now.
        emitted_at = int(emitted_at) if type(emitted_at) is float and 0 < emitted_at < LATEST else now_ms()
    return position, counter, change, data, emitted_at


def _not_asked_for(row: Any) -> AttemptFailed:
    if not is_object(row) or not is_object(row.get("data")):
        message = "The source sent a record without an object as its data."
    else:
        namespace = f" of namespace {row['namespace']}" if row.get("namespace") else ""
        message = f"The source sent a row of stream {row.get('stream')}{namespace}, which was not asked for."
    return AttemptFailed(Failure(origin="source", message=message))


@contextlib.contextmanager
def _understanding(kind: str) -> Generator[None]:
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        message = f"The source sent a {kind} that cannot be understood ({type(error).__name__}: {error})."
        raise AttemptFailed(Failure(origin="source", message=message)) from error
