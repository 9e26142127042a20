"""--state and what goes with it, as a user has them: what is said, the exit codes, and unlock."""

from __future__ import annotations

import json

import pytest
from dagster_managed_elements.state.locks import Lease
from dagster_managed_elements.state.opening import open_store

MODULE = """
toy = Toy()
mine = Reconciler(toy, [Source("shop", config={"host": "db", "password": EnvVar("SHOP")})])
"""


@pytest.fixture
def state(project, monkeypatch):
    monkeypatch.setenv("SHOP", "first-password")
    monkeypatch.setenv("DAGSTER_ME_STATE_KEY", "k" * 40)
    project.write(MODULE)
    return f"file://{project.folder / 'state.json'}"


def test_the_text_says_who_changed_a_secret_and_the_json_by_a_word(project, state, monkeypatch):
    assert project.run("apply", "-m", "mine", "--state", state).exit_code == 0
    assert project.run("check", "-m", "mine", "--state", state).stdout.endswith("No diff found.\n")
    monkeypatch.setenv("SHOP", "second-password")
    shown = project.run("check", "-m", "mine", "--state", state)
    assert shown.stdout.splitlines()[1:] == [
        "~ shop:",
        "  ~ password: ********** -> ********** (changed in the environment)",
    ]
    found = json.loads(project.run("check", "-m", "mine", "--state", state, "--output", "json").stdout)
    (field,) = found["places"][0]["changes"][0]["fields"]
    assert (field["path"], field["why"]) == (["password"], "changed-in-code")
    comment = project.run("check", "-m", "mine", "--state", state, "--output", "markdown").stdout
    assert "!   password: ********** -> ********** (changed in the environment)" in comment


def test_what_is_not_recorded_yet_is_said_once_with_what_to_do(project, state, monkeypatch):
    assert project.run("apply", "-m", "mine").exit_code == 0
    monkeypatch.setenv("DAGSTER_ME_STATE", state)
    shown = project.run("check", "-m", "mine")
    assert shown.stderr == (
        "note: the state knows nothing yet of 1 secret, which is taken as what the server has: shop.password; "
        "apply --trust-secrets records it as that, --include-all-secrets sends it\n"
    )
    assert project.run("apply", "-m", "mine", "--trust-secrets").exit_code == 0
    assert project.run("check", "-m", "mine").stderr == ""


def test_a_locked_state_says_who_holds_it_and_unlock_ends_that(project, state):
    lease = Lease(open_store(state))
    lease.take()
    refused = project.run("apply", "-m", "mine", "--state", state)
    assert refused.exit_code == 3
    assert refused.stderr.startswith(f"Error: The state {state} is locked by ")
    assert f"dagster-me unlock --state {state}" in refused.stderr
    asked = project.run("unlock", "--state", state)
    assert (asked.exit_code, asked.stdout[:14]) == (2, "It is held by ")
    freed = project.run("unlock", "--state", state, "--yes")
    assert (freed.exit_code, freed.stdout.splitlines()[-1]) == (0, "It was set free.")
    assert project.run("apply", "-m", "mine", "--state", state).exit_code == 0
    assert project.run("unlock", "--state", state).stdout == "It is not locked.\n"


def test_a_lock_that_cannot_be_read_can_be_set_free(project, state):
    open_store(state).write(b"?", None, ".lock")
    assert "cannot be read; `dagster-me unlock" in project.run("apply", "-m", "mine", "--state", state).stderr
    freed = project.run("unlock", "--state", state, "--yes")
    assert freed.stdout == "Who holds it cannot be read.\nIt was set free.\n"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--state", "state.json"], 2, "for a file give file://state.json"),
        (["--state", "s3://bucket"], 2, "names no object"),
        (["--secrets", "server"], 2, "give one, by --state"),
        (["--secrets", "vault"], 2, "Invalid value for '--secrets'"),
    ],
)
def test_what_makes_no_sense_is_said(project, state, arguments, code, said):
    shown = project.run("check", "-m", "mine", *arguments)
    assert (shown.exit_code, said in shown.stderr) == (code, True), shown.stderr


def test_a_damaged_state_and_another_key_end_with_what_to_do(project, state, monkeypatch):
    project.run("apply", "-m", "mine", "--state", state)
    monkeypatch.setenv("DAGSTER_ME_STATE_KEY", "x" * 40)
    shown = project.run("check", "-m", "mine", "--state", state)
    assert (shown.exit_code, "apply once with --trust-secrets" in shown.stderr) == (3, True)
    (project.folder / "state.json").write_text("{")
    shown = project.run("check", "-m", "mine", "--state", state)
    assert (shown.exit_code, "it is damaged" in shown.stderr) == (3, True)


PLAIN = """
shelf = {("source", "shop"): {"type": "File", "config": {"host": "db", "password": "as-the-server-shows-it"}}}
shop = Source("shop", config={"host": "db", "password": EnvVar("SHOP")})
mine = Reconciler(Toy(store=shelf), [shop], name="team")
made = Reconciler(Toy(), [shop], name="team")
gone = Reconciler(Toy(store=shelf), [], name="team", delete_unmentioned_resources=True)
"""


def test_what_goes_is_shown_without_what_its_declaration_calls_secret(project, state):
    project.write(PLAIN)
    shown = project.run("check", "-m", "mine:mine", "--destroy")
    assert shown.stdout.splitlines()[1:5] == [
        "- shop:",
        "  - host: db",
        "  - password: **********",
        "! shop (source) is deleted",
    ]


def test_what_goes_is_shown_without_what_was_sent_as_a_secret(project, state):
    project.write(PLAIN)
    assert project.run("apply", "-m", "mine:made", "--state", state).exit_code == 0
    shown = project.run("check", "-m", "mine:gone", "--state", state)
    assert shown.stdout.splitlines()[1:4] == ["- shop:", "  - host: db", "  - password: **********"]
