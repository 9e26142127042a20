"""How far the streams of one reading have come, and what state may be kept. No row is kept here.

What a source says is not to be trusted: `take` raises KeyError, TypeError or AttributeError for what is not as the
protocol has it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from airbyte_local.jobs.failures import Failure
from airbyte_local.jobs.streams import JobStream
from airbyte_local.json_values import Json
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
        whole: Json = {}
        said: list[Json] = []
        match kind:
            case "stream":
                said = [state["stream"]]
            case "global":
                whole = state["global"]
                said = whole.get("stream_states") or []
            case _:
                pass
        found = {key: value for key, value in map(_stream_state, said) if key in wanted}
        speaks = bool(found) if kind == "stream" else kind == "global" or (kind == "legacy" and "data" in state)
        if not (speaks and wanted):
            return False
        self.streams = self.streams | found if kind == self.type == "stream" else found
        self.shared, self.legacy, self.type = whole.get("shared_state"), state.get("data"), kind
        return True


@dataclass(slots=True)
class Statuses:
    """What the source said about *streams*."""

    streams: Sequence[JobStream]
    any: bool = False
    said: dict[StreamKey, str] = field(default_factory=dict[StreamKey, str])

    def take(self, status: Json) -> None:
        key, said = _key(status["stream_descriptor"]), str(status["status"])
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
    return _key(state["stream_descriptor"]), state.get("stream_state")


def _key(descriptor: Json) -> StreamKey:
    return descriptor.get("namespace") or None, descriptor["name"]
