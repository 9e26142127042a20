"""A part of the changes, the end of all of them, tombstones, and how much is changed at once."""

from __future__ import annotations

import json
import subprocess

import pytest

SHARED = """
shop, crm = Source("shop"), Source("crm")
one, two = Connection("one", source=shop), Connection("two", source=crm)
reconciler = Reconciler(Toy(), [one, two, Connection("shop", source=crm)])
"""
MANY = """
store = {("source", f"s{n}"): {"type": "File", "config": {"x": 1}} for n in range(10)}
SOURCES = [Source(f"s{n}", config={"x": 2 if n < CHANGED else 1}) for n in range(10)]
reconciler = Reconciler(Toy(store=store), SOURCES)
"""
THERE = """
store = {
    ("source", "a"): {"type": "File", "config": {"x": 1}},
    ("source", "b"): {"type": "File", "config": {}},
    ("connection", "c"): {"source": Ref("source", "id-a")},
}
"""


def planned(result):
    (place,) = json.loads(result.stdout)["places"]
    return {f"{change['name']} ({change['kind']})": change["action"] for change in place["changes"]}


def check(project, *arguments):
    return project.run("check", "-m", "mine", "--output", "json", *arguments)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--target", "one"], {"shop (source)", "one (connection)"}),
        (["--target", "crm"], {"crm (source)"}),
        (["--target", "shop (connection)"], {"crm (source)", "shop (connection)"}),
        (["--target", "one", "--target", "crm"], {"shop (source)", "one (connection)", "crm (source)"}),
        (["--exclude", "crm"], {"shop (source)", "one (connection)"}),
        (["--exclude", "two"], {"shop (source)", "one (connection)", "crm (source)", "shop (connection)"}),
        (["--target", "two", "--exclude", "crm"], set()),
    ],
)  # fmt: skip
def test_a_part_is_planned_with_all_it_needs_and_without_what_cannot_be(project, arguments, expected):
    project.write(SHARED)
    result = check(project, *arguments)
    assert set(planned(result)) == expected
    assert json.loads(result.stdout)["places"][0]["left_out"] == 5 - len(expected)


def test_it_is_said_that_only_a_part_is_planned_and_the_exit_code_is_of_the_part(project):
    project.write(SHARED)
    shown = project.run("check", "-m", "mine", "--target", "one", "--exit-code")
    assert shown.exit_code == 1
    assert "! 2 of 5 changes; 3 changes are left out\n" in shown.stdout
    assert project.run("apply", "-m", "mine", "--target", "one").exit_code == 0
    in_sync = project.run("check", "-m", "mine", "--target", "one", "--exit-code")
    assert in_sync.exit_code == 0
    assert "No diff found in what was selected; 3 changes are left out.\n" in in_sync.stdout
    assert (
        "Only a part is planned: 1 of 3"
        in project.run("check", "-m", "mine", "--target", "crm", "--output", "markdown").stdout
    )


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("shopp", "that is named shopp; did you mean shop?"),
        ("shop (destination)", "did you mean shop (connection)?"),
        ("shop", "shop is the name of 2 elements; say which: shop (connection) or shop (source)."),
        ("\x1b[31m", "name one as the plan prints it"),
    ],
)
def test_a_name_that_means_nothing_or_two_things_is_refused(project, named, said):
    project.write(SHARED)
    for option in ("--target", "--exclude"):
        result = project.run("apply", "-m", "mine", option, named)
        assert result.exit_code == 2
        assert said in result.stderr
        assert result.stderr.count("\n") == 1
        assert "\x1b" not in result.stderr


def test_what_a_replacement_takes_with_it_is_part_of_it_either_way(project):
    project.write(THERE + 'reconciler = Reconciler(Toy(store=store), [Source("a", type="New"), Source("d")])')
    assert planned(check(project, "--target", "c")) == {"a (source)": "replace", "c (connection)": "delete"}
    assert planned(check(project, "--target", "a")) == {"a (source)": "replace", "c (connection)": "delete"}
    assert planned(check(project, "--exclude", "c")) == {"d (source)": "create"}


def test_destroy_deletes_what_is_declared_and_nothing_else(project):
    project.write(THERE + 'reconciler = Reconciler(Toy(store=store), [Connection("c", source=Source("a"))])')
    refused = project.run("destroy", "-m", "mine")
    assert refused.exit_code == 3
    assert "a (source) is deleted" in refused.stderr
    assert planned(check(project, "--destroy")) == {"a (source)": "delete", "c (connection)": "delete"}
    done = project.run("destroy", "-m", "mine", "--yes")
    assert (done.exit_code, done.stderr) == (0, "")
    assert "destroying...\n- a:" in done.stdout
    assert planned(check(project)) == {"a (source)": "create", "c (connection)": "create"}
    assert "Nothing to destroy.\n" in project.run("destroy", "-m", "mine").stdout


def test_destroy_needs_no_secret_and_takes_what_depends_on_it_along(project):
    elements = '[Source("a", config={"password": EnvVar("NOBODY_SETS_THIS")})]'
    project.write(THERE + f"reconciler = Reconciler(Toy(store=store), {elements})")
    assert planned(check(project, "--destroy")) == {"a (source)": "delete", "c (connection)": "delete"}


def test_destroy_stops_at_what_is_protected(project):
    project.write(THERE + 'reconciler = Reconciler(Toy(store=store), [Source("a"), Source("b", protect=True)])')
    result = project.run("destroy", "-m", "mine", "--yes")
    assert (result.exit_code, "protect=True" in result.stderr) == (3, True)
    assert project.run("destroy", "-m", "mine", "--yes", "--exclude", "b").exit_code == 0
    assert planned(check(project, "--destroy")) == {"b (source)": "delete"}


def test_a_tombstone_plans_a_deletion_that_shows_why(project):
    project.write(
        THERE + 'reconciler = Reconciler(Toy(store=store), [removed(Source, "b", reason="moved to S3"), '
        'removed("connection", "gone", reason="of old")])'
    )
    result = project.run("check", "-m", "mine")
    assert "- b (removed: moved to S3):" in result.stdout
    assert "gone: it is gone, so its removed() may go too" in result.stderr
    assert project.run("apply", "-m", "mine").exit_code == 3
    assert project.run("apply", "-m", "mine", "--yes").exit_code == 0
    assert planned(check(project)) == {}


@pytest.mark.parametrize(
    ("elements", "said"),
    [
        ('[removed(Source, "b", reason="x"), Source("b")]', "is declared, and declared as removed"),
        (
            '[removed(Source, "a", reason="x"), Connection("c", source=Key("source", "a"))]',
            "'a', which is declared as",
        ),
        ('[removed(Source, "b", reason=" ")]', "wants a reason"),
        ('[removed(int, "b", reason="x")]', "wants the class of an element"),
        ('[removed(Source, "b", reason="x", on="today")]', "on= wants a date"),
        ('[removed("shelf", "b", reason="x")]', "no shelf can be declared there"),
    ],
)
def test_a_tombstone_that_cannot_be_meant_is_refused(project, elements, said):
    project.write(THERE + f"reconciler = Reconciler(Toy(store=store), {elements})")
    result = project.run("check", "-m", "mine")
    assert (result.exit_code, said in result.stderr) == (2, True), result.stderr


def test_a_tombstone_of_a_later_day_only_says_so(project):
    tombstone = 'removed(Source, "b", reason="x", on=datetime.date.DAY)'
    module = f"import datetime\n{THERE}reconciler = Reconciler(Toy(store=store), [{tombstone}])"
    for day, expected in (("max", {}), ("min", {"b (source)": "delete"})):
        project.write(module.replace("DAY", day), name=day)
        assert planned(project.run("check", "-m", day, "--output", "json")) == expected
    assert project.run("check", "-m", "max").stderr == (
        "note: b: it is to be removed on 9999-12-31: x\n"
        "note: 2 objects are there and not declared: a (source), c (connection)\n"
    )


@pytest.mark.parametrize(
    ("changed", "more", "code"),
    [
        (3, [], 0),
        (4, [], 3),
        (4, ["--max-changes", "40%"], 0),
        (4, ["--yes"], 0),
        (4, ["--allow", "many-changes"], 0),
        (4, ["--max-changes", "30"], 3),
        (1, ["--max-changes", "0"], 3),
        (1, ["--max-changes", "x"], 2),
        (1, ["--max-changes", "101%"], 2),
    ],
)
def test_much_of_what_is_there_is_not_changed_unasked(project, changed, more, code):
    project.write(MANY.replace("CHANGED", str(changed)))
    result = project.run("apply", "-m", "mine", *more)
    assert result.exit_code == code, result.stderr
    if code == 3:
        assert f"{changed} of 10 elements that are there are changed at once, more than" in result.stderr
        assert "nothing was written" in result.stderr


@pytest.mark.parametrize(
    ("declared", "codes"),
    [
        ('[Source("a", type="New", config={"x": 1})]', ["replace", "cascade"]),
        ('[removed("connection", "c", reason="x")]', ["delete"]),
    ],
)
def test_what_destroys_is_refused_until_each_sort_is_allowed_by_flag(project, declared, codes):
    project.write(f"{THERE}reconciler = Reconciler(Toy(store=store), {declared})")
    flags = [flag for code in codes for flag in ("--allow", code)]
    for few in range(0, len(flags), 2):
        refused = project.run("apply", "-m", "mine", *flags[:few])
        assert refused.exit_code == 3
        assert "nothing was written" in refused.stderr
    assert project.run("apply", "-m", "mine", *flags).exit_code == 0


def test_what_nobody_declares_is_a_note_apart_that_fails_no_gate(project):
    project.write(f'{THERE}reconciler = Reconciler(Toy(store=store), [Source("a", config={{"x": 1}})])')
    result = project.run("check", "-m", "mine", "--exit-code")
    assert result.exit_code == 0
    assert result.stderr == "note: 2 objects are there and not declared: b (source), c (connection)\n"
    document = json.loads(check(project, "--exit-code").stdout)
    (place,) = document["places"]
    assert (document["in_sync"], document["exit_code"]) == (True, 0)
    assert [each["name"] for each in place["undeclared"]] == ["b", "c"]
    comment = project.run("check", "-m", "mine", "--exit-code", "--output", "markdown")
    assert comment.exit_code == 0
    assert "in sync" in comment.stdout
    assert "<summary>Not declared, and left as it is: 2</summary>" in comment.stdout


def test_a_policy_in_code_holds_and_the_strictest_of_a_place_wins(project):
    open_ = "Policy(allowed={'delete'}, max_changes=1)"
    both = (
        MANY.replace("CHANGED", "9").replace("SOURCES)", f"SOURCES, policy={open_})")
        + '\nmore = Reconciler(reconciler.instance, [removed(Source, "x", reason="y")], policy=OTHER)\n'
        'store["source", "x"] = {"config": {}}\n'
    )
    project.write(both.replace("OTHER", open_), name="open")
    project.write(both.replace("OTHER", "None"), name="strict")
    assert project.run("apply", "-m", "open").exit_code == 0
    refused = project.run("apply", "-m", "strict")
    assert refused.exit_code == 3
    assert "x (source) is deleted; 10 of 11 elements" in refused.stderr


def test_what_is_protected_passes_by_no_policy(project):
    source = 'Source("a", type="New", protect=True)'
    policy = "Policy(allow_all=True, allowed={'protect'})"
    project.write(THERE + f"reconciler = Reconciler(Toy(store=store), [{source}], policy={policy})")
    assert "protect=True" in project.run("apply", "-m", "mine", "--yes").stderr


def test_what_is_ignored_is_neither_planned_nor_written_over(project):
    ignoring = 'Source("a", config={"x": 2, "y": 3}, ignore=["x"])'
    project.write(THERE + f"reconciler = Reconciler(Toy(store=store), [{ignoring}])")
    assert planned(check(project)) == {"a (source)": "update"}
    assert project.run("apply", "-m", "mine").exit_code == 0
    assert project.run("check", "-m", "mine").stdout.endswith("No diff found.\n")


def test_quiet_prints_the_changes_and_nothing_else(project):
    project.write(SHARED)
    assert project.run("check", "-m", "mine", "-q").stdout.startswith("+ shop")
    assert project.run("apply", "-m", "mine", "-q").exit_code == 0
    assert project.run("check", "-m", "mine", "-q").output == ""


def test_plan_is_check(project):
    project.write(SHARED)
    assert project.run("plan", "-m", "mine", "--exit-code").exit_code == 1
    assert project.run("plan", "-m", "mine").output == project.run("check", "-m", "mine").output


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_what_the_shell_reads(project, shell):
    script = project.run("completion", shell).stdout
    assert "_DAGSTER_ME_COMPLETE" in script
    if shell == "bash":
        assert subprocess.run(["bash", "-n"], input=script, text=True, check=False).returncode == 0
    assert project.run("completion", "tcsh").exit_code == 2


def test_completion_completes(project, monkeypatch):
    asked = {"_DAGSTER_ME_COMPLETE": "bash_complete", "COMP_WORDS": "dagster-me pl", "COMP_CWORD": "1"}
    found = project.run(env=asked)
    assert "plan" in found.output
