"""What is refused, and what agreeing allows."""

from __future__ import annotations

import pytest
from dagster_managed_elements.engine.errors import PlanRefused
from dagster_managed_elements.engine.findings import Consequence
from dagster_managed_elements.engine.guarding import Policy, guard, objections
from dagster_managed_elements.engine.planning import Plan

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


def test_a_plan_nothing_stands_against_goes_on_as_it_is() -> None:
    plan = Plan(place="here", consequences=(DELETE, SAID))
    assert guard(plan, Policy(allow_all=True)) is plan
    harmless = Plan(place="here", consequences=(SAID,))
    assert guard(harmless, Policy()) is harmless
