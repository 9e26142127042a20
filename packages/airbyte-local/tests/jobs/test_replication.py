"""The pump alone: messages in, rows and state out, with a sink that only remembers."""

from __future__ import annotations

import pytest
from airbyte_local.connectors import messages as said
from airbyte_local.connectors.cancelling import Cancellation, Cancelled
from airbyte_local.connectors.protocol import ConnectorFailed


def row(number, name="users"):
    return said.record(name, {"id": number, "name": f"n{number}"}, 1_000 + number)


COMPLETE = said.stream_status("users", "COMPLETE")


def test_rows_come_in_order_and_are_counted(pump, stream, memory_sink):
    sink = memory_sink()
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


def test_state_is_kept_behind_rows_that_are_durable(pump, stream):
    ran = pump([stream()], [row(1), said.stream_state("users", {"at": 1}), row(2), COMPLETE])
    assert ran.kept == [({(None, "users"): {"at": 1}}, None)]
    assert ran.replication.stats()[0].records_committed == 1
    assert not ran.replication.last_state


def test_state_waits_for_the_end_where_the_sink_cannot_flush(pump, stream, memory_sink):
    messages = [
        row(1),
        said.stream_state("users", {"at": 1}),
        row(2),
        said.stream_state("users", {"at": 2}),
        COMPLETE,
    ]
    ran = pump([stream()], messages, memory_sink(durable_at_flush=False))
    assert ran.kept == []
    assert ran.replication.last_state.streams == {(None, "users"): {"at": 2}}


def test_state_of_a_full_refresh_is_never_kept(pump, stream, entry):
    ran = pump([stream(entry(mode="full_refresh"))], [row(1), said.stream_state("users", {"at": 1}), COMPLETE])
    assert (ran.kept, bool(ran.replication.last_state), ran.replication.states) == ([], False, 1)


def test_state_beside_rows_that_replace_others_waits_for_the_end(pump, stream, entry):
    streams = [stream(), stream(entry("orders", writing="overwrite"))]
    done = [COMPLETE, said.stream_status("orders", "COMPLETE")]
    ran = pump(streams, [row(1), said.stream_state("users", {"at": 1}), *done])
    assert ran.kept == []
    assert ran.replication.last_state.streams == {(None, "users"): {"at": 1}}


def test_global_state_is_kept_whole_and_legacy_state_as_it_came(pump, stream, memory_sink):
    each = {"stream_descriptor": {"name": "users"}, "stream_state": {"at": 3}}
    found = {"type": "GLOBAL", "global": {"shared_state": {"lsn": 7}, "stream_states": [each]}}
    ran = pump([stream()], [row(1), {"type": "STATE", "state": found}, COMPLETE])
    assert ran.kept == [({(None, "users"): {"at": 3}}, {"lsn": 7})]
    ran = pump([stream()], [{"type": "STATE", "state": {"data": {"old": 1}}}, COMPLETE], memory_sink(False))
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
def test_a_source_that_does_not_do_what_it_was_asked_for_fails_the_attempt(pump, messages, expected, stream):
    ran = pump([stream()], messages)
    assert expected in str(ran.error)
    assert ran.error.failures[0].origin == "source"


def test_a_source_that_never_says_a_status_is_judged_by_its_exit(pump, stream):
    assert pump([stream()], [row(1)]).error is None


def test_an_error_is_told_in_the_connectors_own_words(pump, stream):
    error = {"message": "Wrong key.", "internal_message": "401", "failure_type": "config_error"}
    ran = pump([stream()], [{"type": "TRACE", "trace": {"type": "ERROR", "emitted_at": 1.5, "error": error}}])
    (failure,) = ran.error.failures
    assert (failure.message, failure.kind, failure.retryable) == ("Wrong key.", "config_error", False)
    assert "Wrong key." in ran.log


def test_words_before_a_crash_are_told_in_its_place(pump, stream):
    def messages():
        yield {"type": "TRACE", "trace": {"type": "ERROR", "error": {"message": "Quota used up."}}}
        raise ConnectorFailed("exit code 1")

    assert str(pump([stream()], messages()).error) == "Quota used up."


def test_a_crash_without_words_is_told_as_it_is(pump, stream):
    def messages():
        yield row(1)
        raise ConnectorFailed("exit code 1")

    assert str(pump([stream()], messages()).error) == "exit code 1"


def test_a_full_disk_is_the_destinations_failure(pump, stream, memory_sink):
    ran = pump([stream()], [row(1), row(2)], memory_sink(breaks_at=1))
    (failure,) = ran.error.failures
    assert (failure.origin, failure.message, failure.retryable) == ("destination", "No space left on device", True)


def test_a_cancellation_is_seen_in_the_middle_of_rows(pump, stream, memory_sink):
    cancellation, sink = Cancellation(), memory_sink()

    def messages():
        for number in range(100_000):
            if number == 500:
                cancellation.cancel()
            yield row(number)

    ran = pump([stream()], messages(), sink, cancellation)
    assert isinstance(ran.error, Cancelled)
    assert 500 <= len(sink.rows) < 1_000


def test_what_a_later_protocol_may_bring_is_let_through(pump, stream):
    odd = [
        {"type": "HOLOGRAM"},
        {"type": "TRACE", "trace": {"type": "MOOD"}},
        {"type": "CONTROL", "control": {}},
        {},
    ]
    ran = pump([stream()], [*odd, row(1), said.log("hello", "WARN"), COMPLETE])
    assert ran.error is None
    assert "hello" in ran.log
