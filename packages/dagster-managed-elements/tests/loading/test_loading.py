"""What `module:attribute` finds, and what is said where it finds nothing."""

from __future__ import annotations

import sys
from textwrap import dedent

import pytest
from dagster_managed_elements.engine.errors import DeclarationError
from dagster_managed_elements.loading import load

RECONCILERS = """
from dagster_managed_elements import ManagedElementDiff, ManagedElementReconciler


class Mine(ManagedElementReconciler):
    def check(self):
        return ManagedElementDiff()

    apply = check

"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder to write modules into, which is the current one; what is imported from it is forgotten."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    known = set(sys.modules)

    def write(name, source, folder=tmp_path):
        file = folder / f"{name.replace('.', '/')}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(source))
        return folder

    yield write
    for name in set(sys.modules) - known:
        del sys.modules[name]


def paths(target, directory=None):
    return [each.path for each in load(target, directory)]


def refused(target, directory=None):
    with pytest.raises(DeclarationError) as refusal:
        load(target, directory)
    said = str(refusal.value)
    assert "\n" not in said
    return said


def test_every_reconciler_of_a_module_is_found_in_the_order_written(project):
    project("mine", RECONCILERS + "b = Mine()\na = Mine()\nother = 3\n")
    assert paths("mine") == ["mine:b", "mine:a"]


def test_a_reconciler_of_several_names_counts_once_by_a_public_one(project):
    project("mine", RECONCILERS + "_private = Mine()\npublic = alias = _private\n")
    assert paths("mine") == ["mine:public"]
    assert paths("mine:alias,public,_private") == ["mine:alias"]


def test_attributes_may_be_nested_and_several(project):
    project("pkg.mine", RECONCILERS + "a = Mine()\nclass Regions:\n    europe = Mine()\n")
    assert paths("pkg.mine:Regions.europe,a") == ["pkg.mine:Regions.europe", "pkg.mine:a"]


def test_the_current_directory_is_looked_in_without_being_named(project):
    project("mine", RECONCILERS + "a = Mine()\n")
    assert paths("mine") == ["mine:a"]


def test_the_working_directory_wins_over_a_package_of_that_name_elsewhere(project, tmp_path):
    sys.path.insert(0, str(project("twice", RECONCILERS + "wrong = Mine()\n", tmp_path / "site")))
    right = project("twice", RECONCILERS + "right = Mine()\n", tmp_path / "right")
    assert paths("twice", right) == ["twice:right"]


def test_a_module_that_is_already_imported_from_elsewhere_is_not_taken_for_the_one_meant(project, tmp_path):
    project("json", RECONCILERS + "a = Mine()\n")
    assert refused("json").startswith(f"The module json in {tmp_path} cannot be imported: ")
    assert refused("json").endswith("has that name. Rename yours.")


def test_a_module_that_is_not_there_is_named_with_the_nearest(project, tmp_path):
    project("cereals", RECONCILERS)
    expected = f"There is no module cereal in {tmp_path} or among the installed packages. Nearest: cereals."
    assert refused("cereal") == expected


def test_a_module_whose_own_import_fails_names_what_it_wanted_and_where(project):
    project("mine", "import json\nimport nowhere_to_be_found\n")
    assert refused("mine") == "mine.py, line 2: ModuleNotFoundError: No module named 'nowhere_to_be_found'"


def test_the_innermost_line_of_the_users_own_is_named(project):
    project("inner", "def configure():\n    return int('many')\n")
    project("mine", "import inner\n\nn = inner.configure()\n")
    assert refused("mine") == "inner.py, line 2: ValueError: invalid literal for int() with base 10: 'many'"


def test_the_line_of_the_user_is_named_and_not_that_of_a_library(project):
    project("mine", "import json\n\nn = json.loads('{')\n")
    assert refused("mine").startswith("mine.py, line 3: JSONDecodeError: ")


def test_a_syntax_error_names_its_line(project):
    project("mine", "a = 1\nb = (\n")
    assert refused("mine") == "mine.py, line 2: SyntaxError: '(' was never closed"


def test_an_error_of_ours_in_the_users_module_names_the_users_line(project):
    project("mine", "from dagster_managed_elements import EnvVar\nEnvVar('NOBODY_SETS_THIS').read()\n")
    assert refused("mine") == "mine.py, line 2: The environment variable NOBODY_SETS_THIS is not set."


def test_a_module_that_exits_is_an_error(project):
    project("mine", "raise SystemExit('enough')\n")
    assert refused("mine") == "mine.py, line 1: SystemExit: enough"


def test_a_message_of_many_lines_that_would_colour_the_terminal_is_one_plain_line(project):
    project("mine", r"raise ValueError('one\ntwo\x1b[31m' + 'x' * 1000)")
    said = refused("mine")
    assert said.startswith("mine.py, line 1: ValueError: one two\\x1b[31mxxx")
    assert len(said) < 420


ATTRIBUTES = [
    ("mine:staging_reconcilr", "mine has no attribute 'staging_reconcilr'. Nearest: staging_reconciler."),
    ("mine:zzz", "mine has no attribute 'zzz'. Its reconcilers: staging_reconciler."),
    ("mine:Mine.zzz", "mine:Mine has no attribute 'zzz'. Its reconcilers: staging_reconciler."),
    ("mine:number", "mine:number is an int, not a reconciler."),
    ("mine:Mine", "mine:Mine is the class Mine, not a reconciler. Make an instance of it."),
    ("mine:source", "mine:source is a Source, not a reconciler. Pass it to a reconciler, and name that."),
    ("mine:function", "mine:function is a function, not a reconciler."),
    ("mine:dataclasses", "mine:dataclasses is a module, not a reconciler."),
    ("mine:", "An attribute is missing after the colon: mine:reconciler, say."),
    ("mine:staging_reconciler,", "An attribute is missing after the colon: mine:reconciler, say."),
    ("mine:broken.value", "mine.py, line 13: ZeroDivisionError: division by zero"),
    ("mine.py", "mine.py is a file. Give the module's name: mine"),
    ("./pkg/mine.py", "'./pkg/mine.py' is not the name of a module. Give it with dots: pkg.mine"),
    ("mine.staging", "mine is a module, not a package. To select staging in it, write mine:staging"),
    ("", "'' is not the name of a module."),
    ("bare", "The module bare has no reconciler. Pass what it declares (one, two, three ...) to one."),
    ("empty", "The module empty has no reconciler. Assign one to a variable of the module."),
    ("empty:x", "empty has no attribute 'x'. It has no reconciler at all."),
]


@pytest.mark.parametrize(("target", "expected"), ATTRIBUTES, ids=[target for target, _ in ATTRIBUTES])
def test_what_is_wrong_is_said_in_a_line_that_says_what_to_do(project, target, expected):
    elements = (
        "import dataclasses\nfrom dagster_managed_elements import Element\n\n@dataclasses.dataclass(frozen=True)\n"
    )
    elements += (
        "class Source(Element):\n    kind = 'source'\n\nsource = Source('s')\nnumber = 3\nfunction = print\n"
    )
    broken = "class Broken:\n    @property\n    def value(self): return 1 / 0\nbroken = Broken()\n"
    project("mine", elements + broken + RECONCILERS + "staging_reconciler = Mine()\n")
    project("bare", elements.replace("source = ", "one = two = three = four = "))
    project("empty", "")
    assert refused(target) == expected


def test_a_declaration_that_refuses_itself_names_the_users_line_and_not_a_file_that_is_none(project):
    project(
        "mine", "from dagster_managed_elements.airbyte import AirbyteSource\n\nAirbyteSource('a', 'File', None)\n"
    )
    assert refused("mine").startswith("mine.py, line 3: AirbyteSource 'a': source_configuration wants a Mapping")
