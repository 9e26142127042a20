"""What every test is collected with."""

from __future__ import annotations

import gc
from contextlib import suppress

import pytest

with suppress(ImportError):  # where tests run beside another release, there is none
    from hypothesis import settings

    # An example may take as long as it takes: a busy machine is no fault.
    settings.register_profile("house", deadline=None)
    settings.load_profile("house")


# Tests are many, and there to the end: looking through all of them for garbage, again and again, takes time.
gc.disable()


def pytest_collection_finish() -> None:
    """From here on garbage is what tests leave."""
    gc.freeze()
    gc.enable()


def pytest_unconfigure() -> None:
    """What is frozen to the end is found to leak there."""
    gc.unfreeze()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of a wide matrix the cells that its mark names run soon, the others are slow tests. What may take longest
    begins first: at the end of all, one worker would wait for it alone.
    """
    items.sort(key=lambda item: -_seconds(item))
    for item in items:
        mark = item.get_closest_marker("wide")
        if mark is not None and hasattr(item, "callspec") and not any(word in item.name for word in mark.args):
            item.add_marker(pytest.mark.slow)


def _seconds(item: pytest.Item) -> float:
    """How long it may take, where that is longer than for others."""
    mark = item.get_closest_marker("timeout")
    return float(mark.args[0]) if mark is not None and mark.args else 0.0
