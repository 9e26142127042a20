"""history and undo, as a user has them: what is said, in every case, and the exit codes."""

from __future__ import annotations

import json
import re

import pytest

MODULE = """
toy = Toy()
one = Reconciler(toy, [Source("shop", config={"host": "db", "password": EnvVar("SHOP")})])
two = Reconciler(toy, [Source("shop", config={"host": "other", "password": EnvVar("SHOP")}), Source("new")])
none = Reconciler(toy, [], delete_unmentioned_resources=True)
"""


@pytest.fixture
def state(project, monkeypatch):
    monkeypatch.setenv("SHOP", "first-password")
    monkeypatch.setenv("DAGSTER_ME_STATE_KEY", "k" * 40)
    monkeypatch.setenv("DAGSTER_ME_STATE", f"file://{project.folder / 'state.json'}")
    for variable in ("GITHUB_RUN_ID", "CI_JOB_URL"):
        monkeypatch.delenv(variable, raising=False)
    project.write(MODULE)
    return project.folder / "state.json.history"


def listed(project):
    return json.loads(project.run("history", "--output", "json").stdout)["runs"]


def test_without_a_state_there_is_no_history_and_that_is_said_in_one_line(project, state, monkeypatch):
    monkeypatch.delenv("DAGSTER_ME_STATE")
    for words in (["history"], ["undo", "-m", "mine"], ["check", "-m", "mine", "--undo", "last"]):
        shown = project.run(*words)
        assert shown.exit_code == 2
        assert shown.stderr.startswith("Error: Without a state there is no history: give one, by --state URL")
        assert shown.stderr.count("\n") == 1


def test_an_empty_history_is_said_to_be_empty(project, state):
    shown = project.run("history")
    assert (shown.exit_code, shown.stdout) == (0, "Nothing was applied with this state so far.\n")
    assert json.loads(project.run("history", "--output", "json").stdout)["runs"] == []
    shown = project.run("undo", "-m", "mine:one")
    assert (shown.exit_code, shown.stderr.splitlines()[-1]) == (
        2,
        f"Error: There is nothing left to undo in {state.as_uri()}/.",
    )


def test_runs_are_listed_and_one_is_shown_with_what_became_of_it(project, state, monkeypatch):
    assert project.run("apply", "-m", "mine:one").exit_code == 0
    monkeypatch.setenv("GITHUB_RUN_ID", "77")
    monkeypatch.setenv("GITHUB_REPOSITORY", "shop/airbyte")
    assert project.run("apply", "-m", "mine:two").exit_code == 0
    lines = project.run("history").stdout.splitlines()
    assert lines[0].split() == ["RUN", "BEGAN", "(UTC)", "BY", "COMMIT", "WHAT"]
    assert re.fullmatch(
        r"[0-9a-f]{8}  \d{4}-\d\d-\d\d \d\d:\d\d  \S+ .* apply: 1 to update, 1 to create; done", lines[1]
    )
    assert lines[2].endswith("apply: 1 to create; done")
    shown = project.run("history", "-n", "1")
    assert (len(shown.stdout.splitlines()), shown.stderr) == (2, "note: there are older ones; -n lists more\n")
    whole = project.run("history", lines[1][:6]).stdout.splitlines()
    assert whole[0] == f"apply {lines[1][:8]}"
    assert whole[3:] == [
        "in https://github.com/shop/airbyte/actions/runs/77",
        "# toy",
        "~ shop:",
        "  ~ host: db -> other",
        "+ new:",
        "done: update shop (source)",
        "done: create new (source)",
        "Applied: 2 done.",
    ]
    document = json.loads(project.run("history", lines[1][:8], "--output", "json").stdout)
    (place,) = document["runs"][0]["places"]
    assert place["planned"] == {"update": 1, "create": 1}
    assert place["changes"][0]["fields"] == [{"path": ["host"], "before": "db", "after": "other"}]


def test_an_undo_shows_its_plan_asks_where_it_destroys_and_says_what_is_declared_still(project, state):
    project.run("apply", "-m", "mine:one")
    project.run("apply", "-m", "mine:two")
    (run, _) = (each["id"] for each in listed(project))
    plan = ["~ shop:", "  ~ host: other -> db", f"- new (removed: it was created by the run {run}):"]
    checked = project.run("check", "-m", "mine:two", "--undo", "last", "--exit-code")
    assert (checked.exit_code, checked.stdout.splitlines()[1:4]) == (1, plan)
    refused = project.run("undo", "-m", "mine:two")
    assert refused.exit_code == 3
    assert "nothing was written: new (source) is deleted. Run it on a terminal to be asked" in refused.stderr
    done = project.run("undo", "-m", "mine:two", "--allow", "delete")
    assert (done.exit_code, done.stdout.splitlines()[:4]) == (0, ["Found 1 managed elements, undoing...", *plan])
    assert f"note: this is the way back from the run {run}: apply by " in done.stderr
    assert done.stderr.endswith("where that differs, the next apply does it again\n")
    assert project.run("check", "-m", "mine:one").stdout.endswith("No diff found.\n")
    newest = listed(project)[0]
    assert (newest["command"], newest["undoes"], newest["ok"]) == ("undo", run, True)
    again = project.run("undo", run, "-m", "mine:one")
    assert (again.exit_code, again.stdout.splitlines()[-1]) == (0, "Nothing to undo.")
    assert "note: `undo RUN` goes back from an earlier one" in again.stderr.splitlines()
    assert "an earlier one" not in project.run("undo", run, "-m", "mine:one", "-q").stderr


def test_a_plan_of_the_way_back_can_be_saved_and_is_held_to(project, state):
    project.run("apply", "-m", "mine:one")
    project.run("apply", "-m", "mine:two")
    run = listed(project)[0]["id"]
    refused = project.run("check", "-m", "mine:two", "--undo", "last", "--save", "plan.json")
    assert (refused.exit_code, "give its id to --undo" in refused.stderr) == (2, True)
    assert project.run("check", "-m", "mine:two", "--undo", run, "--save", "plan.json").exit_code == 0
    assert project.run("apply", "plan.json", "-m", "mine:two", "--yes").exit_code == 0
    assert listed(project)[0]["undoes"] == run
    moved = project.run("apply", "plan.json", "-m", "mine:two", "--yes")
    assert (moved.exit_code, "The saved plan no longer holds" in moved.stderr) == (3, True)


def test_an_undone_delete_names_its_secret(project, state, monkeypatch):
    project.run("apply", "-m", "mine:one")
    project.run("apply", "-m", "mine:none", "--yes")
    monkeypatch.delenv("SHOP")
    shown = project.run("undo", "-m", "mine:none")
    assert shown.exit_code == 2
    assert shown.stderr.splitlines()[-1] == (
        "Error: shop.password: it needs this secret to be as it was: set SHOP, or declare it in the module"
    )


@pytest.mark.parametrize("wrong", ["zzzzzzzz", "ab", "../state", "\x1b[31m"])
def test_a_wrong_id_is_said_in_one_line(project, state, wrong):
    project.run("apply", "-m", "mine:one")
    for words in (["history", wrong], ["undo", wrong, "-m", "mine:one"]):
        shown = project.run(*words)
        assert shown.exit_code == 2
        said = shown.stderr.splitlines()[-1]
        assert (said.startswith("Error: There is no run "), said.isprintable()) == (True, True)
        assert said.endswith("`dagster-me history` lists them.")


def test_a_killed_run_is_shown_as_ended_unknown_and_can_be_undone(project, state):
    project.run("apply", "-m", "mine:one")
    next(state.glob("*.outcome.json")).unlink()
    line = project.run("history").stdout.splitlines()[1]
    assert line.endswith("apply: 1 to create; ended unknown")
    whole = project.run("history", line[:8]).stdout.splitlines()
    assert whole[1].endswith(", ended unknown")
    assert whole[-1].startswith("Ended unknown: it was cut off, or goes on still")
    assert project.run("undo", "-m", "mine:one", "--yes").exit_code == 0
    assert project.run("check", "-m", "mine:none").stdout.endswith("No diff found.\n")


def test_a_damaged_entry_and_one_of_another_version_are_named_and_hide_no_other(project, state):
    for _ in range(2):
        project.run("apply", "-m", "mine:one")
        project.run("apply", "-m", "mine:two")
    first, second = sorted(state.glob("*.outcome.json"))[:2]
    first.write_text("{")
    document = json.loads(second.read_text())
    second.write_text(json.dumps({**document, "version": 2}))
    shown = project.run("history")
    assert (shown.exit_code, shown.stdout.count(" apply: ")) == (3, len(list(state.glob("*.plan.json"))) - 2)
    damaged, later = sorted(shown.stderr.splitlines(), key=lambda line: "it is damaged" not in line)
    assert "it is damaged. Put an earlier copy in its place, or move it away." in damaged
    assert "is of version 2, and this dagster-me reads version 1 of a history; use a newer one." in later


def test_nothing_in_it_can_steer_a_terminal(project, state, monkeypatch):
    monkeypatch.delenv("DAGSTER_ME_STATE_KEY")
    project.run("apply", "-m", "mine:one")
    evil = "\x1b]0;title\x07\x1b[31m\u202e"
    for file in state.iterdir():
        document = json.loads(file.read_text())
        document["by"] = {"user": evil, "host": evil, "commit": evil, "pipeline": evil}
        document["began"] = evil
        for change in document["places"][0].get("changes", []):
            change |= {"name": evil, "reason": evil}
            change["fields"][0] |= {"path": [evil], "after": evil}
        document["places"][0] |= {"place": evil, "error": evil}
        file.write_text(json.dumps(document))
    listed_ = project.run("history").stdout
    for text in (listed_, project.run("history", listed_.splitlines()[1][:8]).stdout):
        assert text.replace("\n", "").isprintable()
