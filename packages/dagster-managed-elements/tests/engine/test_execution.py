"""A plan carried out: what becomes of each operation when some fail, get lost or are interrupted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import anyio
import pytest
from dagster_managed_elements.engine.changes import (
    Change,
    Changes,
    Create,
    Declared,
    Delete,
    FieldChange,
    Observed,
    Pair,
    Replace,
    Update,
)
from dagster_managed_elements.engine.errors import (
    Lost,
    ManagedElementsError,
    Partial,
    ServerFault,
    Unclear,
    Unreachable,
)
from dagster_managed_elements.engine.execution import ExecutionSettings, execute
from dagster_managed_elements.engine.findings import Notice, Problem
from dagster_managed_elements.engine.kinds import Kind, ResolveContext
from dagster_managed_elements.engine.planning import plan
from dagster_managed_elements.engine.reports import Outcome, Report
from dagster_managed_elements.engine.secrets import Secret
from dagster_managed_elements.engine.values import Ids, Key, Later, Masked

from testing.sides import at, have, node, want


class Acting(Kind):
    """Does to each name what *acts* says: raises an error, or calls a function. Records what it was asked."""

    name: ClassVar[str] = "node"

    def __init__(self, acts: Mapping[str, Exception | Callable[[], Any]] | None = None) -> None:
        self.acts = acts or {}
        self.asked: list[str] = []
        self.sent: list[Declared] = []
        self.ids: list[dict[Key, str]] = []
        self.finds: list[list[str] | Exception] = []
        self.there: Sequence[Observed] = ()
        self.resolves: Callable[[Pair], Sequence[Pair | Problem | Notice]] = lambda pair: [pair]

    async def _act(self, verb: str, name: str) -> None:
        self.asked.append(f"{verb} {name}")
        act = self.acts.get(name)
        if isinstance(act, Exception):
            raise act
        if act is not None and (waits := act()) is not None:
            await waits

    async def observe(self) -> Sequence[Observed]:
        return self.there

    async def create(self, declared: Declared, ids: Ids) -> str:
        self.sent.append(declared)
        self.ids.append(dict(ids))
        await self._act("create", declared.key.name)
        self.there = [*self.there, have(declared.key.name, f"id-{declared.key.name}")]
        return f"id-{declared.key.name}"

    async def update(self, change: Update, ids: Ids) -> None:
        self.sent.append(change.declared)
        await self._act("update", change.key.name)

    async def delete(self, observed: Observed) -> None:
        await self._act("delete", observed.name)

    async def find(self, name: str) -> Sequence[Observed]:
        self.asked.append(f"find {name}")
        found = self.finds.pop(0) if self.finds else []
        if isinstance(found, Exception):
            raise found
        rows = [have(name, id_) for id_ in found]
        self.there = [*self.there, *rows]
        return rows

    async def resolve(self, pairs: Sequence[Pair], context: ResolveContext) -> Sequence[Pair | Problem | Notice]:
        self.ids.append(dict(context.ids))
        return [each for pair in pairs for each in self.resolves(pair)]


@dataclass
class Run:
    """One execution, with the pauses it asked for in place of time."""

    kind: Acting
    limit: int = 10
    patience: float = 60.0
    stop: anyio.Event | None = None
    pauses: list[float] = field(default_factory=list[float])
    told: list[Outcome] = field(default_factory=list[Outcome])

    def of(self, *changes: Change, ids: Mapping[Key, str] | None = None, seen: Iterable[str] = ()) -> Report:
        async def pause(seconds: float) -> None:
            self.pauses.append(seconds)
            await anyio.lowlevel.checkpoint()

        async def go() -> Report:
            kinds = {"node": self.kind}
            self.stop = anyio.Event()
            settings = ExecutionSettings(
                limiter=anyio.Semaphore(self.limit),
                stop=self.stop,
                on_outcome=self.told.append,
                patience=self.patience,
                sleep=pause,
            )
            planned = plan(Changes(changes), kinds, "here")
            return await execute(planned, kinds, ids or {}, {"node": frozenset(seen)}, settings)

        return anyio.run(go)

    def interrupt(self) -> None:
        assert self.stop is not None
        self.stop.set()


def ends(report: Report) -> dict[str, tuple[str, str]]:
    return {
        str(outcome.step).removesuffix(" (node)"): (outcome.status, outcome.reason) for outcome in report.outcomes
    }


def create(name: str, *after: str, **fields: Any) -> Create:
    return Create(want(name, friends=[node(each) for each in after], **fields))


A = have("a", "1")
FAULT = ServerFault("the server failed")


def test_what_depends_on_a_failure_is_skipped_and_nothing_else() -> None:
    run = Run(Acting({"a": FAULT}))
    report = run.of(create("a"), create("b", "a"), create("c", "b"), create("d"), create("e", "d"))
    assert ends(report) == {
        "create a": ("failed", "the server failed"),
        "create b": ("skipped", "waits for: create a (node)"),
        "create c": ("skipped", "waits for: create b (node)"),
        "create d": ("done", ""),
        "create e": ("done", ""),
    }
    assert sorted(run.kind.asked) == ["create a", "create d", "create e", "find a"]
    assert not report.ok
    assert report.count() == {"failed": 1, "skipped": 2, "done": 2}
    assert sorted(run.told, key=str) == sorted(report.outcomes, key=str)


def test_the_id_of_what_was_created_is_known_to_what_refers_to_it() -> None:
    run = Run(Acting())
    report = run.of(create("a"), create("b", "a"), ids={node("z"): "9"})
    assert run.kind.ids == [{node("z"): "9"}, {node("z"): "9", node("a"): "id-a"}]
    assert [outcome.id for outcome in report.outcomes] == ["id-a", "id-b"]


def test_no_more_are_in_flight_than_the_limit_and_no_fewer() -> None:
    busy: list[int] = []
    most = 0

    async def work() -> None:
        nonlocal most
        busy.append(1)
        most = max(most, len(busy))
        for _ in range(5):
            await anyio.lowlevel.checkpoint()
        busy.pop()

    names = [f"n{number}" for number in range(20)]
    report = Run(Acting(dict.fromkeys(names, work)), limit=3).of(*(create(name) for name in names))
    assert (most, report.ok) == (3, True)


def test_what_waited_for_others_is_not_behind_all_that_waits_for_nothing() -> None:
    async def work() -> None:
        for _ in range(100):
            await anyio.lowlevel.checkpoint()

    sources = [f"s{number}" for number in range(10)]
    both = [create(f"c-{name}", name, "d") for name in sources]
    kind = Acting(dict.fromkeys(sources, work))
    report = Run(kind, limit=1).of(*(create(name) for name in sources), create("d"), *both)
    asked = [each.removeprefix("create ") for each in kind.asked]
    assert report.ok
    assert asked[1] == "d"  # ten wait for it
    # Who has the next place is chosen before what has become ready is begun.
    assert max(asked.index(f"c-{name}") - asked.index(name) for name in sources) <= 3, asked


def test_a_foreign_exception_fails_its_own_operation_and_keeps_the_report() -> None:
    error = KeyError("secret-value")
    report = Run(Acting({"a": error})).of(create("a"), create("b", "a"), create("c"))
    assert ends(report) == {
        "create a": ("failed", "internal error: KeyError"),
        "create b": ("skipped", "waits for: create a (node)"),
        "create c": ("done", ""),
    }
    assert [outcome.error for outcome in report.outcomes if outcome.error] == [error]
    assert "secret-value" not in repr(report)


def test_an_unfinished_create_failed_and_its_id_is_kept() -> None:
    report = Run(Acting({"a": Partial("7", "its tables were refused")})).of(create("a"), create("b", "a"))
    assert [(outcome.status, outcome.id, outcome.reason) for outcome in report.outcomes] == [
        ("failed", "7", "its tables were refused"),
        ("skipped", None, "waits for: create a (node)"),
    ]


@pytest.mark.parametrize("unclear", [Lost("no answer came back"), ServerFault("the server failed")])
def test_an_unfinished_create_is_unknown_where_no_answer_says_what_it_lacks(unclear: Exception) -> None:
    error = Partial("7", "it was created, but for its colour")
    error.__cause__ = unclear
    (outcome,) = Run(Acting({"a": error})).of(create("a")).outcomes
    assert (outcome.status, outcome.id) == ("unknown", "7")


LOST = Lost("POST /nodes: no answer came back")
UNCLEAR = Unclear("POST /nodes: this is not an API answer")


def test_a_lost_create_is_looked_for_and_never_sent_again() -> None:
    run = Run(Acting({"a": LOST}))
    run.kind.finds = [[], Unreachable("down"), ["1"], ["1", "2"]]
    report = run.of(create("a"), create("b", "a"), seen=["1"])
    assert ends(report) == {"create a": ("done", "found after a lost answer"), "create b": ("done", "")}
    assert [outcome.id for outcome in report.outcomes] == ["2", "id-b"]
    assert run.kind.ids[-1] == {node("a"): "2"}
    assert run.kind.asked == ["create a", "find a", "find a", "find a", "find a", "create b"]
    assert run.pauses == [0.5, 1.0, 2.0]


def test_a_lost_create_that_is_not_found_in_time_is_unknown() -> None:
    run = Run(Acting({"a": LOST}), patience=20)
    report = run.of(create("a"), create("b", "a"))
    assert ends(report) == {
        "create a": ("unknown", "POST /nodes: no answer came back; not found so far"),
        "create b": ("skipped", "waits for: create a (node)"),
    }
    assert run.pauses == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0]
    assert run.kind.asked.count("create a") == 1


def test_several_new_ones_after_a_lost_create_are_named_and_none_is_picked() -> None:
    run = Run(Acting({"a": LOST}))
    run.kind.finds = [["3", "2"]]
    assert ends(run.of(create("a")))["create a"] == (
        "unknown",
        "POST /nodes: no answer came back; 2 were found: 2, 3",
    )


def test_a_fault_in_looking_leaves_a_lost_create_unknown_not_failed() -> None:
    run, error = Run(Acting({"a": LOST})), KeyError("x")
    run.kind.finds = [error]
    (outcome,) = run.of(create("a")).outcomes
    assert (outcome.status, outcome.error) == ("unknown", error)


@pytest.mark.parametrize("change", [create("a"), Update(want("a"), A, (FieldChange(("x",), 0, 1),)), Delete(A)])
def test_what_the_server_failed_at_is_unknown_where_it_fails_at_the_look_too(change) -> None:
    class Blind(Acting):
        async def observe(self) -> Sequence[Observed]:
            raise FAULT

    kind = Blind({"a": FAULT})
    kind.finds = [FAULT]
    (outcome,) = Run(kind).of(change).outcomes
    assert outcome.status == "unknown"
    assert outcome.reason.startswith(str(FAULT))


def test_an_interrupt_ends_the_looking() -> None:
    run = Run(Acting({"a": LOST}))
    run.kind.acts = {"a": LOST, "b": run.interrupt}
    assert ends(run.of(create("a"), create("b")))["create a"][0] == "unknown"
    assert len(run.pauses) <= 1


def test_an_update_or_delete_whose_answer_was_lost_is_unknown() -> None:
    update = Update(want("a", x=1), A, (FieldChange(("x",), 0, 1),))
    said = ("unknown", "POST /nodes: no answer came back; it may have been carried out")
    for change, step in [(update, "update a"), (Delete(A), "delete a")]:
        kind = Acting({"a": LOST})
        kind.there = [A]
        assert ends(Run(kind).of(change)) == {step: said}


@pytest.mark.parametrize("error", [LOST, FAULT, UNCLEAR])
def test_a_read_tells_what_became_of_a_write_whose_answer_does_not(error) -> None:
    update = Update(want("a", x=1), A, (FieldChange(("x",), 0, 1),))
    tried = "failed" if error is FAULT else "unknown"
    for there, became in [([have("a", "1", x=1)], "done"), ([have("a", "1", x=0)], tried), ([], tried)]:
        kind = Acting({"a": error})
        kind.there = there
        assert ends(Run(kind).of(update))["update a"][0] == became
    for there, became in [([A], tried), ([], "done")]:
        kind = Acting({"a": error})
        kind.there = there
        assert ends(Run(kind).of(Delete(A)))["delete a"][0] == became
    for found, became in [(["7"], "done"), ([], tried), (["7", "8"], "unknown")]:
        kind = Acting({"a": error})
        kind.finds = [found] * 20
        assert ends(Run(kind).of(create("a")))["create a"][0] == became
        assert kind.asked.count("create a") == 1


def test_nobody_can_tell_by_a_read_whether_a_secret_was_written() -> None:
    update = Update(want("a"), A, (FieldChange(("x",), Masked(), Secret.literal("s"), "forced"),))
    kind = Acting({"a": UNCLEAR})
    kind.there = [A]
    assert ends(Run(kind).of(update))["update a"][0] == "unknown"


def test_a_delete_is_believed_to_be_done_only_where_two_reads_lack_it() -> None:
    class Skipping(Acting):
        reads = 0

        async def observe(self) -> Sequence[Observed]:
            self.reads += 1
            return [] if self.reads == 1 else [A]

    assert ends(Run(Skipping({"a": LOST})).of(Delete(A)))["delete a"][0] == "unknown"


def test_a_replace_deletes_what_was_there_and_creates_anew() -> None:
    run = Run(Acting())
    report = run.of(Replace(want("a"), A), ids={node("a"): "1"})
    assert run.kind.asked == ["delete a", "create a"]
    assert [outcome.id for outcome in report.outcomes] == ["1", "id-a"]


def test_a_failed_delete_keeps_the_replacement_from_being_created() -> None:
    kind = Acting({"a": FAULT})
    kind.there = [A]
    report = Run(kind).of(Replace(want("a"), A))
    assert ends(report) == {
        "delete a": ("failed", "the server failed"),
        "create a": ("skipped", "waits for: delete a (node)"),
    }


def test_an_interrupt_lets_what_is_in_flight_finish_and_begins_nothing_new() -> None:
    run = Run(Acting(), limit=2)
    released = False

    async def slowly() -> None:
        nonlocal released
        run.interrupt()
        for _ in range(20):
            await anyio.lowlevel.checkpoint()
        released = True

    run.kind.acts = {"a": slowly}
    report = run.of(create("a"), create("b", "a"), create("c", "b"), create("d"), create("e"))
    interrupted = ("skipped", "interrupted before it began")
    assert released
    assert ends(report)["create a"] == ("done", "")
    assert {step: end for step, end in ends(report).items() if step in {"create b", "create c", "create e"}} == {
        "create b": interrupted,
        "create c": interrupted,
        "create e": interrupted,
    }
    assert report.interrupted


def test_an_interrupt_that_came_before_anything_begins_nothing() -> None:
    kind = Acting()

    async def go() -> Report:
        stop = anyio.Event()
        stop.set()
        settings = ExecutionSettings(limiter=anyio.Semaphore(1), stop=stop)
        planned = plan(Changes((create("a"), create("b", "a"))), {"node": kind}, "here")
        return await execute(planned, {"node": kind}, {}, {}, settings)

    report = anyio.run(go)
    assert {outcome.reason for outcome in report.outcomes} == {"interrupted before it began"}
    assert (kind.asked, report.interrupted, report.ok) == ([], True, False)


def test_a_cancelled_run_sees_a_write_that_began_to_its_end() -> None:
    ended: list[str] = []

    async def go() -> None:
        async def write() -> None:
            scope.cancel()
            for _ in range(5):
                await anyio.lowlevel.checkpoint()
            ended.append("a")

        kind = Acting({"a": write})
        planned = plan(Changes((create("a"), create("b", "a"))), {"node": kind}, "here")
        settings = ExecutionSettings(limiter=anyio.Semaphore(1), stop=anyio.Event())
        with anyio.CancelScope() as scope:
            await execute(planned, {"node": kind}, {}, {}, settings)
        assert kind.asked == ["create a"]

    anyio.run(go)
    assert ended == ["a"]


LATER = Later(node("a"), {"s": "any"})


def settled(**fields: Any) -> Callable[[Pair], Sequence[Pair | Problem | Notice]]:
    def resolve(pair: Pair) -> Sequence[Pair | Problem | Notice]:
        assert pair.declared is not None
        return [Pair(replace(pair.declared, fields={**pair.declared.fields, **fields}), pair.observed)]

    return resolve


def test_what_was_to_be_known_later_is_settled_once_it_is_there() -> None:
    run = Run(Acting())
    run.kind.resolves = settled(streams={"s": "known"})
    report = run.of(create("a"), create("b", "a", streams=LATER))
    assert report.ok
    assert run.kind.sent[-1].fields == {"friends": [node("a")], "streams": {"s": "known"}}
    assert run.kind.ids == [{}, {node("a"): "id-a"}, {node("a"): "id-a"}]


def test_an_update_is_settled_beside_what_is_observed() -> None:
    run, b = Run(Acting()), have("b", "2", friends=[at("1")])
    pairs: list[Pair] = []
    run.kind.resolves = lambda pair: (pairs.append(pair), settled(streams={"s": "known"})(pair))[1]
    changed = Update(want("b", streams=LATER), b, (FieldChange(("streams", "s"), 0, "any"),))
    assert run.of(Update(want("a"), A, (FieldChange(("x",), 0, 1),)), changed).ok
    assert [pair.observed for pair in pairs] == [b]
    assert run.kind.sent[-1].fields == {"streams": {"s": "known"}}


def test_a_notice_given_while_settling_is_no_failure() -> None:
    run = Run(Acting())
    notice = Notice(node("b"), (), "nice", "a nice one")
    run.kind.resolves = lambda pair: [notice, *settled(streams={"s": "known"})(pair)]
    assert run.of(create("b", streams=LATER)).ok


def test_all_problems_found_while_settling_fail_that_operation_only() -> None:
    run = Run(Acting())
    run.kind.resolves = lambda _pair: [Problem(node("b"), ("streams", each), "unknown") for each in "st"]
    report = run.of(create("a"), create("b", "a", streams=LATER), create("c", "a"))
    assert ends(report) == {
        "create a": ("done", ""),
        "create b": ("failed", "b.streams.s: unknown; b.streams.t: unknown"),
        "create c": ("done", ""),
    }


@pytest.mark.parametrize("moved", [{"color": 2}, {"extra": 1}])
def test_nothing_is_written_that_the_plan_did_not_show(moved: dict[str, Any]) -> None:
    run = Run(Acting())
    run.kind.resolves = settled(streams={}, **moved)
    report = run.of(create("b", color=1, streams=LATER))
    (name,) = moved
    assert ends(report)["create b"] == ("failed", f"{name}: no longer what the plan showed; check again")
    assert run.kind.asked == []


def test_an_expected_failure_is_told_in_its_own_words() -> None:
    report = Run(Acting({"a": ManagedElementsError("the quota is used up")})).of(create("a"))
    assert ends(report) == {"create a": ("failed", "the quota is used up")}
    assert [outcome.error for outcome in report.outcomes] == [None]
