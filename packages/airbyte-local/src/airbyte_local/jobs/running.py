"""The life of a job: out of the queue, one attempt after another, to its end; and what a stopped server left.

An attempt is prepared, opened, pumped and finished, and leaves something in the store whatever becomes of it. The
state of a stream is forgotten where it is read anew, as a new generation, from the start of the job on, and kept as
far as an attempt has come. What an attempt has read of another generation than the present one is not kept.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import traceback
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from airbyte_local.connectors.cancelling import Cancellation, Cancelled
from airbyte_local.connectors.protocol import Sink, Source, Surroundings
from airbyte_local.jobs.failures import AttemptFailed, Failure, blamed, failure_of
from airbyte_local.jobs.logs import LINE_LIMIT, Journal, forget_logs
from airbyte_local.jobs.preparing import CLEARING, Prepared, prepare, read_ends
from airbyte_local.jobs.replication import HeldState, Replication, resumable
from airbyte_local.jobs.streams import JobStream, configured_catalog, state_messages
from airbyte_local.jobs.world import World
from airbyte_local.model.catalogs import key_of
from airbyte_local.model.records import Attempt, Job, StreamKey, StreamStates
from airbyte_local.store.database import Session

LOGGER = logging.getLogger(__name__)
STORE_SECONDS = 1.0
"""Between two tries to write down the end of a job, while the disk is full."""


def begin(world: World) -> None:
    """Let jobs run. What an earlier life of the server left running has failed, and can be run again."""
    with world.store.transaction() as session:
        for job in session.jobs.unfinished():
            if job.status != "pending":
                _end(session, job, interrupted(), at=world.now())
    world.workers.begin(lambda free: _claim(world, free), lambda job_id, stop: run(world, job_id, stop))


def _claim(world: World, free: int) -> list[int]:
    """The oldest pending jobs, one a connection; they run from here on."""
    with world.store.transaction() as session:
        claimed = session.jobs.claimable(free)
        for job in claimed:
            session.jobs.set_status(job.id, "running", at=world.now())
            begin_afresh(session, job)
    return [job.id for job in claimed]


def run(world: World, job_id: int, cancellation: Cancellation) -> None:
    """A job that was claimed, to its end. One that was cancelled in between is over already."""
    try:
        with world.store.transaction() as session:
            job = session.jobs.get(job_id)
        if job is not None and job.status == "running":
            forget_logs(world.data, newest=job_id)
            attempt = _attempts(world, job, cancellation)
            told = attempt.status == "failed" and cancellation.requested and not world.workers.stopping
            with world.store.transaction() as session:
                session.jobs.set_status(job.id, "cancelled" if told else attempt.status, at=world.now())
    except Exception as error:  # noqa: BLE001 - told by what follows
        _give_up(world, job_id, error)


def _attempts(world: World, job: Job, cancellation: Cancellation) -> Attempt:
    """Until one succeeds, or there is no use in another."""
    pauses = iter(world.deployment.retry_seconds)
    number = 0
    while True:
        at = world.now()
        attempt = Attempt(job_id=job.id, number=number, status="running", created_at=at, updated_at=at)
        attempt = Running(world=world, job=job, cancellation=cancellation, attempt=attempt).run()
        pause = next(pauses, None)
        retryable = all(failure.get("retryable", True) for failure in attempt.failures)
        if attempt.status == "succeeded" or pause is None or cancellation.requested or not retryable:
            return attempt
        with world.store.transaction() as session:
            session.jobs.set_status(job.id, "incomplete", at=world.now())
        if cancellation.wait(pause):
            return attempt
        with world.store.transaction() as session:
            session.jobs.set_status(job.id, "running", at=world.now())
        number += 1


def _give_up(world: World, job_id: int, error: Exception) -> None:
    """A job is over when that is written down. A server that stops says so at its next start."""
    LOGGER.error("job %s", job_id, exc_info=error)
    failure = failure_of("airbyte_platform", error)
    while not world.workers.stopping:
        with contextlib.suppress(sqlite3.Error), world.store.transaction() as session:
            job = session.jobs.get(job_id)
            if job is not None and not job.ended:
                _end(session, job, failure, at=world.now())
            break
        world.workers.pause(STORE_SECONDS)


def _end(session: Session, job: Job, failure: Failure, *, at: int) -> None:
    """As failed, but where its last attempt has succeeded: then only the last write is missing."""
    attempts = session.jobs.attempts([job.id])[job.id]
    for attempt in attempts:
        if attempt.status == "running":
            failures = (failure.reason(),)
            session.jobs.save_attempt(
                replace(attempt, status="failed", updated_at=at, ended_at=at, failures=failures)
            )
    succeeded = bool(attempts) and attempts[-1].status == "succeeded"
    session.jobs.set_status(job.id, "succeeded" if succeeded else "failed", at=at)


@dataclass(slots=True, kw_only=True)
class Running:
    """The attempt that is under way: its row in the store is written anew as it goes on."""

    world: World
    job: Job
    cancellation: Cancellation
    attempt: Attempt

    def run(self) -> Attempt:
        """To its end, well or not.

        Raises:
            sqlite3.Error: what became of it cannot be written down.
        """
        self._save(self.attempt)
        with Journal(self.world.data, self.job.id, self.attempt.number) as journal:
            journal.say(f"Attempt {self.attempt.number + 1} of job {self.job.id} ({self.job.config_type}).")
            try:
                self._move(self._prepared(journal), journal)
            except Exception as error:  # noqa: BLE001 - whatever it is, the attempt has failed
                return self._failed(journal, self._reasons(error, journal))
            for stream in self.attempt.streams:
                journal.say(f"Stream {stream.name}: {stream.records_committed:,} rows.")
            journal.say(f"Done: {self.attempt.total('records_committed'):,} rows.")
            return self.attempt

    def _prepared(self, journal: Journal) -> Prepared:
        with self.world.store.transaction() as session:
            ends = read_ends(self.world, session, self.job)
        journal.hide((*ends.source.secrets, *ends.destination.secrets))
        source, destination = ends.source.definition, ends.destination.definition
        journal.say(f"From {source.name} ({source.image}) to {destination.name} ({destination.image}).")
        return prepare(self.world, self.job, ends, self.cancellation)

    def _move(self, prepared: Prepared, journal: Journal) -> None:
        around = replace(self.world.surroundings, cancellation=self.cancellation)
        with _opened(prepared, around) as sink:
            replication = Replication(
                streams=prepared.streams,
                sink=sink,
                journal=journal,
                cancellation=self.cancellation,
                keep=partial(self._keep, prepared.streams),
                report=self._report,
            )
            try:
                if prepared.source is not None:
                    _read(prepared, prepared.source, replication, around)
                self.cancellation.raise_if_requested()
                replication.finish()
            finally:
                self._take(replication)
        self._succeed(prepared, replication.last_state)

    def _keep(self, streams: Sequence[JobStream], held: HeldState) -> None:
        with self.world.store.transaction() as session:
            keep_state(session, self.job.connection_id, streams, held)

    def _take(self, replication: Replication) -> None:
        told = {"streams": replication.stats(), "states": replication.states}
        self.attempt = replace(self.attempt, **told, updated_at=self.world.now())

    def _report(self, replication: Replication) -> None:
        self._take(replication)
        self._save(self.attempt)

    def _succeed(self, prepared: Prepared, held: HeldState) -> None:
        """State, attempt and what is fresh now, all in one transaction."""
        connection_id, streams, at = self.job.connection_id, prepared.streams, self.world.now()
        with self.world.store.transaction() as session:
            keep_state(session, connection_id, streams, held)
            keep_freshness(session, connection_id, streams)
            if self.job.config_type in CLEARING:
                session.states.forget(connection_id, [stream.key for stream in streams], new_generation=True)
            succeeded = replace(self.attempt, status="succeeded", updated_at=at, ended_at=at)
            session.jobs.save_attempt(succeeded)
        self.attempt = succeeded

    def _reasons(self, error: Exception, journal: Journal) -> Sequence[Failure]:
        """Whatever is said by those who are told to stop, they were told to stop."""
        if self.cancellation.requested and self.world.workers.stopping:
            return [interrupted()]
        if self.cancellation.requested:
            message = "The job was cancelled."
            return [Failure(origin="airbyte_platform", kind="manual_cancellation", message=message)]
        if isinstance(error, AttemptFailed):
            return error.failures
        LOGGER.error("job %s\n%s", self.job.id, journal.masked(traceback.format_exc()))  # a bug of ours
        return [failure_of("replication", error)]

    def _failed(self, journal: Journal, failures: Iterable[Failure]) -> Attempt:
        reasons = [failure.reason() for failure in failures]
        for reason in reasons:
            for words in ("externalMessage", "internalMessage"):
                reason[words] = journal.masked(reason[words])[:LINE_LIMIT]
            origin = reason["failureOrigin"]
            source = origin if origin in {"source", "destination"} else "platform"
            journal.say(reason["externalMessage"], level="error", source=source)
        at = self.world.now()
        self.attempt = replace(self.attempt, status="failed", updated_at=at, ended_at=at, failures=tuple(reasons))
        self._save(self.attempt)
        return self.attempt

    def _save(self, attempt: Attempt) -> None:
        with self.world.store.transaction() as session:
            if session.jobs.get(attempt.job_id) is not None:  # it is gone where everything was reset meanwhile
                session.jobs.save_attempt(attempt)


def interrupted() -> Failure:
    return Failure(origin="airbyte_platform", message="The server was stopped while this ran.")


def _read(prepared: Prepared, source: Source, replication: Replication, around: Surroundings) -> None:
    catalog = configured_catalog(prepared.streams)
    states = state_messages(prepared.states, prepared.streams)
    try:
        messages = source.read(prepared.ends.source.configuration, catalog, states, around)
        with contextlib.closing(messages):
            replication.pump(messages)
    except (AttemptFailed, Cancelled):
        raise
    except Exception as error:
        raise replication.explained(error) from error


@contextlib.contextmanager
def _opened(prepared: Prepared, around: Surroundings) -> Generator[Sink]:
    """The sink for as long as the block lasts; where that ends badly, it leaves no trace."""
    with blamed("destination"):
        targets = [stream.target for stream in prepared.streams]
        sink = prepared.destination.open(prepared.ends.destination.configuration, targets, around)
    try:
        yield sink
    except BaseException:
        sink.abort()
        raise


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
    # Streams that are read whole and overwritten are a new generation each time.
    overwritten = {
        key_of(entry["stream"])
        for entry in connection.details["streams"]
        if entry["config"]["syncMode"] == "full_refresh"
        and entry["config"]["destinationSyncMode"].startswith("overwrite")
    }
    session.states.renew(connection.id, overwritten - named)


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
