"""None for a parameter that has a default is accepted, or refused in a sentence: of all that can be imported."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Iterator
from enum import Enum
from types import ModuleType
from typing import Any

import anyio
import dagster_managed_elements
import pytest
from airbyte_local import LocalAirbyte, server
from dagster_managed_elements import DeclarationError, ManagedElementsError, airbyte
from dagster_managed_elements.airbyte import (
    AirbyteConnection,
    AirbyteDestination,
    AirbyteInstance,
    AirbyteManagedElementReconciler,
    AirbyteSource,
    AirbyteSyncMode,
)
from dagster_managed_elements.engine.changes import Create, Declared, Observed
from dagster_managed_elements.engine.secrets import Secret
from dagster_managed_elements.engine.values import Key
from dagster_managed_elements.reconciling import Options, check
from pydantic import ValidationError

KEY = Key("source", "s")
SOURCE = AirbyteSource("s", "Sample Data", {"count": 1})
DESTINATION = AirbyteDestination("d", "Local JSON", {"destination_path": "/x"})
STREAMS = {"users": AirbyteSyncMode.FULL_REFRESH_APPEND}
DECLARED = Declared(key=KEY, fields={})
OBSERVED = Observed(kind="source", name="s", id="1", fields={})
NEEDED: dict[str, dict[str, Any]] = {
    "Adopted": {"element": SOURCE},
    "AirbyteConnection": {"name": "c", "source": SOURCE, "destination": DESTINATION, "stream_config": STREAMS},
    "AirbyteConnectionMetadata": {"name": "c"},
    "AirbyteDestination": {"name": "d", "destination_type": "Local JSON"},
    "AirbyteDestinationDefinition": {"name": "mine", "docker_image_tag": "1.0"},
    "AirbyteInstance": {"url": "http://127.0.0.1:1"},
    "AirbyteInstanceResource": {"url": "http://127.0.0.1:1"},
    "AirbyteLowCodeConnector": {"name": "mine", "manifest": {"version": "6.0.0"}},
    "AirbyteManagedElementReconciler": {"airbyte": AirbyteInstance(url="http://127.0.0.1:1")},
    "AirbyteResource": {"host": "localhost"},
    "AirbyteSchedule.basic": {"every": 1},
    "AirbyteSchedule.cron": {"expression": "0 0 12 * * ?"},
    "AirbyteSchedule.of_server": {"text": "0 0 12 * * ?"},
    "AirbyteSource": {"name": "s", "source_type": "Sample Data"},
    "AirbyteSourceDefinition": {"name": "mine", "docker_image_tag": "1.0"},
    "AirbyteStream": {"sync_mode": AirbyteSyncMode.FULL_REFRESH_APPEND},
    "AirbyteSyncMode": {"sync_mode": "incremental", "destination_sync_mode": "append"},
    "AirbyteTag": {"name": "t"},
    "AirbyteWorkspace": {"name": "w"},
    "Consequence": {"key": KEY, "code": "delete", "text": "t"},
    "Create": {"declared": DECLARED},
    "Declared": {"key": KEY, "fields": {}},
    "Delete": {"observed": OBSERVED},
    "Element": {"name": "e"},
    "FieldChange": {"path": ("a",), "before": 1, "after": 2},
    "Masked": {},
    "Observed": {"kind": "source", "name": "s", "id": "1", "fields": {}},
    "Ref": {"kind": "source", "id": "1"},
    "Reconciler": {"instance": AirbyteInstance(url="http://127.0.0.1:1"), "elements": [SOURCE]},
    "Replace": {"declared": DECLARED, "observed": OBSERVED},
    "ResolveContext": {"ids": {}},
    "Secret": {"reference": "r", "read": lambda: "x"},
    "Secret.call": {"function": lambda: "x", "reference": "r"},
    "Secret.env": {"variable": "V"},
    "Secret.file": {"path": "/nowhere"},
    "Session": {"place": "p", "kinds": ()},
    "Spelled": {"name": "n"},
    "Update": {"declared": DECLARED, "observed": OBSERVED},
}
"""What a class or function cannot be called without, by name; of others nothing is needed."""


def callables(module: ModuleType) -> Iterator[tuple[str, Any]]:
    for name in module.__all__:
        value = getattr(module, name)
        if isinstance(value, type) and not (inspect.isabstract(value) or issubclass(value, Enum)):
            yield name, value
            yield from (
                (f"{name}.{method}", getattr(value, method)) for method in vars(value) if makes(value, method)
            )


def makes(owner: type, method: str) -> bool:
    """Whether *method* makes one of its class."""
    return not method.startswith("_") and isinstance(vars(owner)[method], classmethod)


def defaults() -> Iterator[tuple[str, str]]:
    for module in (dagster_managed_elements, airbyte):
        for name, value in callables(module):
            try:
                parameters = inspect.signature(value).parameters.values()
            except ValueError:
                continue  # an exception's own, in C
            for parameter in parameters:
                is_own = parameter.kind in {parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY}
                if is_own and parameter.default is not parameter.empty:
                    yield name, parameter.name


def found(name: str) -> Any:
    owner, _, method = name.partition(".")
    value = getattr(airbyte if owner in airbyte.__all__ else dagster_managed_elements, owner)
    return getattr(value, method) if method else value


@pytest.mark.parametrize(("name", "parameter"), sorted(set(defaults())))
def test_none_is_accepted_or_refused_in_a_sentence(name, parameter):
    needed = NEEDED.get(name, {})
    said = ""
    try:
        made = found(name)(**{**needed, parameter: None})
        shown = repr(made) if isinstance(made, Secret) else f"{made} {made!r}"  # of a secret no text can be made
    except (DeclarationError, ValidationError) as refused:
        said = shown = str(refused)
    assert shown
    assert not said or parameter in said


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAirbyte]:
    with server(tmp_path_factory.mktemp("data"), log_bodies=False) as local:
        yield local


def given_to(of: type, without: tuple[str, ...] = ()) -> list[str]:
    optional = (field.name for field in dataclasses.fields(of) if field.name not in without)
    return [name for name in optional if name not in NEEDED[of.__name__]]


@pytest.mark.parametrize("parameter", given_to(AirbyteInstance))
def test_a_check_of_an_instance_with_none_for_a_default_is_as_one_without(there, parameter):
    assert checked(AirbyteInstance(**{"url": there.url, parameter: None})) == 3


@pytest.mark.parametrize("of", [AirbyteSource, AirbyteDestination, AirbyteConnection])
@pytest.mark.parametrize("parameter", ["protect", "ignore", "renamed_from"])
def test_none_for_what_every_element_has_is_accepted_or_said(there, of, parameter):
    element = of(**{**NEEDED[of.__name__], parameter: None})
    if isinstance(element, AirbyteDestination):
        element = dataclasses.replace(element, destination_configuration={"destination_path": "/x"})
    if isinstance(element, AirbyteSource):
        element = dataclasses.replace(element, source_configuration={"count": 1})
    instance = AirbyteInstance(url=there.url)
    said = f"{parameter}= wants"
    try:
        assert checked(instance, element)
    except DeclarationError as refused:
        said = str(refused)
    assert f"{parameter}= wants" in said


@pytest.mark.parametrize("parameter", ["prefix", "destination_namespace", "normalize_data"])
def test_none_for_a_field_of_a_connection_leaves_it_to_the_server(there, parameter):
    connection = AirbyteConnection("c", SOURCE, DESTINATION, STREAMS, **{parameter: None})
    assert checked(AirbyteInstance(url=there.url), connection) == 3


def checked(instance: AirbyteInstance, *elements: Any) -> int:
    """How much would be created."""
    elements = elements or (AirbyteConnection("c", SOURCE, DESTINATION, STREAMS),)
    connections = [element for element in elements if isinstance(element, AirbyteConnection)]
    others = [element for element in elements if not isinstance(element, AirbyteConnection)]
    reconciler = AirbyteManagedElementReconciler(instance, connections, elements=others)
    (result,) = anyio.run(check, [reconciler], Options())
    if isinstance(result.error, ManagedElementsError):
        raise result.error
    assert result.error is None
    assert result.plan is not None
    return sum(isinstance(operation.change, Create) for operation in result.plan.operations)
