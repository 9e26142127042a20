"""Tries a plan on the server before the first write: on demand, since it runs things, and for so long."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

import anyio

from dagster_managed_elements.engine.changes import Create, Delete, Replace, Update
from dagster_managed_elements.engine.concurrency import concurrently
from dagster_managed_elements.engine.errors import ApiError, PreflightFailed
from dagster_managed_elements.engine.findings import Notice, Problem
from dagster_managed_elements.engine.kinds import Kinds, ResolveContext
from dagster_managed_elements.engine.planning import Plan

SECONDS: Final = 300.0
"""How long all of it may take, if nothing else is said."""


async def preflight(
    plan: Plan, kinds: Kinds, context: ResolveContext, *, seconds: float, limiter: anyio.Semaphore
) -> Sequence[Notice]:
    """What is worth saying of it. Raises PreflightFailed with every Problem; to have no answer within so many
    *seconds* is one. DeclarationError where nothing can be tried there.
    """
    changes = {
        id(operation.change): operation.change
        for operation in plan.operations
        if not isinstance(operation.change, Delete)
    }
    waiting = dict(changes)
    problems: list[Problem] = []
    notices: list[Notice] = []

    async def attempt(change: Create | Update | Replace) -> None:
        async with limiter:
            try:
                found = await kinds[change.key.kind].preflight(change, context)
            except ApiError as error:
                found = [Problem(change.key, (), f"it could not be tried: {error}")]
        problems.extend(finding for finding in found if isinstance(finding, Problem))
        notices.extend(finding for finding in found if isinstance(finding, Notice))
        del waiting[id(change)]

    with anyio.move_on_after(seconds):
        await concurrently(*(partial(attempt, change) for change in changes.values()))
    problems += [Problem(left.key, (), f"it was not tried within {seconds:g} seconds") for left in waiting.values()]
    if problems:
        order = {change.key: number for number, change in enumerate(changes.values())}
        raise PreflightFailed(sorted(problems, key=lambda problem: order[problem.key]))
    return notices
