"""Refuses a plan whose consequences nobody agreed to, and weighs how much of what is there it changes. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final, cast, get_args

from dagster_managed_elements.engine.errors import DeclarationError, PlanRefused
from dagster_managed_elements.engine.findings import ALLOWABLE, Consequence, ConsequenceCode
from dagster_managed_elements.engine.planning import Plan
from dagster_managed_elements.engine.presentation import Entry
from dagster_managed_elements.engine.values import Key

_NEVER_ALLOWED: Final[ConsequenceCode] = "protect"
MOST_CHANGED: Final = 0.3
_ENOUGH: Final = 10
"""Of fewer elements a share says little: three of eight are soon changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What may be done without being asked about. What is protected stays protected.

    Args:
        allow_all: Whether every destructive consequence passes.
        allowed: Codes of those that do, as `delete`, `replace`, `cascade`, `state-lost`, or an integration's own.
        max_changes: The share, from 0 to 1, of the elements that are there of which more is not changed at once
            (`many-changes`), where there are ten or more: 0.3 if nothing is said, 1 to let everything pass. What is
            created does not count.

    Raises:
        DeclarationError: Where *max_changes* is no such share, or *allowed* is one text or has a code that no
            consequence has.
    """

    allow_all: bool = False
    allowed: frozenset[str] = frozenset()
    max_changes: float | None = None

    def __post_init__(self) -> None:
        """Raises DeclarationError: a policy that means nothing would let pass what was to be stopped."""
        if isinstance(self.allowed, str):
            raise DeclarationError(f"allowed= wants several codes, such as {{{self.allowed!r}}}.")
        object.__setattr__(self, "allowed", frozenset(self.allowed or ()))
        if unknown := sorted(str(code) for code in self.allowed if not _is_code(code)):
            raise DeclarationError(f"allowed= has {', '.join(unknown)}; there are {', '.join(ALLOWABLE)}.")
        most = cast("object", self.max_changes)
        if most is not None and not (isinstance(most, (int, float)) and 0 <= most <= 1):
            raise DeclarationError(f"max_changes= wants a share from 0 to 1, not {most!r}.")


def _is_code(code: object) -> bool:
    """Those of an integration, which are known to it alone, begin with its name."""
    return isinstance(code, str) and (code in get_args(ConsequenceCode) or "/" in code)


def policy_of(given: object, word: str) -> Policy:
    """What was *given* as the parameter called *word*; one that allows nothing for None. Raises DeclarationError
    for what is no policy.
    """
    if not isinstance(given, (Policy, type(None))):
        raise DeclarationError(f"{word}= wants a Policy, such as Policy(allowed={{'replace'}}), not {given!r}.")
    return given or Policy()


def strictest(policies: Iterable[Policy]) -> Policy:
    """What all of them let pass: those of one place are planned together."""
    every = list(policies)
    codes = {code for policy in every for code in policy.allowed}
    return Policy(
        allow_all=bool(every) and all(policy.allow_all for policy in every),
        allowed=frozenset(
            code for code in codes if all(policy.allow_all or code in policy.allowed for policy in every)
        ),
        max_changes=min((_most(policy) for policy in every), default=None),
    )


def weighed(plan: Plan, standing: Policy, asked: Policy | None = None) -> Plan:
    """*plan* under the policy that stands in code, as widened by what was *asked* for this run: what is allowed is
    no longer destructive, and that it changes much of what is there is a consequence of its own.
    """
    asked = asked or Policy()
    most = _most(standing if asked.max_changes is None else asked)
    consequences = (*plan.consequences, *_landslide(plan, most))
    allow_all = standing.allow_all or asked.allow_all
    allowed = standing.allowed | asked.allowed

    def stands(each: Consequence) -> bool:
        return each.code == _NEVER_ALLOWED or not (allow_all or each.code in allowed)

    return replace(
        plan,
        consequences=tuple(
            replace(consequence, destructive=consequence.destructive and stands(consequence))
            for consequence in consequences
        ),
    )


def _most(policy: Policy) -> float:
    return MOST_CHANGED if policy.max_changes is None else policy.max_changes


def _landslide(plan: Plan, most: float) -> Iterable[Consequence]:
    changed = sum(_changes_what_is_there(entry) for entry in plan.entries)
    if plan.existing >= _ENOUGH and changed > most * plan.existing:
        text = f"{changed} of {plan.existing} elements that are there are changed at once, more than {most:.0%}"
        yield Consequence(Key("place", plan.place), "many-changes", text)


def _changes_what_is_there(entry: Entry) -> bool:
    """A secret that is sent again since somebody asked for that is no change."""
    is_resent = bool(entry.fields) and all(changed.why == "forced" for changed in entry.fields)
    return entry.action != "create" and not is_resent


def objections(plan: Plan, policy: Policy) -> tuple[Consequence, ...]:
    """The destructive consequences of *plan* that *policy* does not allow."""

    def allowed(consequence: Consequence) -> bool:
        if consequence.code == _NEVER_ALLOWED:
            return False
        return policy.allow_all or consequence.code in policy.allowed

    return tuple(
        consequence for consequence in plan.consequences if consequence.destructive and not allowed(consequence)
    )


def guard(plan: Plan, policy: Policy) -> Plan:
    """*plan* itself, or PlanRefused with what stands against it."""
    if against := objections(plan, policy):
        raise PlanRefused(against)
    return plan
