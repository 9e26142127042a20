"""No room left: the job may be tried again, nothing has changed, and with room the next one is right."""

from __future__ import annotations

import json

import pytest
from airbyte_local.connectors.protocol import ConnectorCrashed

A = {"id": 1, "name": "a"}
LIMITS = {"json": 2_000_000, "csv": 2_000_000, "sqlite": 2_000_000, "duckdb": 700_000}


@pytest.mark.parametrize("name", LIMITS)
@pytest.mark.parametrize("replaces", [True, False])
def test_a_file_that_cannot_grow_fails_the_job_and_changes_nothing(stores, name, replaces):
    store = stores.make(name)
    store.sync(A)
    asked = json.dumps({"name": "users", "replaces": replaces})
    with store.child(f"target={asked}", "open", "write=60000", "finish", limit=LIMITS[name]) as process:
        out, errors = process.communicate()
    assert process.returncode == 3, errors
    assert out.startswith("ConnectorCrashed: ")
    assert any(reason in out for reason in ("File too large", "disk is full", "disk I/O error", "Could not write"))
    assert store.rows() == [A]
    store.sync(A)
    assert store.rows() == [A, A]
    assert store.debris() == []


def test_a_server_without_room_fails_the_job_and_changes_nothing(stores):
    store = stores.make("postgres")
    store.sync(A)
    store.execute(
        "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$"
    )
    store.execute("CREATE TRIGGER full_disk BEFORE INSERT ON users EXECUTE FUNCTION full_disk()")
    sink = store.open()
    sink.write(0, A, 1)
    with pytest.raises(ConnectorCrashed, match="could not extend file"):
        sink.finish()
    sink.abort()
    assert store.rows() == [A]
    store.execute("DROP TRIGGER full_disk ON users")
    store.sync(A)
    assert store.rows() == [A, A]
