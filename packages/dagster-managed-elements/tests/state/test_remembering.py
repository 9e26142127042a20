"""What a state changes for who applies: renames, ownership, protection, secrets; and that it never lies."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import pytest
from dagster_managed_elements.engine.elements import removed
from dagster_managed_elements.engine.errors import DeclarationError, PlanRefused, StateError
from dagster_managed_elements.engine.guarding import Policy
from dagster_managed_elements.engine.planning import Plan
from dagster_managed_elements.engine.secrets import EnvVar, Secret
from dagster_managed_elements.engine.values import Key
from dagster_managed_elements.reconciler import Reconciler
from dagster_managed_elements.reconciling import Options, check
from dagster_managed_elements.state.locks import Lease, LostLock, read_lock, unlock
from dagster_managed_elements.state.opening import open_store

from testing.memory_world import Leaf, MemoryInstance, Node, Server
from testing.stateful_world import Stateful


@dataclass
class Team(Stateful):
    """Reconcilers at one server, with one state."""

    folder: Path
    server: Server = field(default_factory=Server)

    @property
    def file(self) -> Path:
        return self.folder / "state.json"

    @property
    def url(self) -> str:
        return f"file://{self.file}"

    def said(self, *of: Reconciler, **how: Any) -> list[tuple[str, str, tuple[str, ...], str]]:
        """The changes of a check: what is done to which element, and why."""
        result = self.check(*of, **how)
        assert result.error is None, result.error
        return [
            (each.action, each.key.name, changed.path, changed.why)
            for each in result.plan.entries
            for changed in each.fields or [None]
            if changed
        ]

    def names(self) -> list[str]:
        return sorted(row["name"] for row in self.server.rows.values())

    def id(self, name: str) -> str:
        (found,) = [id_ for id_, row in self.server.rows.items() if row["name"] == name]
        return found

    @property
    def place(self) -> dict[str, Any]:
        (place,) = json.loads(self.file.read_text())["places"].values()
        return place


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Team:
    monkeypatch.setenv("DAGSTER_ME_STATE_KEY", "k" * 40)
    monkeypatch.setenv("TOKEN", "first")
    return Team(tmp_path)


TOKEN = EnvVar("TOKEN")


def test_a_check_writes_nothing_and_locks_nothing(team: Team) -> None:
    assert team.check(team.of(Node("a"))).error is None
    assert list(team.folder.iterdir()) == []
    team.done(team.of(Node("a")))
    Lease(open_store(team.url)).take()
    before = {path: path.read_bytes() for path in team.folder.rglob("*.*") if path.is_file()}
    assert team.check(team.of(Node("a", color=2))).error is None
    assert {path: path.read_bytes() for path in team.folder.rglob("*.*") if path.is_file()} == before


def test_without_a_state_nothing_is_kept_and_everything_is_as_before(team: Team) -> None:
    team.done(team.of(Node("a", token=TOKEN)), state=None)
    assert list(team.folder.iterdir()) == []
    (result,) = anyio.run(check, [team.of(Node("a", token=TOKEN))], Options())
    assert [notice.code for notice in result.plan.notices] == ["secret-unknown"]
    result = team.apply(team.of(Node("a")), state=None, versions="asked")
    assert isinstance(result.error, DeclarationError)


def test_a_state_is_named_in_code_or_by_the_environment_too(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    team.of(Node("a"), state=team.url).apply()
    assert team.file.exists()
    team.file.unlink()
    monkeypatch.setenv("DAGSTER_ME_STATE", team.url)
    team.of(Node("b")).apply()
    assert team.file.exists()


def test_reconcilers_of_one_place_share_a_state(team: Team) -> None:
    one, other = team.of(Node("a"), state=team.url), team.of(Node("b"), state=f"{team.url}.other")
    result = team.apply(one, other, state=None)
    assert isinstance(result.error, DeclarationError)
    assert "different states" in str(result.error)
    assert team.server.writes == []


def test_a_rename_on_the_server_is_drift_and_no_new_object(team: Team) -> None:
    team.done(team.of(Node("a", color=1)))
    id_ = team.id("a")
    team.server.rows[id_]["name"] = "renamed by hand"
    assert team.said(team.of(Node("a", color=1))) == [("update", "a", ("name",), "")]
    team.done(team.of(Node("a", color=1)))
    assert team.id("a") == id_


def test_a_rename_in_code_of_what_was_renamed_on_the_server_keeps_the_object(team: Team) -> None:
    team.done(team.of(Node("a")))
    id_ = team.id("a")
    team.server.rows[id_]["name"] = "renamed by hand"
    new = team.of(Node("b", renamed_from="a"))
    assert team.said(new) == [("update", "b", ("name",), "")]
    team.done(new)
    assert team.id("b") == id_
    assert [each["name"] for each in team.place["objects"]["node"].values()] == ["b"]
    assert team.said(team.of(Node("b"))) == []


def test_two_objects_of_one_name_are_told_apart(team: Team) -> None:
    team.done(team.of(Node("a", color=1), Leaf("l", root=Key("node", "a"))))
    id_ = team.id("a")
    team.server.rows["twin"] = {"kind": "node", "name": "a", "color": 7}
    assert team.said(team.of(Node("a", color=1), Leaf("l", root=Key("node", "a")))) == []
    team.server.rows[id_]["color"] = 2
    assert team.said(team.of(Node("a", color=1))) == [("update", "a", ("color",), "")]
    team.file.unlink()
    result = team.check(team.of(Node("a", color=1)))
    assert "the server has 2 nodes of this name" in str(result.error)


def test_owned_deletes_what_was_created_or_adopted_and_nothing_else(team: Team) -> None:
    team.server.put("theirs", {"kind": "node", "name": "theirs"})
    team.server.put("adopted", {"kind": "node", "name": "adopted"})
    how = {"delete_unmentioned_resources": "owned", "name": "team a"}
    team.done(team.of(Node("a"), Node("b"), Node("adopted"), **how))
    assert [(each.action, each.key.name) for each in team.check(team.of(Node("a"), **how)).plan.entries] == [
        ("delete", "adopted"),
        ("delete", "b"),
    ]
    team.done(team.of(Node("a"), **how))
    assert team.names() == ["a", "theirs"]


def test_owned_leaves_what_another_reconciler_declares_too_until_that_lets_go(team: Team) -> None:
    a = {"delete_unmentioned_resources": "owned", "name": "team a"}
    b = {"delete_unmentioned_resources": "owned", "name": "team b"}
    team.done(team.of(Node("shared"), Node("a"), **a))
    team.done(team.of(Node("shared"), Node("b"), **b))
    team.done(team.of(Node("a"), **a))
    assert team.names() == ["a", "b", "shared"]
    team.done(team.of(Node("b"), **b))
    assert team.names() == ["a", "b"]


def test_owned_is_refused_where_nothing_could_tell_what_is_owned(team: Team) -> None:
    with pytest.raises(DeclarationError, match="needs name="):
        team.of(delete_unmentioned_resources="owned")
    result = team.apply(team.of(Node("a"), delete_unmentioned_resources="owned", name="a"), state=None)
    assert isinstance(result.error, DeclarationError)
    assert "needs a state" in str(result.error)


def test_protection_survives_the_line_that_protected(team: Team) -> None:
    team.done(team.of(Node("a", protect=True), Node("b")))
    gone = team.of(Node("b"), delete_unmentioned_resources=True)
    refused = team.apply(gone)
    assert isinstance(refused.error, PlanRefused)
    assert [each.code for each in refused.error.consequences] == ["protect"]
    replaced = team.apply(team.of(Node("a", shape=2), Node("b")))
    assert isinstance(replaced.error, PlanRefused)
    assert team.names() == ["a", "b"]
    team.done(team.of(Node("a"), Node("b")))
    team.done(gone)
    assert team.names() == ["b"]


def test_a_deleted_object_is_forgotten(team: Team) -> None:
    team.done(team.of(Node("a", token=TOKEN), Node("b")))
    team.done(team.of(Node("b"), delete_unmentioned_resources=True))
    assert [each["name"] for each in team.place["objects"]["node"].values()] == ["b"]


def test_a_rotated_secret_is_sent_alone_and_one_that_came_back_is_none(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = Node("a", color=1, token=TOKEN)
    team.done(team.of(node))
    assert team.said(team.of(node)) == []
    monkeypatch.setenv("TOKEN", "second")
    assert team.said(team.of(node)) == [("update", "a", ("token",), "changed-in-code")]
    monkeypatch.setenv("TOKEN", "first")
    assert team.said(team.of(node)) == []
    assert team.said(team.of(Node("a", color=1, token=Secret.literal("first")))) == []
    assert team.said(team.of(Node("a", color=1, token=Secret.literal("other")))) == [
        ("update", "a", ("token",), "changed-in-code")
    ]


def test_a_function_several_elements_share_is_called_once_a_run_and_only_where_it_is_sent(team: Team) -> None:
    numbers = itertools.count(1)
    calls: list[int] = []

    def made(version: int) -> Secret:
        def read() -> str:
            calls.append(next(numbers))
            return f"dynamic-{calls[-1]}"

        return Secret.call(read, reference=f"vault/{version}")

    def of(version: int, **more: Any) -> Reconciler:
        shared = made(version)
        return team.of(Node("a", token=shared, **more), Node("b", token=shared))

    team.done(of(1))
    assert (len(calls), {row["token"] for row in team.server.rows.values()}) == (1, {"dynamic-1"})
    team.done(of(1, color=3))
    assert (len(calls), team.said(of(1))) == (1, [])
    team.done(of(2))
    assert (len(calls), {row["token"] for row in team.server.rows.values()}) == (2, {"dynamic-2"})


def test_without_a_key_it_is_said_that_a_rotation_is_not_seen(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DAGSTER_ME_STATE_KEY")
    node = Node("a", token=TOKEN)
    team.done(team.of(node))
    assert "fingerprint" not in team.file.read_text()
    monkeypatch.setenv("TOKEN", "second")
    result = team.check(team.of(node))
    assert result.plan.entries == ()
    assert [notice.code for notice in result.plan.notices] == ["secret-unrecorded", "no-key"]


def test_another_key_is_noticed_before_anything_looks_rotated(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    node = Node("a", token=TOKEN)
    team.done(team.of(node))
    monkeypatch.setenv("DAGSTER_ME_STATE_KEY", "x" * 40)
    for result in (team.check(team.of(node)), team.apply(team.of(node))):
        assert isinstance(result.error, StateError)
        assert "is not the one that the state" in str(result.error)
    assert len(team.server.writes) == 1
    team.done(team.of(node), trust_secrets=True)
    assert team.said(team.of(node)) == []
    monkeypatch.setenv("TOKEN", "second")
    assert team.said(team.of(node)) == [("update", "a", ("token",), "changed-in-code")]


def test_a_key_that_comes_later_finds_what_is_there_unknown(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    node = Node("a", token=TOKEN)
    monkeypatch.delenv("DAGSTER_ME_STATE_KEY")
    team.done(team.of(node))
    monkeypatch.setenv("DAGSTER_ME_STATE_KEY", "k" * 40)
    assert [notice.code for notice in team.check(team.of(node)).plan.notices] == ["secret-unrecorded"]
    trusted = team.done(team.of(node), trust_secrets=True)
    assert [notice.code for notice in trusted.notices] == ["secret-trusted"]
    assert team.check(team.of(node)).plan.notices == ()


class Cut(BaseException):
    """The process ends here."""


@dataclass
class Ending(Server):
    """Ends the process before or after one of its writes."""

    at: tuple[int, str] = (0, "")

    def write(self, what: str, act: Callable[[], None], *, create: bool = False) -> None:
        number = len(self.writes) + 1
        if self.at == (number, "before"):
            raise Cut
        super().write(what, act, create=create)
        if self.at == (number, "after"):
            raise Cut


def cut_off(team: Team, of: Reconciler) -> None:
    try:
        team.apply(of)
    except BaseException as error:
        if not (isinstance(error, Cut) or "Cut" in repr(getattr(error, "exceptions", ""))):
            raise


MOMENTS = [(number, when) for number in (1, 2) for when in ("before", "after")]


@pytest.mark.parametrize("at", MOMENTS, ids=str)
def test_wherever_an_apply_is_cut_off_no_secret_is_taken_for_sent_that_was_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: tuple[int, str]
) -> None:
    monkeypatch.setenv("DAGSTER_ME_STATE_KEY", "k" * 40)
    team = Team(tmp_path, Ending())
    nodes = [Node("a", token=TOKEN), Node("b", token=TOKEN)]
    monkeypatch.setenv("TOKEN", "first")
    team.done(team.of(*nodes))
    team.server.at = (2 + at[0], at[1])
    monkeypatch.setenv("TOKEN", "second")
    cut_off(team, team.of(*nodes))
    team.server.at = (0, "")
    # Back to what was sent before: only who remembers that it may have been sent knows that it differs.
    monkeypatch.setenv("TOKEN", "first")
    team.done(team.of(*nodes))
    assert {row["token"] for row in team.server.rows.values()} == {"first"}
    assert team.said(team.of(*nodes)) == []


@pytest.mark.parametrize("at", MOMENTS, ids=str)
def test_what_a_create_that_was_cut_off_may_have_sent_is_sent_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: tuple[int, str]
) -> None:
    monkeypatch.setenv("DAGSTER_ME_STATE_KEY", "k" * 40)
    team = Team(tmp_path, Ending(at=at))
    nodes = [Node("a", token=TOKEN), Node("b", token=TOKEN)]
    monkeypatch.setenv("TOKEN", "first")
    cut_off(team, team.of(*nodes))
    team.server.at = (0, "")
    monkeypatch.setenv("TOKEN", "second")
    team.done(team.of(*nodes))
    assert sorted((row["name"], row["token"]) for row in team.server.rows.values()) == [
        ("a", "second"),
        ("b", "second"),
    ]


def test_a_secret_whose_update_failed_is_in_doubt_and_a_skipped_one_is_not(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    nodes = [Node("a", token=TOKEN), Node("b", token=TOKEN, parent=Key("node", "a"))]
    team.done(team.of(*nodes))
    monkeypatch.setenv("TOKEN", "second")
    mishaps: Iterator[str] = itertools.chain(["fail"], itertools.repeat("ok"))
    team.server.mishaps = lambda: next(mishaps)
    result = team.apply(team.of(*nodes))
    assert [each.status for each in result.report.outcomes] == ["failed", "skipped"]
    monkeypatch.setenv("TOKEN", "first")
    assert team.said(team.of(*nodes)) == [("update", "a", ("token",), "unconfirmed")]


def test_a_state_that_cannot_be_read_refuses_check_and_apply_alike(team: Team) -> None:
    team.done(team.of(Node("a")))
    team.file.write_text(team.file.read_text()[:-30])
    for result in (team.check(team.of(Node("a"))), team.apply(team.of(Node("a", color=2)))):
        assert isinstance(result.error, StateError)
        assert "damaged" in str(result.error)
    assert len(team.server.writes) == 1


def test_a_state_of_a_later_version_refuses_too(team: Team) -> None:
    team.file.write_text('{"format": "dagster-me state", "version": 9}')
    assert "use a newer one" in str(team.apply(team.of(Node("a"))).error)
    assert team.server.writes == []


def test_a_state_that_is_lost_on_the_way_is_said_beside_what_was_written(team: Team) -> None:
    store = open_store(team.url)

    async def decide(_plan: Plan) -> Policy:
        return Policy(allow_all=True)

    def taken() -> str:
        if team.file.exists() and len(team.server.writes) == 1:
            team.file.write_text(team.file.read_text().replace('"serial": 1', '"serial": 99'))
        return "ok"

    team.server.mishaps = taken
    result = team.apply(team.of(Node("a")), decide=decide)
    assert result.report is not None
    assert result.report.ok
    assert "What was applied could not be remembered" in str(result.error)
    assert '"serial": 99' in store.read().data.decode()


def test_a_lock_that_was_lost_while_somebody_thought_about_the_plan_writes_nothing(team: Team) -> None:
    store = open_store(team.url)

    async def decide(_plan: Plan) -> Policy:
        unlock(store, read_lock(store))
        Lease(store).take()
        return Policy(allow_all=True)

    result = team.apply(team.of(Node("a")), decide=decide)
    assert isinstance(result.error, (LostLock, StateError))
    assert team.server.writes == []


def test_what_was_never_there_before_is_said_where_the_state_knows_other_places(team: Team) -> None:
    team.done(team.of(Node("a")))
    elsewhere = Reconciler(MemoryInstance(team.server, "another place"), [Node("a")])
    (notice,) = team.check(elsewhere).plan.notices
    assert (notice.code, notice.text) == ("new-place", "the state knows nothing of this place yet, only of memory")


def test_an_apply_that_changes_nothing_records_what_it_found_and_the_next_writes_nothing(team: Team) -> None:
    team.done(team.of(Node("a", token=TOKEN)), state=None)
    team.done(team.of(Node("a", token=TOKEN)))
    (known,) = team.place["objects"]["node"].values()
    assert known == {"name": "a"}
    before = team.file.read_bytes()
    team.done(team.of(Node("a", token=TOKEN)))
    assert team.file.read_bytes() == before


def test_a_removal_is_remembered_when_its_line_has_left_the_code(team: Team) -> None:
    team.done(team.of(Node("a"), Node("b")))
    team.done(team.of(Node("a"), removed(Node, "b", reason="moved to the lake")))
    (stone,) = team.place["tombstones"]
    assert (stone["kind"], stone["name"], stone["reason"]) == ("node", "b", "moved to the lake")
    before = f"it was removed on {stone['on']} (moved to the lake), and is"

    def said(*of: Node) -> list[str]:
        return [each.text for each in team.check(team.of(*of)).plan.notices if each.code == "removed"]

    assert said(Node("a")) == []
    assert said(Node("a"), Node("b")) == [f"{before} declared again"]
    assert team.apply(team.of(Node("b")), state=None).error is None
    assert said(Node("a")) == [f"{before} there again, and not declared"]
    team.done(team.of(Node("a"), Node("b")))
    assert "tombstones" not in team.place


def test_what_was_gone_before_its_removal_was_declared_is_remembered_too(team: Team) -> None:
    team.done(team.of(Node("a"), removed(Node, "b", reason="never again")))
    assert [stone["reason"] for stone in team.place["tombstones"]] == ["never again"]


def test_what_nobody_declares_is_a_warning_apart_and_no_difference(team: Team) -> None:
    team.done(team.of(Node("theirs"), Node("a"), name="others"))
    team.done(team.of(Node("mine"), name="mine"))
    team.apply(team.of(Node("clicked")), state=None)
    plan = team.check(team.of(Node("mine"), name="mine")).plan
    assert [str(each.key) for each in plan.undeclared] == ["clicked (node)"], "others share the state"
    assert plan.is_empty
    (without,) = anyio.run(check, [team.of(Node("mine"))], Options())
    assert sorted(each.key.name for each in without.plan.undeclared) == ["a", "clicked", "theirs"]
    assert team.check(team.of(Node("mine"), delete_unmentioned_resources=True)).plan.undeclared == ()
    assert team.check(team.of(Node("mine"), removed(Node, "clicked", reason="x"))).plan.undeclared == ()
