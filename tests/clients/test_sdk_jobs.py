"""The `airbyte-api` SDK moves rows: jobs started, followed, listed, cancelled and reset through it alone."""

from __future__ import annotations

import duckdb
import pytest
from airbyte_local import server

from .conftest import SDK_CELLS, way_into

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


def rows(airbyte, table: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(airbyte.local / "lake.duckdb"), read_only=True) as lake:
        return lake.sql(f"SELECT id, email FROM main._airbyte_raw_{table} ORDER BY id").fetchall()


@pytest.mark.parametrize(("version", "auth"), SDK_CELLS)
def test_jobs_are_started_followed_listed_cancelled_and_reset(sdk, version, auth):
    with server(airbyte_version=version, auth=auth) as airbyte:
        seen = sdk(way_into(airbyte, auth), "jobs")["jobs"]
        moved, left = rows(airbyte, "users"), rows(airbyte, "gone_users")
    assert [each[0] for each in moved] == list(range(1, 21))
    assert all("@" in str(email) for _, email in moved)
    assert left == []
    refused, listed = seen.pop("refused"), seen.pop("listed")
    assert seen == {
        "synced": ["sync", "succeeded", 20, True, True],
        "synced again": ["sync", "succeeded", 20, True, True],
        "running": ["sync", "running", 0, False, False],
        "cancelled": ["sync", "cancelled", 0, False, True],
        "reset": ["reset", "succeeded", 0, False, True],
        "cleared": ["reset", "succeeded", 0, False, True],  # as the vendor's server calls it
    }
    assert listed == {
        "all": ["sync", "sync", "sync", "reset", "reset"],
        "newest": ["reset", "reset", "sync"],
        "page": ["sync", "reset"],
        "of one": ["sync", "reset"],
        "syncs of one": ["sync"],
        "cancelled": ["sync"],
        "of today": ["sync", "sync", "sync", "reset", "reset"],
        "of old": [],
    }
    expected = {
        "another": (409, "A sync is already running"),
        "over": (409, "Job is not currently running"),
        "unknown": (409, "Job is not currently running"),
        "refresh": (422, "Refreshes are not supported"),
    }
    for what, (status, message) in expected.items():
        name, code, text = refused[what]
        assert (name, code, message in text) == ("SDKError", status, True), (what, refused[what])
