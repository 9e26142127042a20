"""Two applies at once: what the other one made is not made again where that is seen in time, and else is said."""

from __future__ import annotations

from collections.abc import Sequence

import anyio
import pytest
from dagster_managed_elements.applying import apply
from dagster_managed_elements.engine.changes import Create, Declared, FieldChange, Observed, Update
from dagster_managed_elements.engine.elements import Element
from dagster_managed_elements.engine.errors import ServerFault
from dagster_managed_elements.engine.execution import ExecutionSettings, execute
from dagster_managed_elements.engine.guarding import Policy
from dagster_managed_elements.engine.kinds import Settings
from dagster_managed_elements.engine.planning import Operation, Plan, Step
from dagster_managed_elements.engine.reports import Report
from dagster_managed_elements.engine.rivalry import Rivals, holders
from dagster_managed_elements.engine.values import Key
from dagster_managed_elements.reconciler import Reconciler
from dagster_managed_elements.reconciling import Options, Result

from testing.memory_world import MemoryInstance, Node, NodeKind, Server
from testing.sides import node


class Shared(Server):
    """A server that lets names repeat, as Airbyte does."""

    def put(self, id_: str, row: dict[str, object]) -> None:
        self.rows[id_] = row

    def add(self, name: str) -> None:
        self.rows[f"theirs-{name}"] = {"kind": "node", "name": name, "shape": 0}


def applied(server: Server, *elements: Element, meanwhile: Sequence[str] = ()) -> Result:
    """Apply; when the plan is made and agreed to, somebody else creates what *meanwhile* names."""

    async def decide(_plan: Plan) -> Policy:
        for name in meanwhile:
            server.add(name)
        return Policy(allow_all=True)

    (result,) = anyio.run(
        apply,
        [Reconciler(MemoryInstance(server), elements)],
        Options(decide=decide, settings=Settings(patience=0)),
        anyio.Event(),
    )
    return result


def ends(result: Result) -> dict[str, tuple[str, str]]:
    return {str(outcome.step): (outcome.status, outcome.reason) for outcome in result.report.outcomes}


@pytest.fixture
def server():
    # The event is decided on only where something is destroyed or created: a plan that is not empty.
    return Shared()


def test_what_somebody_else_made_since_the_plan_is_not_made_again(server):
    outcomes = ends(applied(server, Node("a"), Node("b"), meanwhile=["a"]))
    said = "somebody else has created one of this name since the plan was made (theirs-a); check again"
    assert outcomes == {"create a (node)": ("failed", said), "create b (node)": ("done", "")}
    assert sorted(row["name"] for row in server.rows.values()) == ["a", "b"]


def test_what_is_there_twice_in_the_end_is_said_with_both_ids(server):
    put = server.put

    def at_the_same_moment(id_, row):
        put(id_, row)
        server.add("a")

    server.put = at_the_same_moment
    ((status, reason),) = ends(applied(server, Node("a"))).values()
    assert status == "failed"
    assert "it was created (node-1) and is there more than once" in reason
    assert "(theirs-a); delete all but one" in reason


def test_nothing_is_read_again_where_nothing_was_created(server):
    applied(server, Node("a", color=1))
    reads = server.reads
    applied(server, Node("a", color=2))
    assert server.reads - reads == 2  # both kinds, once


class Counted(NodeKind):
    def __init__(self, number: int) -> None:
        super().__init__(Server())
        self.number, self.reads = number, 0

    async def observe(self) -> Sequence[Observed]:
        self.reads += 1
        await anyio.lowlevel.checkpoint()
        return [Observed(kind="node", name=f"n{n}", id=f"{n}", fields={}) for n in range(self.number)]


def test_creates_that_begin_at_once_share_a_read():
    kind = Counted(3)

    async def go() -> None:
        rivals = Rivals({"node": frozenset()})
        async with anyio.create_task_group() as group:
            for _ in range(10):
                group.start_soon(rivals.taken, kind, "other")

    anyio.run(go)
    assert kind.reads <= 2


@pytest.mark.parametrize(("created", "reads"), [(100, 3), (101, 1)])
def test_creates_of_more_than_a_page_share_one_read(created, reads):
    kind = Counted(3)

    async def go() -> None:
        rivals = Rivals({"node": frozenset()}, [Key("node", str(n)) for n in range(created)])
        assert [await rivals.taken(kind, name) for name in ("n1", "new", "n2")] == ["1", None, "2"]

    anyio.run(go)
    assert kind.reads == reads


def test_where_there_is_more_than_a_page_nothing_is_read_before_a_create():
    kind = Counted(500)
    assert anyio.run(Rivals({"node": frozenset(map(str, range(500)))}).taken, kind, "n1") is None
    assert kind.reads == 0
    growing = Rivals({"node": frozenset()})
    assert anyio.run(growing.taken, kind, "n1") == "1"
    assert anyio.run(growing.taken, kind, "n1") is None
    assert kind.reads == 1


def test_what_cannot_be_read_again_is_taken_for_nothing():
    class Failing(NodeKind):
        async def observe(self) -> Sequence[Observed]:
            raise ServerFault("no")

    kind = Failing(Server())
    assert anyio.run(Rivals({"node": frozenset()}).taken, kind, "a") is None
    assert anyio.run(holders, {node("a"): "1", Key("node", "b"): "2"}, {"node": kind}) == {
        node("a"): None,
        Key("node", "b"): None,
    }


@pytest.mark.parametrize("fault", [ServerFault("no"), TypeError("a fault of an integration")], ids=repr)
def test_where_it_cannot_be_read_whether_it_is_there_twice_the_report_says_so(server, fault):
    put = server.put

    class Unread(NodeKind):
        async def observe(self) -> Sequence[Observed]:
            if server.writes:
                raise fault
            return await super().observe()

    def at_the_same_moment(id_, row):
        put(id_, row)
        server.add("a")

    server.put = at_the_same_moment
    create = Create(Declared(key=node("a"), fields={"shape": 0}))
    plan = Plan(place="here", operations=(Operation(Step("create", create.key), create, ()),))

    async def go() -> Report:
        settings = ExecutionSettings(limiter=anyio.Semaphore(1), stop=anyio.Event())
        return await execute(plan, {"node": Unread(server)}, {}, {"node": frozenset()}, settings)

    (outcome,) = anyio.run(go).outcomes
    said = "whether somebody else created one of this name at the same time could not be read"
    assert (outcome.status, outcome.reason) == ("done", said)


def test_what_a_server_takes_back_after_it_was_created_is_not_called_done(server):
    server.put = lambda id_, row: None
    ((status, reason),) = ends(applied(server, Node("a"))).values()
    assert (status, reason) == ("unknown", "it was created (node-1) and is not there any more")


def test_a_row_that_one_read_skips_is_looked_for_in_another():
    class Skipping(NodeKind):
        reads = 0

        async def observe(self) -> Sequence[Observed]:
            self.reads += 1
            return [] if self.reads == 1 else [Observed(kind="node", name="a", id="1", fields={})]

    assert anyio.run(holders, {node("a"): "1"}, {"node": Skipping(Server())}) == {node("a"): {"1"}}


class Waiting(NodeKind):
    """Its listing after the plan is answered only once something was written."""

    async def observe(self) -> Sequence[Observed]:
        with anyio.fail_after(5):
            while self.server.reads > 1 and not self.server.writes:
                await anyio.lowlevel.checkpoint()
        return await super().observe()


def test_who_waits_for_a_read_keeps_no_write_from_its_place():
    server = Server(rows={"n": {"kind": "node", "name": "old", "shape": 0, "color": 1}})
    kind = Waiting(server)
    create = Create(Declared(key=Key("node", "new"), fields={"shape": 0}))
    seen = Observed(kind="node", name="old", id="n", fields={"color": 1})
    change = FieldChange(("color",), 1, 2)
    update = Update(Declared(key=Key("node", "old"), fields={"color": 2}), seen, (change,))
    operations = (
        Operation(Step("create", create.key), create, ()),
        Operation(Step("update", update.key, "n"), update, ()),
    )
    server.reads = 2  # as when the plan was made

    async def go() -> Report:
        settings = ExecutionSettings(limiter=anyio.Semaphore(1), stop=anyio.Event())
        plan = Plan(place="here", operations=operations)
        return await execute(plan, {"node": kind}, {}, {"node": frozenset({"n"})}, settings)

    assert anyio.run(go).ok
    assert server.writes == ["update old", "create new"]
