"""What check and apply print, and what they end with."""

from __future__ import annotations

import gc
import json
import logging

import pytest
from dagster_managed_elements.engine.errors import Invalid

ONE = """
config = {"url": "http://x", "provider": {"user_agent": False}, "password": Secret.literal("hunter2")}
source = Source("cereals-csv", config=config)
reconciler = Reconciler(Toy(), [Connection("download", source=source)])
"""
TREE = """\
+ cereals-csv:
  + url: http://x
  + password: **********
  + provider:
    + user_agent: False
+ download:
  + source: cereals-csv
"""
REPLACED = """
store = {
    ("source", "a"): {"type": "Old", "config": {"x": 1}},
    ("connection", "unmanaged"): {"source": Ref("source", "id-a")},
}
reconciler = Reconciler(Toy(store=store), [Source("a", type="New", config={"x": 2})])
"""
REPLACED_TREE = """\
~ a (replaced):
  ~ type: Old -> New
  ~ x: 1 -> 2
- unmanaged (deleted with a):
  - source: a
! a (source) is deleted and created anew
! unmanaged (connection) is deleted, since it depends on a (source)
"""
REFUSAL = (
    "Error: The plan is refused and nothing was written: a (source) is deleted and created anew; "
    "unmanaged (connection) is deleted, since it depends on a (source). Run it on a terminal to be asked, "
    "or with --yes to allow it.\n"
)


def seen(result):
    return (result.exit_code, result.stdout, result.stderr)


def test_check_says_what_apply_does_and_then_there_is_nothing_left(project):
    project.write(ONE)
    found = "Found 1 managed elements, "
    assert seen(project.run("check", "-m", "mine")) == (0, f"{found}checking...\n{TREE}", "")
    assert seen(project.run("apply", "-m", "mine:reconciler")) == (0, f"{found}applying...\n{TREE}", "")
    code, out, _ = seen(project.run("check", "-m", "mine", "--exit-code"))
    assert (code, out) == (0, f"{found}checking...\nNo diff found.\n")
    code, out, _ = seen(project.run("apply", "-m", "mine"))
    assert (code, out) == (0, f"{found}applying...\nNo changes applied.\n")


@pytest.mark.parametrize("declaring_nothing", ["[]", "(), delete_unmentioned_resources=True"])
def test_a_reconciler_that_declares_nothing_is_in_sync_and_a_module_without_one_is_a_mistake(
    project, declaring_nothing
):
    project.write(f"reconciler = Reconciler(Toy(), {declaring_nothing})")
    assert seen(project.run("check", "-m", "mine", "--exit-code")) == (
        0,
        "Found 1 managed elements, checking...\nNo diff found.\n",
        "",
    )
    assert project.run("apply", "-m", "mine").stdout.endswith("\nNo changes applied.\n")
    project.write("elements = []", "bare")
    for verb in ("check", "apply"):
        code, _, said = seen(project.run(verb, "-m", "bare"))
        assert code == 2
        assert "The module bare has no reconciler. Assign one to a variable of the module." in said


def test_changes_pending_are_an_exit_code_where_that_is_asked_for(project):
    project.write(ONE)
    assert project.run("check", "-m", "mine", "--exit-code").exit_code == 1


def test_a_masked_secret_is_a_note_and_a_change_only_when_asked_for(project):
    project.write(
        'store = {("source", "a"): {"type": "File", "config": {"key": Masked()}}}\n'
        'reconciler = Reconciler(Toy(store=store), [Source("a", config={"key": Secret.literal("hunter2")})])'
    )
    _, out, err = seen(project.run("check", "-m", "mine"))
    assert out.endswith("\nNo diff found.\n")
    assert err == (
        "note: 1 secret is shown masked by the server and is taken as unchanged, whatever its value or reference "
        "is now: a.key; --include-secret PATH re-sends one, --include-all-secrets all\n"
    )
    _, out, err = seen(project.run("check", "-m", "mine", "--include-all-secrets"))
    assert out.endswith("\n~ a:\n  ~ key: ********** -> **********\n")
    assert err == ""


TWO_SECRETS = """
config = {"key": Masked(), "pair": {"user.name": "u", "pin": Masked()}}
store = {("source", "a"): {"type": "File", "config": config}, ("source", "b"): {"type": "File", "config": config}}
def sent():
    raise AssertionError("called in a check")
pair = {"user.name": "u", "pin": Secret.call(sent, reference="pin#2")}
declared = {"key": Secret.literal("hunter2"), "pair": pair}
reconciler = Reconciler(Toy(store=store), [Source("a", config=declared)])
other = Reconciler(Toy(place="there", store=store), [Source("b", config=declared)])
"""


def test_one_secret_is_sent_again_and_no_other(project):
    project.write(TWO_SECRETS)
    _, out, err = seen(project.run("check", "-m", "mine", "--include-secret", "a.pair.pin"))
    assert out.count("**********") == 2
    assert "~ pin: ********** -> **********" in out
    assert "3 secrets are shown masked" in err
    _, out, _ = seen(project.run("check", "-m", "mine", "--include-secret", "a.key", "--include-secret", "b.key"))
    assert out.count("~ key: ********** -> **********") == 2
    assert "pin" not in out
    for _ in "12":
        _, out, _ = seen(project.run("apply", "-m", "mine", "--include-secret", "a.key"))
        assert out.count("**********") == 2


@pytest.mark.parametrize("verb", ["check", "apply"])
@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("a.kye", "did you mean a.key?"),
        ("b.pair", "did you mean b.pair.pin?"),
        ("a.pair.user.name", "did you mean a.pair.pin?"),
        ("elsewhere", "name one as the check prints it, such as shop.password."),
    ],
)
def test_a_path_at_which_no_secret_is_declared_is_refused_in_one_line(project, verb, path, said):
    project.write(TWO_SECRETS)
    code, out, err = seen(project.run(verb, "-m", "mine", "--include-secret", "a.key", "--include-secret", path))
    assert (code, len(out.splitlines())) == (2, 1)
    assert err == f"Error: No secret is declared at {path}; nothing was written; {said}\n"


def test_text_made_of_a_secret_is_one_line_that_says_what_to_do(project):
    project.write('reconciler = Reconciler(Toy(), [Source("a", type=f"x={Secret.env(\'NOWHERE\')}")])')
    code, _, err = seen(project.run("check", "-m", "mine"))
    assert code == 2
    assert "Secret.format(" in err
    assert "Traceback" not in err


def test_what_destroys_is_refused_where_nobody_can_be_asked_and_done_with_yes(project):
    project.write(REPLACED)
    first = "Found 1 managed elements, applying...\n"
    assert seen(project.run("apply", "-m", "mine")) == (3, first + REPLACED_TREE, REFUSAL)
    assert seen(project.run("apply", "-m", "mine", "--yes")) == (0, first + REPLACED_TREE, "")
    assert project.run("check", "-m", "mine").stdout.endswith("\nNo diff found.\n")


def test_what_is_protected_is_refused_even_with_yes(project):
    project.write(REPLACED.replace('"a", type', '"a", protect=True, type'))
    result = project.run("apply", "-m", "mine", "--yes")
    assert result.exit_code == 3
    assert result.stderr == (
        "Error: The plan is refused and nothing was written: a (source) is declared with protect=True. "
        "Take protect away to allow it.\n"
    )


def test_a_failure_skips_what_depends_on_it_and_the_report_says_so(project):
    project.write('reconciler = Reconciler(Toy(), [Connection("c", source=Source("refused")), Source("fine")])')
    code, out, err = seen(project.run("apply", "-m", "mine"))
    assert code == 3
    assert out.splitlines()[-3:] == [
        f"failed: create refused (source): POST http://toy/create: {Invalid.summary} (422): no way",
        "skipped: create c (connection): waits for: create refused (source)",
        "Applied: 1 done, 1 failed, 1 skipped.",
    ]
    assert err == "Error: Not everything was applied. Apply again to do what is left.\n"


def test_one_failing_place_hides_no_other_and_the_worst_decides_the_exit_code(project):
    project.write(
        'down = Reconciler(Toy("down", reachable=False), [Source("x")])\n'
        'up = Reconciler(Toy("up"), [Source("y")])\n'
        'wrong = Reconciler(Toy("wrong"), [Source("z"), Source("z", config={"a": 1})])\n'
    )
    code, out, err = seen(project.run("check", "-m", "mine", "--exit-code"))
    assert (code, out) == (3, "Found 3 managed elements, checking...\n# up\n+ y:\n")
    assert err.splitlines() == [
        "Error: mine:down: GET http://down: the server could not be reached: connection refused",
        "Error: mine:wrong: z: two different sources are declared with this name",
    ]
    assert project.run("check", "-m", "mine:up,wrong").exit_code == 2


def test_several_problems_are_a_line_each(project):
    project.write('r = Reconciler(Toy(), [Source(" "), Source("z"), Source("z", config={"a": 1})])')
    result = project.run("check", "-m", "mine")
    assert (result.exit_code, result.stdout) == (2, "Found 1 managed elements, checking...\n")
    assert [line.partition(":")[0] for line in result.stderr.splitlines()] == ["Error", "Error"]


def test_a_fault_of_ours_keeps_its_traceback_and_the_report(project):
    project.write('reconciler = Reconciler(Toy(), [Source("broken"), Source("fine")])')
    code, out, err = seen(project.run("apply", "-m", "mine"))
    assert (code, out.splitlines()[-1]) == (70, "Applied: 1 done, 1 failed.")
    assert "ZeroDivisionError: a fault of the integration\nThis is a bug of dagster-managed-elements." in err
    project.write(
        "class Bad(Toy):\n    def connect(self, settings): raise RuntimeError('odd')\nr = Reconciler(Bad(), [])"
    )
    project.write(
        'class Bad(Toy):\n    def connect(self, settings): raise RuntimeError("odd")\nr = Reconciler(Bad(), [])',
        "bad",
    )
    result = project.run("check", "-m", "bad")
    assert result.exit_code == 70
    assert "Traceback (most recent call last):" in result.stderr
    assert "RuntimeError: odd\nThis is a bug of dagster-managed-elements." in result.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["check"], "Error: Missing option '--module' / '-m'."),
        (["check", "-m", "mine", "-d", "nowhere"], "Error: Invalid value for '--working-directory' / '-d'"),
        (["check", "-m", "mine", "--concurrency", "0"], "Error: Invalid value for '--concurrency'"),
        (["check", "-m", "mine", "--timeout", "0"], "Error: Invalid value for '--timeout'"),
        (["check", "-m", "mine", "--timeout", "nan"], "Error: Invalid value for '--timeout': nan is no number of"),
        (["check", "-m", "mine", "--timeout", "inf"], "Error: Invalid value for '--timeout': inf is no number of"),
        (["check", "-m", "mine", "--timeout=-1"], "Error: Invalid value for '--timeout'"),
        (["check", "-m", "absent"], "Error: There is no module absent in "),
        (["apply", "-m", "mine:absent"], "Error: mine has no attribute 'absent'."),
        (["refresh"], "Error: No such command 'refresh'."),
    ],
)
def test_wrong_usage_ends_with_2_and_says_what_is_wrong(project, arguments, said):
    project.write(ONE)
    result = project.run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr
    assert "Traceback" not in result.stderr


def test_with_json_standard_output_holds_the_document_only(project):
    project.write(REPLACED)
    result = project.run("check", "-m", "mine", "--output", "json", "--exit-code")
    document = json.loads(result.stdout)
    assert (result.exit_code, document["exit_code"], document["summary"]["replace"]) == (1, 1, 1)
    result = project.run("apply", "-m", "mine", "--output", "json")
    (place,) = json.loads(result.stdout)["places"]
    assert (result.exit_code, place["report"], place["error"]["type"]) == (3, None, "PlanRefused")
    assert result.stderr == REFUSAL
    result = project.run("apply", "-m", "mine", "--output", "json", "--yes")
    (place,) = json.loads(result.stdout)["places"]
    assert (result.exit_code, place["report"]["counts"], result.stderr) == (0, {"done": 3}, "")


def test_with_markdown_standard_output_holds_the_comment_only(project):
    project.write(ONE)
    result = project.run("check", "-m", "mine", "--output", "markdown")
    assert result.stdout.startswith("<!-- dagster-me check -->\n\n### dagster-me check: 2 to create\n")
    assert "hunter2" not in result.stdout


def test_verbose_logs_requests_on_standard_error_and_nothing_stays_behind(project):
    log = logging.getLogger("dagster_managed_elements.api")
    before = (log.level, log.propagate, list(log.handlers))
    project.write(
        "import logging\nclass Loud(Toy):\n    def connect(self, settings):\n"
        "        logging.getLogger('dagster_managed_elements.api').debug('GET /x: 200')\n"
        "        return super().connect(settings)\n"
        "r = Reconciler(Loud(), [])"
    )
    assert project.run("check", "-m", "mine", "-v").stderr.endswith(" GET /x: 200\n")
    assert project.run("check", "-m", "mine").stderr == ""
    assert (log.level, log.propagate, list(log.handlers)) == before


def test_timeout_and_concurrency_reach_the_instance(project):
    project.write(
        "class Told(Toy):\n    def connect(self, settings):\n"
        "        raise DeclarationError(f'{settings.timeout} {settings.concurrency}')\n"
        "r = Reconciler(Told(), [])"
    )
    result = project.run("check", "-m", "mine", "--timeout", "1.5", "--concurrency", "3")
    assert result.stderr == "Error: 1.5 3\n"


def test_a_refusal_of_very_much_names_a_few(project):
    project.write(
        'store = {("source", f"s{n}"): {"type": "File"} for n in range(9)}\n'
        "reconciler = Reconciler(Toy(store=store), [], delete_unmentioned_resources=True)"
    )
    result = project.run("apply", "-m", "mine")
    assert result.exit_code == 3
    assert "s4 (source) is deleted; and 4 more. Run it on a terminal" in result.stderr
    assert "s8 (source) is deleted" in result.stdout


@pytest.mark.parametrize("verb", ["check", "apply"])
def test_garbage_is_looked_for_seldom_during_a_run_and_as_before_after_it(project, verb):
    before = gc.get_threshold()
    project.write(f"import gc\nprint(gc.get_threshold()[0] > {before[0]})\n{ONE}")
    result = project.run(verb, "-m", "mine", *(["--yes"] if verb == "apply" else []))
    assert (result.exit_code, result.stdout.splitlines()[0]) == (0, "True")
    assert gc.get_threshold() == before
