"""Tags are elements of their own: made before the connections that wear them, and gone without taking one along."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import airbyte_local
import anyio
import pytest
from dagster_managed_elements import DeclarationError, Reconciler
from dagster_managed_elements.airbyte import (
    AirbyteConnection,
    AirbyteDestination,
    AirbyteInstance,
    AirbyteSource,
    AirbyteSyncMode,
    AirbyteTag,
)
from dagster_managed_elements.applying import apply
from dagster_managed_elements.engine.elements import Element
from dagster_managed_elements.engine.guarding import Policy
from dagster_managed_elements.engine.planning import Plan
from dagster_managed_elements.reconciling import Options, Result, check

from testing.proxies import spoiling

PEOPLE = AirbyteSource("people", "Sample Data", {"count": 10})
FILES = AirbyteDestination("files", "Local JSON", {"destination_path": "/local/out"})
STREAMS = {"users": AirbyteSyncMode.FULL_REFRESH_OVERWRITE}


def connection(name: str = "sync", **more: Any) -> AirbyteConnection:
    return AirbyteConnection(name, PEOPLE, FILES, STREAMS, **more)


class Tagged:
    """A workspace through one API."""

    def __init__(self, server: airbyte_local.LocalAirbyte, api: Any) -> None:
        self.server, self.api = server, api

    def check(self, *elements: Element, delete: bool = False, url: str = "") -> Result:
        (result,) = anyio.run(check, [self._of(elements, delete=delete, url=url)], Options())
        return result

    def plan(self, *elements: Element, delete: bool = False) -> Plan:
        result = self.check(*elements, delete=delete)
        assert result.error is None, result.error
        return result.plan

    def applied(self, *elements: Element, delete: bool = False) -> list[str]:
        """Apply, and the check that follows is empty; what was done, in order."""

        async def decide(_plan: Plan) -> Policy:
            return Policy(allow_all=True)

        async def go() -> list[Result]:
            return await apply([self._of(elements, delete=delete)], Options(decide=decide), anyio.Event())

        (result,) = anyio.run(go)
        assert result.error is None, result.error
        assert result.report.ok, result.report
        assert self.plan(*elements, delete=delete).entries == ()
        return [str(outcome.step) for outcome in result.report.outcomes]

    def _of(self, elements: Sequence[Element], *, delete: bool, url: str = "") -> Reconciler:
        instance = AirbyteInstance(url=url or self.server.url, api=self.api)
        return Reconciler(instance, elements, delete_unmentioned_resources=delete)

    def there(self) -> dict[str, str]:
        workspace = self.server.workspace_id
        with self.server.world.store.transaction() as session:
            return {tag.name: tag.color for tag in session.tags.of_workspace(workspace)}

    def worn(self, name: str = "sync") -> list[str]:
        workspace = self.server.workspace_id
        with self.server.world.store.transaction() as session:
            names = {tag.id: tag.name for tag in session.tags.of_workspace(workspace)}
            (found,) = [each for each in session.connections.of_workspaces([workspace]) if each.name == name]
        return [names[id_] for id_ in found.details.get("tagIds", []) if id_ in names]


@pytest.fixture(params=["config", "public"])
def tagged(request: pytest.FixtureRequest, airbyte_local: airbyte_local.LocalAirbyte) -> Tagged:
    return Tagged(airbyte_local, request.param)


def test_a_tag_is_made_before_the_connections_that_wear_it_and_changed_in_place(tagged: Tagged) -> None:
    done = tagged.applied(connection(tags=[AirbyteTag("team-a", color="ff5733")]))
    assert done.index("create team-a (tag)") < done.index("create sync (connection)")
    assert (tagged.there(), tagged.worn()) == ({"team-a": "FF5733"}, ["team-a"])
    renamed = AirbyteTag("team-b", color="#00FF00", renamed_from="team-a")
    assert tagged.applied(connection(tags=[renamed])) == ["update team-b (tag)"]
    assert (tagged.there(), tagged.worn()) == ({"team-b": "00FF00"}, ["team-b"])


def test_a_color_nobody_declares_is_not_managed(tagged: Tagged) -> None:
    tagged.applied(AirbyteTag("team"))
    assert tagged.there() == {"team": "A6A6A6"}
    tagged.applied(AirbyteTag("team", color="112233"))
    assert tagged.plan(AirbyteTag("team")).entries == ()
    tagged.applied(AirbyteTag("group", renamed_from="team"))
    assert tagged.there() == {"group": "112233"}


def test_a_tag_that_exists_is_worn_by_its_name_and_one_that_does_not_is_a_problem(tagged: Tagged) -> None:
    tagged.applied(AirbyteTag("old"))
    assert tagged.applied(connection(tags=["old"]))[-1] == "create sync (connection)"
    assert tagged.worn() == ["old"]
    said = str(tagged.check(connection(tags=["old", "odl"])).error)
    assert said == "sync: refers to a tag named 'odl', of which none is declared and none exists"


def test_tags_that_nobody_declares_stay_and_are_not_even_asked_for(tagged: Tagged) -> None:
    tagged.applied(AirbyteTag("mine"), connection(tags=["mine"]))
    tagged.server.forget_requests()
    assert tagged.plan(connection(), delete=True).entries == ()
    assert [request.path for request in tagged.server.requests if "/tags" in request.path] == []
    assert tagged.plan(connection(tags=["mine"]), delete=True).entries == ()
    assert (list(tagged.there()), tagged.worn()) == (["mine"], ["mine"])


def test_an_undeclared_tag_goes_where_tags_are_declared_and_what_is_unmentioned_is_to_go(tagged: Tagged) -> None:
    mine, old = AirbyteTag("mine"), AirbyteTag("old")
    tagged.applied(mine, old, connection(tags=[old]))
    assert tagged.plan(mine, connection()).entries == ()
    kept = tagged.plan(mine, connection(tags=["old"]), delete=True)
    assert kept.entries == ()
    (entry,) = tagged.plan(mine, connection(), delete=True).entries
    assert (entry.action, str(entry.key)) == ("delete", "old (tag)")
    (consequence,) = tagged.plan(mine, connection(), delete=True).consequences
    assert consequence.text == "old (tag) is deleted, and taken off every connection that has it"
    assert tagged.applied(mine, connection(), delete=True) == ["delete old (tag)"]
    assert (list(tagged.there()), tagged.worn()) == (["mine"], [])


def test_one_of_many_tags_is_put_on_without_touching_the_others(tagged: Tagged) -> None:
    one, two, three = (AirbyteTag(name) for name in ("one", "two", "three"))
    tagged.applied(connection(tags=[three, one]), two)
    (entry,) = tagged.plan(connection(tags=[one, two, three])).entries
    (field,) = entry.fields
    assert [str(tag) for tag in field.before] == ["one", "three"]
    assert tagged.applied(connection(tags=[one, two, three])) == ["update sync (connection)"]
    assert sorted(tagged.worn()) == ["one", "three", "two"]


def test_a_name_of_a_tag_has_thirty_characters_at_most(tagged: Tagged) -> None:
    said = str(tagged.check(AirbyteTag("x" * 31)).error)
    assert said == f"{'x' * 31}: its name has 31 characters; there is room for 30"
    tagged.applied(AirbyteTag("x" * 30))


def test_a_tag_that_cannot_be_read_stands_in_nobodys_way(tagged: Tagged) -> None:
    tagged.applied(AirbyteTag("mine"), AirbyteTag("odd"))

    def spoil(path: str, said: bytes) -> bytes:
        if "/tags" not in path:
            return said
        body = json.loads(said)
        for row in body["data"] if isinstance(body, dict) else body:
            row["color"] = 5 if row["name"] == "odd" else row["color"]
        return json.dumps(body).encode()

    with spoiling(tagged.server.url, spoil) as url:
        result = tagged.check(AirbyteTag("mine"), url=url)
        assert result.error is None
        assert result.plan.entries == ()
        assert [notice.code for notice in result.plan.notices] == ["unreadable"]
        assert tagged.check(AirbyteTag("odd"), url=url).error is not None


@pytest.mark.parametrize(
    ("version", "api", "elements", "said"),
    [
        ("0.50", "config", [AirbyteTag("t")], "has no tags, which came with 1.6; declare none"),
        ("0.50", "config", [connection(tags=["t"])], "has no tags, which came with 1.6; declare none"),
        (
            "0.50",
            "public",
            [AirbyteTag("t")],
            "has no tags in its Public API, where they came with 1.6; declare none",
        ),
        (
            "1.5",
            "public",
            [connection(tags=["t"])],
            "has no tags in its Public API, where they came with 1.6; declare none",
        ),
        ("1.5", "config", [connection(tags=[])], "sync.tags: a connection of this Airbyte has no tags (since 1.6)"),
    ],
)
def test_an_airbyte_without_tags_says_so(version: str, api: str, elements: list[Element], said: str) -> None:
    with airbyte_local.server(airbyte_version=version, auth="none") as server:
        error = Tagged(server, api).check(*elements).error
    assert isinstance(error, DeclarationError)
    assert said in str(error)
