"""What a source should not say: told in a sentence, or passed over; never a traceback, nothing without end."""

from __future__ import annotations

import pytest
from airbyte_local.connectors import messages as said
from airbyte_local.jobs.replication import LATEST, MOST_ERRORS

COMPLETE = said.stream_status("users", "COMPLETE")
ROW = said.record("users", {"id": 1}, 1_000)
A_DAY = 86_400_000


def row(**more):
    return {"type": "RECORD", "record": {"stream": "users", "data": {"id": 1}, **more}}


def state(**more):
    return {"type": "STATE", "state": more}


def trace(**more):
    return {"type": "TRACE", "trace": more}


def told(error):
    (failure,) = error.failures
    assert failure.origin == "source", failure
    return failure.message


@pytest.mark.parametrize(
    "odd",
    [
        [],
        "text",
        None,
        7,
        {"type": ["RECORD"]},
        {"type": "LOG"},
        {"type": "LOG", "log": "hello"},
        {"type": "LOG", "log": {"level": {"a": 1}, "message": {"b": 2}}},
        {"type": "TRACE"},
        {"type": "TRACE", "trace": None},
        trace(),
        trace(type="ESTIMATE", estimate={}),
        trace(type="STREAM_STATUS", stream_status={"stream_descriptor": {"name": "others"}, "status": "RUNNING"}),
        trace(type="STREAM_STATUS", stream_status={"stream_descriptor": {"name": ["others"]}, "status": "RUNNING"}),
        state(type="FUTURE", data={"a": 1}),
        state(type="STREAM", stream={"stream_descriptor": {"name": "others"}, "stream_state": {"a": 1}}),
    ],
)
def test_what_says_nothing_is_passed_over(pump, stream, odd):
    ran = pump([stream()], [odd, ROW, COMPLETE])
    assert (ran.error, ran.kept, ran.replication.stats()[0].records_emitted) == (None, [], 1)


@pytest.mark.parametrize(
    ("odd", "kind"),
    [
        ({"type": "STATE"}, "STATE"),
        ({"type": "STATE", "state": [1]}, "STATE"),
        (state(type="STREAM"), "STATE"),
        (state(type="STREAM", stream={"stream_state": {}}), "STATE"),
        (state(type="STREAM", stream={"stream_descriptor": {"name": ["users"]}, "stream_state": {}}), "STATE"),
        (state(type="STREAM", stream={"stream_descriptor": "users", "stream_state": {}}), "STATE"),
        (state(type="GLOBAL"), "STATE"),
        (state(**{"type": "GLOBAL", "global": {"stream_states": {"users": {}}}}), "STATE"),
        (state(**{"type": "GLOBAL", "global": {"shared_state": [1]}}), "STATE"),
        (state(type="STREAM", stream={"stream_descriptor": {"name": "users"}, "stream_state": "at 1"}), "STATE"),
        (state(data=[1]), "STATE"),
        (trace(type="STREAM_STATUS"), "STREAM_STATUS"),
        (trace(type="STREAM_STATUS", stream_status={"status": "COMPLETE"}), "STREAM_STATUS"),
        (trace(type="STREAM_STATUS", stream_status={"stream_descriptor": {"name": "users"}}), "STREAM_STATUS"),
    ],
)
def test_what_may_mean_rows_is_not_passed_over(pump, stream, odd, kind):
    assert told(pump([stream()], [ROW, odd, COMPLETE]).error).startswith(
        f"The source sent a {kind} that cannot be understood ("
    )


@pytest.mark.parametrize(
    "odd",
    [
        {"type": "RECORD"},
        {"type": "RECORD", "record": [1]},
        row(data=None),
        row(data=[1]),
        row(stream=None),
        row(stream=["users"]),
        row(stream="others"),
        row(namespace="n"),
        row(namespace={"a": 1}),
        {"type": "RECORD", "record": {"data": {"id": 1}}},
    ],
)
def test_a_row_of_nobody_fails_in_a_sentence(pump, stream, odd):
    assert told(pump([stream()], [odd, COMPLETE]).error).startswith("The source sent a ")


@pytest.mark.parametrize(
    "error",
    [None, {}, "Quota used up.", [1], {"message": {"a": 1}}, {"stream_descriptor": "users"}, {"failure_type": []}],
)
def test_an_error_counts_whatever_it_is_made_of(pump, stream, error):
    assert told(pump([stream()], [ROW, trace(type="ERROR", error=error), COMPLETE]).error)


def test_an_empty_namespace_is_none(pump, stream, entry):
    empty = {"stream_descriptor": {"name": "users", "namespace": ""}, "stream_state": {"at": 1}}
    status = {"stream_descriptor": {"name": "users", "namespace": ""}, "status": "COMPLETE"}
    messages = [
        row(namespace=""),
        state(type="STREAM", stream=empty),
        trace(type="STREAM_STATUS", stream_status=status),
    ]
    for mine in (stream(), stream(entry(namespace=""))):
        ran = pump([mine], messages)
        assert (ran.error, ran.kept) == (None, [({(None, "users"): {"at": 1}}, None)])


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (5, 5),
        (5.7, 5),
        (LATEST - 1, LATEST - 1),
        ("5", None),
        (None, None),
        (True, None),
        (-1, None),
        (LATEST, None),
    ],
)
def test_a_moment_is_whole_milliseconds_of_a_calendar_or_now(pump, stream, memory_sink, given, kept):
    sink = memory_sink()
    now = said.now_ms()
    pump([stream()], [row(emitted_at=given), COMPLETE], sink)
    (moment,) = sink.moments
    assert type(moment) is int
    assert moment == kept if kept else now <= moment < now + A_DAY


def test_rows_after_the_end_of_their_stream_are_rows(pump, stream):
    assert pump([stream()], [ROW, COMPLETE, ROW]).replication.stats()[0].records_emitted == 2


def test_a_state_before_any_row_is_kept(pump, stream):
    assert pump([stream()], [said.stream_state("users", {"at": 1}), COMPLETE]).kept == [
        ({(None, "users"): {"at": 1}}, None)
    ]


def test_complaints_without_end_leave_a_few(pump, stream):
    complaint = trace(type="ERROR", error={"message": "x" * 1_000_000})
    failures = pump([stream()], (complaint for _ in range(200))).error.failures
    assert len(failures) == MOST_ERRORS
    assert sum(len(failure.message) for failure in failures) < 10_000_000


def test_statuses_of_streams_without_end_are_not_remembered(pump, stream):
    ran = pump([stream()], (said.stream_status(str(number), "RUNNING") for number in range(1_000)))
    assert told(ran.error) == "The source did not complete stream users: it said nothing about it."
    assert len(ran.replication._statuses.said) == 0


def test_a_mapper_that_cannot_is_no_fault_of_either_end(pump, stream, entry):
    hashing = {"type": "hashing", "mapperConfiguration": {"targetField": "id", "method": "SHA-256"}}
    ran = pump([stream(entry(mappers=[hashing]))], [row(data={"id": object()})])
    (failure,) = ran.error.failures
    assert (failure.origin, failure.message.partition(":")[0]) == ("replication", "TypeError")


def test_state_for_nobody_is_not_kept_whatever_its_type(pump, stream, entry):
    whole = [
        state(data={"users": 1}),
        state(type="LEGACY", data={"users": 1}),
        state(**{"type": "GLOBAL", "global": {"shared_state": {"lsn": 1}, "stream_states": []}}),
    ]
    ran = pump([stream(entry(mode="full_refresh"))], [ROW, *whole, COMPLETE])
    assert (ran.error, ran.kept, bool(ran.replication.last_state)) == (None, [], False)
