"""Schedules, streams and ends of a connection; discoveries that fail."""

from __future__ import annotations

import pytest

VERSIONS = ("0.50", "1.5", "1.6", "1.8", "2.0")
EVERYWHERE = (*VERSIONS, "cloud")
PAGE = "https://reference.airbyte.com/reference/getstreamproperties"
WRITABLE = {"destinationType": "local-json", "destination_path": "/local/x"}
QUARTZ = "https://www.quartz-scheduler.org/documentation/quartz-2.3.0/tutorials/crontrigger.html"


def cron(expression):
    return {"schedule": {"scheduleType": "cron", "cronExpression": expression}}


@pytest.mark.parametrize("version", EVERYWHERE)
def test_cron_expressions_that_are_refused_and_kept(serve, connect_ends, version):
    ends = connect_ends(serve(version))
    assert ends.told(schedule={"scheduleType": "cron"}) == "Missing cron expression in the schedule."
    assert ends.told(**cron("0 0 * * *")) == (
        "The cron expression 0 0 * * * is not valid. "
        "Error: Cron expression contains 5 parts but we expect one of [6, 7]. "
        f"Please check the cron expression format at {QUARTZ}"
    )
    assert ends.told(**cron("* 0 0 * * ?")) == (
        "The cron expression * 0 0 * * ? is not valid or is less than the one hour minimum. "
        "The seconds and minutes values cannot be `*`."
    )
    assert ends.connect(**cron("0 0/5 * * * ? 2030")).status == 400
    made = ends.made({"name": "users"}, **cron("0 30 4 * * ? UTC"))
    assert made["schedule"] == {"scheduleType": "cron", "cronExpression": "0 30 4 * * ? UTC"}


def test_more_often_than_hourly_is_refused_on_cloud_alone(serve, connect_ends):
    often = cron("0 0/15 * * * ?")
    assert connect_ends(serve("2.0")).connect({"name": "users"}, **often).status == 200
    refused = connect_ends(serve("cloud")).connect({"name": "users"}, **often)
    assert refused.json["type"] == "error:cron-validation/under-one-hour-not-allowed"


@pytest.mark.parametrize("version", EVERYWHERE)
def test_streams_that_are_not_there_or_there_twice(serve, connect_ends, version):
    api = serve(version, odd_requests=True)
    ends = connect_ends(api)
    found = "streams found with name [{}] and namespace [{}]. "
    asked = f"Please call the {PAGE} endpoint to see the valid stream name and namespace combinations."
    assert ends.told({"name": "nope"}) == "No " + found.format("nope", "null") + asked
    twin = connect_ends(api, "twin")
    assert twin.told({"name": "orders"}) == "Multiple " + found.format("orders", "null") + asked
    if version in {"1.8", "2.0", "cloud"}:
        assert twin.told({"name": "orders", "namespace": "c"}) == "No " + found.format("orders", "c") + asked
        made = twin.made({"name": "orders", "namespace": "b"})
        assert made["configurations"]["streams"][0]["namespace"] == "b"
        assert ends.made({"name": "users", "namespace": "wrong, and not noticed"})["configurations"]["streams"]


@pytest.mark.parametrize("version", EVERYWHERE)
def test_a_stream_given_twice(serve, connect_ends, version):
    told = connect_ends(serve(version)).told({"name": "users"}, {"name": "users"})
    assert told == "Duplicate stream found in configuration for stream name [users] in namespace [null]."


@pytest.mark.parametrize("version", EVERYWHERE)
def test_a_sync_mode_that_the_two_ends_cannot_do(serve, connect_ends, version):
    ends = connect_ends(serve(version), destination="plain")
    assert ends.told({"name": "users", "syncMode": "incremental_deduped_history"}) == (
        "Cannot set sync mode to incremental_deduped_history for stream users. "
        "Valid sync modes are: [full_refresh_overwrite, full_refresh_append, incremental_append]"
    )
    shown = ends.made({"name": "users", "syncMode": "incremental_append"}, {"name": "products"})
    modes = {stream["name"]: stream["syncMode"] for stream in shown["configurations"]["streams"]}
    assert modes == {"users": "incremental_append", "products": "full_refresh_overwrite"}


@pytest.mark.parametrize(
    ("version", "there"), [("0.50", False), ("1.5", False), ("1.6", True), ("1.8", True), ("2.0", True)]
)
def test_sync_modes_come_with_versions(serve, connect_ends, version, there):
    api = serve(version, odd_requests=True)
    ends = connect_ends(api)
    stream = {"name": "users", "syncMode": "full_refresh_overwrite_deduped"}
    assert ends.connect(stream).status == (200 if there else 400)
    modes = api.public("GET", "streams", sourceId=ends.source, destinationId=ends.destination).json
    row = (modes["streams"] if version == "0.50" else modes)[0]
    assert ("full_refresh_overwrite_deduped" in row["syncModes"]) is there


@pytest.mark.parametrize("version", VERSIONS)
def test_ends_in_two_workspaces(serve, connect_ends, version):
    api = serve(version)
    here, there = connect_ends(api), api.made("workspaces", name="w")["workspaceId"]
    elsewhere = api.made("destinations", name="d", workspaceId=there, configuration=WRITABLE)
    body = {"sourceId": here.source, "destinationId": elsewhere["destinationId"]}
    refused = api.public("POST", "connections", {**body, "configurations": {"streams": [{"name": "users"}]}})
    assert (refused.status, refused.json["title"]) == (500, "unexpected-problem")
    assert refused.json.get("data") is None
    assert api.ask("connections/create", {**body, "status": "active"}).status == 500


def test_a_locked_connection(serve):
    api = serve("9.9")
    ids = api.server.seed(
        sources=[{"name": "s"}],
        destinations=[{"name": "d"}],
        connections=[{"name": "c", "source": "s", "destination": "d", "status": "locked"}],
    )
    refused = api.public("PATCH", f"connections/{ids['connections'][0]}", {"name": "x"})
    assert (refused.status, refused.json["type"]) == (409, "error:connection/locked")
    assert refused.json["detail"] == "Connection is locked"


@pytest.mark.parametrize("version", VERSIONS)
def test_schedules_of_the_config_api(serve, connect_ends, version):
    api = serve(version)
    ends = connect_ends(api)
    body = {"sourceId": ends.source, "destinationId": ends.destination, "status": "active"}
    wrong_cron = {"cron": {"cronExpression": "0 0 * * *", "cronTimeZone": "UTC"}}
    wrong_zone = {"cron": {"cronExpression": "0 0 4 * * ?", "cronTimeZone": "Etc/UTC"}}
    basic = {"timeUnit": "hours", "units": 1}
    for more, status in (
        ({"scheduleType": "cron", "scheduleData": wrong_cron}, 400),
        ({"scheduleType": "cron", "scheduleData": wrong_zone}, 400),
        ({"scheduleType": "basic"}, 422),
        ({"scheduleType": "basic", "scheduleData": {"basicSchedule": basic}, "schedule": basic}, 422),
    ):
        assert api.ask("connections/create", {**body, **more}).status == status, more
    shown = api.ok(
        "connections/create", {**body, "scheduleType": "basic", "scheduleData": {"basicSchedule": basic}}
    )
    public = api.public("GET", f"connections/{shown['connectionId']}").json
    assert public["schedule"] == {"scheduleType": "basic", "basicTiming": "Every 1 HOURS"}


@pytest.mark.parametrize("version", EVERYWHERE)
def test_a_discovery_that_fails(serve, connect_ends, version):
    api = serve(version)
    ends = connect_ends(api, "twin")
    api.made(f"sources/{ends.source}", "PATCH", configuration={"database": "fail:discover"})
    refused = ends.connect({"name": "orders"})
    assert (refused.status, refused.json["title"]) == (500, "unexpected-problem")
    assert "Something went wrong in the connector. logs:" in refused.text
    assert api.public("GET", "streams", sourceId=ends.source, destinationId=ends.destination).status == 500
    if version != "cloud":
        found = api.ok("sources/discover_schema", sourceId=ends.source)
        assert (found["jobInfo"]["succeeded"], "catalog" in found) == (False, False)
