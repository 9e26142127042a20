"""The pump alone: messages in, rows and state out, with a sink that only remembers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from airbyte_local.connectors import messages as said
from airbyte_local.connectors.cancelling import Cancellation, Cancelled
from airbyte_local.connectors.protocol import ConnectorFailed
from airbyte_local.jobs.failures import AttemptFailed
from airbyte_local.jobs.logs import Journal, read_log
from airbyte_local.jobs.replication import Replication
from airbyte_local.jobs.streams import job_stream
from airbyte_local.store import Connection, StreamStates


@dataclass
class MemorySink:
    durable_at_flush: bool = True
    breaks_at: int | None = None
    rows: list[tuple[int, Any]] = field(default_factory=list)
    durable: int = 0

    def write(self, target, data, emitted_at, /):
        if self.breaks_at == len(self.rows):
            raise OSError(28, "No space left on device")
        self.rows.append((target, data))

    def flush(self):
        if self.durable_at_flush:
            self.durable = len(self.rows)
        return self.durable_at_flush

    def finish(self):
        self.durable = len(self.rows)

    def abort(self):
        self.rows = self.rows[: self.durable]


def entry(name="users", mode="incremental", writing="append", namespace=None, **config):
    stream = {"name": name, "jsonSchema": {"properties": {"id": {"type": "integer"}, "name": {"type": "string"}}}}
    if namespace:
        stream["namespace"] = namespace
    return {"stream": stream, "config": {"syncMode": mode, "destinationSyncMode": writing, **config}}


def stream(chosen=None, states=None, empties=False, **details):
    connection = Connection(
        id="c",
        workspace_id="w",
        source_id="s",
        destination_id="d",
        name="n",
        status="active",
        created_at=0,
        details={"namespaceDefinition": "source", **details},
    )
    states = states or StreamStates(connection_id="c")
    return job_stream(connection, chosen or entry(), states, job_id=1, empties=empties)


@pytest.fixture
def pump(tmp_path):
    """(streams, messages, sink) -> what became of it."""

    @dataclass
    class Ran:
        replication: Replication
        kept: list[Any]
        log: list[str]
        error: BaseException | None

    def run(streams, messages, sink=None, cancellation=None):
        kept = []
        with Journal(tmp_path, 1, 0) as journal:
            replication = Replication(
                streams=streams,
                sink=sink or MemorySink(),
                journal=journal,
                cancellation=cancellation or Cancellation(),
                keep=lambda held: kept.append((dict(held.streams), held.shared)),
                report=lambda _: None,
            )
            try:
                replication.pump(messages)
                error = None
            except (AttemptFailed, Cancelled) as raised:
                error = raised
            except ConnectorFailed as raised:
                error = replication.explained(raised)
        return Ran(replication, kept, [line.message for line in read_log(tmp_path, 1, 0)[0]], error)

    return run


def row(number, name="users"):
    return said.record(name, {"id": number, "name": f"n{number}"}, 1_000 + number)


COMPLETE = said.stream_status("users", "COMPLETE")


def test_rows_come_in_order_and_are_counted(pump):
    sink = MemorySink()
    ran = pump([stream()], [row(1), row(2), COMPLETE], sink)
    assert sink.rows == [(0, {"id": 1, "name": "n1"}), (0, {"id": 2, "name": "n2"})]
    (stats,) = ran.replication.stats()
    assert (stats.records_emitted, stats.records_committed, stats.bytes_emitted) == (
        2,
        0,
        2 * len('{"id":1,"name":"n1"}'),
    )
    ran.replication.finish()
    (stats,) = ran.replication.stats()
    assert stats.records_committed == 2


def test_state_is_kept_behind_rows_that_are_durable(pump):
    ran = pump([stream()], [row(1), said.stream_state("users", {"at": 1}), row(2), COMPLETE])
    assert ran.kept == [({(None, "users"): {"at": 1}}, None)]
    assert ran.replication.stats()[0].records_committed == 1
    assert not ran.replication.last_state


def test_state_waits_for_the_end_where_the_sink_cannot_flush(pump):
    messages = [
        row(1),
        said.stream_state("users", {"at": 1}),
        row(2),
        said.stream_state("users", {"at": 2}),
        COMPLETE,
    ]
    ran = pump([stream()], messages, MemorySink(durable_at_flush=False))
    assert ran.kept == []
    assert ran.replication.last_state.streams == {(None, "users"): {"at": 2}}


def test_state_of_a_full_refresh_is_never_kept(pump):
    ran = pump([stream(entry(mode="full_refresh"))], [row(1), said.stream_state("users", {"at": 1}), COMPLETE])
    assert (ran.kept, bool(ran.replication.last_state), ran.replication.states) == ([], False, 1)


def test_state_beside_rows_that_replace_others_waits_for_the_end(pump):
    streams = [stream(), stream(entry("orders", writing="overwrite"))]
    done = [COMPLETE, said.stream_status("orders", "COMPLETE")]
    ran = pump(streams, [row(1), said.stream_state("users", {"at": 1}), *done])
    assert ran.kept == []
    assert ran.replication.last_state.streams == {(None, "users"): {"at": 1}}


def test_global_state_is_kept_whole_and_legacy_state_as_it_came(pump):
    each = {"stream_descriptor": {"name": "users"}, "stream_state": {"at": 3}}
    found = {"type": "GLOBAL", "global": {"shared_state": {"lsn": 7}, "stream_states": [each]}}
    ran = pump([stream()], [row(1), {"type": "STATE", "state": found}, COMPLETE])
    assert ran.kept == [({(None, "users"): {"at": 3}}, {"lsn": 7})]
    ran = pump([stream()], [{"type": "STATE", "state": {"data": {"old": 1}}}, COMPLETE], MemorySink(False))
    assert (ran.replication.last_state.type, ran.replication.last_state.legacy) == ("legacy", {"old": 1})


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        (
            [row(1), said.stream_status("users", "INCOMPLETE")],
            "did not complete stream users: it left it INCOMPLETE",
        ),
        (
            [row(1), said.stream_status("other", "COMPLETE")],
            "did not complete stream users: it said nothing about it",
        ),
        ([row(1, "orders")], "a row of stream orders, which was not asked for"),
        ([{"type": "RECORD", "record": {"stream": "users", "data": "text"}}], "without an object as its data"),
        ([{"type": "RECORD"}], "without an object as its data"),
    ],
)
def test_a_source_that_does_not_do_what_it_was_asked_for_fails_the_attempt(pump, messages, expected):
    ran = pump([stream()], messages)
    assert expected in str(ran.error)
    assert ran.error.failures[0].origin == "source"


def test_a_source_that_never_says_a_status_is_judged_by_its_exit(pump):
    assert pump([stream()], [row(1)]).error is None


def test_an_error_is_told_in_the_connectors_own_words(pump):
    error = {"message": "Wrong key.", "internal_message": "401", "failure_type": "config_error"}
    ran = pump([stream()], [{"type": "TRACE", "trace": {"type": "ERROR", "emitted_at": 1.5, "error": error}}])
    (failure,) = ran.error.failures
    assert (failure.message, failure.kind, failure.retryable) == ("Wrong key.", "config_error", False)
    assert "Wrong key." in ran.log


def test_words_before_a_crash_are_told_in_its_place(pump):
    def messages():
        yield {"type": "TRACE", "trace": {"type": "ERROR", "error": {"message": "Quota used up."}}}
        raise ConnectorFailed("exit code 1")

    assert str(pump([stream()], messages()).error) == "Quota used up."


def test_a_crash_without_words_is_told_as_it_is(pump):
    def messages():
        yield row(1)
        raise ConnectorFailed("exit code 1")

    assert str(pump([stream()], messages()).error) == "exit code 1"


def test_a_full_disk_is_the_destinations_failure(pump):
    ran = pump([stream()], [row(1), row(2)], MemorySink(breaks_at=1))
    (failure,) = ran.error.failures
    assert (failure.origin, failure.message, failure.retryable) == ("destination", "No space left on device", True)


def test_a_cancellation_is_seen_in_the_middle_of_rows(pump):
    cancellation, sink = Cancellation(), MemorySink()

    def messages():
        for number in range(100_000):
            if number == 500:
                cancellation.cancel()
            yield row(number)

    ran = pump([stream()], messages(), sink, cancellation)
    assert isinstance(ran.error, Cancelled)
    assert 500 <= len(sink.rows) < 1_000


def test_what_a_later_protocol_may_bring_is_let_through(pump):
    odd = [
        {"type": "HOLOGRAM"},
        {"type": "TRACE", "trace": {"type": "MOOD"}},
        {"type": "CONTROL", "control": {}},
        {},
    ]
    ran = pump([stream()], [*odd, row(1), said.log("hello", "WARN"), COMPLETE])
    assert ran.error is None
    assert "hello" in ran.log


@pytest.mark.parametrize(
    ("details", "namespace", "expected"),
    [
        ({}, None, (None, "users")),
        ({}, "shop", ("shop", "users")),
        ({"prefix": "raw_"}, "shop", ("shop", "raw_users")),
        ({"namespaceDefinition": "destination"}, "shop", (None, "users")),
        (
            {"namespaceDefinition": "customformat", "namespaceFormat": "x_${SOURCE_NAMESPACE}"},
            "shop",
            ("x_shop", "users"),
        ),
        ({"namespaceDefinition": "customformat", "namespaceFormat": "${SOURCE_NAMESPACE}"}, None, (None, "users")),
    ],
)
def test_namespace_and_prefix_name_the_target(details, namespace, expected):
    target = stream(entry(namespace=namespace), **details).target
    assert (target.namespace, target.name) == expected


def test_a_clear_and_a_stale_stream_replace_and_never_checkpoint():
    stale = StreamStates(connection_id="c", stale=frozenset({(None, "users")}))
    for target in (stream(empties=True).target, stream(states=stale).target):
        assert (target.replaces, target.checkpoints) == (True, False)
    assert (stream().target.replaces, stream().target.checkpoints) == (False, True)
