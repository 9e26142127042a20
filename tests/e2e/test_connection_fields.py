"""Every field of a connection in both APIs: what is declared is so, what is changed is seen, what is not declared
stays.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import airbyte_local
import anyio
import httpx
import pytest
from dagster_managed_elements import DeclarationError
from dagster_managed_elements.airbyte import (
    AirbyteConnection,
    AirbyteDestination,
    AirbyteSchedule,
    AirbyteSource,
    AirbyteSyncMode,
    AirbyteTag,
)
from dagster_managed_elements.airbyte.connection_fields import FIELDS, words_of
from dagster_managed_elements.applying import apply
from dagster_managed_elements.engine.guarding import Policy
from dagster_managed_elements.reconciling import Options, Result, check
from dagster_managed_elements.rendering.values import inline_sides

from testing.airbytes import CELLS, Cell, Workload
from testing.connection_fields import EXAMPLES, declared_in

PEOPLE = AirbyteSource("people", "Sample Data", {"count": 10})
FILES = AirbyteDestination("files", "Local JSON", {"destination_path": "/local/out"})
FULL = AirbyteSyncMode.FULL_REFRESH_OVERWRITE
NEWEST = {"2.0-config-none", "2.0-public-none"}


STATUSES = ("active", "inactive")


def connection(name: str = "sync", **fields: Any) -> AirbyteConnection:
    return AirbyteConnection(name, PEOPLE, FILES, {"users": FULL}, **fields)


class Place:
    """One Airbyte, as declared and as somebody with another client changes it."""

    def __init__(self, cell: Cell, server: airbyte_local.LocalAirbyte) -> None:
        self.cell, self.server, self.work = cell, server, Workload(cell, server)

    def shown(self, *elements: Any) -> list[str]:
        """A line for every field that a check says differs."""
        lines: list[str] = []
        for entry in self.work.plan(elements).entries:
            for field in entry.fields:
                before, after = inline_sides(field.before, field.after)
                lines.append(f"{'.'.join(field.path)}: {before} -> {after}")
        return lines

    def error(self, *elements: Any) -> str:
        (result,) = anyio.run(check, [self.work.reconciler(elements)], Options())
        assert isinstance(result.error, DeclarationError), result.error
        return str(result.error)

    def change(self, body: Mapping[str, Any], id_: str | None = None) -> None:
        """By a raw request: the Public API's where there is no other."""
        id_, auth = id_ or self.stored().id, ("airbyte", "password") if self.cell.auth == "basic" else None
        root = "/v1" if self.cell.version == "cloud" else "/api/v1"
        with httpx.Client(base_url=f"{self.server.url}{root}", trust_env=False, verify=False, auth=auth) as client:
            if self.cell.auth == "client":
                asked = {"client_id": self.server.client_id, "client_secret": self.server.client_secret}
                token = client.post("applications/token", json=asked).json()["access_token"]
                client.headers["Authorization"] = f"Bearer {token}"
            if self.cell.version == "cloud":
                answer = client.patch(f"connections/{id_}", json=body)
            else:
                answer = client.post("connections/update", json={"connectionId": id_, **body})
            answer.raise_for_status()

    def stored(self) -> Any:
        workspace = self.server.workspace_id
        with self.server.world.store.transaction() as session:
            (found,) = session.connections.of_workspaces([workspace])
        return found

    def writes(self) -> list[tuple[str, Any]]:
        """What was sent to connections since requests were last forgotten: where to, and the body."""
        reads = ("list", "/get")
        sent = [
            request
            for request in self.server.requests
            if "/connections" in request.path and request.method != "GET"
        ]
        return [(each.path, each.request) for each in sent if not any(word in each.path for word in reads)]


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(cell, id=str(cell), marks=() if str(cell) in NEWEST else pytest.mark.slow) for cell in CELLS
    ],
)
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    """With a connection there, of which every field is declared that this Airbyte has."""
    cell = request.param
    with airbyte_local.server(airbyte_version=cell.version, auth=cell.auth) as server:
        made = Place(cell, server)
        made.work.converge([connection(**declared_in(cell))])
        yield made


def test_every_row_has_an_example():
    assert set(EXAMPLES) == {row.attribute for row in FIELDS}


@pytest.mark.parametrize("row", FIELDS, ids=lambda row: row.attribute)
def test_a_change_at_the_server_shows_as_one_line_and_is_taken_back(place: Place, row):
    cell, example = place.cell, EXAMPLES[row.attribute]
    if not example.is_in(cell):
        place.server.forget_requests()
        said = place.error(connection(**declared_in(cell), **{row.attribute: example.declared}))
        assert said.startswith(f"sync.{row.label}: ") or "has no tags" in said
        assert row.attribute in said
        assert place.writes() == []
        return
    declared = connection(**declared_in(cell))
    assert place.shown(declared) == []
    place.change(example.config if cell.version != "cloud" else example.public)
    line = example.line
    if row.attribute == "schedule":
        line += " UTC" if cell.api == "public" else " Europe/Berlin"
    assert place.shown(declared) == [line]
    place.work.converge([declared])


def test_a_check_of_every_field_asks_for_tags_once_and_for_nothing_more(place: Place):
    def asked(*elements: Any) -> list[str]:
        place.server.forget_requests()
        place.work.plan(elements)
        return sorted(
            request.path.split("?")[0] for request in place.server.requests if "token" not in request.path
        )

    every, bare = asked(connection(**declared_in(place.cell))), asked(connection())
    tags = [path for path in every if "/tags" in path]
    has_region = place.cell.api == "public" and EXAMPLES["region"].is_in(place.cell)  # which the version tells
    probed = [path for path in every if has_region and path.endswith("/instance_configuration")]
    assert [path for path in every if path not in {*tags, *probed}] == bare
    assert len(probed) == has_region
    assert len(tags) == EXAMPLES["tags"].is_in(place.cell)


def test_what_is_not_declared_is_no_difference_and_is_never_sent(place: Place):
    """However much of it is changed at the server."""
    examples = [EXAMPLES[row.attribute] for row in FIELDS if EXAMPLES[row.attribute].is_in(place.cell)]
    for example in examples:
        place.change(example.config if place.cell.version != "cloud" else example.public)
    assert place.shown(connection()) == []
    place.server.forget_requests()
    place.work.converge([AirbyteConnection("sync", PEOPLE, FILES, {"products": FULL})])
    (sent,) = place.writes()
    assert set(sent[1]).isdisjoint(words_of(place.cell.api))
    place.work.converge([connection(**declared_in(place.cell))])


@pytest.fixture(params=["config", "public"])
def fresh(request: pytest.FixtureRequest, airbyte_local: airbyte_local.LocalAirbyte) -> Place:
    return Place(Cell("2.0", request.param, "none"), airbyte_local)


def test_a_create_says_everything_in_one_request_but_what_airbyte_takes_from_an_update_alone(fresh: Place):
    declared = declared_in(fresh.cell)
    by_mail = declared.pop("notify_schema_changes_by_email", None)
    fresh.work.converge([connection(**declared)])
    assert [path.rsplit("/", 1)[-1] for path, _ in fresh.writes()] in (["create"], ["connections"])
    if by_mail:
        fresh.server.forget_requests()
        fresh.work.converge([connection(**declared), connection("second", **declared_in(fresh.cell))])
        (_, created), (_, updated) = fresh.writes()
        assert created["name"] == "second"
        assert set(updated) == {"connectionId", "notifySchemaChangesByEmail"}


def test_a_create_that_could_not_be_told_everything_is_said_to_be_unfinished_and_ended_by_the_next(airbyte_local):
    fresh = Place(Cell("2.0", "config", "none"), airbyte_local)
    declared = connection(notify_schema_changes_by_email=True)
    fresh.server.fault("connections/update", "status", status=400)
    result = applied(fresh, declared)
    (outcome,) = [each for each in result.report.outcomes if each.status != "done"]
    assert "it was created, but for notifySchemaChangesByEmail" in outcome.reason
    fresh.server.faults()
    fresh.server.forget_requests()
    fresh.work.converge([declared])
    assert [path.rsplit("/", 1)[-1] for path, _ in fresh.writes()] == ["update"]


def test_a_create_whose_answer_is_lost_is_told_the_rest_all_the_same(airbyte_local: airbyte_local.LocalAirbyte):
    place = Place(Cell("2.0", "config", "none"), airbyte_local)
    place.server.fault("connections/create", "lost-after-commit", times=1)
    assert applied(place, connection(notify_schema_changes_by_email=True)).report.ok
    assert place.stored().details["notifySchemaChangesByEmail"] is True


def test_a_replacement_that_was_cut_off_is_told_the_rest_by_the_next_run(
    airbyte_local: airbyte_local.LocalAirbyte,
):
    """Also what nobody declares: it was chosen in the UI."""
    place = Place(Cell("2.0", "config", "none"), airbyte_local)
    place.work.converge([connection()])
    place.change({"notifySchemaChangesByEmail": True})
    place.server.fault("connections/update", "status", status=400)
    assert not applied(place, moved()).report.ok
    place.server.faults()
    place.work.converge([moved()])
    assert place.stored().details["notifySchemaChangesByEmail"] is True


def applied(place: Place, *elements: Any) -> Result:
    async def decide(_plan: Any) -> Policy:
        return Policy(allow_all=True)

    async def go() -> list[Result]:
        return await apply([place.work.reconciler(elements)], Options(decide=decide), anyio.Event())

    (result,) = anyio.run(go)
    return result


def moved(**fields: Any) -> AirbyteConnection:
    """To another source, which makes another connection of it."""
    pokemon = AirbyteSource("people", "PokeAPI", {"pokemon_name": "ditto"})
    return AirbyteConnection("sync", pokemon, FILES, {"pokemon": FULL}, **fields)


CUTS = [(there, declared, cut) for there in STATUSES for declared in STATUSES for cut in ("", "delete", "rename")]
SOON = [("active", "inactive", "rename"), ("inactive", "active", "delete")]


@pytest.mark.parametrize(
    ("there", "declared", "cut"),
    [pytest.param(*cut, marks=() if cut in SOON else pytest.mark.slow) for cut in CUTS],
)
def test_a_replacement_ends_with_the_declared_status_and_is_paused_until_then(fresh: Place, there, declared, cut):
    fresh.work.converge([connection(status=there)])
    fresh.server.forget_requests()
    if cut == "delete":
        fresh.server.fault("connections/", "status", status=400, method="DELETE")
        fresh.server.fault("connections/delete", "status", status=400)
    if cut == "rename":
        fresh.server.fault("connections/update", "status", status=400)
        fresh.server.fault("connections/", "status", status=400, method="PATCH")
    result = applied(fresh, moved(status=declared))
    assert result.error is None
    assert result.report.ok == (cut == "")
    fresh.server.faults()
    fresh.work.converge([moved(status=declared)])
    assert (fresh.stored().name, fresh.stored().status) == ("sync", declared)
    for _, body in fresh.writes():
        if body and body.get("status") == "active":
            assert body.get("name") == "sync"


def test_what_is_declared_comes_before_what_a_replacement_takes_over(fresh: Place):
    declared = declared_in(fresh.cell)
    fresh.work.converge([connection()])
    for row in FIELDS:
        example = EXAMPLES[row.attribute]
        if example.is_in(fresh.cell) and row.attribute != "status":
            fresh.change(example.config)
    basic = {"basicSchedule": {"units": 6, "timeUnit": "hours"}}
    fresh.change({"scheduleType": "basic", "scheduleData": basic})
    fresh.work.converge([moved(**{**declared, "schedule": AirbyteSchedule.manual()})])
    fresh.work.converge([moved(**declared)])


def test_a_paused_connection_that_is_resumed_is_said_to_sync_again(fresh: Place):
    fresh.work.converge([connection(status="inactive", schedule="0 0 12 * * ?")])
    resumed = fresh.work.plan([connection(status="active", schedule="0 0 12 * * ?")])
    (consequence,) = resumed.consequences
    assert (consequence.code, consequence.destructive) == ("resumed", False)
    assert consequence.text == ("sync (connection) is resumed, and syncs again by its schedule: 0 0 12 * * ? UTC")
    assert connection(status="inactive").fields()["status"] == "inactive"


def test_the_public_api_before_1_7_has_the_region_of_a_connection():
    with airbyte_local.server(airbyte_version="1.6") as server:
        place = Place(Cell("1.6", "public", "none"), server)
        place.work.converge([connection(region="eu")])
        assert place.stored().details["geography"] == "eu"
        place.change({"geography": "us"})
        assert place.shown(connection(region="eu")) == ["region: us -> eu"]
        place.work.converge([connection(region="eu")])


def test_tags_are_a_set_and_none_of_them_is_no_tags(fresh: Place):
    one, other = AirbyteTag("one"), AirbyteTag("other")
    fresh.work.converge([connection(tags=[one, other])])
    assert fresh.shown(connection(tags=[other, one])) == []
    assert fresh.shown(connection(tags=["other", "one"])) == []
    assert fresh.shown(connection(tags=None)) == ['tags: ["one", "other"] -> []']
