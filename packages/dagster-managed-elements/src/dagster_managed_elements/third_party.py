"""Runs a third party's reconciler, of which nothing is known but check and apply, old signatures included."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Literal

import anyio.to_thread

from dagster_managed_elements.engine.errors import ManagedElementsError
from dagster_managed_elements.reconciler import Reconciler
from dagster_managed_elements.rendering.sections import Difference
from dagster_managed_elements.rendering.values import masked_by_name
from dagster_managed_elements.tracebacks import described
from dagster_managed_elements.types import ManagedElementDiff, ManagedElementError, ManagedElementReconciler


class ThirdPartyFailure(ManagedElementsError):
    """A third party's reconciler raised, or answered with an error."""


def is_third_party(reconciler: ManagedElementReconciler) -> bool:
    """Whether the engine cannot plan for it: not one of ours, or one that has a check or apply of its own."""
    if not isinstance(reconciler, Reconciler):
        return True
    own = type(reconciler)
    return own.check is not Reconciler.check or own.apply is not Reconciler.apply


async def run(
    reconciler: ManagedElementReconciler, verb: Literal["check", "apply"], **offered: Any
) -> ManagedElementDiff:
    """Call it in a worker thread, where it may run a loop of its own. Raises ManagedElementsError only."""
    return await anyio.to_thread.run_sync(partial(call, reconciler, verb, offered))


def call(
    reconciler: ManagedElementReconciler, verb: Literal["check", "apply"], offered: dict[str, Any]
) -> ManagedElementDiff:
    """Call it with those of the keywords *offered* that it takes. Raises ManagedElementsError only."""
    method = getattr(reconciler, verb)
    try:
        result = method(**_taken(method, offered))
    except ManagedElementsError:
        raise
    except Exception as error:
        raise ThirdPartyFailure(described(error)) from error
    if isinstance(result, ManagedElementDiff):
        return result
    if isinstance(result, ManagedElementError):
        text = f"{type(reconciler).__name__} reports: {result.value.replace('_', ' ')}"
        raise ThirdPartyFailure(text)
    text = f"{type(reconciler).__name__}.{verb} returned a {type(result).__name__}, not a ManagedElementDiff"
    raise ThirdPartyFailure(text)


def _taken(call: Callable[..., object], offered: dict[str, Any]) -> dict[str, Any]:
    """The keywords *call* takes: a reconciler of the first days takes none."""
    try:
        parameters = inspect.signature(call).parameters.values()
    except ValueError:
        return {}
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return offered
    names = {parameter.name for parameter in parameters if parameter.kind is not parameter.POSITIONAL_ONLY}
    return {name: value for name, value in offered.items() if name in names}


def differences(diff: ManagedElementDiff) -> Iterator[Difference]:
    """*diff* as it is rendered, masked by the names of its keys, since nothing else is known of it."""
    for added in diff.additions:
        yield Difference(added.key, after=masked_by_name(added.key, added.value))
    for deleted in diff.deletions:
        yield Difference(deleted.key, before=masked_by_name(deleted.key, deleted.value))
    for modified in diff.modifications:
        sides = (masked_by_name(modified.key, side) for side in (modified.old_value, modified.new_value))
        yield Difference(modified.key, *sides)
    for name, inner in diff.nested.items():
        if not inner.is_empty():
            yield Difference(name, inside=tuple(differences(inner)))
