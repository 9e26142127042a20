"""How far the streams of one reading have come, and what state may be kept. No row is kept here.

What a source says is not to be trusted: `take` raises KeyError, TypeError or AttributeError for what is not as the
protocol has it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from airbyte_local.jobs.failures import Failure
from airbyte_local.jobs.streams import JobStream
from airbyte_local.model.catalogs import key_of
from airbyte_local.model.json_values import Json, is_object
from airbyte_local.store import StreamKey


@dataclass(slots=True)
class HeldState:
    """State that came from the source, and may be kept once the rows before it are durable: the newest of each."""

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
            each: list[Json] = whole.get("stream_states") or []
            self.streams = {key: value for key, value in map(_stream_state, each) if key in wanted}
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
        missing = (stream for stream in self.streams if self.said.get(stream.key) != "COMPLETE")
        return [_unfinished(stream.key, self.said.get(stream.key)) for stream in missing]


def resumable(streams: Iterable[JobStream]) -> set[StreamKey]:
    return {stream.key for stream in streams if stream.incremental}


def _unfinished(key: StreamKey, said: str | None) -> Failure:
    what = "said nothing about it" if said is None else f"left it {said}"
    return Failure(origin="source", message=f"The source did not complete stream {key[1]}: it {what}.", stream=key)


def _stream_state(state: Json) -> tuple[StreamKey, Json | None]:
    return key_of(state["stream_descriptor"]), _blob(state.get("stream_state"))


def _blob(state: Any) -> Json | None:
    if state is not None and not is_object(state):
        raise TypeError(f"{type(state).__name__} is no object")
    return state
