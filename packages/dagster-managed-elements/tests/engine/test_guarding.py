"""What is refused, and what agreeing allows."""

from __future__ import annotations

from typing import get_args

import pytest
from dagster_managed_elements.engine.errors import DeclarationError, PlanRefused
from dagster_managed_elements.engine.findings import ALLOWABLE, Consequence, ConsequenceCode
from dagster_managed_elements.engine.guarding import Policy, guard, objections, policy_of, strictest, weighed
from dagster_managed_elements.engine.planning import Plan
from dagster_managed_elements.engine.presentation import Entry

from testing.sides import node

DELETE = Consequence(node("a"), "delete", "a is deleted")
CASCADE = Consequence(node("b"), "cascade", "b is deleted with a")
PROTECT = Consequence(node("c"), "protect", "c is protected")
SAID = Consequence(node("d"), "resent", "a secret is sent again", destructive=False)
PLAN = Plan(place="here", consequences=(DELETE, CASCADE, PROTECT, SAID))


@pytest.mark.parametrize(
    ("policy", "against"),
    [
        (Policy(), (DELETE, CASCADE, PROTECT)),
        (Policy(allowed=frozenset({"delete"})), (CASCADE, PROTECT)),
        (Policy(allow_all=True), (PROTECT,)),
        (Policy(allow_all=True, allowed=frozenset({"protect"})), (PROTECT,)),
        (Policy(allowed=frozenset({"delete", "cascade", "protect"})), (PROTECT,)),
    ],
)
def test_what_nobody_agreed_to_stands_against_a_plan_and_protection_always_does(
    policy: Policy, against: tuple[Consequence, ...]
) -> None:
    assert objections(PLAN, policy) == against
    with pytest.raises(PlanRefused) as error:
        guard(PLAN, policy)
    assert error.value.consequences == against
    assert str(error.value).splitlines() == [
        "The plan was refused, nothing was written:",
        *(f"  {each.text}" for each in against),
    ]


def test_a_code_that_no_consequence_has_is_refused() -> None:
    with pytest.raises(DeclarationError, match=r"allowed= has 7, bogus; there are delete, cascade, replace"):
        Policy(allowed={"bogus", 7, "delete"})  # type: ignore[arg-type]
    for code in get_args(ConsequenceCode):
        assert Policy(allowed={code}).allowed == {code}


def test_a_code_of_an_integration_begins_with_its_name() -> None:
    fines = Consequence(node("a"), "library/fines-lost", "what a owes is forgotten")
    plan = Plan(place="here", consequences=(fines,))
    assert objections(plan, Policy(allowed={"library/fines-lost"})) == ()
    assert objections(plan, Policy(allowed={"library/fines"})) == (fines,)


@pytest.mark.parametrize("given", ["delete", {"delete"}, True])
def test_what_is_no_policy_is_refused(given: object) -> None:
    with pytest.raises(DeclarationError, match="guard= wants a Policy, such as"):
        policy_of(given, "guard")
    assert policy_of(None, "guard") == Policy()


def test_a_plan_nothing_stands_against_goes_on_as_it_is() -> None:
    plan = Plan(place="here", consequences=(DELETE, SAID))
    assert guard(plan, Policy(allow_all=True)) is plan
    harmless = Plan(place="here", consequences=(SAID,))
    assert guard(harmless, Policy()) is harmless


@pytest.mark.parametrize("code", ALLOWABLE)
def test_each_sort_that_destroys_is_refused_unasked_and_allowed_by_its_own_code_alone(
    code: ConsequenceCode,
) -> None:
    consequence = Consequence(node("a"), code, "it destroys")
    plan = Plan(place="here", consequences=(consequence,))
    others = frozenset(ALLOWABLE) - {code}
    for refusing in (Policy(), Policy(allowed=others), strictest([Policy(allowed={code}), Policy()])):
        assert objections(weighed(plan, refusing), Policy()) == (consequence,)
    for allowing in (Policy(allowed={code}), strictest([Policy(allowed={code}), Policy(allow_all=True)])):
        assert objections(weighed(plan, allowing), Policy()) == ()
    assert objections(weighed(plan, Policy(), Policy(allowed={code})), Policy()) == (), "asked for by a flag"
    assert objections(plan, Policy(allowed={code})) == ()


def test_more_than_three_of_ten_elements_are_not_changed_unasked() -> None:
    def changed(number: int, existing: int = 10) -> list[str]:
        entries = tuple(Entry("update", node(f"n{each}"), f"{each}", ()) for each in range(number))
        plan = Plan(place="here", entries=entries, existing=existing)
        return [each.code for each in objections(weighed(plan, Policy()), Policy())]

    assert changed(3) == []
    assert changed(4) == ["many-changes"]
    assert changed(9, existing=9) == [], "of few a share says little"
