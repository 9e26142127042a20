"""From a handler to what a route table runs: both kinds of handlers, and the transaction around one of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from airbyte_local.jobs.world import Call, Errand, World

Run = Callable[[World, dict[str, Any]], Any]


def within(handler: Callable[[Call], Any]) -> Run:
    """One transaction a request."""

    def run(world: World, body: dict[str, Any]) -> Any:
        with world.store.transaction() as session:
            return handler(Call(world=world, session=session, body=body))

    return run


def between(handler: Callable[[Errand], Any]) -> Run:
    """For handlers that run a connector: they open their transactions themselves."""
    return lambda world, body: handler(Errand(world=world, body=body))
