"""`dagster-me unlock`: sets the lock of a state free, of which whoever held it is gone."""

from __future__ import annotations

import click

from dagster_managed_elements.cli.commands import Command
from dagster_managed_elements.cli.screen import DECLARATION, DONE, Screen


@click.command("unlock", cls=Command)
@click.option(
    "--state",
    required=True,
    envvar="DAGSTER_ME_STATE",
    metavar="URL",
    help="The state whose lock it is; DAGSTER_ME_STATE otherwise.",
)
@click.option("--yes", is_flag=True, help="Set it free without asking.")
def unlock_cmd(*, state: str, yes: bool) -> int:
    """Set the lock of a state free: an apply that still holds it begins nothing new."""
    from dagster_managed_elements.engine.errors import StateError
    from dagster_managed_elements.rendering.values import escape
    from dagster_managed_elements.state.locks import holder_of, read_lock, unlock
    from dagster_managed_elements.state.opening import open_store

    screen, store = Screen(), open_store(state)
    seen = read_lock(store)
    try:
        holder = holder_of(seen, state)
        who = f"It is held by {holder}." if holder else ""
    except StateError:
        who = "Who holds it cannot be read."
    if seen is None or not who:
        screen.say("It is not locked.")
        return DONE
    screen.say(escape(who))
    if not yes and not screen.asks:
        screen.error("Run it on a terminal to be asked, or with --yes.")
        return DECLARATION
    if not yes and not click.confirm("Whoever holds it begins nothing new then. Set it free?"):
        screen.say("It was left as it is.")
        return DONE
    unlock(store, seen)
    screen.say("It was set free.")
    return DONE
