"""`airbyte-local sync`: starts syncs on a running server and follows them, as its Config API tells of them."""

from __future__ import annotations

import difflib
import shutil
import sys
import time
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NoReturn

import click

from airbyte_local.cli.options import fail

if TYPE_CHECKING:
    import httpx

DONE, FAILED, UNREACHABLE, INTERRUPTED = 0, 1, 3, 130
MARKS = {"succeeded": ("✓", "green"), "failed": ("✗", "red"), "cancelled": ("✗", "yellow")}
ENDED = MARKS.keys()
POLL_SECONDS = 0.3
ANSWER_SECONDS = 30.0
_NONE: dict[str, list[Any]] = {"failures": []}
_NO_TEXT = {"Cc", "Cs", "Zl", "Zp"}
NIL_ID = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sync:
    """One connection and its job, as it was last seen; where that failed or never began, the *reason*."""

    connection_id: str
    name: str
    job: Any = None
    reason: str = ""

    @property
    def status(self) -> str:
        return self.job["status"] if self.job else "failed" if self.reason else "pending"

    @property
    def ended(self) -> bool:
        return self.status in ENDED

    def __str__(self) -> str:
        if self.job is None:
            return f"{self.name}: {self.reason or 'waiting'}"
        stats, how = self.job.get("aggregatedStats", {}), "Committed" if self.ended else "Emitted"
        moved = f"{stats.get(f'records{how}', 0):,} rows, {_bytes(stats.get(f'bytes{how}', 0))}"
        count = len(self.job.get("enabledStreams", []))
        streams = "1 stream" if count == 1 else f"{count} streams"
        if not self.ended:
            told = self.job.get("streamAggregatedStats", [])
            moving = sum(stream.get("recordsEmitted", 0) > 0 for stream in told)
            return f"{self.name}: {self.status}: {moved}, rows of {moving} of {streams}"
        seconds = self.job["updatedAt"] - self.job["createdAt"]
        return f"{self.name}: {self.status}: {moved}, {streams} in {seconds} s{self.reason and f': {self.reason}'}"


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME...]")
@click.option("--url", default="http://127.0.0.1:8000", show_default=True, help="Where the local Airbyte is.")
@click.option("--username", default="airbyte", show_default=True, help="Of a server with --auth basic.")
@click.option("--password", default="password", envvar="AIRBYTE_LOCAL_PASSWORD", help="The same.")
@click.option("--client-id", envvar="AIRBYTE_LOCAL_CLIENT_ID", help="Of a server with --auth client.")
@click.option("--client-secret", envvar="AIRBYTE_LOCAL_CLIENT_SECRET", help="The same.")
@click.option("--no-wait", is_flag=True, help="Start them, and say no more.")
@click.option("--timeout", type=click.FloatRange(min=0), help="Seconds to follow them; they go on after that.")
def sync(*, names: tuple[str, ...], url: str, no_wait: bool, timeout: float | None, **access: str | None) -> None:
    """Sync connections of a running local Airbyte, by name or id: all that are active, where none is named.

    Ends with 0 where all succeeded, 1 where one did not (in time), 2 where one is not to be found, 3 where the
    server cannot be reached, and 130 after Ctrl-C, which leaves the syncs running.
    """
    import httpx

    following = Following()
    try:
        with httpx.Client(base_url=url.rstrip("/"), timeout=ANSWER_SECONDS) as client:
            server = Server(client, access)
            for found in chosen(names, server.connections()):
                following.show([*following.syncs, server.started(found)])
            if no_wait:
                code = DONE if all(one.job for one in following.syncs) else FAILED
            else:
                code = follow(server, following, timeout)
    except (httpx.TransportError, httpx.InvalidURL, Refused) as error:
        away = f"There is no local Airbyte to be reached at {url}: {str(error).rstrip('.')}."
        why = str(error) if isinstance(error, Refused) else away
        fail(f"{why}{_go_on(following, 'It is not known whether this goes on')}", UNREACHABLE)
    except KeyboardInterrupt:
        begun = "" if following.syncs else " Nothing is known to have been started."
        fail(f"Interrupted.{begun}{_go_on(following)}", INTERRUPTED)
    sys.exit(code)


def follow(server: Server, following: Following, timeout: float | None) -> int:
    """Until all have ended, or for *timeout* seconds; the exit code."""
    deadline = None if timeout is None else time.monotonic() + timeout
    while not all(one.ended for one in following.syncs):
        if deadline is not None and time.monotonic() > deadline:
            click.echo(f"Not all have ended after {timeout:g} s.{_go_on(following)}", err=True)
            return FAILED
        time.sleep(POLL_SECONDS)
        following.show([one if one.ended else server.seen(one) for one in following.syncs])
    return DONE if all(one.status == "succeeded" for one in following.syncs) else FAILED


def _go_on(following: Following, what: str = "What was started goes on") -> str:
    running = [one.name for one in following.syncs if one.job and not one.ended]
    return f" {what}: {', '.join(running)}." if running else ""


def chosen(names: Sequence[str], there: Sequence[Any]) -> list[Any]:
    """The connections that *names* name, each once. Fails in a sentence where one names none, several, or one that
    is paused.
    """
    if not names:
        active = [one for one in there if one["status"] == "active"]
        return sorted(active, key=lambda one: one["name"]) or fail("There is no active connection to sync.")
    found: dict[str, Any] = {}
    for name in names:
        meant = [one for one in there if name in {one["connectionId"], one["name"]}]
        if len(meant) > 1:
            fail(f"Several connections are named {name!r}: {', '.join(one['connectionId'] for one in meant)}.")
        if not meant:
            _unknown(name, [one["name"] for one in there])
        if meant[0]["status"] != "active":
            fail(f"{name} is not active, and is not synced before it is.")
        found[meant[0]["connectionId"]] = meant[0]
    return list(found.values())


def _unknown(name: str, there: Sequence[str]) -> NoReturn:
    near = difflib.get_close_matches(name, there, n=3)
    if near:
        fail(f"There is no connection {name!r}. Did you mean {' or '.join(map(repr, near))}?")
    known = f"There are {', '.join(sorted(there))}." if there else "There is none at all."
    fail(f"There is no connection {name!r}. {known}")


class Refused(Exception):
    """The server answered otherwise than with what was asked for; the message is a sentence."""


class Server:
    """What is asked of a running server."""

    def __init__(self, client: httpx.Client, access: dict[str, str | None]) -> None:
        self._client, self._access = client, access

    def connections(self) -> list[Any]:
        asked = self._ask("workspaces/list_by_organization_id", organizationId=NIL_ID)
        return [
            connection
            for workspace in asked["workspaces"]
            for connection in self._ask("connections/list", workspaceId=workspace["workspaceId"])["connections"]
        ]

    def started(self, connection: Any) -> Sync:
        """Its new job; the one that runs already, where there is one."""
        made = Sync(connection_id=connection["connectionId"], name=_plain(connection["name"]))
        answer = self._sent("connections/sync", {"connectionId": made.connection_id})
        if answer.status_code == 409:
            job = self._ask("jobs/get_last_replication_job", connectionId=made.connection_id).get("job")
        else:
            job = _read(answer).get("job") if answer.is_success else None
        if job is None:
            return replace(made, reason=f"could not be started (HTTP {answer.status_code})")
        return self._explained(replace(made, job=job))  # a short one may have ended by now

    def seen(self, one: Sync) -> Sync:
        return self._explained(replace(one, job=self._ask("jobs/get_light", id=one.job["id"])["job"]))

    def _explained(self, now: Sync) -> Sync:
        """With the reason, where it failed."""
        if now.status != "failed":
            return now
        attempts: list[Any] = self._ask("jobs/get_without_logs", id=now.job["id"])["attempts"]
        said = [
            reason for row in attempts[-1:] for reason in row["attempt"].get("failureSummary", _NONE)["failures"]
        ]
        return replace(now, reason=_plain(said[0].get("externalMessage", "")) if said else "")

    def _ask(self, path: str, **body: Any) -> Any:
        return _read(self._sent(path, body))

    def _sent(self, path: str, body: Any) -> httpx.Response:
        answer = self._client.post(f"/api/v1/{path}", json=body)
        if answer.status_code == 401:
            self._prove()
            answer = self._client.post(f"/api/v1/{path}", json=body)
        return answer

    def _prove(self) -> None:
        """Say from now on who asks: by a fresh token, where a client is given, else by a name and a password."""
        if not self._access["client_id"]:
            self._client.auth = (self._access["username"] or "", self._access["password"] or "")
            return
        body = {name: self._access[name] for name in ("client_id", "client_secret")}
        token = _read(self._client.post("/api/v1/applications/token", json=body))["access_token"]
        self._client.headers["authorization"] = f"Bearer {token}"


def _read(answer: httpx.Response) -> Any:
    """Raises Refused."""
    path = answer.request.url.path
    if answer.status_code in {401, 403}:
        raise Refused(f"The local Airbyte wants to know who asks (HTTP {answer.status_code}): see --help.")
    if not answer.is_success:
        raise Refused(f"{answer.request.url.host} answered {path} with HTTP {answer.status_code}.")
    try:
        return answer.json()
    except ValueError:
        raise Refused(f"{answer.request.url.host} answered {path} with no JSON: is that an Airbyte?") from None


@dataclass(slots=True, kw_only=True)
class Following:
    """What is shown of *syncs*: a line a change of status. On a terminal only of those that end, whole; below them
    each of the others has a line that changes in place.
    """

    syncs: list[Sync] = field(default_factory=list[Sync])
    _drawn: int = 0

    def show(self, now: Sequence[Sync]) -> None:
        before, self.syncs = {one.connection_id: one.status for one in self.syncs}, list(now)
        news = [one for one in now if before.get(one.connection_id) != one.status]
        if not sys.stdout.isatty():
            click.echo("".join(f"{one}\n" for one in news), nl=False)
            return
        up, moving = f"\x1b[{self._drawn}A\r" if self._drawn else "", self._moving()
        lines = [*(_marked(one, str(one)) for one in news if one.ended), *moving]
        erased = "\x1b[2K\n" * self._drawn  # each: a screen that is cleared in one goes to tmux's history
        click.echo(up + erased + up + "".join(f"{line}\n" for line in lines), nl=False)
        self._drawn = len(moving)

    def _moving(self) -> list[str]:
        """Within the terminal: what wraps, or has scrolled away, could not be changed in place."""
        columns, rows = shutil.get_terminal_size()
        lines = [_marked(one, _cut(str(one), columns - 3)) for one in self.syncs if not one.ended]
        room = max(rows - 2, 0)
        return lines if len(lines) <= room + 1 else [*lines[:room], f"  and {len(lines) - room} more"]


def _marked(one: Sync, line: str) -> str:
    mark, colour = MARKS.get(one.status, ("⠿", "cyan"))
    return f"{click.style(mark, fg=colour)} {line}"


def _plain(text: str) -> str:
    """In one line, with nothing in it that moves the cursor."""
    return "".join(" " if unicodedata.category(sign) in _NO_TEXT else sign for sign in text)


def _cut(line: str, cells: int) -> str:
    """As much of *line* as fits: a wide character takes two cells, one that is put on another none."""
    for number, sign in enumerate(line):
        wide = unicodedata.east_asian_width(sign) in {"W", "F"}
        cells -= 0 if unicodedata.category(sign) in {"Mn", "Me", "Cf"} else 1 + wide
        if cells < 0:
            return line[:number]
    return line


def _bytes(size: int) -> str:
    power = min((len(str(size)) - 1) // 3, 4)
    return f"{size / 1000**power:.1f} {'kMGT'[power - 1]}B" if power else f"{size} B"
