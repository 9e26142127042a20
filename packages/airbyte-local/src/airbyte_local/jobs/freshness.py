"""Which streams a job reads anew: from its start on they are of a new generation, and their state is forgotten."""

from __future__ import annotations

from airbyte_local.model.catalogs import key_of
from airbyte_local.store import Connection, Job, Session, StreamKey


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
