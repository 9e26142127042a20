"""The options that check and apply share, and what a user asked for as one value."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import click

from dagster_managed_elements.engine.findings import ALLOWABLE
from dagster_managed_elements.engine.kinds import Settings
from dagster_managed_elements.engine.secrets import Resent

if TYPE_CHECKING:
    from dagster_managed_elements.engine.guarding import Policy
    from dagster_managed_elements.engine.surveying import Scope

Output: TypeAlias = Literal["text", "json", "markdown"]

_DEFAULT: Final = Settings()

_MODULE_HELP: Final = (
    "The module that has the reconcilers, and after a colon which of them, if not all: "
    "`package.module:staging,regions.europe`."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was asked for on the command line. *timeout* is in seconds, for one request."""

    module: str
    working_directory: Path | None = None
    output: Output = "text"
    include_all_secrets: bool = False
    include_secret: tuple[str, ...] = ()
    timeout: float = _DEFAULT.timeout
    concurrency: int = _DEFAULT.concurrency
    refresh_catalogs: bool = False
    verbose: bool = False
    quiet: bool = False
    no_color: bool = False
    target: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    max_changes: float | None = None
    destroy: bool = False
    undo: str | None = None
    preflight: bool = False
    against: Path | None = None
    state: str | None = None
    secrets: Literal["local", "server"] = "local"

    @property
    def resent(self) -> Resent:
        return Resent(every=self.include_all_secrets, paths=frozenset(self.include_secret))

    @property
    def seconds(self) -> float | None:
        """For how long the plan is tried first, if it is."""
        from dagster_managed_elements.engine.preflighting import SECONDS

        return SECONDS if self.preflight else None

    @property
    def scope(self) -> Scope:
        from dagster_managed_elements.engine.selecting import Selection
        from dagster_managed_elements.engine.surveying import Scope

        selected = Selection(targets=frozenset(self.target), excludes=frozenset(self.exclude))
        return Scope(selected=selected, destroy=self.destroy)

    @property
    def policy(self) -> Policy:
        from dagster_managed_elements.engine.guarding import Policy

        return Policy(allowed=frozenset(self.allow), max_changes=self.max_changes)


class Seconds(click.FloatRange):
    """Without those floats that are no time to wait: no comparison refuses "nan"."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        seconds = super().convert(value, param, ctx)
        return seconds if math.isfinite(seconds) else self.fail(f"{value} is no number of seconds.", param, ctx)


def _share(_ctx: click.Context, _option: click.Parameter, given: str | None) -> float | None:
    """A percentage, `30%` or `30`, as a share from 0 to 1."""
    if given is None:
        return None
    try:
        share = float(given.removesuffix("%")) / 100
    except ValueError:
        share = math.nan
    if not 0 <= share <= 1:
        raise click.BadParameter(f"{given} is no percentage, such as 30%.")
    return share


_INSTANCE_HELP: Final = "The instance, or a reconciler that has it, in a module of yours: `shop:airbyte`."
_DIRECTORY: Final = click.option(
    "--working-directory",
    "-d",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Where the module is looked for first; the current directory, if not given.",
)
_MODULE: Final = (
    click.option("--module", "-m", required=True, metavar="MODULE", help=_MODULE_HELP),
    _DIRECTORY,
)
_INSTANCE: Final = (
    click.option(
        "--instance",
        required=True,
        metavar="MODULE:NAME",
        help=_INSTANCE_HELP,
    ),
    _DIRECTORY,
)
_TIMEOUT: Final = click.option(
    "--timeout",
    type=Seconds(min=0, min_open=True),
    default=_DEFAULT.timeout,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for an answer to begin or go on; all of it may take three times as long.",
)
_VERBOSE: Final = click.option(
    "--verbose", "-v", is_flag=True, help="Log every request on standard error, without secrets."
)

_STATE: Final = click.option(
    "--state",
    metavar="URL",
    help="Where is remembered what was applied: file://, s3://, gs:// or az://; DAGSTER_ME_STATE otherwise.",
)

_OPTIONS: Final = (
    *_MODULE,
    click.option(
        "--output",
        type=click.Choice(["text", "json", "markdown"]),
        default="text",
        show_default=True,
        help="What standard output holds: text, one JSON document, or a pull-request comment.",
    ),
    click.option(
        "--include-all-secrets",
        is_flag=True,
        help="List every secret the server holds as changed, and send it again in an apply.",
    ),
    click.option(
        "--include-secret",
        multiple=True,
        metavar="PATH",
        help="The same for one secret, at a path such as `shop.password`; may be given several times.",
    ),
    _STATE,
    click.option(
        "--secrets",
        type=click.Choice(["local", "server"]),
        default="local",
        show_default=True,
        help="Where to look for changes of secrets: `server` asks it for the version of each that is remembered.",
    ),
    _TIMEOUT,
    click.option(
        "--concurrency",
        type=click.IntRange(min=1),
        default=_DEFAULT.concurrency,
        show_default=True,
        metavar="N",
        help="How many operations may be in flight at once.",
    ),
    click.option(
        "--refresh-catalogs",
        is_flag=True,
        help="Ask sources anew for the streams and columns that patterns and exclusions depend on.",
    ),
    click.option(
        "--allow",
        multiple=True,
        metavar="CODE",
        type=click.Choice(ALLOWABLE),
        help=f"Let a consequence of this sort pass without asking: {', '.join(ALLOWABLE)}.",
    ),
    click.option(
        "--max-changes",
        callback=_share,
        metavar="PERCENT",
        help="How many of the elements that are there may be changed at once without asking; 30% if not given.",
    ),
    click.option(
        "--preflight",
        is_flag=True,
        help="Try what would be written on the server first, up to 5 minutes: runs the connectors' own checks.",
    ),
    _VERBOSE,
    click.option("--quiet", "-q", is_flag=True, help="Print no more than the changes and what went wrong."),
    click.option("--no-color", is_flag=True, help="No colour, on a terminal either; as with NO_COLOR=1."),
)
_SELECTING: Final = (
    click.option(
        "--target",
        multiple=True,
        metavar="KEY",
        help="Plan only this element and what it needs: `shop`, or `shop (source)` where several have that name.",
    ),
    click.option(
        "--exclude",
        multiple=True,
        metavar="KEY",
        help="Leave out this element and what needs it; may be given several times, as --target.",
    ),
)


def shared_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Those of check and apply."""
    return _with((*_OPTIONS, *_SELECTING), command)


def reading_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Those of a command that takes a module and asks its server something, and compares nothing."""
    return _with((*_MODULE, _TIMEOUT, _VERBOSE), command)


def instance_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Those of a command that takes a place, whatever is declared for it."""
    return _with((*_INSTANCE, _TIMEOUT, _VERBOSE), command)


def snapshot_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Those of a command that takes a module or an instance, one of the two."""
    module = click.option("--module", "-m", metavar="MODULE", help=_MODULE_HELP)
    instance = click.option("--instance", metavar="MODULE:NAME", help=_INSTANCE_HELP)
    return _with((module, instance, _DIRECTORY, _TIMEOUT, _VERBOSE), command)


def history_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Those of a command that reads what a state knows, and asks no server."""
    module = click.option("--module", "-m", metavar="MODULE", help="A module whose reconcilers name the state.")
    return _with((_STATE, module, _DIRECTORY), command)


def _with(options: Sequence[Callable[..., Any]], command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(options):
        command = option(command)
    return command
