"""What the pages say."""

from __future__ import annotations

import re
import time

import pytest

CONNECT = {"source": "people", "destination": "out"}


@pytest.fixture
def seeded(api):
    return api.server.seed(
        sources=[{"name": "people"}],
        destinations=[{"name": "out"}],
        connections=[{"name": "people to out", **CONNECT}],
    )


@pytest.fixture
def connection_id(seeded):
    return seeded["connections"][0]


def test_an_empty_airbyte_says_what_to_do_next(read):
    assert "No connections yet" in read.text("/")
    assert "dagster-me apply --module" in read.text("/")
    for path in ("/sources", "/destinations"):
        assert f"No {path[1:]} yet" in read.text(path)
    assert "dagster-me serve --module" in read.text("/diff")


def test_a_connection_is_listed_with_both_ends_and_its_schedule(read, api):
    api.server.seed(
        sources=[{"name": "people"}],
        destinations=[{"name": "out"}],
        connections=[
            {
                "name": "nightly",
                **CONNECT,
                "scheduleType": "cron",
                "scheduleData": {"cron": {"cronExpression": "0 0 2 * * ?", "cronTimeZone": "UTC"}},
            }
        ],
    )
    said = read.text("/")
    assert "nightly" in said
    assert "people Sample Data → to out Local JSON 3 At 02:00 (UTC) Never" in said


def test_the_last_job_is_listed_with_its_rows_and_when_it_ended(read, past, connection_id):
    past.job(connection_id, "succeeded", records_committed=1_204_000, records_emitted=1_300_000)
    page = read.get("/").text
    assert "Succeeded" in page
    assert "1,204,000" in page
    assert re.search(
        r'<time datetime="[^"]+Z" title="[-0-9]{10} [:0-9]{8} UTC" data-ago>58 minutes ago</time>', page
    )


def test_what_runs_is_listed_with_what_was_read_so_far(read, past, connection_id):
    past.job(connection_id, "running", at=int(time.time()) - 90, records_emitted=1_300_000)
    said = read.text("/")
    assert re.search(r"Running for 1 min 3\d s 1,300,000", said)


def test_the_list_can_be_searched_and_filtered_by_what_became_of_the_last_job(read, api, past):
    ids = api.server.seed(
        sources=[{"name": "people"}, {"name": "shop"}],
        destinations=[{"name": "out"}],
        connections=[
            {"name": "c{n}", **CONNECT, "count": 3},
            {"name": "d", "source": "shop", "destination": "out"},
        ],
    )["connections"]
    past.job(ids[0], "failed", failures=["no"])
    past.job(ids[1], "succeeded")
    past.job(ids[2], "pending")

    def listed(query: str) -> list[str]:
        return re.findall(r'href="/connections/[^"]+"><bdi class="name">([^<]+)', read.get(f"/?{query}").text)

    assert listed("") == ["c0", "c1", "c2", "d"]
    assert listed("show=failed") == ["c0"]
    assert listed("show=succeeded") == ["c1"]
    assert listed("show=running") == ["c2"]
    assert listed("show=never") == ["d"]
    assert listed("q=SHOP") == ["d"]
    assert listed("q=c&show=failed") == ["c0"]
    assert listed("show=nonsense&page=nonsense") == ["c0", "c1", "c2", "d"]
    assert "Nothing found" in read.text("/?q=nobody")


def test_a_thousand_connections_are_shown_in_pages(read, api):
    api.server.seed(
        sources=[{"name": "people"}],
        destinations=[{"name": "out"}],
        connections=[{"name": "c{n}", **CONNECT, "count": 250}],
    )
    pages = [read.get(f"/?page={page}").text for page in (1, 2, 3, 99)]
    counts = [len(re.findall(r'id="c-', page)) for page in pages]
    assert counts == [100, 100, 50, 50]
    assert "Page 3 of 3" in pages[-1]
    assert 'rel="next"' in pages[0]
    assert 'rel="next"' not in pages[-1]


def test_a_connection_shows_its_streams_with_modes_keys_fields_and_state(read, api):
    source = api.source()["sourceId"]
    found = api.ok("sources/discover_schema", sourceId=source)["catalog"]["streams"]
    users = next(each for each in found if each["stream"]["name"] == "users")
    users["config"] |= {
        "selected": True,
        "syncMode": "incremental",
        "destinationSyncMode": "append_dedup",
        "cursorField": ["updated_at"],
        "primaryKey": [["id"]],
        "fieldSelectionEnabled": True,
        "selectedFields": [{"fieldPath": [name]} for name in ("id", "updated_at")],
        "hashedFields": [],
    }
    made = api.connection(source, syncCatalog={"streams": [users]}, prefix="raw_")
    stream = {"streamDescriptor": {"name": "users"}, "streamState": {"updated_at": "2026-01-01"}}
    api.ok(
        "state/create_or_update",
        connectionId=made["connectionId"],
        connectionState={"connectionId": made["connectionId"], "stateType": "stream", "streamState": [stream]},
    )
    said = read.text(f"/connections/{made['connectionId']}")
    fields = len(users["stream"]["jsonSchema"]["properties"])
    assert f"users Incremental, append + deduped updated_at id 2 of {fields}" in said
    assert '"updated_at": "2026-01-01"' in said
    assert "prefix raw_" in said
    assert re.search(r"\w+ left out", said)


def test_a_connection_without_streams_says_so(read, api):
    made = api.connection(syncCatalog={"streams": []})
    assert "No stream is selected" in read.text(f"/connections/{made['connectionId']}")


def test_the_history_has_every_job_with_attempts_duration_size_and_why_it_failed(read, past, connection_id):
    past.job(connection_id, "succeeded", records_committed=10, bytes_committed=12_345)
    failed = past.job(connection_id, "failed", failures=["the disk is full"])
    past.attempt(failed.id, 1, "failed", failures=["the disk is still full"])
    said = read.text(f"/connections/{connection_id}")
    assert f"Sync {failed.id} failed. the disk is still full" in said
    assert re.search(rf"Sync {failed.id} Failed the disk is still full .* 1 min 05 s 0 0 B 1 2", said)
    assert "1 min 05 s 10 12.3 kB 1" in said


def test_a_job_between_two_attempts_says_why_the_first_one_failed(read, past, connection_id):
    past.job(connection_id, "incomplete", failures=["the network is down"])
    assert "Trying again the network is down" in read.text(f"/connections/{connection_id}")


def test_of_many_jobs_the_newest_are_shown_and_that_is_said(read, past, connection_id):
    jobs = [past.job(connection_id, "succeeded").id for _ in range(51)]
    said = read.text(f"/connections/{connection_id}")
    assert "Older jobs are not shown" in said
    assert f"Sync {jobs[1]} " in said
    assert f"Sync {jobs[0]} Succeeded" not in said


def test_the_log_of_any_attempt_can_be_chosen(read, past, connection_id):
    first, second = (past.job(connection_id, "succeeded") for _ in range(2))
    for job in (first, second):
        with past.journal(job.id) as journal:
            journal.say(f"hello of {job.id}", source="source")
    newest = read.text(f"/connections/{connection_id}")
    assert f"hello of {second.id}" in newest
    assert f"hello of {first.id}" not in newest
    assert f"hello of {first.id}" in read.text(f"/connections/{connection_id}?job={first.id}&attempt=0")
    for nonsense in ("job=999", "job=x&attempt=y", f"job={first.id}&attempt=7"):
        assert read.get(f"/connections/{connection_id}?{nonsense}").status_code == 200


def test_of_a_long_log_the_end_is_shown_and_the_rest_is_a_link_away(read, past, connection_id):
    job = past.job(connection_id, "succeeded")
    with past.journal(job.id) as journal:
        for n in range(1_003):
            journal.say(f"line {n}.", source="source")
    said = read.text(f"/connections/{connection_id}")
    assert "3 earlier lines left out here" in said
    assert "line 2." not in said
    assert "line 3." in said
    plain = read.get(f"/jobs/{job.id}/attempts/0/log")
    assert plain.headers["content-type"].startswith("text/plain")
    assert len(plain.text.splitlines()) == 1_003
    assert plain.text.splitlines()[0].endswith("INFO  source: line 0.")


def test_an_inactive_connection_says_why_it_cannot_be_synced(read, api, connection_id):
    api.ok("connections/update", connectionId=connection_id, status="inactive")
    page = read.get(f"/connections/{connection_id}").text
    assert "activate it to sync it" in page
    assert re.search(r'<button id="sync"[^>]* disabled', page)
    assert ">inactive<" in read.get("/").text


def test_a_deleted_connection_is_still_there_to_look_at_and_not_listed(read, api, connection_id):
    api.ok("connections/delete", connectionId=connection_id)
    assert "This connection was deleted" in read.text(f"/connections/{connection_id}")
    assert "people to out" not in read.text("/")


def test_sources_and_destinations_are_listed_with_their_connectors_and_connections(read, seeded):
    assert re.search(r"people Sample Data 1 just now|people Sample Data 1 \d+ seconds ago", read.text("/sources"))
    assert "out Local JSON 1" in read.text("/destinations")
    assert "people" in read.text("/sources?q=SAMPLE")
    assert "Nothing found" in read.text("/sources?q=nobody")


def test_a_source_shows_its_configuration_its_connections_and_its_streams(read, api, seeded):
    made = api.source("shaped", count=1_000, parallelism=2)
    said = read.text(f"/sources/{made['sourceId']}")
    assert "count 1000 parallelism 2" in said
    assert "Nobody has asked it yet" in said
    said = read.text(f"/sources/{seeded['sources'][0]}")
    assert "Nothing is configured" in said
    assert "people to out" in said
    assert "3 streams. users" in said


def test_a_deleted_source_shows_that_nothing_is_left_of_it(read, api):
    made = api.source("gone")
    api.ok("sources/delete", sourceId=made["sourceId"])
    assert "its configuration and its secrets are gone" in read.text(f"/sources/{made['sourceId']}")


def test_the_connectors_say_which_of_them_run_here(read):
    said = read.text("/definitions")
    assert re.search(r"E2E Testing airbyte/source-e2e-test \S+ built in", said)
    assert re.search(r"HubSpot airbyte/source-hubspot \S+ only imitated here", said)
    assert re.search(r"GitHub airbyte/source-github \S+ does not run yet: airbyte-local install github", said)


def test_several_workspaces_can_be_chosen_from(read, api):
    api.server.seed(
        workspaces=[{"name": "sales"}],
        sources=[{"name": "people"}, {"name": "mine", "workspace": "sales"}],
        destinations=[{"name": "out"}, {"name": "there", "workspace": "sales"}],
        connections=[
            {"name": "one", **CONNECT},
            {"name": "two", "source": "mine", "destination": "there"},
        ],
    )
    page = read.get("/").text
    sales = re.search(r'<option dir="auto" value="([^"]+)">sales', page)[1]
    assert "one" in read.text("/")
    assert "two sales" in read.text("/")
    said = read.text(f"/?workspace={sales}").partition("Show")[2]
    assert "two" in said
    assert "one" not in said
    assert "people" not in read.text(f"/sources?workspace={sales}")
    assert f'href="/sources?workspace={sales}"' in read.get(f"/?workspace={sales}").text


def test_one_workspace_is_nothing_to_choose_from(read):
    assert "<select" not in read.get("/").text


def test_what_is_not_there_is_a_friendly_page(read):
    for path, said in (
        ("/nothing", "There is no such page"),
        ("/connections/nothing", "There is no such connection"),
        ("/sources/nothing", "There is no such source"),
        ("/destinations/nothing", "There is no such destination"),
        ("/assets/nothing", "There is no such page"),
        ("/jobs/1/attempts/0/log", "There is no such page"),
        ("/login", "There is no such page"),
    ):
        answer = read.get(path)
        assert (answer.status_code, said in answer.text) == (404, True), path


def test_who_asks_for_no_page_is_answered_as_before(read):
    for path in ("/", "/sources", "/connections/x"):
        assert read.get(path, accept="application/json").text == "Object not found."
    for path in ("/api/v1/nothing", "/api/public/v1/nothing", "/v1/sources", "/api", "/v1"):
        assert read.get(path).text == "Object not found.", path
    assert read.get("/nothing", accept="*/*").text == "Object not found."
    assert read.get("/", accept="*/*").status_code == 200


def test_the_pages_are_in_no_log_and_meet_no_fault(read, api):
    api.server.fault("", "status", status=503)
    assert read.get("/").status_code == 200
    assert api.server.requests == []


@pytest.mark.parametrize(
    "path", ["/", "/connections", "/sources", "/diff", "/definitions", "/nothing", "/assets/pages.css"]
)
def test_every_answer_forbids_what_no_page_needs(read, path):
    headers = read.get(path).headers
    policy = dict(each.strip().split(" ", 1) for each in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    assert set(policy.values()) <= {"'none'", "'self'"}
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == ("public, max-age=31536000, immutable" if "assets" in path else "no-store")


def test_a_page_loads_nothing_from_elsewhere_and_has_no_script_in_it(read, seeded, connection_id):
    for path in ("/", f"/connections/{connection_id}", "/sources", "/definitions", "/diff"):
        page = read.get(path).text
        loaded = re.findall(r'(?:src|<link[^>]* href)="([^"]+)"', page)
        assert loaded
        assert all(each.startswith("/assets/") for each in loaded)
        assert not re.search(r"<script(?![^>]* src=)|\son\w+=|\sstyle=", page)
        for asset in loaded:
            assert read.get(asset).status_code == 200
