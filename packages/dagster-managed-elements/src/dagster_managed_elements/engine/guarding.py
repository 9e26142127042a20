"""Refuses a plan whose consequences nobody agreed to. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from dagster_managed_elements.engine.errors import PlanRefused
from dagster_managed_elements.engine.findings import Consequence, ConsequenceCode
from dagster_managed_elements.engine.planning import Plan

_NEVER_ALLOWED: Final[ConsequenceCode] = "protect"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What the user agreed to: every destructive consequence, or those of some codes. Protection stands."""

    allow_all: bool = False
    allowed: frozenset[str] = frozenset()


def objections(plan: Plan, policy: Policy) -> tuple[Consequence, ...]:
    """The destructive consequences of *plan* that *policy* does not allow."""

    def allowed(consequence: Consequence) -> bool:
        if consequence.code == _NEVER_ALLOWED:
            return False
        return policy.allow_all or consequence.code in policy.allowed

    return tuple(each for each in plan.consequences if each.destructive and not allowed(each))


def guard(plan: Plan, policy: Policy) -> Plan:
    """*plan* itself, or PlanRefused with what stands against it."""
    if against := objections(plan, policy):
        raise PlanRefused(against)
    return plan
