"""How far the streams of one reading have come, and what state may be kept. No row is kept here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from airbyte_local.jobs.failures import Failure
from airbyte_local.jobs.streams import JobStream
from airbyte_local.json_values import Json
from airbyte_local.store import StreamKey

OVER = {"COMPLETE", "INCOMPLETE"}


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
            self.streams[key] = value
        elif kind == "global":
            whole: Json = state["global"]
            each: list[Json] = whole.get("stream_states") or []
            self.shared = whole.get("shared_state")
            found = dict(map(_stream_state, each))
            self.streams |= {key: value for key, value in found.items() if key in wanted}
        else:
            self.legacy = state.get("data")
        self.type = kind
        return True


@dataclass(slots=True)
class Statuses:
    """What the source said about its streams."""

    said: dict[StreamKey, str] = field(default_factory=dict[StreamKey, str])

    def take(self, status: Json) -> None:
        descriptor = status["stream_descriptor"]
        self.said[descriptor.get("namespace"), descriptor["name"]] = status["status"]

    def unfinished(self, streams: Sequence[JobStream]) -> list[Failure]:
        """Streams that were not completed. A source that never says a status is judged by its exit alone."""
        if not self.said:
            return []
        missing = (stream for stream in streams if self.said.get(stream.key) != "COMPLETE")
        return [_unfinished(stream.key, self.said.get(stream.key)) for stream in missing]


def resumable(streams: Iterable[JobStream]) -> set[StreamKey]:
    return {stream.key for stream in streams if stream.incremental}


def _unfinished(key: StreamKey, said: str | None) -> Failure:
    what = "said nothing about it" if said is None else f"left it {said}"
    return Failure(origin="source", message=f"The source did not complete stream {key[1]}: it {what}.", stream=key)


def _stream_state(state: Json) -> tuple[StreamKey, Json | None]:
    descriptor = state["stream_descriptor"]
    return (descriptor.get("namespace"), descriptor["name"]), state.get("stream_state")
