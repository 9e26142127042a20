"""From any world to any other, whatever goes wrong on the way: once nothing fails, the check is empty."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from itertools import count

import anyio
import pytest
from dagster_managed_elements.applying import apply
from dagster_managed_elements.engine.elements import Element
from dagster_managed_elements.engine.errors import DeclarationError
from dagster_managed_elements.engine.guarding import Policy
from dagster_managed_elements.engine.kinds import Settings
from dagster_managed_elements.engine.planning import Plan
from dagster_managed_elements.engine.secrets import Resent, Secret
from dagster_managed_elements.engine.values import UNSET, Key, Ref
from dagster_managed_elements.reconciler import Reconciler
from dagster_managed_elements.reconciling import Options, Result, check
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from testing.memory_world import Leaf, MemoryInstance, Node, Server

NAMES = "abcdefgh"


@st.composite
def worlds(draw: st.DrawFn, before: tuple[Element, ...] = ()) -> tuple[Element, ...]:
    """Nodes that refer to earlier ones, leaves that hang on them, some renamed from a name of the world before,
    be it a name that another one has now.
    """
    names = draw(st.lists(st.sampled_from(NAMES), unique=True, min_size=1, max_size=6))
    old = draw(st.permutations([element.name for element in before if isinstance(element, Node)]))
    nodes: list[Node] = []
    for name in names:
        keys = [node.key for node in nodes]
        friends = draw(st.lists(st.sampled_from(keys), unique=True, max_size=3)) if keys else []
        node = Node(
            name,
            color=draw(st.integers(0, 2)),
            shape=draw(st.integers(0, 1)),
            parent=draw(st.sampled_from([None, *keys])) if not keys else draw(st.sampled_from(keys)),
            friends=tuple(friends),
            settings=draw(st.dictionaries(st.sampled_from("xyz"), st.sampled_from([1, True, "1", [1], {"k": 2}]))),
            token=draw(st.sampled_from([UNSET, Secret.literal("p"), Secret.literal("q")])),
        )
        if old and old[-1] != name and draw(st.booleans()):
            node = replace(node, renamed_from=old.pop())
        nodes.append(node)
    leaves = [
        Leaf(name, root=draw(st.sampled_from([node.key for node in nodes])), color=draw(st.integers(0, 2)))
        for name in draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=4))
        if nodes
    ]
    return (*nodes, *leaves)


async def _all_allowed(_plan: Plan) -> Policy:
    return Policy(allow_all=True)


def run_apply(
    server: Server, elements: tuple[Element, ...], *, delete: bool, force: bool = False, writes: int = 10_000
) -> Result:
    """Apply, and interrupt it once it has begun so many *writes*."""

    async def go() -> list[Result]:
        stop, fate = anyio.Event(), server.mishaps
        begun = count(1)

        def until_interrupted() -> str:
            if next(begun) == writes:
                stop.set()
            return fate()

        server.mishaps = until_interrupted
        options = Options(
            resent=Resent(every=force), decide=_all_allowed, settings=Settings(concurrency=3, patience=0.0)
        )
        try:
            return await apply(_reconcilers(server, elements, delete=delete), options, stop)
        finally:
            server.mishaps = fate

    (result,) = anyio.run(go)
    return result


def run_check(server: Server, elements: tuple[Element, ...], *, delete: bool) -> Result:
    async def go() -> list[Result]:
        return await check(_reconcilers(server, elements, delete=delete), Options())

    (result,) = anyio.run(go)
    return result


def _reconcilers(server: Server, elements: tuple[Element, ...], *, delete: bool) -> list[Reconciler]:
    """Two of one place, each with what the other refers to: together they are one world."""
    return [
        Reconciler(MemoryInstance(server), elements[1::2], delete_unmentioned_resources=delete),
        Reconciler(MemoryInstance(server), elements[::2]),
    ]


def converge(server: Server, elements: tuple[Element, ...], *, delete: bool, writes: tuple[int, ...] = ()) -> None:
    """Apply with mishaps and interrupts, then without, until all is done; it must not take more than a few runs."""
    for attempt in range(8):
        if attempt == 3:
            server.mishaps = lambda: "ok"
        most = writes[attempt] if attempt < len(writes) else 10_000
        result = run_apply(server, elements, delete=delete, writes=most)
        server.settle()
        if isinstance(result.error, DeclarationError):
            assume("in a circle" not in str(result.error))
        assert result.error is None, result.error
        assert result.report is not None
        assert {outcome.step for outcome in result.report.outcomes} == {
            operation.step for operation in (result.plan.operations if result.plan else ())
        }
        if result.report.ok and attempt >= 3:
            return
    raise AssertionError(f"not done after 8 applies: {result.report}")


def as_declared(server: Server) -> dict[tuple[str, str], dict[str, object]]:
    names = {id_: Key(row["kind"], row["name"]) for id_, row in server.rows.items()}

    def value(of: object) -> object:
        if isinstance(of, Ref):
            return names[of.id]
        return [value(each) for each in of] if isinstance(of, list) else of

    return {
        (row["kind"], row["name"]): {k: value(v) for k, v in row.items() if k not in {"kind", "name"}}
        for row in server.rows.values()
    }


def exactly(value: object) -> str:
    """1 is not True here, whatever Python says."""
    return json.dumps(value, default=str, sort_keys=True)


PATIENT = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])


@settings(PATIENT, max_examples=40)
@given(st.data(), st.integers(0, 2**32), st.booleans(), st.booleans())
def test_any_world_is_reached_from_any_other_whatever_fails(
    data: st.DataObject, seed: int, delete: bool, create_first: bool
) -> None:
    check_reached(data, seed, delete=delete, create_first=create_first)


@pytest.mark.slow
@pytest.mark.timeout(600)
@settings(PATIENT, max_examples=600)
@given(st.data(), st.integers(0, 2**32), st.booleans(), st.booleans())
def test_any_of_many_worlds_is_reached(data: st.DataObject, seed: int, delete: bool, create_first: bool) -> None:
    check_reached(data, seed, delete=delete, create_first=create_first)


def check_reached(data: st.DataObject, seed: int, *, delete: bool, create_first: bool) -> None:
    server = Server(create_first=create_first)
    first = data.draw(worlds(), label="first")
    converge(server, first, delete=True)
    second = data.draw(worlds(first), label="second")
    chance = random.Random(seed)
    mishaps = ["ok"] * 6 + ["fail", "fail", "lost", "late"]
    server.mishaps = lambda: chance.choice(mishaps)
    interrupts = data.draw(st.tuples(st.integers(1, 9), st.integers(1, 9)), label="interrupted after")
    converge(server, second, delete=delete, writes=interrupts)

    assert server.collateral == []
    left = run_check(server, second, delete=delete)
    assert left.error is None
    assert left.plan is not None
    assert left.plan.entries == ()
    found = as_declared(server)
    for element in second:
        wanted = {n: value for n, value in element.fields().items() if value is not None and n != "token"}
        assert exactly({name: found[element.kind, element.name].get(name) for name in wanted}) == exactly(wanted)
    if delete:
        assert found.keys() == {(element.kind, element.name) for element in second}
    written = len(server.writes)
    resent = run_apply(server, second, delete=delete, force=True)
    assert resent.report is not None
    assert resent.report.ok
    tokens = {each.name: each.token.read() for each in second if isinstance(each, Node) and each.token is not UNSET}
    assert sorted(server.writes[written:]) == sorted(f"update {name}" for name in tokens)
    assert {name: as_declared(server)["node", name]["token"] for name in tokens} == tokens
    event(f"{len(second)} elements")
