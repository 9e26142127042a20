"""A check or an apply under way: what was asked, what was loaded for it, and where it prints."""

from __future__ import annotations

import logging
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from dagster_managed_elements.cli.options import Asked
from dagster_managed_elements.cli.progress import Progress
from dagster_managed_elements.cli.screen import Screen
from dagster_managed_elements.engine.kinds import Settings
from dagster_managed_elements.loading import Loaded, load
from dagster_managed_elements.reconciler import Reconciler
from dagster_managed_elements.rendering.documents import Verb

_PARTICIPLE = {"check": "checking", "apply": "applying"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One check or apply under way: what was asked, what was loaded for it, and where it prints."""

    verb: Verb
    asked: Asked
    loaded: Sequence[Loaded]
    screen: Screen
    progress: Progress

    @property
    def settings(self) -> Settings:
        return Settings(timeout=self.asked.timeout, concurrency=self.asked.concurrency)

    @property
    def several(self) -> bool:
        """Whether the lines of one place have to be told from those of another."""
        places = [
            each.instance if isinstance(each, Reconciler) else id(each)
            for each in (loaded.reconciler for loaded in self.loaded)
        ]
        return len(set(places)) > 1

    @staticmethod
    @contextmanager
    def begin(verb: Verb, asked: Asked) -> Generator[Run]:
        """Load the module, say what was found, and keep a progress line alive within."""
        screen = Screen(text=asked.output == "text")
        loaded = load(asked.module, asked.working_directory)
        screen.say(f"Found {len(loaded)} managed elements, {_PARTICIPLE[verb]}...")
        live = screen.live and not asked.verbose
        with _request_log(wanted=asked.verbose), Progress.shown(live=live) as progress:
            yield Run(verb=verb, asked=asked, loaded=loaded, screen=screen, progress=progress)


@contextmanager
def _request_log(*, wanted: bool) -> Generator[None]:
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
