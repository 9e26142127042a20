"""A line that lives while a run does, on a terminal; elsewhere nothing at all."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dagster_managed_elements.engine.reports import Outcome
from dagster_managed_elements.rendering.values import escape

if TYPE_CHECKING:
    from rich.progress import Progress as Bar


class Progress:
    """How far a run is. Without a *bar* it takes everything and shows nothing."""

    def __init__(self, bar: Bar | None = None) -> None:
        self.bar = bar
        self.total = self.ended = self.hiding = 0

    @staticmethod
    @contextmanager
    def shown(*, live: bool) -> Generator[Progress]:
        if not live:
            yield Progress()
            return
        from rich.console import Console
        from rich.progress import Progress as Bar
        from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn
        from rich.table import Column

        text = TextColumn(
            "{task.description}", markup=False, table_column=Column(no_wrap=True, overflow="ellipsis")
        )
        with Bar(SpinnerColumn(), TimeElapsedColumn(), text, console=Console(stderr=True), transient=True) as bar:
            bar.add_task("comparing ...")
            yield Progress(bar)

    def begin(self, operations: int) -> None:
        """So many more are to be done."""
        self.total += operations
        self._say(f"applying {self.ended}/{self.total}")

    def finished(self, outcome: Outcome) -> None:
        self.ended += 1
        self._say(escape(f"applying {self.ended}/{self.total}  {outcome.step}: {outcome.status}"))

    def _say(self, text: str) -> None:
        if self.bar is not None:
            for task in self.bar.task_ids:
                self.bar.update(task, description=text)

    @contextmanager
    def hidden(self) -> Generator[None]:
        """While something else is printed or asked. It stays hidden where that is cut off."""
        if self.bar is None:
            yield
            return
        self.hiding += 1
        self.bar.stop()
        going_on = True
        try:
            yield
        except BaseException as error:
            going_on = isinstance(error, Exception)
            raise
        finally:
            self.hiding -= 1
            if going_on and not self.hiding:
                self.bar.start()
