"""A replacement that is cut in two, at any request: nothing is lost, and the next apply ends what was begun."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import anyio
import httpx
import pytest
from airbyte_local import Exchange, LocalAirbyte
from dagster_managed_elements.airbyte import (
    AirbyteConnection,
    AirbyteDestination,
    AirbyteInstance,
    AirbyteSource,
    AirbyteSyncMode,
)
from dagster_managed_elements.applying import apply
from dagster_managed_elements.engine.elements import Element
from dagster_managed_elements.engine.guarding import Policy
from dagster_managed_elements.engine.kinds import Settings
from dagster_managed_elements.engine.planning import Plan
from dagster_managed_elements.reconciler import Reconciler
from dagster_managed_elements.reconciling import Options, Result, check

FULL = AirbyteSyncMode.FULL_REFRESH_OVERWRITE
FILES = AirbyteDestination("files", "Local JSON", {"destination_path": "/local/out"})
DAILY = {"scheduleType": "basic", "scheduleData": {"basicSchedule": {"timeUnit": "hours", "units": 24}}}
AT_NIGHT = {
    "scheduleType": "cron",
    "scheduleData": {"cron": {"cronExpression": "0 0 3 * * ?", "cronTimeZone": "UTC"}},
}
CHOSEN_IN_UI = [
    pytest.param("config", {**DAILY, "status": "inactive", "prefix": "ui_"}, marks=pytest.mark.slow),
    pytest.param(
        "config",
        {**AT_NIGHT, "status": "active", "nonBreakingChangesPreference": "propagate_columns"},
        marks=pytest.mark.slow,
    ),
    pytest.param("public", {**AT_NIGHT, "status": "inactive", "prefix": "ui_"}, marks=pytest.mark.slow),
    pytest.param("public", {**AT_NIGHT, "status": "active"}, marks=pytest.mark.slow),
]
MOST_REQUESTS = 60


class Team:
    """One module, applied to one server through one API."""

    def __init__(self, server: LocalAirbyte, api: str) -> None:
        self.server, self.api = server, api

    def _of(self, elements: Sequence[Element]) -> list[Reconciler]:
        return [Reconciler(AirbyteInstance(url=self.server.url, api=self.api), elements)]

    def apply(self, *elements: Element) -> Result:
        async def decide(_plan: Plan) -> Policy:
            return Policy(allow_all=True)

        async def go() -> list[Result]:
            options = Options(decide=decide, settings=Settings(patience=1, timeout=10))
            return await apply(self._of(elements), options, anyio.Event())

        (result,) = anyio.run(go)
        return result

    def done(self, *elements: Element) -> None:
        result = self.apply(*elements)
        assert result.error is None, result.error
        assert result.report.ok, result.report
        (after,) = anyio.run(check, self._of(elements), Options())
        assert after.error is None, after.error
        assert after.plan.entries == ()

    def call(self, endpoint: str, **body: Any) -> Any:
        answer = httpx.post(f"{self.server.url}/api/v1/{endpoint}", json=body, verify=False)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def rows(self, kind: str) -> list[dict[str, Any]]:
        return self.call(f"{kind}/list", workspaceId=self.server.workspace_id)[kind]

    def connection(self) -> dict[str, Any]:
        (found,) = self.rows("connections")
        return found

    def named(self, name: str) -> dict[str, Any]:
        (found,) = [row for row in self.rows("connections") if row["name"] == name]
        return found

    def choose(self, **chosen: Any) -> None:
        self.call("connections/update", connectionId=self.named("sync")["connectionId"], **chosen)

    def cut(self, *elements: Element) -> None:
        """Apply, with a server that refuses to delete a connection."""
        whose = {"match": "connections/delete"} if self.api == "config" else {"match": "conn", "method": "DELETE"}
        self.server.fault(whose.pop("match"), "status", status=400, **whose)
        assert not self.apply(*elements).report.ok
        self.server.faults()

    def names(self) -> dict[str, list[str]]:
        return {
            kind: [row["name"] for row in self.rows(kind)] for kind in ("sources", "destinations", "connections")
        }


def module(source: AirbyteSource, destination: AirbyteDestination = FILES) -> AirbyteConnection:
    stream = "users" if source.source_type == "Sample Data" else "pokemon"
    return AirbyteConnection("sync", source, destination, {stream: FULL})


def people(connector: str) -> AirbyteSource:
    return AirbyteSource(
        "people", connector, {"count": 10} if connector == "Sample Data" else {"pokemon_name": "ditto"}
    )


def settings(connection: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: connection.get(name) for name in names}


@pytest.mark.parametrize(("api", "chosen"), CHOSEN_IN_UI)
def test_what_the_ui_chose_survives_a_replacement_that_is_cut_at_any_request(airbyte_local, api, chosen):
    team = Team(airbyte_local, api)
    before, after = module(people("Sample Data")), module(people("PokeAPI"))
    cuts = 0
    for requests in range(reads_before_the_first_write(team, before, after), MOST_REQUESTS):
        airbyte_local.reset()
        team.done(before)
        team.call("connections/update", connectionId=team.connection()["connectionId"], **chosen)
        airbyte_local.fault("", "status", status=400, after=requests, body={"message": "no more"})
        result = team.apply(after)
        airbyte_local.faults()
        if result.error is None and result.report.ok:
            break
        cuts += 1
        kept = {row["name"] for row in team.rows("connections")}
        assert kept, f"the connection is gone after {requests} requests"
        team.done(after)
        assert settings(team.connection(), list(chosen)) == chosen
        assert team.names() == {"sources": ["people"], "destinations": ["files"], "connections": ["sync"]}
    else:
        raise AssertionError("an apply that is never cut was not reached")
    assert cuts >= 6, "of every write there is to be a cut"


def reads_before_the_first_write(team: Team, before: Element, after: Element) -> int:
    team.done(before)
    team.server.forget_requests()
    team.apply(after)
    return next(number for number, exchange in enumerate(team.server.requests) if is_write(exchange))


def is_write(exchange: Exchange) -> bool:
    reads = ("/list", "/get", "/discover", "instance_configuration")
    return exchange.method != "GET" and not any(word in exchange.path for word in reads)


@pytest.mark.wide("config")
@pytest.mark.parametrize("api", ["config", "public"])
def test_a_stream_that_the_new_source_lacks_leaves_everything_as_it_was(airbyte_local, api):
    team = Team(airbyte_local, api)
    team.done(module(people("Sample Data")))
    connection = team.connection()
    misspelt = AirbyteConnection("sync", people("PokeAPI"), FILES, {"pokemno": FULL})
    result = team.apply(misspelt)
    assert {str(outcome.step): outcome.status for outcome in result.report.outcomes} == {
        "create people (source)": "done",
        "create sync (connection)": "failed",
        "delete sync (connection)": "skipped",
        "delete people (source)": "skipped",
        "update people (source)": "skipped",
        "update sync (connection)": "skipped",
    }
    assert team.connection() == connection
    (again,) = anyio.run(check, team._of([module(people("PokeAPI"))]), Options())
    shown = [(entry.action, entry.key.name, [field.path for field in entry.fields]) for entry in again.plan.entries]
    assert shown == [
        ("replace", "people", [("type",), ("pokemon_name",), ("count",)]),
        ("replace", "sync", [("streams", "pokemon"), ("streams", "users")]),
    ]
    assert again.plan.entries[1].cause.name == "people"
    team.done(module(people("PokeAPI")))
    assert team.names() == {"sources": ["people"], "destinations": ["files"], "connections": ["sync"]}


@pytest.mark.parametrize("api", ["config", "public"])
@pytest.mark.parametrize("refused", ["sources", "connections"])
def test_a_create_that_is_refused_deletes_nothing(airbyte_local, api, refused):
    team = Team(airbyte_local, api)
    team.done(module(people("Sample Data")))
    connection = team.connection()
    airbyte_local.fault(f"{refused}/create" if api == "config" else refused, "status", method="POST", status=422)
    result = team.apply(module(people("PokeAPI")))
    airbyte_local.faults()
    assert not result.report.ok
    assert team.connection() == connection
    team.done(module(people("PokeAPI")))


def test_a_connection_nobody_declares_stays_where_the_new_source_cannot_be_made(airbyte_local):
    team = Team(airbyte_local, "config")
    team.done(module(people("Sample Data")))
    connection = team.connection()
    airbyte_local.fault("sources/create", "status", status=422)
    assert not team.apply(people("PokeAPI")).report.ok
    assert team.connection() == connection


@pytest.mark.wide("config")
@pytest.mark.parametrize("api", ["config", "public"])
def test_what_the_ui_chose_after_a_replacement_was_cut_survives_its_end(airbyte_local, api):
    team = Team(airbyte_local, api)
    after = module(
        people("Sample Data"), AirbyteDestination("files", "Local CSV", {"destination_path": "/local/o"})
    )
    team.done(module(people("Sample Data")))
    team.cut(after)
    chosen = {**AT_NIGHT, "status": "inactive", "prefix": "ui_"}
    team.choose(**chosen)
    team.cut(after)
    choose_columns(team, "id", "age")
    team.done(after)
    assert settings(team.connection(), list(chosen)) == chosen
    assert columns(team) == ["age", "id"]
    assert team.names() == {"sources": ["people"], "destinations": ["files"], "connections": ["sync"]}


def test_what_is_as_it_was_when_a_replacement_was_cut_is_gone_on_with(airbyte_local):
    team = Team(airbyte_local, "config")
    team.done(module(people("Sample Data")))
    team.choose(**AT_NIGHT, nonBreakingChangesPreference="propagate_columns")
    choose_columns(team, "id", "age")
    after = module(
        people("Sample Data"), AirbyteDestination("files", "Local CSV", {"destination_path": "/local/o"})
    )
    team.cut(after)
    begun = {row["connectionId"] for row in team.rows("connections")} - {team.named("sync")["connectionId"]}
    team.done(after)
    assert {team.connection()["connectionId"]} == begun


def test_a_schedule_that_cannot_be_taken_over_is_named_by_each_run_that_replaces_its_connection(airbyte_local):
    team = Team(airbyte_local, "public")
    team.done(module(people("Sample Data")))
    after = module(people("PokeAPI"))
    for schedule, named in ((AT_NIGHT, False), (DAILY, True), (DAILY, True)):
        team.choose(**schedule)
        (planned,) = anyio.run(check, team._of([after]), Options())
        said = "\n".join(found.text for found in planned.plan.consequences)
        assert ("its schedule (every 24 hours)" in said) == named
        team.cut(after)


@pytest.mark.wide("[1]")
@pytest.mark.parametrize("cut", range(3))
def test_a_change_of_mind_in_the_middle_leaves_nothing_behind(airbyte_local, cut):
    team = Team(airbyte_local, "config")
    team.done(module(people("Sample Data")))
    kept = settings(team.connection(), ["status", "scheduleType"])
    airbyte_local.fault("connections/delete", "status", status=400, after=cut)
    airbyte_local.fault("sources/delete", "status", status=400)
    assert not team.apply(module(people("PokeAPI"))).report.ok
    airbyte_local.faults()
    team.done(module(people("Sample Data")))
    assert settings(team.connection(), ["status", "scheduleType"]) == kept
    assert team.names() == {"sources": ["people"], "destinations": ["files"], "connections": ["sync"]}


def test_two_connections_are_never_active_at_once(airbyte_local):
    team = Team(airbyte_local, "config")
    team.done(module(people("Sample Data")))
    airbyte_local.fault("connections/delete", "status", status=400)
    team.apply(module(people("PokeAPI")))
    assert sorted(row["status"] for row in team.rows("connections")) == ["active", "inactive"]


@pytest.mark.parametrize("api", ["config", "public"])
def test_a_replacement_costs_one_request_more_than_its_create_and_delete(airbyte_local, api):
    team = Team(airbyte_local, api)
    team.done(module(people("Sample Data")))
    airbyte_local.forget_requests()
    team.apply(module(people("PokeAPI")))
    assert sum(is_write(exchange) for exchange in airbyte_local.requests) == 6


def users_in(folder, header: str) -> AirbyteSource:
    """A source of a stream that has the name of one of Sample Data, and its own columns."""
    (folder / "users.csv").write_text(f"{header}\n{','.join('1' for _ in header.split(','))}\n")
    settings = {
        "dataset_name": "users",
        "format": "csv",
        "url": "/local/users.csv",
        "provider": {"storage": "local"},
    }
    return AirbyteSource("people", "File", settings)


def choose_columns(team: Team, *names: str) -> None:
    connection = team.named("sync")
    (row,) = connection["syncCatalog"]["streams"]
    row["config"] |= {"fieldSelectionEnabled": True, "selectedFields": [{"fieldPath": [name]} for name in names]}
    team.call("connections/update", connectionId=connection["connectionId"], syncCatalog={"streams": [row]})


def columns(team: Team) -> list[str]:
    (row,) = team.connection()["syncCatalog"]["streams"]
    return sorted(field["fieldPath"][0] for field in row["config"].get("selectedFields", []))


@pytest.mark.parametrize("api", ["config", "public"])
def test_columns_that_were_chosen_stay_chosen_when_the_source_is_replaced(airbyte_local, api):
    team = Team(airbyte_local, api)
    team.done(module(people("Sample Data")))
    choose_columns(team, "id", "age")
    after = AirbyteConnection("sync", users_in(airbyte_local.local, "id,age,secret"), FILES, {"users": FULL})
    team.done(after)
    assert columns(team) == ["age", "id"]


@pytest.mark.parametrize("api", ["config", "public"])
def test_columns_that_were_chosen_stay_chosen_when_the_destination_is_replaced(airbyte_local, api):
    team = Team(airbyte_local, api)
    team.done(module(people("Sample Data")))
    choose_columns(team, "id", "age")
    team.done(
        module(people("Sample Data"), AirbyteDestination("files", "Local CSV", {"destination_path": "/local/o"}))
    )
    assert columns(team) == ["age", "id"]


@pytest.mark.wide("config")
@pytest.mark.parametrize("api", ["config", "public"])
def test_columns_that_were_chosen_stay_chosen_when_the_source_changes_as_the_destination_is_replaced(
    airbyte_local, api
):
    """Its streams are known only once it has changed."""
    team = Team(airbyte_local, api)
    team.done(module(people("Sample Data")))
    choose_columns(team, "id", "age")
    csv = AirbyteDestination("files", "Local CSV", {"destination_path": "/local/o"})
    changed = AirbyteSource("people", "Sample Data", {"count": 11})
    team.done(AirbyteConnection("sync", changed, csv, {"users": FULL, "products": FULL}))
    (users,) = [row for row in team.connection()["syncCatalog"]["streams"] if row["stream"]["name"] == "users"]
    assert sorted(field["fieldPath"][0] for field in users["config"]["selectedFields"]) == ["age", "id"]


@pytest.mark.parametrize("api", ["config", "public"])
def test_columns_that_the_new_source_lacks_stop_the_replacement_before_anything_is_lost(airbyte_local, api):
    team = Team(airbyte_local, api)
    team.done(module(people("Sample Data")))
    choose_columns(team, "id", "age")
    connection = team.connection()
    after = AirbyteConnection("sync", users_in(airbyte_local.local, "id,secret"), FILES, {"users": FULL})
    result = team.apply(after)
    (failed,) = [outcome for outcome in result.report.outcomes if outcome.status == "failed"]
    assert "the new source has none named age" in failed.reason
    assert team.connection() == connection
