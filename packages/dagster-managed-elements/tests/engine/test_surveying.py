"""One place looked at whole: every problem at once, and a plan that holds."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from types import FrameType
from typing import Any, ClassVar

import anyio
import pytest
from dagster_managed_elements.engine.changes import Memory, Observed, Pair, Replace, Update
from dagster_managed_elements.engine.elements import Element, key_of, removed
from dagster_managed_elements.engine.errors import DeclarationError
from dagster_managed_elements.engine.findings import Notice, Problem
from dagster_managed_elements.engine.kinds import Kind, ResolveContext, Session
from dagster_managed_elements.engine.secrets import EnvVar
from dagster_managed_elements.engine.succession import Interim
from dagster_managed_elements.engine.surveying import Declaration, Scope, Survey, survey
from dagster_managed_elements.engine.values import Fields, Key, Ref

from testing.memory_world import FirstNodeKind, Leaf, LeafKind, Node, NodeKind, Server
from testing.sides import at, leaf, node


class Checked(NodeKind):
    """Refuses the color 13, remarks on 7, and makes what it resolved recognisable."""

    async def resolve(self, pairs: Sequence[Pair], context: ResolveContext) -> Sequence[Pair | Problem | Notice]:
        return [each for pair in pairs for each in self._resolve(pair)]

    def _resolve(self, pair: Pair) -> Sequence[Pair | Problem | Notice]:
        if pair.declared is None:
            return [pair]
        key, color = pair.declared.key, pair.declared.fields.get("color")
        if color == 13:
            return [Problem(key, ("color",), "unlucky"), Problem(key, ("shape",), "does not go with it")]
        remarks = [Notice(key, ("color",), "nice", "a nice one")] if color == 7 else []
        return [Pair(replace(pair.declared, facts="resolved"), pair.observed), *remarks]


class CheckedLeaf(Checked):
    name: ClassVar[str] = "leaf"


@dataclass(frozen=True)
class Stranger(Element):
    kind: ClassVar[str] = "stranger"


def surveyed(server: Server, *elements: Element, delete: bool = False, kinds: Sequence[type[Kind]] = ()) -> Survey:
    made: Any = kinds or (Checked, CheckedLeaf)
    session = Session(place="here", kinds=[kind(server) for kind in made])
    return anyio.run(
        lambda: survey(session, [Declaration(owner="0", elements=elements, delete_unmentioned=delete)])
    )


def problems(server: Server, *elements: Element) -> list[str]:
    with pytest.raises(DeclarationError) as error:
        surveyed(server, *elements)
    assert str(error.value).splitlines() == [str(problem) for problem in error.value.problems]
    return str(error.value).splitlines()


def steps(found: Survey) -> list[str]:
    return [str(each.step) for each in found.plan.operations]


def server_with(**rows: dict[str, Any]) -> Server:
    """Objects by name, each with its name as its id; leaves have a root."""
    server = Server()
    for name, row in rows.items():
        server.put(name, {"kind": "leaf" if "root" in row else "node", "name": name, **row})
    return server


def test_every_problem_of_every_kind_is_reported_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOWHERE", raising=False)
    assert problems(
        server_with(),
        Node("a", color=13),
        Node("a", color=1),
        Node("b", parent=node("zz")),
        Node("c", settings={"password": EnvVar("NOWHERE"), "user": [EnvVar("NOWHERE")]}),
        Stranger("s"),
        Leaf("l", root=node("a")),
        Leaf("m", root=node("b"), color=13),
        Node("fine"),
    ) == [
        "a: two different nodes are declared with this name",
        "s: no stranger can be declared there, only leaf, node",
        "c.settings.password: The environment variable NOWHERE is not set.",
        "c.settings.user.0: The environment variable NOWHERE is not set.",
        "b: refers to a node named 'zz', of which none is declared and none exists",
        "a.color: unlucky",
        "a.shape: does not go with it",
        "m.color: unlucky",
        "m.shape: does not go with it",
    ]


def test_a_name_of_a_kind_that_is_read_later_is_told_where_it_was_referred_to() -> None:
    server = server_with(a={}, b={"root": Ref("node", "a")})
    assert problems(server, Node("c", parent=node("b"))) == [
        "c: refers to a node named 'b', of which none is declared and none exists; there is a leaf of that name"
    ]


def test_a_kind_is_compared_while_those_after_it_are_still_read() -> None:
    resolved = anyio.Event()

    class First(NodeKind):
        async def resolve(
            self, pairs: Sequence[Pair], context: ResolveContext
        ) -> Sequence[Pair | Problem | Notice]:
            resolved.set()
            return pairs

    class Second(LeafKind):
        async def observe(self) -> Sequence[Observed]:
            with anyio.fail_after(10):
                await resolved.wait()
            return await super().observe()

    server = server_with(a={"shape": 0})
    assert steps(surveyed(server, Node("a", color=1), kinds=[First, Second])) == ["update a (node)"]


@pytest.mark.parametrize("kinds", [(Checked, CheckedLeaf), (CheckedLeaf, Checked)])
def test_kinds_that_refer_to_each_other_are_compared_by_what_there_is_of_both(kinds: Sequence[type[Kind]]) -> None:
    server = server_with(r={}, l={"root": Ref("node", "r")}, k={"root": Ref("node", "r")})
    server.put("a", {"kind": "node", "name": "a", "shape": 0, "friends": [Ref("leaf", "l"), Ref("leaf", "k")]})
    elements = (Node("a", friends=(leaf("l"), leaf("k"))), Leaf("l", root=node("r"), color=1))
    assert steps(surveyed(server, *elements, kinds=kinds)) == ["update l (leaf)"]


def test_what_is_taken_along_by_a_kind_before_is_known_to_be_coming() -> None:
    coming: list[str] = []

    class Told(CheckedLeaf):
        async def resolve(
            self, pairs: Sequence[Pair], context: ResolveContext
        ) -> Sequence[Pair | Problem | Notice]:
            coming.extend(str(key) for key, change in context.coming.items() if isinstance(change, Replace))
            return pairs

    server = server_with(a={"shape": 0}, l={"root": Ref("node", "a")})
    surveyed(server, Node("a", shape=1), Leaf("l", root=node("a")), kinds=[Checked, Told])
    assert {*coming} == {"a (node)", "l (leaf)"}


def test_a_reference_to_what_has_problems_of_its_own_is_no_further_problem() -> None:
    assert problems(server_with(), Node("a", color=13), Leaf("l", root=node("a"))) == [
        "a.color: unlucky",
        "a.shape: does not go with it",
    ]


def itself() -> dict[str, Any]:
    settings: dict[str, Any] = {}
    settings["again"] = [settings]
    return settings


def nested(levels: int) -> dict[str, Any]:
    return {"in": nested(levels - 1) if levels > 1 else 1}


class Unreadable(dict[str, Any]):
    def items(self) -> Any:
        raise ZeroDivisionError("hush")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (itself(), "a: it contains itself, or nests more than 100 levels deep"),
        (nested(101), "a: it contains itself, or nests more than 100 levels deep"),
        (Unreadable(x=1), "a: what it declares cannot be read, ZeroDivisionError was raised"),
        ({"n": 2**64}, "a.settings.n: is a whole number of more than 64 bits, which no request can carry"),
        ({"n": [float("nan")]}, "a.settings.n.0: is no number that JSON has (NaN or infinite)"),
        (
            {"n": "\ud83d"},
            "a.settings.n: has half a character in it (a lone surrogate), which no request can carry",
        ),
        ({"\ud83d": {}}, "a.settings: has a key with half a character in it: '\\ud83d'"),
    ],
)
def test_what_no_request_can_carry_is_a_problem_of_its_element_alone(settings: Any, said: str) -> None:
    broken = Node("a", settings=settings)
    assert problems(Server(), broken, Leaf("l", root=broken.key), Node("b", color=13)) == [
        said,
        "b.color: unlucky",
        "b.shape: does not go with it",
    ]


def test_what_just_fits_is_declared() -> None:
    fitting = {"nest": nested(98), "most": 2**64 - 1, "least": -(2**63), "emoji": "\U0001f600"}
    assert steps(surveyed(Server(), Node("a", settings=fitting))) == ["create a (node)"]


def test_a_missing_secret_of_an_object_whose_server_shows_it_hides_no_other_problem(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("NOWHERE", raising=False)
    server = server_with(a={"settings": {"password": "shown"}})
    assert problems(server, Node("a", settings={"password": EnvVar("NOWHERE")}), Node("b", color=13)) == [
        "a.settings.password: The environment variable NOWHERE is not set.",
        "b.color: unlucky",
        "b.shape: does not go with it",
    ]


def test_a_bare_key_names_an_object_that_exists() -> None:
    server = server_with(a={})
    assert steps(surveyed(server, Leaf("l", root=node("a")))) == ["create l (leaf)"]


def test_a_bare_key_of_which_several_exist_stands_for_none() -> None:
    server = server_with(a={})
    server.rows["other"] = {"kind": "node", "name": "a"}
    assert problems(server, Leaf("l", root=node("a"))) == ["l: refers to a node named 'a', of which several exist"]


def test_a_notice_of_a_kind_is_kept_and_stands_in_nobodys_way() -> None:
    plan = surveyed(server_with(), Node("a", color=7)).plan
    assert plan.notices == (Notice(node("a"), ("color",), "nice", "a nice one"),)
    assert len(plan.operations) == 1


def test_what_is_not_declared_goes_but_not_what_is_referred_to_nor_what_that_points_at() -> None:
    server = server_with(far={}, near={"parent": at("far")}, lone={}, hanging={"root": at("lone")})
    found = surveyed(server, Leaf("l", root=node("near")), delete=True)
    assert steps(found) == ["create l (leaf)", "delete hanging (leaf)", "delete lone (node)"]


def test_what_a_replacement_takes_along_is_created_as_its_own_kind_resolved_it() -> None:
    server = server_with(a={"shape": 0}, l={"root": at("a")})
    found = surveyed(server, Node("a", shape=1), Leaf("l", root=node("a")))
    changes = [each.change for each in found.plan.operations if each.step.verb == "create"]
    assert [(type(each), str(each.key), each.declared.facts) for each in changes if isinstance(each, Replace)] == [
        (Replace, "a (node)", "resolved"),
        (Replace, "l (leaf)", "resolved"),
    ]


def test_later_kinds_are_told_what_comes_and_what_is_broken() -> None:
    contexts: list[ResolveContext] = []

    class Looking(LeafKind):
        async def resolve(
            self, pairs: Sequence[Pair], context: ResolveContext
        ) -> Sequence[Pair | Problem | Notice]:
            contexts.append(context)
            return pairs

    elements = [
        Node("same"),
        Node("new"),
        Node("other", shape=1),
        Node("bad", color=13),
        Leaf("l", root=node("new")),
    ]
    server = server_with(same={"shape": 0}, other={"shape": 0}, bad={"shape": 0}, hung={"root": at("other")})
    with pytest.raises(DeclarationError):
        surveyed(server, *elements, kinds=(Checked, Looking))
    (context,) = contexts
    assert context.ids == {node("same"): "same", node("other"): "other", node("bad"): "bad", leaf("hung"): "hung"}
    assert {str(key): type(change).__name__ for key, change in context.coming.items()} == {
        "new (node)": "Create",
        "other (node)": "Replace",
    }
    assert context.broken == {node("bad")}


class Skipping(Checked):
    """Its first listing leaves one object out."""

    async def observe(self) -> Sequence[Observed]:
        found = list(await super().observe())
        return found[:-1] if self.server.reads <= 2 else found


class SkippingLeaf(Skipping):
    name: ClassVar[str] = "leaf"


def test_a_plan_that_replaces_is_not_made_from_one_listing_that_may_have_skipped_what_hangs_on_it() -> None:
    server = server_with(a={"shape": 0}, b={"shape": 0}, l={"root": at("a")}, m={"root": at("a")})
    found = surveyed(server, Node("a", shape=1), kinds=(Skipping, SkippingLeaf))
    assert steps(found) == ["delete l (leaf)", "delete m (leaf)", "delete a (node)", "create a (node)"]
    assert found.seen == {"node": {"a", "b"}, "leaf": {"l", "m"}}


def test_a_plan_that_destroys_nothing_reads_each_kind_once() -> None:
    server = server_with(a={"color": 0, "shape": 0}, l={"root": at("a")})
    surveyed(server, Node("a", color=1), Leaf("l", root=node("a")))
    assert server.reads == 2


def test_ids_are_those_of_all_that_was_observed_renamed_ones_by_their_new_name() -> None:
    server = server_with(old={"shape": 0}, other={}, l={"root": at("old")})
    found = surveyed(server, Node("new", renamed_from="old"))
    assert found.ids == {node("new"): "old", node("other"): "other", leaf("l"): "l"}
    assert found.seen == {"node": {"old", "other"}, "leaf": {"l"}}


def calls_of(act: Callable[[], object]) -> int:
    """How many Python functions ran: work, counted so that no clock is asked."""
    count = 0

    def counting(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event == "call"

    sys.setprofile(counting)
    try:
        act()
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("filled", [False, True], ids=["all new", "all changed"])
def test_twice_the_pairs_is_twice_the_work(filled: bool) -> None:
    def work(size: int) -> int:
        rows: dict[str, Any] = {f"n{i}": {"shape": 0} for i in range(size)}
        rows |= {f"l{i}": {"root": at(f"n{i}")} for i in range(size)}
        server = server_with(**rows) if filled else Server()
        nodes = [Node(f"n{i}", color=1) for i in range(size)]
        leaves = [Leaf(f"l{i}", root=each.key, color=1) for i, each in enumerate(nodes)]
        return calls_of(lambda: surveyed(server, *nodes, *leaves))

    work(10)
    assert work(400) / work(200) == pytest.approx(2, rel=0.1)


class LeafOnDemand(LeafKind):
    on_demand: ClassVar[bool] = True


def test_what_is_on_demand_goes_only_where_something_of_it_is_declared() -> None:
    kinds: Any = (NodeKind, LeafOnDemand)
    server = server_with(a={"shape": 0}, l={"root": at("a")}, m={"root": at("a")})
    assert steps(surveyed(server, Node("a"), delete=True, kinds=kinds)) == []
    assert steps(surveyed(server, Node("a"), Leaf("l", root=node("a")), delete=True, kinds=kinds)) == [
        "delete m (leaf)"
    ]
    referring = Node("a", settings={"leaf": leaf("l")})
    assert steps(surveyed(server, referring, delete=True, kinds=kinds)) == ["update a (node)"]


class NodeOnDemand(NodeKind):
    on_demand: ClassVar[bool] = True


def test_of_a_kind_on_demand_what_a_declared_object_points_at_stays_unless_it_is_to_point_elsewhere() -> None:
    kinds: Any = (NodeOnDemand,)
    server = server_with(b={"shape": 0}, c={"shape": 0}, a={"shape": 0, "parent": at("b")})
    assert steps(surveyed(server, Node("a"), delete=True, kinds=kinds)) == ["delete c (node)"]
    assert set(steps(surveyed(server, Node("a", parent=node("c")), delete=True, kinds=kinds))) == {
        "update a (node)",
        "delete b (node)",
    }


@pytest.mark.parametrize(("known", "rows", "destructive"), [(1, 0, True), (0, 0, False), (1, 1, False)])
def test_a_place_that_is_empty_and_was_not_is_not_filled_unasked(known: int, rows: int, destructive: bool):
    server = server_with(**{f"other{n}": {"color": 0} for n in range(rows)})
    session = Session(place="here", kinds=[Checked(server)])
    memory = Memory(ids={node(f"n{n}"): f"id{n}" for n in range(known)})
    found = anyio.run(survey, session, [Declaration(owner="0", elements=[Node("a", color=1)])], memory)
    assert [each.code for each in found.plan.consequences if each.destructive] == ["empty-read"] * destructive


def test_what_its_kind_keeps_back_stays_where_all_is_destroyed_and_cannot_be_declared_removed():
    class Kept(NodeKind):
        async def resolve(
            self, pairs: Sequence[Pair], context: ResolveContext
        ) -> Sequence[Pair | Problem | Notice]:
            return [pair for pair in pairs if pair.declared is not None]

    session = Session(place="here", kinds=[Kept(server_with(a={"color": 0}))])
    declaration = Declaration(owner="0", elements=[Node("a", color=1)])
    found = anyio.run(lambda: survey(session, [declaration], scope=Scope(destroy=True)))
    assert (found.plan.is_empty, [each.code for each in found.plan.notices]) == (True, ["kept"])
    tombstone = Declaration(owner="0", elements=[removed(Node, "a", reason="x")])
    with pytest.raises(DeclarationError, match="none that is deleted from here"):
        anyio.run(survey, session, [tombstone])


@pytest.mark.parametrize("unmentioned", [True, False])
def test_what_is_to_be_removed_on_a_later_day_stays_until_then_with_what_it_needs(unmentioned):
    server = Server()
    for number, (name, parent) in enumerate([("a", None), ("b", 0), ("stray", None), ("on a", 0)]):
        row = {"kind": "node", "name": name, "shape": 0}
        server.put(f"{number}", row if parent is None else {**row, "parent": Ref("node", f"{parent}")})
    session = Session(place="here", kinds=[NodeKind(server)])
    elements = [removed(Node, "b", reason="x", on=date(2030, 1, 2))]

    def gone(day: int) -> set[str]:
        declaration = Declaration(owner="0", elements=elements, delete_unmentioned=unmentioned)
        scope = Scope(today=date(2030, 1, day))
        return {
            each.key.name for each in anyio.run(lambda: survey(session, [declaration], scope=scope)).plan.entries
        }

    assert gone(1) == ({"stray", "on a"} if unmentioned else set())
    assert gone(2) == ({"stray", "on a", "a", "b"} if unmentioned else {"b"})


class TakingOver(NodeKind):
    takes_over = True


@pytest.mark.parametrize(("kind", "color"), [(TakingOver, 7), (NodeKind, 1)])
def test_of_what_is_made_anew_what_is_ignored_stays_as_it_is_or_is_shown(kind, color):
    server = Server()
    server.put("1", {"kind": "node", "name": "a", "shape": 0, "color": 7})
    server.put("2", {"kind": "node", "name": "b", "shape": 0, "color": 7, "parent": Ref("node", "1")})
    above = Node("a", shape=1, color=1, ignore=("color",))
    found = surveyed(server, above, Node("b", parent=key_of(above), color=1, ignore=("color",)), kinds=[kind]).plan
    made = {each.change.key.name: each.change for each in found.operations if isinstance(each.change, Replace)}
    assert {name: change.declared.fields["color"] for name, change in made.items()} == {"a": color, "b": color}
    fields = {entry.key.name: [field.path for field in entry.fields] for entry in found.entries}
    colors = [("color",)] if color == 1 else []
    assert fields == {"a": [("shape",), *colors], "b": colors}
    ignored = [notice.key.name for notice in found.notices if notice.code == "ignored"]
    assert ignored == ([] if color == 1 else ["a", "b"]), "what is shown is not said to be ignored"
    not_ignored = [notice.key.name for notice in found.notices if notice.code == "not-ignored"]
    assert not_ignored == (["a", "b"] if color == 1 else [])


class Serving(FirstNodeKind):
    served = True

    def serves(self, begun: Update, change: Replace) -> bool:
        assert (begun.observed.id, change.observed.id) == ("new", "old")
        return self.served


class NotServing(Serving):
    served = False


@pytest.mark.parametrize(("kind", "changes"), [(Serving, ["replace"]), (NotServing, ["replace", "delete"])])
def test_what_an_earlier_run_began_is_gone_on_with_only_where_it_serves_still(kind, changes):
    begun = Interim("a", "old").within(None)
    rows = {
        "old": {"kind": "node", "name": "a", "shape": 0},
        "new": {"kind": "node", "name": begun, "shape": 1},
    }
    found = surveyed(Server(rows=rows), Node("a", shape=1), kinds=[kind]).plan.operations
    planned = list({id(operation.change): operation.change for operation in found}.values())
    assert sorted(change.action for change in planned) == sorted(changes)
    (replacement,) = [change for change in planned if isinstance(change, Replace)]
    assert (replacement.begun is not None, replacement.attempt) == ((True, 1) if kind.served else (False, 2))


class TakingOverAlready(FirstNodeKind):
    takes_over = True


@pytest.mark.parametrize(
    ("kind", "color", "lacks"), [(TakingOverAlready, 7, [("color",)]), (FirstNodeKind, 1, [("color",)])]
)
def test_what_an_earlier_run_began_gets_what_is_ignored_as_if_it_were_made_today(kind, color, lacks):
    rows = {
        "old": {"kind": "node", "name": "a", "shape": 0, "color": 7},
        "new": {"kind": "node", "name": Interim("a", "old").within(None), "shape": 1, "color": 5},
    }
    found = surveyed(Server(rows=rows), Node("a", shape=1, color=1, ignore=("color",)), kinds=[kind]).plan
    (replacement,) = {
        id(each.change): each.change for each in found.operations if isinstance(each.change, Replace)
    }.values()
    assert replacement.begun is not None
    assert replacement.begun.declared.fields["color"] == replacement.declared.fields["color"] == color
    assert [field.path for field in replacement.begun.fields] == lacks


class Timed(NodeKind):
    def timetable(self, fields: Fields) -> str:
        return f"every {fields['color']} hours" if fields.get("color") else ""


def test_what_the_server_starts_is_told_as_it_is_there_else_as_it_will_be():
    server = Server()
    server.put("node-1", {"kind": "node", "name": "there", "shape": 0, "color": 2})
    server.put("node-2", {"kind": "node", "name": "nobody's", "shape": 0, "color": 2})
    elements = [Node("there", color=3), Node("new", color=4), Node("manual"), removed(Node, "gone", reason="old")]
    found = surveyed(server, *elements, kinds=(Timed, LeafKind))
    assert found.timetables == {Key("node", "there"): "every 2 hours", Key("node", "new"): "every 4 hours"}
