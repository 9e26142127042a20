"""State of streams as jobs leave it: forgotten where one reads anew, kept as far as an attempt has come.

Streams that are read anew are of a new generation from the start of the job on. What an attempt has read of another
generation than the present one is not kept.
"""

from __future__ import annotations

from collections.abc import Sequence

from airbyte_local.jobs.replication import HeldState, resumable
from airbyte_local.jobs.streams import JobStream
from airbyte_local.model.catalogs import key_of
from airbyte_local.model.records import Connection, Job, StreamKey, StreamStates
from airbyte_local.store.database import Session


def begin_afresh(session: Session, job: Job) -> None:
    """Once in the life of a job, when nothing else of its connection runs.

    What a refresh is to read anew is forgotten with it, whatever becomes of the job; a clear forgets at its end.
    """
    connection = session.connections.get(job.connection_id)
    if connection is None or job.config_type not in {"sync", "refresh"}:
        return
    named: set[StreamKey] = set()
    if job.config_type == "refresh":
        named = {key_of(stream) for stream in job.details["streams"]}
        truncates = job.details["refreshMode"] == "Truncate"
        session.states.forget(connection.id, named, new_generation=True, stale=truncates)
    session.states.renew(connection.id, (key for key in _overwritten(connection) if key not in named))


def _overwritten(connection: Connection) -> list[StreamKey]:
    """Streams that are read whole and overwritten are a new generation each time."""
    return [
        key_of(entry["stream"])
        for entry in connection.details["streams"]
        if entry["config"]["syncMode"] == "full_refresh"
        and entry["config"]["destinationSyncMode"].startswith("overwrite")
    ]


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
