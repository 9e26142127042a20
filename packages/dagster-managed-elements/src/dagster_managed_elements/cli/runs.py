"""A check or an apply under way: what was asked, what was loaded for it, and where it prints."""

from __future__ import annotations

import gc
import logging
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dagster_managed_elements.cli.files import read
from dagster_managed_elements.cli.options import Asked
from dagster_managed_elements.cli.progress import Progress
from dagster_managed_elements.cli.screen import Screen
from dagster_managed_elements.engine.errors import DeclarationError
from dagster_managed_elements.engine.kinds import Settings
from dagster_managed_elements.engine.recording import Recording, read_recording
from dagster_managed_elements.loading import Loaded, load
from dagster_managed_elements.reconciler import Reconciler
from dagster_managed_elements.rendering.documents import Verb

_PARTICIPLE = {"check": "checking", "apply": "applying", "destroy": "destroying", "undo": "undoing"}


_MADE: Final = 100_000
_NOTHING_WRITTEN: Final = "nothing was written"


@dataclass(slots=True, kw_only=True)
class Run:
    """One check or apply under way: what was asked, what was loaded for it, and where it prints. *writing*, once
    true, says that a write may have left this process. A *recording* answers in place of the servers.
    """

    verb: Verb
    asked: Asked
    loaded: Sequence[Loaded]
    screen: Screen
    progress: Progress
    writing: bool = False
    recording: Recording | None = None

    @property
    def settings(self) -> Settings:
        asked = self.asked
        return Settings(
            timeout=asked.timeout,
            concurrency=asked.concurrency,
            refresh_catalogs=asked.refresh_catalogs,
            recording=self.recording,
        )

    @property
    def folder(self) -> Path:
        """Where what is declared lies."""
        module = sys.modules.get(self.loaded[0].path.partition(":")[0]) if self.loaded else None
        file = getattr(module, "__file__", None)
        return Path(file).parent if file else Path()

    @property
    def several(self) -> bool:
        """Whether the lines of one place have to be told from those of another."""
        places = [
            reconciler.instance if isinstance(reconciler, Reconciler) else id(reconciler)
            for reconciler in (loaded.reconciler for loaded in self.loaded)
        ]
        return len(set(places)) > 1

    @property
    def written(self) -> str:
        """What an interruption leaves behind, in the words of who knows no more than this."""
        return "what was sent may have been carried out" if self.writing else _NOTHING_WRITTEN

    @staticmethod
    @contextmanager
    def begin(verb: Verb, asked: Asked) -> Generator[Run]:
        """Load the module, say what was found, and keep a progress line alive within.

        KeyboardInterrupt comes out of it with what was written as its text.
        """
        screen = Screen(text=asked.output == "text", quiet=asked.quiet, colour=not asked.no_color)
        run: Run | None = None
        try:
            with _collecting_seldom():
                loaded = load(asked.module, asked.working_directory)
                screen.remark(f"Found {len(loaded)} managed elements, {_PARTICIPLE[verb]}...")
                live = screen.live and not asked.verbose
                with request_log(wanted=asked.verbose), Progress.shown(live=live) as progress:
                    run = Run(verb=verb, asked=asked, loaded=loaded, screen=screen, progress=progress)
                    run.recording = _read(asked.against) if asked.against else None
                    yield run
        except KeyboardInterrupt:
            raise KeyboardInterrupt(run.written if run else _NOTHING_WRITTEN) from None


@contextmanager
def _collecting_seldom() -> Generator[None]:
    """Python looks through all objects there are whenever so many more were made. Of thousands of elements nearly
    all are kept to the end, and to look through them time and again took up to half of a check.
    """
    before = gc.get_threshold()
    gc.set_threshold(max(before[0], _MADE), *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _read(file: Path) -> Recording:
    try:
        return read_recording(read(file))
    except DeclarationError as error:
        raise DeclarationError(f"{file}: {error}") from None


@contextmanager
def request_log(*, wanted: bool) -> Generator[None]:
    """Every request on standard error, within, where that is *wanted*."""
    log = logging.getLogger("dagster_managed_elements.api")
    if not wanted:
        yield
        return
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
    level, propagates = log.level, log.propagate
    log.addHandler(handler)
    log.setLevel(logging.DEBUG)
    log.propagate = False
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.setLevel(level)
        log.propagate = propagates
