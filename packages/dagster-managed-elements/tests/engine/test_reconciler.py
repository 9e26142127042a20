"""check and apply, of several reconcilers and places: none hides another, and a bug is shown as one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio
import pytest
from dagster_managed_elements.applying import apply
from dagster_managed_elements.engine.changes import Observed, Update
from dagster_managed_elements.engine.elements import Element
from dagster_managed_elements.engine.errors import DeclarationError, PlanRefused, ServerFault, Unreachable
from dagster_managed_elements.engine.guarding import Policy
from dagster_managed_elements.engine.kinds import Instance, Session, Settings
from dagster_managed_elements.engine.planning import Plan
from dagster_managed_elements.engine.reports import Outcome
from dagster_managed_elements.engine.values import Key, Ref
from dagster_managed_elements.reconciler import ApplyFailed, Reconciler
from dagster_managed_elements.reconciling import Options, Result, check

from testing.memory_world import Leaf, LeafKind, MemoryInstance, Node, NodeKind, Server


@dataclass(frozen=True, eq=False)
class Broken(Instance):
    """Fails to connect, or hands out a kind that fails to observe."""

    connecting: Exception | None = None
    observing: Exception | None = None
    closed: list[str] = field(default_factory=list[str])

    @asynccontextmanager
    async def connect(self, settings: Settings) -> AsyncGenerator[Session]:
        if self.connecting:
            raise self.connecting
        error = self.observing

        class Failing(NodeKind):
            async def observe(self) -> Sequence[Observed]:
                assert error is not None
                raise error

        yield Session(place="broken", kinds=[Failing(Server())])
        self.closed.append("closed")


async def allow(_plan: Plan) -> Policy:
    return Policy(allow_all=True)


ALLOWED = Options(decide=allow, settings=Settings(patience=0.0))


def checked(*of: Reconciler) -> list[Result]:
    return anyio.run(check, of, Options())


def applied(*of: Reconciler, options: Options = ALLOWED) -> list[Result]:
    async def go() -> list[Result]:
        return await apply(of, options, anyio.Event())

    return anyio.run(go)


def reconciler(server: Server, *elements: Element, place: str = "memory", delete: bool = False) -> Reconciler:
    return Reconciler(MemoryInstance(server, place), elements, delete_unmentioned_resources=delete)


def steps(result: Result) -> list[str]:
    assert result.plan is not None, result.error
    return [str(operation.step) for operation in result.plan.operations]


def test_reconcilers_of_one_place_are_observed_once_and_planned_together() -> None:
    server = Server()
    one, other = reconciler(server, Node("a")), reconciler(server, Leaf("l", root=Key("node", "a")), Node("b"))
    (result,) = checked(one, other)
    assert (result.of, result.place) == ((0, 1), "memory")
    assert steps(result) == ["create a (node)", "create b (node)", "create l (leaf)"]
    assert server.reads == 4  # two of each kind: one listing proves no absence


def test_what_a_neighbour_declares_is_not_deleted() -> None:
    server = Server()
    one, other = reconciler(server, Node("a"), delete=True), reconciler(server, Node("b"))
    applied(one, other)
    server.put("x", {"kind": "node", "name": "x"})
    (result,) = checked(one, other)
    assert steps(result) == ["delete x (node)"]


def test_a_problem_refuses_the_whole_place_and_no_other() -> None:
    here, there = Server(), Server()
    bad = Leaf("l", root=Key("node", "nowhere"))
    refused, fine = applied(
        reconciler(here, Node("a")), reconciler(there, Node("b"), place="there"), reconciler(here, bad)
    )
    assert isinstance(refused.error, DeclarationError)
    assert (refused.of, here.writes) == ((0, 2), [])
    assert fine.report is not None
    assert (fine.of, fine.report.ok, there.writes) == ((1,), True, ["create b"])


BUG = KeyError("a bug of an integration")


@pytest.mark.parametrize(
    "broken",
    [
        Broken(connecting=Unreachable("no server")),
        Broken(connecting=BUG),
        Broken(observing=ServerFault("down")),
        Broken(observing=BUG),
    ],
)
def test_one_failing_place_does_not_hide_the_others_and_its_error_is_itself(broken: Broken) -> None:
    server = Server()
    failed, fine = applied(Reconciler(broken, [Node("a")]), reconciler(server, Node("b")))
    assert failed.error is (broken.connecting or broken.observing)
    assert (failed.of, fine.of, server.writes) == ((0,), (1,), ["create b"])
    assert fine.report is not None
    assert fine.report.ok
    failed, fine = checked(Reconciler(broken, [Node("a")]), reconciler(server, Node("b")))
    assert failed.error is (broken.connecting or broken.observing)
    assert steps(fine) == []


@pytest.mark.parametrize("broken", [Broken(connecting=BUG), Broken(observing=BUG)])
def test_a_bug_of_an_integration_is_raised_as_itself_from_check_and_apply(broken: Broken) -> None:
    own = Reconciler(broken, [Node("a")])
    for act in (own.check, own.apply):
        with pytest.raises(KeyError) as raised:
            act()
        assert raised.value is BUG


def test_an_instance_shared_by_reconcilers_is_connected_once() -> None:
    connected: list[str] = []

    class Counting(MemoryInstance):
        @asynccontextmanager
        async def connect(self, settings: Settings) -> AsyncGenerator[Session]:
            connected.append(self.place)
            async with super().connect(settings) as session:
                yield session

    instance = Counting(Server())
    checked(Reconciler(instance, [Node("a")]), Reconciler(instance, [Node("b")]))
    assert connected == ["memory"]


def test_a_destructive_plan_is_refused_unless_it_is_allowed_and_writes_nothing() -> None:
    server = Server()
    server.put("x", {"kind": "node", "name": "x"})
    (result,) = applied(reconciler(server, delete=True), options=Options())
    assert isinstance(result.error, PlanRefused)
    assert (steps(result), server.writes) == (["delete x (node)"], [])


def test_a_protected_element_is_not_replaced_whatever_is_allowed() -> None:
    server = Server()
    applied(reconciler(server, Node("a", shape=0)))
    (result,) = applied(reconciler(server, Node("a", shape=1, protect=True)))
    assert isinstance(result.error, PlanRefused)
    assert server.writes == ["create a"]


def test_an_empty_plan_asks_nobody_and_writes_nothing() -> None:
    async def never(_plan: Plan) -> Policy:
        raise AssertionError("asked")

    (result,) = applied(reconciler(Server()), options=Options(decide=never))
    assert result.report is not None
    assert (result.report.ok, result.report.outcomes) == (True, ())


def test_an_apply_interrupted_before_it_is_agreed_to_asks_nobody_and_reports() -> None:
    async def never(_plan: Plan) -> Policy:
        raise AssertionError("asked")

    async def go() -> list[Result]:
        stop = anyio.Event()
        stop.set()
        return await apply([reconciler(Server(), Node("a"))], Options(decide=never), stop)

    (result,) = anyio.run(go)
    assert result.report is not None
    assert [outcome.reason for outcome in result.report.outcomes] == ["interrupted before it began"]


def test_places_of_one_host_share_one_limit() -> None:
    most = busy = 0

    class Slow(NodeKind):
        async def update(self, change: Update, ids: object) -> None:
            nonlocal most, busy
            busy += 1
            most = max(most, busy)
            for _ in range(5):
                await anyio.lowlevel.checkpoint()
            busy -= 1

    @dataclass(frozen=True, eq=False)
    class SlowInstance(MemoryInstance):
        @asynccontextmanager
        async def connect(self, settings: Settings) -> AsyncGenerator[Session]:
            yield Session(place=self.place, kinds=[Slow(self.server)], host="one")

    def one(place: str) -> Reconciler:
        server = Server()
        names = "abcdef"
        for name in names:
            server.put(name, {"kind": "node", "name": name, "color": 0, "shape": 0})
        return Reconciler(SlowInstance(server, place), [Node(name, color=1) for name in names])

    applied(one("here"), one("there"), options=Options(settings=Settings(concurrency=3)))
    assert most == 3


def test_check_and_apply_work_in_a_script_and_in_a_running_loop() -> None:
    server = Server()
    own = reconciler(server, Node("a", color=1))

    async def cell() -> str:
        return str(own.check())

    assert asyncio.run(cell()) == str(own.check()) == "+ a:\n  + color: 1\n  + shape: 0"
    assert str(own.apply()) == "+ a:\n  + color: 1\n  + shape: 0"
    assert own.check().is_empty()


def test_apply_raises_what_was_not_done_with_the_report_and_what_caused_it() -> None:
    class Buggy(NodeKind):
        async def create(self, declared: object, ids: object) -> str:
            raise BUG

    @dataclass(frozen=True, eq=False)
    class BuggyInstance(MemoryInstance):
        @asynccontextmanager
        async def connect(self, settings: Settings) -> AsyncGenerator[Session]:
            yield Session(place="here", kinds=[Buggy(self.server), LeafKind(self.server)])

    with pytest.raises(ApplyFailed) as raised:
        Reconciler(BuggyInstance(Server()), [Node("a"), Leaf("l", root=Key("node", "a"))]).apply()
    assert raised.value.__cause__ is BUG
    assert str(raised.value).splitlines() == [
        "Not everything was applied:",
        "  create a (node): failed: internal error: KeyError",
        "  create l (leaf): skipped: waits for: create a (node)",
    ]
    assert [outcome.status for outcome in raised.value.report.outcomes] == ["failed", "skipped"]


def test_apply_refuses_what_destroys_unless_told_otherwise() -> None:
    server = Server()
    server.put("1", {"kind": "node", "name": "x"})
    server.put("2", {"kind": "leaf", "name": "l", "root": Ref("node", "1")})
    own = reconciler(server, delete=True)
    with pytest.raises(PlanRefused, match="x \\(node\\) is deleted"):
        own.apply()
    assert str(own.apply(allow_destructive=True)) == str(own_deletes())
    assert server.rows == {}


def own_deletes() -> str:
    return "- x: {}\n- l:\n  - root: x"


def test_a_listener_that_fails_costs_no_report(caplog):
    def fail(_outcome: Outcome) -> None:
        raise RuntimeError("the terminal is gone")

    server = Server()
    (result,) = anyio.run(
        apply, [Reconciler(MemoryInstance(server), [Node("a")])], Options(on_outcome=fail), anyio.Event()
    )
    assert [outcome.status for outcome in result.report.outcomes] == ["done"]
    assert "the terminal is gone" in caplog.text


def test_places_are_decided_on_in_the_order_given_however_fast_they_answer():
    asked: list[str] = []

    async def decide(plan: Plan) -> Policy:
        asked.append(plan.place)
        return Policy()

    places = [f"place {number}" for number in range(6)]
    given = [Reconciler(MemoryInstance(Server(), place), [Node("a")]) for place in places]
    results = anyio.run(apply, given, Options(decide=decide), anyio.Event())
    assert asked == places
    assert [result.place for result in results] == places
