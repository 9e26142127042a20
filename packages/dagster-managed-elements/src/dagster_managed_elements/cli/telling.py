"""`dagster-me history`: what was applied, when, by whom, and how it ended; of one run all of it. Writes nothing."""

from __future__ import annotations

import os
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dagster_managed_elements.cli.commands import Command
from dagster_managed_elements.cli.options import history_options
from dagster_managed_elements.cli.screen import DONE, FAILED, Screen

if TYPE_CHECKING:
    from dagster_managed_elements.state.history import History


@click.command("history", cls=Command)
@click.argument("run", required=False, metavar="[RUN]")
@history_options
@click.option(
    "--limit",
    "-n",
    type=click.IntRange(1, 10_000),
    default=20,
    show_default=True,
    metavar="N",
    help="How many runs to list, the newest first.",
)
@click.option(
    "--output",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="What standard output holds: text, or one JSON document.",
)
@click.option("--no-color", is_flag=True, help="No colour, on a terminal either; as with NO_COLOR=1.")
def history_cmd(*, run: str | None, limit: int, output: str, no_color: bool, **asked: Any) -> int:
    """List what was applied with a state; with RUN, all that one run planned, and what became of it."""
    from dagster_managed_elements.engine.errors import StateError
    from dagster_managed_elements.engine.past import PastRun
    from dagster_managed_elements.rendering import runs as rendering

    screen, is_text = Screen(text=output == "text", colour=not no_color), output == "text"
    history = _history(**asked)
    if run is not None:
        _, past = history.planned(run)
        screen.result(rendering.whole(past, colour=screen.colour) if is_text else rendering.whole_document(past))
        return DONE
    found = list(islice(history.runs(), limit + 1))
    listed = [entry for entry in found[:limit] if isinstance(entry, PastRun)]
    if not is_text:
        screen.result(rendering.listed_document(listed))
    elif listed:
        screen.say(rendering.table(listed))
    elif not found:
        screen.say("Nothing was applied with this state so far.")
    faults = [error for error in found[:limit] if isinstance(error, StateError)]
    for fault in faults:
        screen.error(fault)
    if len(found) > limit and is_text:
        screen.note("there are older ones; -n lists more")
    return FAILED if faults else DONE


def _history(*, state: str | None, module: str | None, working_directory: Path | None) -> History:
    """That of the state that was named, or of the one that the module names."""
    from dagster_managed_elements.engine.errors import DeclarationError
    from dagster_managed_elements.loading import load
    from dagster_managed_elements.reconciler import Reconciler
    from dagster_managed_elements.reconciling import STATE_VARIABLE
    from dagster_managed_elements.state.going_back import NO_HISTORY
    from dagster_managed_elements.state.history import History
    from dagster_managed_elements.state.opening import open_store

    loaded = [given.reconciler for given in load(module, working_directory)] if module and not state else []
    urls = sorted(
        {reconciler.state for reconciler in loaded if isinstance(reconciler, Reconciler) and reconciler.state}
    )
    if len(urls) > 1:
        raise DeclarationError(
            f"The module names {len(urls)} states; give one of them: --state {' or '.join(urls)}."
        )
    url = state or next(iter(urls), None) or os.environ.get(STATE_VARIABLE)
    if not url:
        raise DeclarationError(NO_HISTORY)
    return History(open_store(url))
