"""Who else than its server starts what is declared: schedules of Dagster, defined in the same module.

Dagster is not imported for it: a module that did not do so has no definitions.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import Any

from dagster_managed_elements.cli.runs import Run
from dagster_managed_elements.engine.planning import Starters
from dagster_managed_elements.engine.values import Key
from dagster_managed_elements.loading import Loaded
from dagster_managed_elements.reconciler import Reconciler
from dagster_managed_elements.tracebacks import described


def starters(run: Run, ours: Sequence[Loaded], tell: Callable[[str], None]) -> Sequence[Starters]:
    """One for each of *ours*. None where a snapshot answers: what a user's definitions hold may ask a server. What
    goes wrong in them is told of, and stands in no plan's way.
    """
    module, dagster = sys.modules.get(run.asked.module.partition(":")[0]), sys.modules.get("dagster")
    if module is None or dagster is None or run.recording is not None:
        return ()
    sorts = (dagster.Definitions, dagster.RepositoryDefinition)
    defined: list[Any] = [value for value in vars(module).values() if isinstance(value, sorts)]
    given = {loaded.path: loaded.reconciler for loaded in ours if isinstance(loaded.reconciler, Reconciler)}
    tell_once = cache(tell)

    @cache
    def known() -> Sequence[Mapping[str, Starters]]:
        from dagster_managed_elements.definitions.triggers import Location, filled_in, repository_of, starters

        repositories = [repository_of(defs) for defs in defined]
        return [starters(Location(own), given, partial(filled_in, own, given)) for own in repositories]

    def starter(path: str, key: Key) -> str:
        try:
            return next((said for location in known() if (said := location[path](key))), "")
        except Exception as error:  # noqa: BLE001 - the user's own code may raise anything
            tell_once(f"what Dagster starts is not known: {described(error)}")
            return ""

    return [partial(starter, path) for path in given] if defined else ()
