"""What is kept of each run, and the way back from it."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import anyio
import pytest
from dagster_managed_elements.applying import apply
from dagster_managed_elements.engine.errors import DeclarationError, ManagedElementsError, PlanRefused, StateError
from dagster_managed_elements.engine.guarding import Policy
from dagster_managed_elements.engine.kinds import Session, Settings
from dagster_managed_elements.engine.past import PastRun
from dagster_managed_elements.engine.planning import Plan
from dagster_managed_elements.engine.secrets import EnvVar, Secret
from dagster_managed_elements.engine.selecting import Selection
from dagster_managed_elements.engine.surveying import Scope
from dagster_managed_elements.engine.values import Key
from dagster_managed_elements.reconciler import Reconciler
from dagster_managed_elements.reconciling import Options, Result
from dagster_managed_elements.state.history import History
from dagster_managed_elements.state.opening import open_store
from dagster_managed_elements.state.stores import Moved, Store

from testing.memory_world import Leaf, MemoryInstance, Node, Server
from testing.stateful_world import Stateful

TOKEN = EnvVar("TOKEN")
ALL = {"delete_unmentioned_resources": True}


@dataclass
class World(Stateful):
    """One server, and a state beside it."""

    folder: Path
    url: str
    server: Server = field(default_factory=Server)
    place: str = "memory"

    @property
    def instance(self) -> MemoryInstance:
        return MemoryInstance(self.server, self.place)

    def undone(self, *of: Reconciler, run: str = "last", **how: Any) -> Plan:
        return self.done(*of, undo=run, **how)

    @property
    def rows(self) -> dict[str, dict[str, Any]]:
        """By name, without what makes no difference."""
        return {
            row["name"]: {name: value for name, value in row.items() if name not in {"kind", "name"}}
            for row in self.server.rows.values()
        }

    @property
    def history(self) -> History:
        return History(open_store(self.url))

    @property
    def runs(self) -> list[PastRun]:
        found = list(self.history.runs())
        assert not [each for each in found if isinstance(each, StateError)], found
        return [each for each in found if isinstance(each, PastRun)]

    def files(self) -> list[Path]:
        return sorted((self.folder / "state.json.history").iterdir())


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setenv("DAGSTER_ME_STATE_KEY", "k" * 40)
    monkeypatch.setenv("TOKEN", "first-secret-value")
    return World(tmp_path, f"file://{tmp_path / 'state.json'}")


def said(plan: Plan | None) -> list[tuple[str, str, list[tuple[str, ...]]]]:
    assert plan is not None
    return [(each.action, each.key.name, [changed.path for changed in each.fields]) for each in plan.entries]


def test_each_apply_that_writes_is_kept_with_who_and_what_and_how_it_ended(world: World) -> None:
    world.done(world.of(Node("a", color=1), Node("b")))
    world.done(world.of(Node("a", color=1), Node("b")))  # nothing to do, and nothing to keep
    world.done(world.of(Node("a", color=2)), scope=Options().scope)
    second, first = world.runs
    assert [dict(place.counts) for run in (first, second) for place in run.places] == [{"create": 2}, {"update": 1}]
    assert first.ok
    assert first.ended >= first.began
    assert first.author.user
    assert first.author.host
    _, run = world.history.planned(second.id)
    (place,) = run.places
    assert [(each.action, each.key.name) for each in place.entries] == [("update", "a")]
    assert [(each.path, each.before, each.after) for each in place.entries[0].fields] == [(("color",), 1, 2)]
    assert [(str(each.step), each.status) for each in place.report.outcomes] == [("update a (node)", "done")]


def test_a_check_and_a_refused_plan_leave_nothing_in_it(world: World) -> None:
    world.check(world.of(Node("a")))
    world.done(world.of(Node("a"), Node("b")))
    refused = world.apply(world.of(Node("a"), **ALL), agrees=False)
    assert isinstance(refused.error, PlanRefused)
    assert len(world.runs) == 1


def test_no_secret_nor_a_piece_of_one_is_in_it(world: World) -> None:
    literal = Secret.literal("literal-secret-value")
    world.done(world.of(Node("a", token=TOKEN), Node("b", token=literal), Node("c", settings={"x": literal})))
    world.done(world.of(Node("b", token=literal, color=2), **ALL))
    world.undone(world.of(Node("b", token=literal), Node("c", settings={"x": literal})))
    text = "".join(file.read_text() for file in world.files())
    for value in ("first-secret-value", "literal-secret-value"):
        pieces = {value[start : start + 8] for start in range(len(value) - 7)}
        assert not [piece for piece in pieces if piece in text]
    assert '"$secret": "env:TOKEN"' in text


def test_a_secret_that_the_server_shows_is_in_no_history_even_where_nothing_of_it_is_known(world: World) -> None:
    row = {"kind": "node", "name": "a", "shape": 0, "settings": {"x": "first-secret-value", "y": "kept"}}
    world.server.put("node-9", row)
    world.done(world.of(Node("a", settings={"x": TOKEN})), scope=Scope(destroy=True))
    text = "".join(file.read_text() for file in world.files())
    assert ("first-secret-value" in text, '"kept"' in text) == (False, True)
    world.undone(world.of(Node("a", settings={"x": TOKEN})))
    assert world.rows["a"]["settings"] == {"x": "first-secret-value", "y": "kept"}


def test_a_secret_that_was_taken_out_of_the_module_is_in_no_history_either(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    literal = Secret.literal("literal-secret-value")
    world.done(world.of(Node("a", settings={"x": TOKEN}), Node("b", settings={"x": literal})))
    world.done(world.of(Node("a", color=2), Node("b", color=2)))
    world.done(world.of(Node("a", color=3), Node("b", settings={"x": "no secret"})))
    world.done(world.of(Node("a", color=3), Node("b", settings={"x": "another"})))
    world.done(world.of(**ALL))
    text = "".join(file.read_text() for file in world.files())
    assert [value for value in ("first-secret-value", "literal-secret-value") if value in text] == []
    # What was overwritten is no secret any more, and is undone as anything else is.
    monkeypatch.setenv("A_SETTINGS_X", "of the variable")
    world.undone(world.of())
    world.undone(world.of())
    assert world.rows["b"]["settings"] == {"x": "no secret"}


def test_its_files_are_for_their_owner_alone(world: World) -> None:
    world.done(world.of(Node("a")))
    assert {oct(file.stat().st_mode & 0o777) for file in world.files()} == {"0o600"}
    assert oct(world.files()[0].parent.stat().st_mode & 0o777) == "0o700"


def test_an_undone_create_is_deleted(world: World) -> None:
    world.done(world.of(Node("a")))
    world.done(world.of(Node("a"), Node("b", token=TOKEN), Leaf("l", root=Key("node", "b"))))
    plan = world.undone(world.of(Node("a")))
    assert [(action, name) for action, name, _ in said(plan)] == [("delete", "l"), ("delete", "b")] or [
        (action, name) for action, name, _ in said(plan)
    ] == [("delete", "b"), ("delete", "l")]
    assert list(world.rows) == ["a"]


def test_an_undone_update_is_as_it_was_and_nothing_else_is_touched(world: World) -> None:
    world.done(world.of(Node("a", color=1, settings={"x": 1, "y": [1, 2]}, token=TOKEN)))
    world.done(world.of(Node("a", color=2, settings={"x": 1, "z": 3}, token=TOKEN)))
    writes = len(world.server.writes)
    plan = world.undone(world.of(Node("a", color=2, settings={"x": 1, "z": 3}, token=TOKEN)))
    assert said(plan) == [("update", "a", [("color",), ("settings", "y"), ("settings", "z")])]
    assert world.rows["a"]["settings"] == {"x": 1, "y": [1, 2]}
    assert (world.rows["a"]["color"], len(world.server.writes)) == (1, writes + 1)


def test_an_undone_rename_has_its_old_name(world: World) -> None:
    world.done(world.of(Node("a", color=1)))
    world.done(world.of(Node("b", color=2, renamed_from="a")))
    plan = world.undone(world.of(Node("b", color=2)))
    assert said(plan) == [("update", "a", [("name",), ("color",)])]
    assert world.rows == {"a": {"color": 1, "shape": 0}}


def test_what_refers_to_an_undone_rename_does_so_by_its_old_name(world: World) -> None:
    world.done(world.of(Leaf("x", root=Node("a"))))
    renamed = Leaf("y", root=Node("b", renamed_from="a"), renamed_from="x")
    world.done(world.of(renamed, Node("c", parent=Key("node", "b"))))
    before = world.rows
    world.undone(world.of(renamed))
    assert world.rows == {"a": before["b"], "x": before["y"]}


def test_an_undone_delete_is_there_again_with_the_secret_of_its_variable(world: World) -> None:
    world.done(world.of(Node("a", color=1, token=TOKEN), Leaf("l", root=Key("node", "a"))))
    world.done(world.of(**ALL))
    assert world.rows == {}
    world.undone(world.of())
    assert world.rows["a"] == {"color": 1, "shape": 0, "token": "first-secret-value"}
    assert world.rows["l"]["root"].id in world.server.rows


def test_an_undone_delete_names_each_secret_that_is_lacking(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    literal = Secret.literal("literal-secret-value")
    world.done(world.of(Node("a", token=TOKEN), Node("b", token=literal)))
    world.done(world.of(**ALL))
    monkeypatch.delenv("TOKEN")
    result = world.apply(world.of(), undo="last")
    assert isinstance(result.error, DeclarationError)
    assert str(result.error).splitlines() == [
        "a.token: it needs this secret to be as it was: set TOKEN, or declare it in the module",
        "b.token: it needs this secret to be as it was: set B_TOKEN, or declare it in the module",
    ]
    assert world.rows == {}
    monkeypatch.setenv("TOKEN", "of the variable")
    world.undone(world.of(Node("b", token=Secret.literal("of the declaration"))))
    assert (world.rows["a"]["token"], world.rows["b"]["token"]) == ("of the variable", "of the declaration")


def test_an_undone_replacement_is_what_it_was(world: World) -> None:
    world.done(world.of(Node("a", shape=1, token=TOKEN), Leaf("l", root=Key("node", "a"), color=1)))
    world.done(world.of(Node("a", shape=2, token=TOKEN), Leaf("l", root=Key("node", "a"), color=2)))
    world.undone(world.of(Node("a", shape=2, token=TOKEN)))
    assert (world.rows["a"]["shape"], world.rows["l"]["color"]) == (1, 1)
    assert sorted(world.rows) == ["a", "l"]


def test_a_rotated_secret_is_what_is_declared_now(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    node = Node("a", color=1, token=TOKEN)
    world.done(world.of(node))
    monkeypatch.setenv("TOKEN", "second")
    world.done(world.of(node))
    result = world.check(world.of(node), undo="last")
    assert said(result.plan) == []
    assert "kept nowhere" in result.plan.notices[0].text
    monkeypatch.setenv("TOKEN", "first-secret-value")
    plan = world.undone(world.of(node))
    assert said(plan) == [("update", "a", [("token",)])]
    assert world.rows["a"]["token"] == "first-secret-value"


def test_the_way_back_calls_nothing_undeclared(world: World) -> None:
    world.done(world.of(Node("a", color=1), Node("b")))
    world.done(world.of(Node("a", color=2), Node("b")))
    assert world.check(world.of(Node("a", color=2), Node("b")), undo="last").plan.undeclared == ()


def test_a_secret_that_the_server_shows_stays_as_it_is_and_is_not_printed(world: World) -> None:
    literal = Secret.literal("literal-secret-value")
    world.done(world.of(Node("a", color=1, settings={"x": literal, "y": 1})))
    world.done(world.of(Node("a", color=2, settings={"x": literal, "y": 2})))
    plan = world.undone(world.of())
    assert said(plan) == [("update", "a", [("color",), ("settings", "y")])]
    assert "literal-secret-value" not in repr(plan.entries)
    assert world.rows["a"] == {"color": 1, "shape": 0, "settings": {"x": "literal-secret-value", "y": 1}}


def test_a_secret_that_is_gone_from_the_server_since_is_asked_for(world: World) -> None:
    literal = Secret.literal("literal-secret-value")
    world.done(world.of(Node("a", color=1, settings={"x": literal})))
    world.done(world.of(Node("a", color=2, settings={"x": literal})))
    world.server.rows["node-1"]["settings"] = {}
    result = world.apply(world.of(), undo="last")
    assert "a.settings.x: it needs this secret to be as it was: set A_SETTINGS_X" in str(result.error)


def test_what_moved_since_is_named_and_overwritten_only_where_that_is_agreed_to(world: World) -> None:
    world.done(world.of(Node("a", color=1, settings={"x": 1})))
    world.done(world.of(Node("a", color=2, settings={"x": 1})))
    row = next(iter(world.server.rows.values()))
    row["settings"] = {"x": 9}
    left = world.check(world.of(), undo="last")
    assert said(left.plan) == [("update", "a", [("color",)])]
    assert [(each.path, each.text) for each in left.plan.notices if each.code == "left-alone"] == [
        (("settings", "x"), "it was changed since that run, and stays as it is")
    ]
    assert left.plan.consequences == ()
    row["color"] = 7
    refused = world.apply(world.of(), undo="last", agrees=False)
    assert isinstance(refused.error, PlanRefused)
    assert [each.text for each in refused.error.consequences] == ["a (node): it was changed since: color"]
    assert row["color"] == 7
    world.undone(world.of())
    assert world.rows["a"] == {"color": 1, "shape": 0, "settings": {"x": 9}}


def test_what_moved_since_is_not_said_to_stay_on_what_is_made_anew(world: World) -> None:
    world.done(world.of(Node("a", shape=1, settings={"x": 1})))
    world.done(world.of(Node("a", shape=2, settings={"x": 1})))
    (row,) = world.server.rows.values()
    row["settings"] = {"x": 9}
    left = world.check(world.of(), undo="last")
    assert said(left.plan) == [("replace", "a", [("shape",), ("settings", "x")])]
    assert [(notice.code, notice.path, notice.text) for notice in left.plan.notices] == [
        (
            "not-ignored",
            ("settings", "x"),
            "it was changed since that run, and is written over: this is made anew",
        )
    ]
    world.undone(world.of())
    assert world.rows["a"]["settings"] == {"x": 1}


def test_another_object_of_the_same_name_is_not_taken_for_what_the_run_made(world: World) -> None:
    world.done(world.of(Node("a")))
    (id_,) = world.server.rows
    world.server.rows["twin"] = world.server.rows.pop(id_)
    refused = world.apply(world.of(), undo="last", agrees=False)
    assert "it is another one since (twin, not node-1)" in str(refused.error)
    assert list(world.server.rows) == ["twin"]


def test_what_is_so_already_is_nothing_to_undo(world: World) -> None:
    world.done(world.of(Node("a", color=1)))
    world.done(world.of(Node("a", color=2), Node("b")))
    row = world.server.rows["node-1"]
    row["color"] = 1
    del world.server.rows["node-2"]
    result = world.check(world.of(), undo="last")
    assert said(result.plan) == []
    assert result.plan.consequences == ()
    assert [each.code for each in result.plan.notices] == ["gone"]


def test_undo_after_undo_goes_back_further_and_an_undo_can_be_undone(world: World) -> None:
    for color in (1, 2, 3):
        world.done(world.of(Node("a", color=color)))
    world.undone(world.of())
    assert world.rows["a"]["color"] == 2
    world.undone(world.of())
    assert world.rows["a"]["color"] == 1
    newest = world.runs[0]
    assert (newest.command, newest.undoes) == ("undo", world.runs[3].id)
    world.undone(world.of(), run=newest.id)
    assert world.rows["a"]["color"] == 2
    world.undone(world.of())
    assert world.rows["a"]["color"] == 1


def test_after_a_part_of_an_undo_the_next_goes_back_from_the_rest_of_the_same_run(world: World) -> None:
    for color in (1, 2):
        world.done(world.of(Node("a", color=color), Node("b", color=color)))
    world.undone(world.of(), scope=Scope(selected=Selection(targets=frozenset({"a"}))))
    assert [row["color"] for row in world.rows.values()] == [1, 2]
    world.undone(world.of())
    assert [row["color"] for row in world.rows.values()] == [1, 1]
    world.undone(world.of())
    assert world.rows == {}


def test_an_older_run_is_undone_past_a_newer_one_that_touched_something_else(world: World) -> None:
    world.done(world.of(Node("a", color=1, settings={"x": 1})))
    world.done(world.of(Node("a", color=2, settings={"x": 1})))
    world.done(world.of(Node("a", color=2, settings={"x": 2})))
    world.undone(world.of(), run=world.runs[1].id[:5], agrees=False)
    assert world.rows["a"] == {"color": 1, "shape": 0, "settings": {"x": 2}}


def test_an_undo_makes_the_state_forget_no_secret(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.done(world.of(Node("a", color=1)))
    world.done(world.of(Node("a", color=2)))
    world.done(world.of(Node("a", color=2, token=TOKEN)))
    world.undone(world.of(), run=world.runs[1].id)
    monkeypatch.setenv("TOKEN", "second-secret-value")
    assert said(world.done(world.of(Node("a", color=1, token=TOKEN)))) == [("update", "a", [("token",)])]
    assert world.rows["a"]["token"] == "second-secret-value"


def test_protection_stands_in_the_way_of_an_undo_too(world: World) -> None:
    world.done(world.of(Node("a", protect=True)))
    refused = world.apply(world.of(Node("a", protect=True)), undo="last")
    assert isinstance(refused.error, PlanRefused)
    assert list(world.rows) == ["a"]


def test_an_undo_keeps_protection(world: World) -> None:
    world.done(world.of(Node("a", color=1, protect=True)))
    world.done(world.of(Node("a", color=2, protect=True)))
    world.undone(world.of())
    refused = world.apply(world.of(**ALL))
    assert isinstance(refused.error, PlanRefused)


def test_only_what_was_carried_out_is_undone(world: World) -> None:
    outcomes: Iterator[str] = iter(["ok", "fail"])
    world.server.mishaps = lambda: next(outcomes, "ok")
    result = world.apply(world.of(Node("a"), Node("b")))
    assert not result.report.ok
    assert not world.runs[0].ok
    (made,) = world.rows
    world.server.put("b", {"kind": "node", "name": ({"a", "b"} - {made}).pop(), "shape": 0})
    plan = world.undone(world.of())
    assert [(action, name) for action, name, _ in said(plan)] == [("delete", made)]


def test_a_run_of_which_nothing_was_done_is_none_to_go_back_from(world: World) -> None:
    world.done(world.of(Node("a", color=1)))
    world.done(world.of(Node("a", color=2)))
    world.server.mishaps = lambda: "fail"
    assert not world.apply(world.of(Node("a", color=3), Node("b"))).report.ok
    world.server.mishaps = lambda: "ok"
    world.undone(world.of())
    assert world.rows == {"a": {"color": 1, "shape": 0}}


class Cut(BaseException):
    """The process ends here."""


@dataclass
class Ending(Server):
    """Ends the process after so many of its writes."""

    after: int = 0

    def write(self, what: str, act: Callable[[], None], *, create: bool = False) -> None:
        super().write(what, act, create=create)
        if self.after and len(self.writes) >= self.after:
            raise Cut


def test_a_run_that_was_killed_is_shown_as_begun_and_can_be_undone(world: World) -> None:
    world.server = Ending()
    world.done(world.of(Node("a", color=1)))
    world.server.after = 2
    with pytest.raises(BaseException, match=r"Cut|unhandled|^$"):
        world.apply(world.of(Node("a", color=2), Node("b"), Node("c")))
    world.server.after = 0
    killed = world.runs[0]
    assert (killed.ended, killed.ok, dict(killed.places[0].counts)) == ("", False, {"update": 1, "create": 2})
    world.undone(world.of())
    assert world.rows == {"a": {"color": 1, "shape": 0}}


@pytest.mark.parametrize("writes", [1, 2, 3])
@pytest.mark.parametrize("create_first", [False, True])
def test_wherever_a_replacement_was_killed_its_undo_leaves_what_was_there(
    world: World, writes: int, create_first: bool
) -> None:
    world.server = Ending(create_first=create_first)
    world.done(world.of(Node("a", shape=1, color=1, token=TOKEN)))
    world.server.after = 1 + writes
    with pytest.raises(BaseException, match=r"Cut|unhandled|^$"):
        world.apply(world.of(Node("a", shape=2, color=2, token=TOKEN), Node("b", parent=Key("node", "a"))))
    world.server.after = 0
    world.undone(world.of())
    assert world.rows == {"a": {"shape": 1, "color": 1, "token": "first-secret-value"}}


def test_the_places_of_one_run_are_undone_together(world: World) -> None:
    places, declined = [(Server(), "one"), (Server(), "other")], set[str]()

    def of(color: int) -> list[Reconciler]:
        return [Reconciler(MemoryInstance(*place), [Node("a", color=color)]) for place in places]

    def go(reconcilers: list[Reconciler], undo: str | None = None) -> list[Result]:
        async def decide(plan: Plan) -> Policy:
            return Policy(allow_all=plan.place not in declined)

        async def applied() -> list[Result]:
            return await apply(reconcilers, Options(state=world.url, undo=undo, decide=decide), anyio.Event())

        return anyio.run(applied)

    # Both are begun at once, with one lock.
    for color in (1, 2):
        assert [result.error for result in go(of(color))] == [None, None]
    assert [place.place for place in world.runs[0].places] == ["one", "other"]
    with pytest.raises(DeclarationError, match="is of another server or workspace: other; the module is of one"):
        go(of(2)[:1], "last")
    # Where one place declines, the run stands until that one is undone too.
    for server, _ in places[1:]:
        next(iter(server.rows.values()))["color"] = 7
    declined |= {"other"}
    assert [type(result.error) for result in go(of(2), "last")] == [type(None), PlanRefused]
    declined.clear()
    assert [result.error for result in go(of(2), "last")] == [None, None]
    assert [row["color"] for server, _ in places for row in server.rows.values()] == [1, 1]


@dataclass(frozen=True, eq=False)
class Identified(MemoryInstance):
    """The same workspace, whatever it is called."""

    @asynccontextmanager
    async def connect(self, settings: Settings) -> AsyncGenerator[Session]:
        async with super().connect(settings) as session:
            yield replace(session, identity="the same")


def test_a_run_of_one_workspace_under_two_names_is_refused_to_be_undone(world: World) -> None:
    of = [Reconciler(Identified(world.server, name), [Node(name)]) for name in ("one", "other")]

    async def go(undo: str | None) -> list[Result]:
        return await apply(of, Options(state=world.url, undo=undo), anyio.Event())

    assert [result.error for result in anyio.run(go, None)] == [None, None]
    with pytest.raises(DeclarationError, match="is of one server or workspace by several names, one, other;"):
        anyio.run(go, "last")
    assert sorted(world.rows) == ["one", "other"]


def test_nothing_is_written_where_the_history_cannot_be(world: World) -> None:
    (world.folder / "state.json.history").write_text("in the way")
    result = world.apply(world.of(Node("a")))
    assert isinstance(result.error, StateError)
    assert world.server.writes == []


def test_what_was_interrupted_before_it_began_is_no_run(world: World) -> None:
    async def go() -> list[Result]:
        stop = anyio.Event()
        stop.set()
        return await apply([world.of(Node("a"))], Options(state=world.url), stop)

    (result,) = anyio.run(go)
    assert [each.status for each in result.report.outcomes] == ["skipped"]
    assert world.runs == []


def test_without_a_state_there_is_no_history(world: World) -> None:
    world.done(world.of(Node("a")), state=None)
    with pytest.raises(ManagedElementsError, match="Without a state there is no history"):
        world.apply(world.of(Node("a")), state=None, undo="last")
    assert list(world.folder.iterdir()) == []


def test_a_run_of_another_place_is_refused(world: World) -> None:
    world.done(world.of(Node("a")))
    world.place = "elsewhere"
    with pytest.raises(
        DeclarationError, match="is of another server or workspace: memory; the module is of elsewhere"
    ):
        world.apply(world.of(), undo="last")


def test_a_run_that_was_tampered_with_is_not_undone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.done(world.of(Node("a", color=1)))
    world.done(world.of(Node("a", color=2)))
    plan = world.files()[3]
    document = json.loads(plan.read_text())
    document["places"][0]["changes"][0]["was"][0]["value"] = 666
    plan.write_text(json.dumps(document))
    with pytest.raises(StateError, match="was changed since it was written"):
        world.apply(world.of(), undo="last")
    assert world.rows["a"]["color"] == 2


HOSTILE = [
    b"",
    b"\xff\xfe\x00",
    b"[" * 100_000,
    b"[]",
    b"{}",
    b'{"format": "something", "version": 1}',
    b'{"format": "dagster-me history", "version": 9}',
    b'{"format": "dagster-me history", "version": "1"}',
    b'{"format": "dagster-me history", "version": 1, "id": [], "places": {}}',
    b'{"version": ' + b"9" * 5000 + b"}",
]


@pytest.mark.parametrize("hostile", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("part", [0, 1], ids=["outcome", "plan"])
def test_a_file_that_is_none_of_ours_hides_no_other_and_is_named(world: World, hostile: bytes, part: int) -> None:
    world.done(world.of(Node("a")))
    world.done(world.of(Node("a", color=1)))
    file = world.files()[2 + part]
    file.write_bytes(hostile)
    found = list(world.history.runs())
    assert isinstance(found[1], PastRun)
    with pytest.raises(StateError, match=r"state\.json\.history/") as caught:
        world.history.planned(world.files()[2].name.partition("-")[2][:8])
    assert len(str(caught.value).splitlines()) == 1
    assert str(caught.value).isprintable()


def test_every_store_lists_what_lies_below_and_nothing_beside(store: Store) -> None:
    assert store.names(".history/") == []
    for name in (".history/b", ".history/a", "", ".lock", ".history-of-another/c"):
        store.write(b"{}", None, name)
    assert sorted(store.names(".history/")) == ["a", "b"]
    assert store.read(".history/a").data == b"{}"
    with pytest.raises(Moved):
        store.write(b"other", None, ".history/a")


def test_ids_are_told_by_their_beginning_and_a_wrong_one_is_refused(world: World) -> None:
    world.done(world.of(Node("a")))
    (run,) = world.runs
    assert world.history.planned(run.id[:4])[1].id == run.id
    for wrong in ("", run.id[:3], "zzzz", "../../etc"):
        with pytest.raises(DeclarationError, match="There is no run"):
            world.history.planned(wrong)
