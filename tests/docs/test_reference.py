"""The reference tells of every public name, and the code of what each parameter means."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Iterator
from enum import EnumMeta
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import airbyte_local
import dagster_managed_elements
import pytest
import yaml
from airbyte_local.cli import main as airbyte_local_command
from dagster_managed_elements import airbyte, definitions
from dagster_managed_elements.airbyte import mappers, typed
from dagster_managed_elements.cli import main as dagster_me

REPOSITORY = Path(__file__).resolve().parents[2]
PAGES = sorted((REPOSITORY / "docs").glob("reference-*.md"))
SAME = {"Secret", "EnvVar"}
"""Told of once, where Airbyte's names are."""


def told() -> set[str]:
    """What stands in the reference: `package.name` of each block, and `package.module.name` of its members."""
    text = "\n".join(page.read_text() for page in PAGES)
    blocks = re.findall(r"^::: (\S+)\n(?: {4}.*\n)*", text, re.MULTILINE)
    members = re.findall(r"^::: (\S+)\n(?: {4}.*\n)*? +members: \[(.*)\]", text, re.MULTILINE)
    return {*blocks, *(f"{module}.{name}" for module, names in members for name in names.split(", "))}


def names() -> Iterator[tuple[str, Any]]:
    for module in (dagster_managed_elements, airbyte, definitions):
        for name in module.__all__:
            yield f"{module.__name__}.{name}", getattr(module, name)
    yield f"{typed.__name__}.TypedConfiguration", typed.TypedConfiguration
    for name, value in vars(mappers).items():
        if isinstance(value, type) and value.__module__ == mappers.__name__ and not name.startswith("_"):
            yield f"{mappers.__name__}.{name}", value


def test_every_public_name_is_in_the_reference():
    known = told()
    lacking = {path for path, _ in names() if path not in known}
    assert lacking == {f"dagster_managed_elements.{name}" for name in SAME}
    assert {f"{airbyte.__name__}.{name}" for name in SAME} <= known


def test_what_the_reference_tells_of_is_there():
    for path in told():
        module, _, name = path.rpartition(".")
        assert isinstance(import_module(module), ModuleType)
        try:
            getattr(import_module(module), name)
        except AttributeError:
            import_module(path)


def meanings(documented: Any) -> dict[str, str]:
    """What a docstring says of each parameter in its sections Args and Attributes; a class's bases count."""
    found: dict[str, str] = {}
    for holder in reversed(inspect.getmro(documented)) if isinstance(documented, type) else [documented]:
        text = inspect.cleandoc(holder.__doc__ or "") if isinstance(holder, type) else inspect.getdoc(holder) or ""
        for section in re.findall(r"^(?:Args|Attributes):\n((?: {4}.*\n?|\n)*)", text, re.MULTILINE):
            found.update(re.findall(r"^ {4}\*{0,2}(\w+): (\S.*)", section, re.MULTILINE))
    return found


def parameters(of: Any) -> set[str]:
    """Those of a function, or of what makes an instance; of a class that nobody calls, its attributes."""
    if dataclasses.is_dataclass(of):
        return {field.name for field in dataclasses.fields(of) if field.init}
    if isinstance(of, type) and not _has_own_making(of):
        return set(vars(of).get("__annotations__", ()))
    return set(inspect.signature(of).parameters) - {"self"}


def _has_own_making(of: type) -> bool:
    """Whether what makes an instance is ours: not of a protocol, and not of what Python or Dagster makes."""
    made = of.__init__
    is_foreign = getattr(made, "__module__", "").startswith(("dagster.", "typing"))
    return inspect.isfunction(made) and not is_foreign


def callables() -> Iterator[tuple[str, Any]]:
    """Whatever public takes parameters: classes, functions, and the classes' own methods."""
    for path, value in names():
        if inspect.isfunction(value) or (isinstance(value, type) and not isinstance(value, EnumMeta)):
            yield path, value
        for name in vars(value) if isinstance(value, type) else ():
            method = getattr(value, name)
            foreign = any(name in vars(base) for base in value.__mro__ if base.__module__.startswith("dagster."))
            if not (name.startswith("_") or foreign) and (inspect.isfunction(method) or inspect.ismethod(method)):
                yield f"{path}.{name}", method


@pytest.mark.parametrize("called", [pytest.param(value, id=path) for path, value in callables()])
def test_what_each_parameter_means_is_said(called: Any) -> None:
    assert parameters(called) - meanings(called).keys() == set()


@pytest.mark.parametrize("called", [pytest.param(value, id=path) for path, value in callables()])
def test_nothing_is_said_of_a_parameter_that_is_not_there(called: Any) -> None:
    text = inspect.getdoc(called) or ""
    said = re.findall(r"^Args:\n((?: {4}.*\n?|\n)*)", text, re.MULTILINE)
    assert set(re.findall(r"^ {4}\*{0,2}(\w+): ", "".join(said), re.MULTILINE)) - parameters(called) == set()


def test_the_tables_of_the_local_airbyte_have_each_parameter_and_each_member():
    page = (REPOSITORY / "docs" / "reference-local.md").read_text()
    tables = {
        name: re.findall(r"^\| `(\w+)(?:\((.*?)\))?` \| \S", section, re.MULTILINE)
        for name, section in re.findall(r"^## (\w+)\n((?:(?!## ).*\n)*)", page, re.MULTILINE)
    }
    assert set(tables) == set(airbyte_local.__all__)
    for of in (airbyte_local.server, airbyte_local.Fault, airbyte_local.Exchange):
        assert {name for name, _ in tables[of.__name__]} == parameters(of)
    with airbyte_local.server() as running:
        members = {name for name in (*vars(running), *vars(type(running))) if not name.startswith("_")}
        assert {name for name, _ in tables["LocalAirbyte"]} == members
        for name, given in tables["LocalAirbyte"]:
            if inspect.ismethod(method := getattr(running, name)):
                assert set(re.findall(r"\w+", given)) == parameters(method), name


def test_every_option_of_every_command_says_what_it_does():
    groups = {"dagster-me": dagster_me, "airbyte-local": airbyte_local_command}
    page = (REPOSITORY / "docs" / "reference-commands.md").read_text()
    for name, group in groups.items():
        assert f"<!-- commands: {name} " in page
        for command in (group, *group.commands.values()):
            for option in command.params:
                assert option.param_type_name == "argument" or getattr(option, "help", None), option.opts


def test_every_page_is_in_the_navigation():
    navigation = yaml.safe_load((REPOSITORY / "mkdocs.yml").read_text())["nav"]
    shown = re.findall(r"[\w-]+\.md", yaml.safe_dump(navigation))
    assert sorted(shown) == sorted(page.name for page in (REPOSITORY / "docs").glob("*.md"))
