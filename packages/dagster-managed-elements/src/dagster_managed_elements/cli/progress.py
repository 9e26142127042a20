"""A line that lives while a run does, on a terminal; elsewhere nothing at all."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dagster_managed_elements.engine.reports import Outcome
from dagster_managed_elements.showing import escape

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID


class Progress:
    """How far a run is. Without a *bar* it takes everything and shows nothing."""

    def __init__(self, bar: Bar | None = None, task: TaskID | None = None) -> None:
        self.bar, self.task = bar, task
        self.total = 0

    @staticmethod
    @contextmanager
    def shown(*, live: bool) -> Generator[Progress]:
        if not live:
            yield Progress()
            return
        from rich.console import Console  # noqa: PLC0415 - only a terminal pays for it
        from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn  # noqa: PLC0415
        from rich.progress import Progress as Bar  # noqa: PLC0415

        columns = (
            SpinnerColumn(),
            BarColumn(20),
            MofNCompleteColumn(),
            TextColumn("{task.description}", markup=False),
        )
        with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
            yield Progress(bar, bar.add_task("comparing", total=None))

    def begin(self, operations: int) -> None:
        """So many more are to be done."""
        self.total += operations
        self._update(total=self.total, description="applying")

    def finished(self, outcome: Outcome) -> None:
        self._update(advance=1, description=escape(f"{outcome.step}: {outcome.status}"))

    def _update(self, *, total: int | None = None, advance: int | None = None, description: str) -> None:
        if self.bar is not None and self.task is not None:
            self.bar.update(self.task, total=total, advance=advance, description=description)

    @contextmanager
    def hidden(self) -> Generator[None]:
        """While something else is printed or asked."""
        if self.bar is None:
            yield
            return
        self.bar.stop()
        try:
            yield
        finally:
            self.bar.start()
