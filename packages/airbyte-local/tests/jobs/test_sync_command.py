"""`airbyte-local sync`: what it starts, what it says of it, and how it ends."""

from __future__ import annotations

import io
import os
import pty
import re
import signal
import subprocess
import sys
import unicodedata

import pytest
from airbyte_local import server
from airbyte_local.cli import main
from airbyte_local.cli.syncing import Following, Sync
from click.testing import CliRunner

SECRET_OF_CLIENT = {"client_id": "an-id", "client_secret": "a-secret"}


@pytest.fixture
def named(flow):
    """A connection of this name."""

    def make(name: str, *arguments, **more):
        made = flow(*arguments, **more)
        made.api.ok("connections/update", connectionId=made.id, name=name)
        return made

    return make


def sync(api, *arguments: str):
    done = CliRunner().invoke(main, ["sync", "--url", api.server.url, *arguments])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.stdout.splitlines(), done.stderr.splitlines()


def start(api, *arguments: str, **more):
    command = [sys.executable, "-c", "from airbyte_local.cli import main; main()", "sync", "--url", api.server.url]
    return subprocess.Popen([*command, *arguments], text=True, stderr=subprocess.PIPE, **more)


def test_all_active_connections_are_synced_and_a_line_says_what_became_of_each(api, named):
    people, paused = named("people", 5), named("pets", 3)
    api.ok("connections/update", connectionId=paused.id, status="inactive")
    code, lines, errors = sync(api)
    assert (code, errors) == (0, [])
    assert re.fullmatch(r"people: succeeded: 5 rows, \d+ B, 1 stream in \d+ s", lines[-1])
    assert all(line.startswith("people: ") for line in lines)
    assert len(people.rows()) == 5


def test_one_is_named_by_its_id_as_well_and_is_synced_once(api, named):
    people, _ = named("people"), named("pets")
    code, lines, _ = sync(api, "people", people.id)
    assert code == 0
    assert sum("succeeded" in line for line in lines) == 1
    assert not any("pets" in line for line in lines)


def test_a_failed_one_says_why_and_the_others_go_on(api, named):
    named("bad", configuration={"type": "EXCEPTION_AFTER_N", "throw_after_n_records": 2})
    named("good")
    code, lines, _ = sync(api)
    assert code == 1
    assert any(line.startswith("good: succeeded") for line in lines)
    assert any(re.match(r"bad: failed: .*: .*exception", line) for line in lines)


def test_one_that_has_failed_before_it_is_looked_at_says_why_too(api, named):
    bad = named("bad", configuration={"type": "EXCEPTION_AFTER_N", "throw_after_n_records": 2})
    bad.failure(bad.sync())
    api.server.fault("connections/sync", "status", status=409, times=1)
    code, lines, _ = sync(api)
    assert code == 1
    assert re.match(r"bad: failed: .*: .*exception", lines[-1])


def test_an_unknown_name_is_told_with_those_like_it_and_nothing_is_started(api, named):
    people = named("people")
    code, lines, errors = sync(api, "people", "peopel")
    assert (code, lines) == (2, [])
    assert errors == ["There is no connection 'peopel'. Did you mean 'people'?"]
    assert sync(api, "zzz")[2] == ["There is no connection 'zzz'. There are people."]
    assert people.api.ok("jobs/list", configTypes=["sync"], configId=people.id)["jobs"] == []


@pytest.mark.parametrize("setup", ["paused", "twice", "none"])
def test_what_cannot_be_synced_is_told(api, named, setup):
    if setup != "none":
        people = named("people")
        if setup == "twice":
            named("people")
        else:
            api.ok("connections/update", connectionId=people.id, status="inactive")
    code, _, (said,) = sync(api, *(["people"] if setup != "none" else []))
    assert code == 2
    wanted = {"paused": "is not active", "twice": "Several connections", "none": "no active connection"}
    assert wanted[setup] in said


def test_with_no_wait_it_ends_when_they_are_started(api, named):
    endless = named("endless", 10**6, interval=20)
    code, lines, _ = sync(api, "--no-wait")
    assert code == 0
    (job,) = api.ok("jobs/list", configTypes=["sync"], configId=endless.id)["jobs"]
    assert job["job"]["status"] in {"pending", "running"}
    assert re.fullmatch(r"endless: (pending|running): \d+ rows, \d+ B, rows of [01] of 1 stream", *lines)


def test_one_that_runs_already_is_followed_and_after_the_time_it_goes_on(api, named):
    endless = named("endless", 10**6, interval=20)
    job_id = endless.start()
    code, _, errors = sync(api, "--timeout", "0")
    assert code == 1
    assert errors == ["Not all have ended after 0 s. What was started goes on: endless."]
    assert endless.job(job_id)["job"]["status"] in {"pending", "running"}
    assert len(api.ok("jobs/list", configTypes=["sync"], configId=endless.id)["jobs"]) == 1


def test_ctrl_c_leaves_them_running_and_says_so(api, named):
    endless = named("endless", 10**6, interval=20)
    with start(api, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline().startswith("endless: ")
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=20)
    assert process.returncode == 130
    assert error == "Interrupted. What was started goes on: endless.\n"
    (job,) = api.ok("jobs/list", configTypes=["sync"], configId=endless.id)["jobs"]
    assert job["job"]["status"] in {"pending", "running"}


def test_a_server_that_is_not_there_is_said_in_one_line():
    done = CliRunner().invoke(main, ["sync", "--url", "http://127.0.0.1:1"])
    assert done.exit_code == 3
    assert done.stderr.startswith("There is no local Airbyte to be reached at http://127.0.0.1:1: ")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(("auth", "given"), [("basic", ()), ("client", ("an-id", "a-secret"))])
def test_it_says_who_asks_where_the_server_wants_that(tmp_path, auth, given):
    with server(tmp_path, auth=auth, **(SECRET_OF_CLIENT if given else {})) as guarded:
        access = ["--client-id", given[0], "--client-secret", given[1]] if given else []
        done = CliRunner().invoke(main, ["sync", "--url", guarded.url, *access])
        assert (done.exit_code, done.stderr) == (2, "There is no active connection to sync.\n")
        wrong = ["--client-id", "an-id", "--client-secret", "x"] if given else ["--password", "x"]
        refused = CliRunner().invoke(main, ["sync", "--url", guarded.url, *wrong])
        assert refused.exit_code == 3
        assert len(refused.stderr.splitlines()) == 1


def test_on_a_terminal_there_is_one_line_a_connection_that_changes_in_place(api, named):
    named("people", 40, interval=20)
    ours, theirs = pty.openpty()
    with start(api, stdout=theirs) as process:
        os.close(theirs)
        shown = b""
        while piece := _read(ours):
            shown += piece
        process.communicate(timeout=20)
    os.close(ours)
    assert process.returncode == 0
    frames = shown.decode().split("\x1b[1A\r\x1b[2K\r\n\x1b[1A\r")
    assert len(frames) > 1
    assert all(frame.count("\n") == 1 for frame in frames)
    assert "✓" in frames[-1]


class Terminal(io.StringIO):
    """What is seen of what is printed: the lines that scrolled away, and those on the screen."""

    def __init__(self, columns: int, rows: int) -> None:
        super().__init__()
        self.columns, self.rows = columns, rows
        self.scrolled, self.screen, self.row = [], [""], 0

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        for up, code, sign in re.findall(r"\x1b\[(\d+)A|\x1b\[(2K|\d*m)|(.)", text, re.DOTALL):
            if up:
                self.row = max(self.row - int(up), 0)
            elif code:
                self.screen[self.row] = "" if code == "2K" else self.screen[self.row]
            elif sign == "\n" or cells(self.screen[self.row] + sign) > self.columns:
                self.row += 1
                self.screen += [""] * (self.row == len(self.screen))
                self.screen[self.row] += sign.strip("\n")
            elif sign != "\r":
                self.screen[self.row] += sign
            if len(self.screen) > self.rows:
                self.scrolled.append(self.screen.pop(0))
                self.row -= 1
        return len(text)


def cells(line: str) -> int:
    """A wide character has two; one that is put on another has none of its own."""
    return sum(
        not unicodedata.combining(sign) and 1 + (unicodedata.east_asian_width(sign) in "WF") for sign in line
    )


@pytest.fixture
def terminal(monkeypatch):
    def of(columns: int, rows: int) -> Terminal:
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setenv("LINES", str(rows))
        made = Terminal(columns, rows)
        monkeypatch.setattr(sys, "stdout", made)
        return made

    return of


def seen(number: int, status: str = "running", *, name: str = "", **more) -> Sync:
    job = {"id": number, "status": status, "createdAt": 0, "updatedAt": 1}
    return Sync(connection_id=str(number), name=name or f"c{number}", job=job, **more)


@pytest.mark.parametrize("rows", [24, 2])
def test_more_than_the_terminal_has_rows_leave_nothing_behind_but_what_ended(terminal, rows):
    shown, following = terminal(80, rows), Following()
    for begun in range(1, 41):
        following.show([seen(number) for number in range(begun)])
    for ended in range(41):
        following.show([seen(number, "succeeded" if number < ended else "running") for number in range(40)])
        running = [line for line in shown.screen if "running" in line]
        assert len(running) == min(40 - ended, rows - 1 if 40 - ended < rows else rows - 2)
    lines = [line for line in [*shown.scrolled, *shown.screen] if line]
    assert [line.split(":")[0] for line in lines] == [f"✓ c{number}" for number in range(40)]


def test_a_line_of_wide_characters_is_cut_to_the_terminal_too(terminal):
    shown, following = terminal(40, 10), Following()
    for name in ("顧客データ" * 9, "e\u0301" * 60):
        for _ in range(3):
            following.show([seen(1, name=name)])
        assert [line for line in shown.screen if line] == [shown.screen[0]]
        assert not shown.scrolled


def test_why_one_failed_is_printed_whole(terminal):
    shown, reason = terminal(40, 10), "It could not be written to " + "/far" * 20
    following = Following()
    following.show([seen(1)])
    following.show([seen(1, "failed", reason=reason), seen(2)])
    assert reason in "".join(shown.screen)
    assert shown.screen[-2].startswith("⠿ c2: running")


def test_a_name_is_in_one_line_whatever_is_in_it(api, named):
    named("two\nlines\x1b[2J", 2)
    code, lines, _ = sync(api)
    assert code == 0
    assert {line.split(":")[0] for line in lines} == {"two lines [2J"}


@pytest.mark.parametrize("action", ["lost-after-commit", "status"])
def test_of_a_server_that_goes_away_it_is_not_said_that_what_was_started_goes_on(api, named, action):
    named("endless", 10**6, interval=20)
    api.server.fault("jobs/get_light", action)
    code, _, (error,) = sync(api)
    assert code == 3
    assert re.search(r"[^.]\. It is not known whether this goes on: endless\.$", error)


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # its other end is closed
        return b""
