"""The log of an attempt: nothing secret in it, no end to no file, old ones forgotten."""

from __future__ import annotations

import json

import pytest
from airbyte_local.jobs.logs import KEPT_JOBS, LIMIT, LINE_LIMIT, Journal, forget_logs, read_log

KEY = '-----BEGIN KEY-----\nMIIEpAIBAAKCAQEA7\nb6C"Xy9zQ==\n-----END KEY-----'


def said(tmp_path, *messages, secrets=()):
    with Journal(tmp_path, 7, 0) as journal:
        journal.hide(secrets)
        for message in messages:
            journal.say(message)
    return [line.message for line in read_log(tmp_path, 7, 0)[0]]


@pytest.mark.parametrize(
    "message",
    [
        f"cannot use {KEY}",
        f"cannot use {json.dumps({'key': KEY})}",
        f"cannot use {KEY!r}",
        "cannot parse MIIEpAIBAAKCAQEA7 in line 2",
        "GET https://h/?key=p%40ss%2Fword%21",
        "for 4711 there is no account",
    ],
)
def test_a_secret_is_masked_as_programs_print_it(tmp_path, message):
    (line,) = said(tmp_path, message, secrets=[{"pem": KEY}, "p@ss/word!", 4711])
    assert "**********" in line
    assert not any(part in line for part in ("MIIE", "b6C", "p%40ss", "4711"))


def test_a_short_secret_takes_no_letters_out_of_words(tmp_path):
    assert said(tmp_path, "at a day's end", secrets=["a", ""]) == ["at a day's end"]


def test_a_log_and_its_lines_have_an_end(tmp_path):
    lines = said(tmp_path, *["ä" * (LINE_LIMIT + 5)] * (LIMIT // LINE_LIMIT))
    assert (len(lines[0]), lines[-1]) == (LINE_LIMIT, "The log is full.")
    assert (tmp_path / "jobs" / "7" / "0.jsonl").stat().st_size < LIMIT + LINE_LIMIT


def test_a_log_is_read_on_from_where_it_was_and_by_whole_lines(tmp_path):
    with Journal(tmp_path, 7, 0) as journal:
        journal.say("one\ntwo")
        first, offset = read_log(tmp_path, 7, 0)
        journal.say("half \ud800 a character")
        with (tmp_path / "jobs" / "7" / "0.jsonl").open("a") as file:
            file.write('{"at": 1, "mess')
        second, end = read_log(tmp_path, 7, 0, after=offset)
    assert [line.message for line in first + second] == ["one\ntwo", "half ? a character"]
    assert read_log(tmp_path, 7, 0, after=end) == ([], end)
    assert read_log(tmp_path, 8, 0) == ([], 0)


def test_logs_of_old_jobs_go_also_where_some_jobs_never_ran(tmp_path):
    forget_logs(tmp_path, newest=KEPT_JOBS + 9)
    for number in (1, 2, 9, 10, KEPT_JOBS):
        (tmp_path / "jobs" / str(number)).mkdir(parents=True)
    (tmp_path / "jobs" / "notes").mkdir()
    forget_logs(tmp_path, newest=KEPT_JOBS + 9)
    assert sorted(each.name for each in (tmp_path / "jobs").iterdir()) == ["10", str(KEPT_JOBS), "notes"]
