"""What a plan says that a change brings with it, and that it does: before and after there are syncs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

import airbyte_local
import anyio
import httpx
import pytest
from airbyte_local import LocalAirbyte
from airbyte_local.jobs.scheduling import Schedules
from dagster_managed_elements.airbyte import (
    AirbyteConnection,
    AirbyteDestination,
    AirbyteInstance,
    AirbyteSource,
    AirbyteSourceDefinition,
    AirbyteStream,
    AirbyteSyncMode,
    mappers,
)
from dagster_managed_elements.applying import apply
from dagster_managed_elements.engine.elements import Element
from dagster_managed_elements.engine.guarding import Policy
from dagster_managed_elements.engine.kinds import Settings
from dagster_managed_elements.engine.planning import Plan
from dagster_managed_elements.engine.reports import Outcome
from dagster_managed_elements.engine.secrets import Resent
from dagster_managed_elements.reconciler import Reconciler
from dagster_managed_elements.reconciling import Options, Result, check

ROWS = 7
PEOPLE = AirbyteSource("people", "Sample Data", {"count": ROWS, "seed": 1, "always_updated": False})
HERE = AirbyteDestination("here", "Local JSON", {"destination_path": "/local/here"})
THERE = AirbyteDestination("there", "Local JSON", {"destination_path": "/local/there"})
WHOLE = AirbyteSyncMode.FULL_REFRESH_APPEND
SINCE = AirbyteSyncMode.INCREMENTAL_APPEND
POSTGRES = {"host": "h", "port": 5432, "database": "d", "username": "u"}
CDC = {"method": "CDC", "replication_slot": "s", "publication": "p"}
CSV = {"format": "csv", "dataset_name": "users", "provider": {"storage": "HTTPS"}}


def sync(source: AirbyteSource = PEOPLE, to: AirbyteDestination = HERE, **more: Any) -> AirbyteConnection:
    streams = more.pop("streams", {"users": SINCE})
    return AirbyteConnection("sync", source, to, streams, **more)


class Place:
    """One workspace: declared, applied, and synced."""

    def __init__(self, server: LocalAirbyte, api: str = "config") -> None:
        self.server, self.api = server, api

    def _of(self, elements: Iterable[Element]) -> list[Reconciler]:
        return [Reconciler(AirbyteInstance(url=self.server.url, api=self.api), list(elements))]

    def plan(self, *elements: Element) -> Plan:
        (result,) = anyio.run(check, self._of(elements), Options())
        assert result.error is None, result.error
        return result.plan

    def says(self, *elements: Element) -> dict[str, str]:
        """What the plan brings with it, by its code."""
        return {each.code: each.text for each in self.plan(*elements).consequences}

    def tried(
        self, *elements: Element, allowing: Iterable[str] = (), listen: Callable[[Outcome], None] = lambda _: None
    ) -> Result:
        async def decide(_plan: Plan) -> Policy:
            return Policy(allowed=frozenset(allowing))

        async def go() -> list[Result]:
            options = Options(decide=decide, on_outcome=listen, settings=Settings(patience=1, timeout=10))
            return await apply(self._of(elements), options, anyio.Event())

        (result,) = anyio.run(go)
        return result

    def apply(self, *elements: Element, allowing: Iterable[str] = ()) -> None:
        result = self.tried(*elements, allowing=allowing)
        assert result.error is None, result.error
        assert result.report.ok, result.report
        assert self.plan(*elements).entries == ()

    def call(self, endpoint: str, **body: Any) -> Any:
        answer = httpx.post(f"{self.server.url}/api/v1/{endpoint}", json=body, verify=False)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    def connections(self) -> list[dict[str, Any]]:
        return self.call("connections/list", workspaceId=self.server.workspace_id)["connections"]

    @property
    def id(self) -> str:
        (found,) = self.connections()
        return found["connectionId"]

    def sync(self) -> None:
        assert self.server.sync(self.id).status == "succeeded"

    def state(self) -> Any:
        """How far each stream was read."""
        told = self.call("state/get", connectionId=self.id)
        return {row["streamDescriptor"]["name"]: row["streamState"] for row in told.get("streamState", [])}

    def put_state(self, id_: str, **state: Any) -> None:
        """As a sync of that connection leaves it."""
        told = {"connectionId": id_, **state}
        self.call("state/create_or_update_safe", connectionId=id_, connectionState=told)

    def rows(self, table: str, folder: str = "here") -> int | None:
        """How many lie in a table; None: there is no such table."""
        path = self.server.local / folder / f"_airbyte_raw_{table}.jsonl"
        return len(path.read_text().splitlines()) if path.exists() else None


@pytest.fixture
def place(airbyte_local: LocalAirbyte) -> Place:
    return Place(airbyte_local)


def test_a_stream_that_leaves_incremental_mode_loses_its_state_and_is_read_in_full(place):
    place.apply(sync())
    place.sync()
    place.sync()
    assert place.rows("users") == ROWS, "what was read is not read again"
    after = sync(streams={"users": WHOLE})
    assert place.says(after) == {
        "state-lost": "sync (connection): the sync state of its stream users is lost, since its sync mode changes; "
        "each sync reads it in full"
    }
    assert place.tried(after).error is not None, "nobody agreed to it"
    place.apply(after, allowing=["state-lost"])
    assert place.state() == {}
    place.sync()
    assert place.rows("users") == 2 * ROWS


@pytest.mark.slow
def test_a_stream_that_becomes_incremental_is_read_in_full_once(place):
    place.apply(sync(streams={"users": WHOLE}))
    place.sync()
    assert place.says(sync()) == {
        "reread": "sync (connection): its stream users has no sync state yet, and the next sync reads it in full; "
        "its rows are appended once more"
    }
    place.apply(sync())
    place.sync()
    place.sync()
    assert place.rows("users") == 2 * ROWS


def test_another_prefix_moves_a_table_and_an_incremental_one_begins_with_what_is_new(place):
    streams = {"users": SINCE, "products": WHOLE}
    place.apply(sync(streams=streams))
    place.sync()
    before = place.state()
    after = sync(streams=streams, prefix="raw_")
    moved = "sync (connection): the table of its stream {0} moves from {0} to raw_{0}; {0} stays as it is"
    begins = ", and raw_users begins with what is new then, since the sync state is kept"
    assert [each.text for each in place.plan(after).consequences] == [
        "sync (connection) keeps the sync state of its stream users",
        moved.format("users") + begins,
        moved.format("products"),
    ]
    place.apply(after)
    assert place.state() == before
    place.sync()
    assert {name: place.rows(name) for name in ("users", "raw_users", "products", "raw_products")} == {
        "users": ROWS,
        "raw_users": 0,
        "products": ROWS,
        "raw_products": ROWS,
    }


@pytest.mark.slow
def test_a_rename_keeps_the_state(place):
    place.apply(sync())
    place.sync()
    before = place.state()
    renamed = AirbyteConnection("renamed", PEOPLE, HERE, {"users": SINCE}, renamed_from="sync")
    assert place.says(renamed) == {"state-kept": "renamed (connection) keeps the sync state of its stream users"}
    place.apply(renamed)
    place.sync()
    assert (place.state()["users"]["seed"], place.rows("users")) == (before["users"]["seed"], ROWS)


MOVED = {
    "replace": "sync (connection) is deleted and created anew",
    "state-kept": "sync (connection): its stream users goes on from where it was; there (destination) gets only "
    "what is new since then",
    "moved": "sync (connection): its tables are written to there (destination) from then on; those that are there "
    "so far stay",
}


def test_a_connection_that_is_made_anew_goes_on_from_where_the_old_one_was(place):
    place.apply(sync())
    place.sync()
    before, old = place.state(), place.id
    assert before, "there is something to keep"
    assert place.says(sync(to=THERE), HERE) == MOVED
    place.apply(sync(to=THERE), HERE, allowing=["replace"])
    assert place.id != old
    assert place.state() == before
    place.sync()
    assert (place.rows("users", "here"), place.rows("users", "there")) == (ROWS, 0)


@pytest.mark.slow
def test_of_a_connection_made_anew_only_what_is_synced_alike_goes_on(place):
    place.apply(sync(streams={"users": SINCE, "purchases": SINCE, "products": SINCE}))
    place.sync()
    before = place.state()
    after = sync(to=THERE, streams={"users": SINCE, "purchases": WHOLE})
    said = place.says(after, HERE)
    assert said["state-kept"].startswith("sync (connection): its stream users goes on")
    assert said["state-lost"] == (
        "sync (connection): the sync state of its stream purchases is lost, since it is synced otherwise; "
        "it is read in full"
    )
    assert place.tried(after, HERE, allowing=["replace"]).error is not None, "nobody agreed to the loss"
    place.apply(after, HERE, allowing=["replace", "state-lost"])
    assert place.state() == {"users": before["users"]}
    place.sync()
    assert (place.rows("users", "there"), place.rows("purchases", "there")) == (0, ROWS)


@pytest.mark.slow
def test_another_connector_reads_in_full_what_the_old_one_had_read(place):
    place.server.files.mkdir(parents=True, exist_ok=True)
    (place.server.files / "users.csv").write_text("id,updated_at\n1,a\n2,b\n")
    fed = AirbyteSource("people", "File", {**CSV, "url": f"{place.server.url}/_local/files/users.csv"})
    place.apply(sync())
    place.sync()
    after = sync(source=fed, streams={"users": WHOLE})
    assert "since another connector reads it from then on" in place.says(after)["state-lost"]
    place.apply(after, allowing=["replace", "state-lost"])
    assert place.state() == {}
    place.sync()
    assert place.rows("users") == ROWS + 2


@pytest.mark.slow
def test_through_the_public_api_a_replacement_loses_the_state_and_says_so(airbyte_local):
    place = Place(airbyte_local, "public")
    place.apply(sync())
    place.sync()
    said = place.says(sync(to=THERE), HERE)
    assert "is lost, since Airbyte's Public API cannot take it over" in said["state-lost"]
    assert "state-kept" not in said
    place.apply(sync(to=THERE), HERE, allowing=["replace", "state-lost"])
    assert place.state() == {}
    place.sync()
    assert place.rows("users", "there") == ROWS


USERS_LATER = {"loop_offset": ROWS + 1, "seed": 1, "updated_at": "later"}


LATER = {
    "stateType": "stream",
    "streamState": [{"streamDescriptor": {"name": "users"}, "streamState": USERS_LATER}],
}


def came_to(place: Place, id_: str) -> Callable[[Outcome], None]:
    """A sync of that one that ends between the read of its state and its deletion."""

    def listen(outcome: Outcome) -> None:
        if (outcome.step.verb, outcome.step.key.kind) == ("create", "connection"):
            place.put_state(id_, **LATER)

    return listen


@pytest.mark.slow
def test_what_another_connection_came_to_until_it_went_is_not_read_again(place):
    place.apply(sync())
    place.sync()
    result = place.tried(sync(to=THERE), HERE, allowing=["replace"], listen=came_to(place, place.id))
    assert result.report.ok, result.report
    assert place.state()["users"] == USERS_LATER


def test_what_another_connection_first_came_to_while_it_was_replaced_is_not_read_again(place):
    place.apply(sync(), THERE)
    result = place.tried(sync(to=THERE), HERE, allowing=["replace"], listen=came_to(place, place.id))
    assert result.report.ok, result.report
    assert place.state() == {"users": USERS_LATER}


def cut(place: Place, *elements: Element) -> None:
    """Replace a connection, but for what is done once the old one is gone: it does not go."""
    place.server.fault("connections/delete", "status", status=400)
    assert not place.tried(*elements, allowing=["replace"]).report.ok
    place.server.faults()


def test_a_replacement_that_was_cut_goes_on_from_where_the_old_one_is_when_it_goes(place):
    place.apply(sync(), THERE)
    place.sync()
    old = place.id
    cut(place, sync(to=THERE), HERE)
    result = place.tried(sync(to=THERE), HERE, allowing=["replace"], listen=came_to(place, old))
    assert result.report.ok, result.report
    assert place.state() == {"users": USERS_LATER}


def unnamed(place: Place, *elements: Element, meanwhile: Callable[[Outcome], None] = lambda _: None) -> None:
    """Replace a connection, but for what is done once the old one is gone."""

    def listen(outcome: Outcome) -> None:
        meanwhile(outcome)
        if outcome.step.verb == "delete":
            place.server.fault("", "status", status=400)

    assert not place.tried(*elements, allowing=["replace"], listen=listen).report.ok
    place.server.faults()


def test_what_another_connection_first_came_to_is_not_read_again_where_its_replacement_was_cut(place):
    place.apply(sync(), THERE)
    unnamed(place, sync(to=THERE), HERE, meanwhile=came_to(place, place.id))
    assert place.state() == {}, "there was none yet as it was made"
    place.apply(sync(to=THERE), HERE)
    assert place.state() == {"users": USERS_LATER}


@pytest.mark.slow
def test_of_another_source_no_first_state_is_taken_over_where_its_replacement_was_cut(place):
    place.apply(sync())
    after = sync(source=AirbyteSource("people too", "Sample Data", {"count": ROWS, "always_updated": False}))
    unnamed(place, after, PEOPLE, meanwhile=came_to(place, place.id))
    place.apply(after, PEOPLE)
    assert place.state() == {}, "it may be of another connector, as far as can be told by then"


@pytest.mark.parametrize(
    ("ends", "left"),
    [
        (cut, "inactive"),
        pytest.param(cut, "active", marks=pytest.mark.slow),
        pytest.param(unnamed, "inactive", marks=pytest.mark.slow),
        pytest.param(unnamed, "active", marks=pytest.mark.slow),
    ],
)
def test_what_a_replacement_that_was_cut_came_to_since_it_was_resumed_is_not_read_again(place, ends, left):
    place.apply(sync(), THERE)
    place.sync()
    old = place.id
    ends(place, sync(to=THERE), HERE)
    (made,) = [each["connectionId"] for each in place.connections() if each["connectionId"] != old]
    place.call("connections/update", connectionId=made, status="active")
    assert place.server.sync(made).status == "succeeded"
    place.put_state(made, **LATER)
    place.call("connections/update", connectionId=made, status=left)
    place.apply(sync(to=THERE), HERE, allowing=["replace"])
    assert place.id == made
    assert place.state() == {"users": USERS_LATER}


@pytest.mark.parametrize(
    ("ends", "status", "left"),
    [
        (cut, 404, "inactive"),
        pytest.param(cut, 403, "active", marks=pytest.mark.slow),
        (unnamed, 403, "inactive"),
        pytest.param(unnamed, 404, "active", marks=pytest.mark.slow),
    ],
)
def test_a_replacement_that_was_cut_ends_where_nobody_may_be_told_of_jobs(place, ends, status, left):
    place.apply(sync(), THERE)
    old = place.id
    ends(place, sync(to=THERE), HERE)
    (made,) = {each["connectionId"] for each in place.connections()} - {old}
    place.call("connections/update", connectionId=made, status=left)
    place.put_state(old, **LATER)
    place.server.fault("jobs/get_last_replication_job", "status", status=status)
    result = place.tried(sync(to=THERE), HERE, allowing=["replace"])
    place.server.faults()
    assert result.report.ok, result.report
    assert place.id == made
    assert place.state() == ({"users": USERS_LATER} if left == "inactive" else {}), (
        "one that is resumed may have run"
    )


def test_a_replacement_that_was_cut_keeps_no_state_of_a_cursor_that_is_another_by_now(place):
    def by(cursor: str, to: AirbyteDestination) -> AirbyteConnection:
        customers = AirbyteStream(SINCE, cursor_field=cursor)
        return sync(AirbyteSource("shop", "Postgres", POSTGRES), to, streams={"customers": customers})

    place.apply(by("id", HERE), THERE)
    told = {"name": "customers", "namespace": "public"}
    row = {"streamDescriptor": told, "streamState": {"cursor_field": ["id"], "cursor": "500"}}
    place.put_state(place.id, stateType="stream", streamState=[row])
    cut(place, by("id", THERE), HERE)
    after = by("updated_at", THERE)
    assert "customers is lost, since it is synced otherwise" in place.says(after, HERE)["state-lost"]
    place.apply(after, HERE, allowing=["replace", "state-lost", "delete"])
    assert place.state() == {}


def test_a_place_in_the_log_of_a_database_is_handed_to_no_other_source(place):
    shop, other = (
        AirbyteSource(name, "Postgres", {**POSTGRES, "database": name, "replication_method": CDC})
        for name in ("shop", "other")
    )
    streams = {"customers": SINCE}
    place.apply(sync(shop, streams=streams))
    row = {"streamDescriptor": {"name": "customers", "namespace": "public"}, "streamState": {}}
    place.put_state(place.id, stateType="global", globalState={"shared_state": {"lsn": 987}, "streamStates": [row]})
    assert "state-lost" not in place.says(sync(shop, THERE, streams=streams), HERE), "it is the same log"
    after = sync(other, streams=streams)
    said = place.says(after, shop)
    assert "state-kept" not in said
    assert said["state-lost"] == (
        "sync (connection): the sync state of its stream customers is lost, since it is a place in the log of the "
        "other source; it is read in full"
    )
    place.apply(after, shop, allowing=["replace", "state-lost"])
    assert place.call("state/get", connectionId=place.id)["stateType"] == "not_set"


def test_where_nothing_goes_on_a_replacement_asks_for_no_state(place):
    place.apply(sync(streams={"users": WHOLE}), THERE)
    place.server.fault("state/get", "status", status=403)
    result = place.tried(sync(to=THERE, streams={"users": WHOLE}), HERE, allowing=["replace"])
    place.server.faults()
    assert result.report.ok, result.report


@pytest.mark.slow
def test_a_replacement_that_is_cut_at_any_request_ends_with_the_state(airbyte_local):
    place = Place(airbyte_local)
    place.apply(sync(), THERE)
    place.server.forget_requests()
    place.apply(sync(to=THERE), HERE, allowing=["replace"])
    reads = next(number for number, each in enumerate(place.server.requests) if each.path.endswith("/create"))
    cuts = 0
    for requests in range(reads, 60):
        airbyte_local.reset()
        place.apply(sync(), THERE)
        place.sync()
        before = place.state()
        airbyte_local.fault("", "status", status=400, after=requests, body={"message": "no more"})
        result = place.tried(sync(to=THERE), HERE, allowing=["replace"])
        airbyte_local.faults()
        if result.error is None and result.report.ok:
            break
        cuts += 1
        place.apply(sync(to=THERE), HERE, allowing=["replace"])
        assert place.state() == before, f"after {requests} requests"
    else:
        raise AssertionError("an apply that is never cut was not reached")
    assert cuts >= 6, "of every request from the first write on there is to be a cut"


def test_of_every_key_of_a_mapper_that_is_sent_a_plan_says_so(place):
    def by(key: str, method: str) -> list[Element]:
        first = mappers.AesEncryption("email", key * 32)
        made = [first, mappers.Hashing("name", method), mappers.AesEncryption("title", key * 32)]
        return [sync(streams={"users": AirbyteStream(SINCE, mappers=made)})]

    def sends(elements: list[Element], **how: Any) -> tuple[list[tuple[str, str]], dict[str, str]]:
        async def decide(_plan: Plan) -> Policy:
            return Policy()

        place.server.forget_requests()
        options = Options(decide=decide, **how)
        (result,) = anyio.run(apply, place._of(elements), options, anyio.Event())
        assert result.report.ok, result.report
        (update,) = [each for each in place.server.requests if each.path.endswith("connections/update")]
        assert json.dumps(update.request).count("b" * 32) == 2, "both are sent"
        (entry,) = result.plan.entries
        parts = [("/".join(part.path[3:]), part.why) for changed in entry.fields for part in changed.parts]
        return parts, {each.code: each.text for each in result.plan.consequences}

    first, method, last = "0/encryption/key", "1/hashing/method", "2/encryption/key"
    place.apply(*by("a", "MD5"))
    parts, said = sends(by("b", "SHA-256"))
    assert parts == [(first, "sent-along"), (method, ""), (last, "sent-along")]
    assert "secret-resent" not in said
    alone = Resent(paths=frozenset({"sync.streams.users.mappers.0.encryption.key"}))
    parts, said = sends(by("b", "SHA-256"), resent=alone)
    assert parts == [(first, "forced")]
    assert said["secret-resent"] == (
        "sync (connection): its secret streams.users.mappers.2.encryption.key is sent again, since Airbyte takes "
        "all mappers of a stream together"
    )


def test_what_nobody_declared_goes_with_the_source_it_reads(place):
    place.apply(PEOPLE, HERE)
    (source,) = place.call("sources/list", workspaceId=place.server.workspace_id)["sources"]
    (files,) = place.call("destinations/list", workspaceId=place.server.workspace_id)["destinations"]
    ends = {"source": source["sourceId"], "destination": files["destinationId"], "streams": ["users"]}
    place.server.seed(connections=[{"name": "theirs", **ends}])
    after = AirbyteSource("people", "PokeAPI", {"pokemon_name": "ditto"})
    assert place.says(after, HERE)["cascade"].startswith(
        "theirs (connection) is deleted, since it depends on people (source)"
    )
    assert place.tried(after, HERE, allowing=["replace"]).error is not None
    assert [each["name"] for each in place.connections()] == ["theirs"]
    place.apply(after, HERE, allowing=["replace", "cascade"])
    assert place.connections() == []


BY_ITSELF = (
    "sync (connection) was synced by hand, and syncs by itself from then on, by its schedule: 0 0 12 * * ? UTC"
)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (
            {"status": "inactive", "schedule": "0 0 12 * * ?"},
            {"status": "active", "schedule": "0 0 12 * * ?"},
            "sync (connection) is resumed, and syncs again by its schedule: 0 0 12 * * ? UTC",
        ),
        (
            {},
            {"schedule": "0 0 12 * * ?"},
            BY_ITSELF,
        ),
    ],
    ids=["paused", "by hand"],
)
def test_a_connection_that_is_resumed_or_scheduled_syncs_by_itself(before, after, said):
    now = 1_767_225_600.0  # 2026-01-01 00:00 UTC
    with airbyte_local.server(clock=lambda: now) as server:
        place = Place(server)
        place.apply(sync(**before))
        schedules = Schedules()
        fires: Callable[[], int] = lambda: len(schedules.fire(server.world))  # noqa: E731
        assert fires() == 0
        now += 86_400
        assert fires() == 0, "it waits for somebody"
        assert place.says(sync(**after)) == {"resumed": said}
        place.apply(sync(**after))
        fires()
        now += 86_400
        assert fires() == 1


@pytest.mark.slow
def test_of_what_is_ignored_no_consequence_is_said(place):
    place.apply(sync(prefix="a_"))
    place.sync()
    said = place.says(sync(prefix="b_", schedule="0 0 12 * * ?", backfill=True, ignore=("schedule",)))
    assert said.keys() == {"state-kept", "moved"}
    assert place.says(sync(prefix="b_", backfill=True, ignore=("prefix",))) == {}


@pytest.mark.slow
def test_what_is_ignored_is_on_a_connection_made_anew_as_it_was(place):
    place.apply(sync(prefix="a_"), THERE)
    place.call("connections/update", connectionId=place.id, prefix="theirs_")
    after = sync(to=THERE, prefix="a_", schedule="0 0 12 * * ?", ignore=("prefix", "schedule"))
    assert "resumed" not in place.says(after, HERE)
    place.apply(after, HERE, allowing=["replace"])
    (made,) = place.connections()
    assert (made["prefix"], made["scheduleType"]) == ("theirs_", "manual")


@pytest.mark.parametrize(
    ("ends", "theirs", "declared"),
    [
        (cut, "inactive", "active"),
        (unnamed, "inactive", "active"),
        pytest.param(cut, "active", "inactive", marks=pytest.mark.slow),
        pytest.param(unnamed, "active", "inactive", marks=pytest.mark.slow),
    ],
)
def test_what_is_ignored_stays_as_it_was_where_a_replacement_that_was_cut_is_resumed(place, ends, theirs, declared):
    place.apply(sync(prefix="a_", status="active"), THERE)
    place.call("connections/update", connectionId=place.id, prefix="theirs_", status=theirs)
    after = sync(to=THERE, prefix="a_", status=declared, ignore=("prefix", "status"))
    ends(place, after, HERE)
    place.apply(after, HERE, allowing=["replace"])
    (made,) = place.connections()
    assert (made["name"], made["prefix"], made["status"]) == ("sync", "theirs_", theirs)


MINE = AirbyteSourceDefinition("Mine", docker_repository="airbyte/source-faker", docker_image_tag="6.2.0")
OTHERS = AirbyteSource("people", MINE, {"count": ROWS, "seed": 1, "always_updated": False})


@pytest.mark.parametrize(
    ("source", "ignore"),
    [
        (PEOPLE, "streams"),
        pytest.param(PEOPLE, "streams.users", marks=pytest.mark.slow),
        pytest.param(PEOPLE, "streams.users.mappers", marks=pytest.mark.slow),
        (OTHERS, "streams.users"),
        pytest.param(OTHERS, "streams", marks=pytest.mark.slow),
    ],
    ids=["destination-all", "destination-stream", "destination-mappers", "source-stream", "source-all"],
)
def test_streams_that_are_ignored_are_on_a_connection_made_anew_as_the_plan_shows(place, source, ignore):
    def shown(plan: Plan) -> list[Any]:
        return [
            (entry.key, entry.action, sorted(entry.fields, key=lambda field: field.path)) for entry in plan.entries
        ]

    def streams(mode: AirbyteSyncMode, method: str) -> dict[str, Any]:
        secret = mappers.AesEncryption("email", "a" * 32)
        return {"users": AirbyteStream(mode, mappers=[secret, mappers.Hashing("name", method)])}

    to = THERE if source is PEOPLE else HERE
    place.apply(sync(streams={**streams(SINCE, "MD5"), "products": SINCE}))
    declared = streams(WHOLE, "SHA-256")
    after = sync(source, to, streams=declared, ignore=(ignore,))
    plan, heeded = place.plan(after), place.plan(sync(source, to, streams=declared))
    assert shown(plan) == shown(heeded), "what is written is shown, though it is ignored"
    assert plan.consequences == heeded.consequences
    assert {notice.code for notice in plan.notices} >= {"not-ignored"}
    assert "ignored" not in {notice.code for notice in plan.notices}
    place.apply(after, allowing=["replace", "cascade", "state-lost", "deselected"])
    (made,) = place.connections()
    (row,) = made["syncCatalog"]["streams"]
    assert (row["stream"]["name"], row["config"]["syncMode"]) == ("users", "full_refresh")
    assert row["config"]["mappers"][1]["mapperConfiguration"]["method"] == "SHA-256"
    assert place.plan(sync(source, to, streams=declared)).entries == ()


@pytest.mark.slow
def test_a_connector_is_not_moved_over_a_breaking_change_unasked(place):
    feed = AirbyteSource("feed", "E2E Testing", {"type": "INFINITE_FEED", "max_records": 3})
    place.apply(feed)
    newer = AirbyteSourceDefinition("E2E Testing", docker_image_tag="3.1.0")
    assert "3.0.0 is a breaking change" in place.says(newer, feed)["breaking-change"]
    assert "2027-03-31" in place.says(newer, feed)["breaking-change"]
    waiting = place.call("sources/list", workspaceId=place.server.workspace_id)["sources"][0]
    assert "3.0.0" in json.dumps(waiting["breakingChanges"])
    assert place.tried(newer, feed).error is not None
    place.apply(newer, feed, allowing=["breaking-change"])
    moved = place.call("sources/list", workspaceId=place.server.workspace_id)["sources"][0]
    assert "3.0.0" not in json.dumps(moved.get("breakingChanges")), "it is behind it now"


@pytest.mark.slow
@pytest.mark.parametrize("absent", ["state/create_or_update_safe", "state/get"])
def test_where_a_server_cannot_hand_the_state_on_nothing_is_lost(tmp_path, absent):
    with airbyte_local.server(tmp_path, absent=[absent]) as server:
        place = Place(server)
        place.apply(sync(), THERE)
        place.sync()
        (old,) = place.connections()
        result = place.tried(sync(to=THERE), HERE, allowing=["replace"])
        assert result.error is None
        if absent == "state/get":
            outcomes = {str(each.step): each for each in result.report.outcomes}
            assert "could not be taken over" in outcomes["create sync (connection)"].reason
            assert outcomes["delete sync (connection)"].status == "skipped"
            assert old["connectionId"] in {each["connectionId"] for each in place.connections()}
        else:
            assert result.report.ok, result.report
            assert place.state()["users"]["seed"] == 1
