"""Sources that die, lie or stop half way: the job says so, nothing half-written is seen, the next run is right."""

from __future__ import annotations

import pytest

from testing.syncs.bench import chosen, wait_until
from testing.syncs.landings import LANDINGS, SQL
from testing.syncs.programs import Tables
from testing.syncs.streams import BY_NAME, Stream

pytestmark = pytest.mark.wide("Local JSON", "SQLite")

STREAM = Stream(
    name="things",
    properties={"id": {"type": "integer"}, "at": {"type": "string"}, "size": {"type": ["null", "integer"]}},
    key="id",
    cursor="at",
)
OLD = [{"id": n, "at": f"2026-01-0{n}", "size": n} for n in (1, 2)]
NEW = [{"id": n, "at": f"2026-02-0{n}", "size": n * 10} for n in (1, 2, 3, 4)]
TYPED = ["DuckDB", "Postgres"]
UNKNOWN_ROW = '{"type": "RECORD", "record": {"stream": "others", "data": {}, "emitted_at": 1}}\n'
BREAKING = [
    ({"act": "kill"}, "The connector was killed by signal 9 without a word."),
    ({"act": "exit", "code": 0}, "The source did not complete stream things: it left it STARTED."),
    ({"act": "exit", "code": 3}, "The connector ended with 3 without a word."),
    ({"act": "error", "message": "Out of things."}, "Out of things."),
    ({"act": "write", "bytes": b'{"type": "RECORD", "record": {"stream"\n'.hex()}, "is no JSON"),
    ({"act": "write", "bytes": UNKNOWN_ROW.encode().hex()}, "a row of stream others, which was not asked for"),
]
NOISE = b"Traceback (most recent call last):\n\xff\xfe\x00\x01\n[1, 2]\n{}\n" + b"x" * 100_000 + b"\n"


@pytest.fixture
def started(bench, land, tmp_path):
    """`started(landing, mode)`: a connection whose first sync has moved the old rows, and its tables."""

    def start(landing: str, mode: str):
        tables = Tables(bench, tmp_path)
        tables.write((STREAM, OLD))
        flow = bench.connect(tables.create(), land(landing), [chosen(STREAM, BY_NAME[mode])])
        flow.sync()
        return flow, tables

    return start


@pytest.mark.parametrize("landing", LANDINGS)
@pytest.mark.parametrize("mode", ["full_refresh_overwrite", "incremental_append"])
def test_a_connector_killed_while_it_is_read_leaves_nothing_new(started, landing, mode):
    check_fault(*started(landing, mode), mode, *BREAKING[0])


@pytest.mark.parametrize("landing", ["Local JSON", "DuckDB"])
@pytest.mark.parametrize(("fault", "said"), BREAKING[1:], ids=lambda value: str(value)[:20])
def test_a_source_that_does_not_do_its_work_leaves_nothing_new(started, landing, fault, said):
    check_fault(*started(landing, "full_refresh_overwrite"), "full_refresh_overwrite", fault, said)


def check_fault(flow, tables, mode, fault, said):
    before = flow.states()
    tables.write((STREAM, NEW), fault={"after": 2, **fault})
    assert said in flow.fail()
    flow.holds(STREAM, OLD)
    assert flow.states() == before
    tables.write((STREAM, NEW))
    flow.sync()
    flow.holds(STREAM, BY_NAME[mode].after(OLD, NEW, STREAM))


@pytest.mark.parametrize("landing", SQL)
@pytest.mark.parametrize("mode", ["incremental_append", "incremental_deduped_history"])
def test_rows_before_the_last_state_are_kept_with_it_and_do_not_come_again(started, landing, mode):
    flow, tables = started(landing, mode)
    tables.write((STREAM, NEW), fault={"after": 4, "act": "kill"})
    assert "signal 9" in flow.fail()
    kept = BY_NAME[mode].after(OLD, NEW[:3], STREAM)
    flow.holds(STREAM, kept)
    assert flow.states() == {"things": {"at": NEW[2]["at"]}}
    tables.write((STREAM, NEW))
    flow.sync()
    flow.holds(STREAM, BY_NAME[mode].after(kept, NEW[2:], STREAM))  # it sends the row of its cursor again


@pytest.mark.parametrize("landing", ["Local JSON", "Local CSV"])
def test_a_file_is_all_or_nothing_and_so_is_the_state_beside_it(started, landing):
    flow, tables = started(landing, "incremental_append")
    tables.write((STREAM, NEW), fault={"after": 4, "act": "kill"})
    assert "signal 9" in flow.fail()
    flow.holds(STREAM, OLD)
    assert flow.states() == {"things": {"at": OLD[-1]["at"]}}
    tables.write((STREAM, NEW))
    flow.sync()
    flow.holds(STREAM, [*OLD, *NEW])


@pytest.mark.parametrize("landing", LANDINGS)
def test_a_refresh_that_fails_leaves_the_old_rows_and_the_next_sync_brings_the_new_ones_alone(started, landing):
    flow, tables = started(landing, "incremental_append")
    tables.write((STREAM, NEW), fault={"after": 4, "act": "kill"})
    refresh = flow.bench.config("connections/refresh", connectionId=flow.id, refreshMode="Truncate")
    assert flow.ended(refresh["job"]["id"])["job"]["status"] == "failed"
    flow.holds(STREAM, OLD)
    tables.write((STREAM, NEW))
    flow.sync()
    flow.holds(STREAM, NEW)
    assert flow.states() == {"things": {"at": NEW[-1]["at"]}}


@pytest.mark.parametrize("landing", SQL)
def test_a_cancelled_sync_keeps_what_has_a_state_behind_it_and_no_more(started, landing, tmp_path):
    flow, tables = started(landing, "incremental_append")
    marker = tmp_path / "waiting"
    tables.write((STREAM, NEW), fault={"after": 4, "act": "wait", "marker": str(marker)})
    job = flow.start()
    wait_until(lambda: marker.exists() and flow.states() == {"things": {"at": NEW[2]["at"]}})
    assert flow.bench.config("jobs/cancel", id=job)["job"]["status"] == "cancelled"
    flow.holds(STREAM, [*OLD, *NEW[:3]])
    tables.write((STREAM, NEW))
    flow.sync()
    flow.holds(STREAM, [*OLD, *NEW[:3], *NEW[2:]])


@pytest.mark.parametrize("landing", ["Local JSON", "DuckDB"])
def test_a_source_that_prints_what_is_no_message_is_logged_and_read(started, landing):
    flow, tables = started(landing, "full_refresh_overwrite")
    tables.write((STREAM, NEW), fault={"after": 2, "act": "write", "bytes": NOISE.hex()})
    job = flow.sync()
    flow.holds(STREAM, NEW)
    said = [each["message"] for each in flow.log(job)]
    assert "Traceback (most recent call last):" in said
    assert max(map(len, said)) < 10_000


@pytest.mark.parametrize("landing", TYPED)
@pytest.mark.parametrize("mode", ["full_refresh_overwrite", "full_refresh_append", "incremental_deduped_history"])
def test_a_row_that_breaks_its_schema_is_named_and_nothing_of_it_is_seen(started, landing, mode):
    flow, tables = started(landing, mode)
    secret = "not a size at all"
    tables.write((STREAM, [*NEW[:2], {**NEW[2], "size": secret}, NEW[3]]))
    assert flow.fail() == "Stream 'things', column 'size': a text does not fit integer"
    flow.holds(STREAM, OLD)
    assert flow.landing.types(STREAM) == flow.landing.wanted_types(STREAM)
    assert secret not in str(flow.bench.config("jobs/get", id=flow.jobs[-1]))
    tables.write((STREAM, NEW))
    flow.sync()
    flow.holds(STREAM, BY_NAME[mode].after(OLD, NEW, STREAM))


@pytest.mark.parametrize("landing", TYPED)
def test_a_row_that_breaks_its_schema_fails_a_first_sync_before_there_is_a_table(bench, land, tmp_path, landing):
    tables = Tables(bench, tmp_path)
    tables.write((STREAM, [*OLD, {"id": 2.5, "at": "2026-01-03"}]))
    flow = bench.connect(tables.create(), land(landing), [chosen(STREAM, BY_NAME["full_refresh_append"])])
    assert flow.fail() == "Stream 'things', column 'id': a number does not fit integer"
    assert flow.landing.rows(STREAM) is None
