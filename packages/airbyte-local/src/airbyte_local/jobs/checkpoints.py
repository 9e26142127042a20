"""State that an attempt leaves in the store: never of what was made to start afresh while it ran."""

from __future__ import annotations

from collections.abc import Sequence

from airbyte_local.jobs.progress import HeldState, resumable
from airbyte_local.jobs.streams import JobStream
from airbyte_local.store import Session, StreamKey, StreamStates


def keep_state(session: Session, connection_id: str, streams: Sequence[JobStream], held: HeldState) -> None:
    """The rows before it are durable. What is not divided by streams is kept as a whole or not at all."""
    before = session.states.get(connection_id)
    current = _current(before, streams)
    if not held or (held.type != "stream" and len(current) < len(streams)):
        return
    if held.type == "global":  # it has gone past streams that were not read: they cannot go on from where they were
        session.states.forget(connection_id, before.streams.keys() - resumable(streams), new_generation=False)
    session.states.save(
        StreamStates(
            connection_id=connection_id,
            type=held.type,
            streams={key: state for key, state in held.streams.items() if key in current},
            shared=held.shared,
            legacy=held.legacy,
        )
    )


def keep_freshness(session: Session, connection_id: str, streams: Sequence[JobStream]) -> None:
    """What is at the destination is what these streams are to have."""
    session.states.refreshed(connection_id, _current(session.states.get(connection_id), streams))


def _current(states: StreamStates, streams: Sequence[JobStream]) -> set[StreamKey]:
    """The streams whose generation is still the one they were read as."""
    return {stream.key for stream in streams if states.generations.get(stream.key, 0) == stream.target.generation}
