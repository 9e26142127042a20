"""Typed classes for all 647 connectors of Airbyte's registry: written, formatted, type-checked, filled in."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any

import pytest
from dagster_managed_elements.airbyte.specs.classes import Described, class_name, module_text
from dagster_managed_elements.airbyte.specs.connectors import Connectors, Unfound
from dagster_managed_elements.airbyte.structures import as_mapping
from dagster_managed_elements.airbyte.wire import Definition
from dagster_managed_elements.engine.secrets import reveal
from dagster_managed_elements.engine.values import Masked, leaves

from testing.corpus import Connector, require_corpus
from testing.drawing import Drawer, Undrawable

pytestmark = pytest.mark.slow

BIN = Path(sys.executable).parent
DRAWS = 4
"""Configurations of each connector, beside one for each branch of its choices."""

EXPECTATIONS = '''\
"""What an editor says of a configuration: an error where a line says so, and nowhere else."""

from typing import TypedDict

import msgspec
import pydantic
import pydantic.v1
from dataclasses import dataclass
from dagster_managed_elements.airbyte import AirbyteDestination, AirbyteSource, EnvVar
from connectors import FileSource, PostgresSource

web = FileSource.HTTPS()
whole = FileSource(dataset_name="c", format="csv", url="u", provider=web)
FileSource(dataset_name=EnvVar("NAME"), format="csv", url="u", provider=FileSource.SSH(host="h", user="me"))
FileSource(dataset_name="c", format="cvs", url="u", provider=web)  # error: reportArgumentType
FileSource(dataset_name="c", format="csv", provider=web)  # error: reportCallIssue
FileSource(dataset_name="c", format="csv", url="u", provider=web, ulr="u")  # error: reportCallIssue
FileSource(dataset_name=3, format="csv", url="u", provider=web)  # error: reportArgumentType
FileSource(dataset_name="c", format="csv", url="u", provider=PostgresSource.CDC)  # error: reportArgumentType
FileSource(dataset_name="c", format="csv", url="u", provider={"storage": "HTTPS"})  # error: reportArgumentType
FileSource("c")  # error: reportCallIssue
FileSource.SSH(host="h")  # error: reportCallIssue
FileSource.SSH(host="h", user="me", password="clear")  # error: reportArgumentType
FileSource.SSH(host="h", user="me", password=EnvVar("PASSWORD"))
whole.url = "v"  # error: reportAttributeAccessIssue


class Typed(TypedDict):
    host: str


@dataclass
class Plain:
    host: str


class Struct(msgspec.Struct):
    host: str


class Model(pydantic.BaseModel):
    host: str


class ModelOfV1(pydantic.v1.BaseModel):
    host: str


AirbyteSource("s", "File", whole)
AirbyteSource("s", "File", {"provider": web})
AirbyteSource("s", "File", Typed(host="h"))
AirbyteSource("s", "File", Plain(host="h"))
AirbyteSource("s", "File", Struct(host="h"))
AirbyteDestination("d", "S3", Model(host="h"))
AirbyteDestination("d", "S3", ModelOfV1(host="h"))
AirbyteSource("s", "File", "text")  # error: reportArgumentType
AirbyteSource("s", "File", 3)  # error: reportArgumentType
'''


@pytest.fixture(scope="module")
def described() -> list[tuple[Connector, Described]]:
    return [
        (one, Described(one.kind, Definition(id=one.id, name=one.name, docker_repository=one.repository), one.spec))
        for one in require_corpus()
    ]


@pytest.fixture(scope="module")
def classes(described: Any) -> Iterator[ModuleType]:
    module = ModuleType("connectors_of_the_registry")
    sys.modules[module.__name__] = module
    exec(module_text(one for _, one in described), module.__dict__)
    yield module
    del sys.modules[module.__name__]


@pytest.mark.timeout(500)
def test_all_are_left_alone_by_a_formatter_and_clean_under_a_strict_type_checker(described: Any, tmp_path: Path):
    """And an editor says of a wrong choice, a missing or a misspelt setting what it should: one run for both."""
    file, expected = tmp_path / "connectors.py", tmp_path / "expectations.py"
    file.write_text(module_text(one for _, one in described))
    expected.write_text(EXPECTATIONS)
    for width in ("88", "100", "120"):
        subprocess.run(
            [BIN / "ruff", "format", "--isolated", "--check", "--line-length", width, file], check=True, timeout=100
        )
    config = {"typeCheckingMode": "strict", "pythonVersion": "3.10", "include": ["*.py"]}
    config |= {"venvPath": str(BIN.parents[1]), "venv": BIN.parent.name, "reportUnusedExpression": "none"}
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(config))
    ran = subprocess.run(
        [BIN / "pyright", "--outputjson", "--project", tmp_path],
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    found = json.loads(ran.stdout)["generalDiagnostics"]
    assert [one for one in found if one["file"] == str(file)] == []
    told = Counter((one["range"]["start"]["line"], one.get("rule")) for one in found)
    wanted = Counter(
        (number, rule)
        for number, line in enumerate(EXPECTATIONS.splitlines())
        for rule in re.findall(r"report\w+", line.partition("# error:")[2])
    )
    assert told == wanted


def test_a_configuration_drawn_from_the_schema_goes_through_its_class_unchanged(described: Any, classes: Any):
    """Every branch of every choice at least once, a minimal configuration and full ones."""
    undrawable, gone_through = [], 0
    for number, (connector, one) in enumerate(described):
        cls = getattr(classes, class_name(one.side, one.definition))
        for drawer in drawers(number, connector.spec):
            try:
                drawn = drawer.configuration(connector.spec)
            except Undrawable:
                undrawable.append(connector)
                continue
            made = cls.of(drawn)
            assert read_whole(as_mapping(made)) == drawn, connector
            assert read_whole(as_mapping(cls(**vars(made)))) == drawn, connector
            gone_through += 1
    assert set(map(str, undrawable)) == set()
    assert gone_through > 5 * len(described)


def drawers(number: int, schema: dict[str, Any]) -> Iterator[Drawer]:
    yield Drawer(chance=Random(number), share=0.0)
    for draw in range(DRAWS):
        yield Drawer(chance=Random(1000 * number + draw), share=0.8)
    most = max([len(branch) for branch in choices(schema)], default=0)
    for branch in range(most):
        yield Drawer(chance=Random(number), choose=lambda count, branch=branch: branch % count)


def choices(schema: Any) -> Iterator[list[Any]]:
    if isinstance(schema, dict):
        yield from (schema[word] for word in ("oneOf", "anyOf") if isinstance(schema.get(word), list))
    inner = schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ()
    for part in inner:
        yield from choices(part)


def read_whole(value: Any) -> Any:
    assert not any(isinstance(leaf, Masked) for leaf in leaves(value))
    return reveal(value)


@pytest.mark.parametrize("side", ["source", "destination"])
def test_the_class_of_the_door_of_the_same_name_finds_the_same_connector(described: Any, side: Any):
    """But where an image and another connector's name are spelt alike: there the door takes the name."""
    definitions = [one.definition for _, one in described if one.side == side]
    known = Connectors(side, definitions)
    other = set()
    for definition in definitions:
        name = class_name(side, definition)
        found = known.find(name.removesuffix(side.capitalize()))
        if isinstance(found, Unfound) or found.id != definition.id:
            other.add(name)
    assert other == (
        {"CustomerIoSource", "Db2Source", "HarnessSource", "OracleSource"} if side == "source" else set()
    )


def test_every_connector_has_a_class_of_its_own(described: Any, classes: Any):
    names = {class_name(one.side, one.definition) for _, one in described}
    assert len(names) == len(described) == 647
    assert all(isinstance(getattr(classes, name), type) for name in names)


def test_no_secret_has_its_default_in_a_class(described: Any):
    secrets = {default for connector, _ in described for default in secret_defaults(connector.spec)}
    text = module_text(one for _, one in described)
    assert [one for one in secrets if f"By default {one!r}" in text and len(str(one)) > 8] == []


def secret_defaults(schema: Any) -> Iterator[Any]:
    if isinstance(schema, Mapping):
        if "airbyte_secret" in schema and "default" in schema:
            yield schema["default"]
        for inner in schema.values():
            yield from secret_defaults(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from secret_defaults(inner)
