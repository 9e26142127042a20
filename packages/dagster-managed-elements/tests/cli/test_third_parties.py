"""Reconcilers that only have check and apply, of every age, run under our command line."""

from __future__ import annotations

import json

import pytest

OLD = """
class Old(ManagedElementReconciler):
    applied = False
    def check(self):
        return ManagedElementDiff() if self.applied else ManagedElementDiff().add("a", 1)
    def apply(self):
        diff, self.applied = self.check(), True
        return diff
old = Old()
"""


def test_a_reconciler_of_the_first_days_takes_no_keyword_and_runs(project):
    project.write(OLD)
    assert project.run("check", "-m", "mine").stdout == "Found 1 managed elements, checking...\n+ a: 1\n"
    assert project.run("check", "-m", "mine", "--exit-code").exit_code == 1
    assert project.run("apply", "-m", "mine").stdout == "Found 1 managed elements, applying...\n+ a: 1\n"
    assert project.run("apply", "-m", "mine").stdout.endswith("\nNo changes applied.\n")


@pytest.mark.parametrize("signature", ["**kwargs", "include_all_secrets", "*, include_all_secrets=None, other=1"])
def test_keywords_are_passed_to_whoever_takes_them(project, signature):
    value = "kwargs['include_all_secrets']" if signature == "**kwargs" else "include_all_secrets"
    project.write(
        f"class Own(ManagedElementReconciler):\n    def check(self, {signature}):\n"
        f"        return ManagedElementDiff().add('got', {value})\n    apply = check\nown = Own()"
    )
    result = project.run("check", "-m", "mine", "--include-all-secrets")
    assert result.stdout.splitlines()[1:] == ["+ got: True"]


def test_it_may_run_a_loop_of_its_own(project):
    project.write(
        "import asyncio\nclass Own(ManagedElementReconciler):\n    def check(self, **_):\n"
        "        return asyncio.run(self.work())\n    apply = check\n"
        "    async def work(self): return ManagedElementDiff().delete('b', [1])\nown = Own()"
    )
    assert project.run("check", "-m", "mine").stdout.splitlines()[1:] == ["- b: [1]"]


FAILURES = [
    ("return ManagedElementError.CANNOT_CONNECT", 3, "Error: Own reports: cannot connect"),
    ("return None", 3, "Error: Own.check returned a NoneType, not a ManagedElementDiff"),
    ("raise ValueError('odd')", 3, "Error: mine.py, line 5: ValueError: odd"),
    ("raise DeclarationError('a\\nb')", 2, "Error: a\nError: b"),
]


@pytest.mark.parametrize(("body", "code", "said"), FAILURES)
def test_its_failure_is_a_line_and_never_in_sync(project, body, code, said):
    own = f"class Own(ManagedElementReconciler):\n    def check(self):\n        {body}\n    apply = check\n"
    project.write(f"{own}own = Own()")
    result = project.run("check", "-m", "mine")
    assert (result.exit_code, result.stdout) == (code, "Found 1 managed elements, checking...\n")
    assert result.stderr.strip() == said


def test_it_stands_beside_ours_and_hides_nothing(project):
    project.write(OLD + "ours = Reconciler(Toy('here'), [Source('s')])\n")
    result = project.run("check", "-m", "mine")
    assert result.stdout.splitlines() == [
        "Found 2 managed elements, checking...",
        "# mine:old",
        "+ a: 1",
        "# here",
        "+ s:",
    ]
    document = json.loads(project.run("check", "-m", "mine", "--output", "json").stdout)
    assert [place["reconcilers"] for place in document["places"]] == [["mine:old"], ["mine:ours"]]


def test_one_of_ours_with_a_check_of_its_own_runs_that(project):
    project.write(
        "class Own(Reconciler):\n    def check(self, **kwargs):\n"
        "        return super().check(**kwargs).add('own', 1)\nown = Own(Toy(), [Source('s')])"
    )
    assert project.run("check", "-m", "mine").stdout.splitlines()[1:] == ["+ s: {}", "+ own: 1"]
