"""Whatever a user declares: one line that says what is wrong, and never a fault of ours with a traceback."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from airbyte_local import LocalAirbyte, server
from click.testing import CliRunner, Result
from dagster_managed_elements.airbyte import (
    AirbyteConnection,
    AirbyteDestination,
    AirbyteInstance,
    AirbyteManagedElementReconciler,
    AirbyteSource,
    AirbyteSyncMode,
    EnvVar,
    Secret,
)
from dagster_managed_elements.airbyte.connection_fields import FIELDS
from dagster_managed_elements.cli import main
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

HALF = "half \ud83d"


class Raising(Mapping[str, Any]):
    """A mapping that cannot be read."""

    def __getitem__(self, key: str) -> Any:
        raise ZeroDivisionError("hush")

    def __iter__(self) -> Iterator[str]:
        return iter(["a", "b"])

    def __len__(self) -> int:
        return 2


class Endless(Raising):
    """A mapping that cannot even be begun."""

    def __iter__(self) -> Iterator[str]:
        raise ZeroDivisionError("hush")


class Text(str):
    """A text of a type of the user's own."""

    __slots__ = ()


def deep(levels: int, value: Any = 1) -> Any:
    for number in range(levels):
        value = {"a": value} if number % 2 else [value]
    return {"a": value}


def circle() -> dict[str, Any]:
    inside: dict[str, Any] = {"a": 1}
    inside["b"] = [inside]
    return inside


def raising() -> Any:
    raise ZeroDivisionError("hush")


ODD = {
    "a half character": HALF,
    "not a number": math.nan,
    "infinity": -math.inf,
    "a large number": 10**30,
    "the largest number": 2**64 - 1,
    "a large negative number": -(2**63) - 1,
    "none": None,
    "true": True,
    "zero": 0,
    "less": -1,
    "empty": "",
    "blank": " ",
    "a zero": "\0",
    "a line": "a\nb",
    "bytes": b"x",
    "a set": {1},
    "a date": date(2026, 1, 1),
    "a path": Path("/nowhere"),
    "an object": object(),
    "a class": dict,
    "a function": raising,
    "a text of its own": Text("x"),
    "a list": ["a", 1],
    "a triple": ("a", "b", "c"),
    "a nest": deep(60),
    "a deep nest": deep(130),
    "a deeper nest": deep(400),
    "a thousand deep": deep(1500),
    "itself": circle(),
    "odd keys": {1: "a", HALF: 2, None: 3, ("a",): 4},
    "a raising mapping": Raising(),
    "an endless mapping": Endless(),
    "a list of them": [Raising(), HALF],
    "no variable": EnvVar("NOT_SET_ANYWHERE"),
    "a half secret": Secret.literal(HALF),
    "a deep secret": Secret.literal(deep(130)),
    "an odd secret": Secret.literal({1: object()}),
    "a secret that raises": Secret(reference="mine", read=raising),
    "a secret of nothing": Secret(reference="mine", read=lambda: None),
    "a secret that is half": Secret(reference="mine", read=lambda: [HALF]),
    "a vault": Secret.call(raising, reference="v"),
    "a file": Secret.file("/nowhere\0"),
    "a mask": "**********",
    "modes": AirbyteSyncMode("full", "nothing"),
}
"""What a user may write anywhere, by name, so that a failing example can be read."""

GOOD: dict[str, Any] = {
    "type": "Postgres",
    "configuration": {"host": "db", "port": 5432, "database": "d", "username": "u", "password": "p"},
    "stream": "users",
    "mode": AirbyteSyncMode.FULL_REFRESH_APPEND,
}
PLACES = (
    *("name", "type", "configuration", "host", "port", "password", "tunnel_method", "extra"),
    *("stream", "mode", "cursor", "key", "sync mode", "prefix", "destination_namespace", "normalize_data"),
    *(row.attribute for row in FIELDS if row.attribute not in {"prefix", "destination_namespace"}),
    *("protect", "ignore", "renamed_from", "destination", "connections", "elements", "delete"),
    *("url", "workspace", "username", "secret", "token", "headers", "request_timeout", "max_attempts", "verify"),
    *("trust_env", "client_id", "client_secret", "proxy", "api", "specs"),
)


def declared(url: str, odd: Mapping[str, Any]) -> AirbyteManagedElementReconciler:
    """A source, a destination and a connection, each right but for what is *odd*."""
    given = {**GOOD, **odd}
    configuration = given["configuration"]
    inside = {name: odd[name] for name in ("host", "port", "password", "tunnel_method", "extra") if name in odd}
    if inside and isinstance(configuration, dict):
        configuration = {**configuration, **inside}
    own = {name: odd[name] for name in ("protect", "ignore", "renamed_from") if name in odd}
    source = AirbyteSource(given.get("name", "people"), given["type"], configuration, **own)
    destination = AirbyteDestination("files", "Local JSON", given.get("destination", {"destination_path": "/x"}))
    mode = given["mode"]
    if {"cursor", "key", "sync mode"} & odd.keys():
        mode = AirbyteSyncMode(odd.get("sync mode", "incremental"), "append", odd.get("cursor"), odd.get("key"))
    optional = (*(row.attribute for row in FIELDS), "normalize_data")
    more = {name: odd[name] for name in optional if name in odd}
    connection = AirbyteConnection("sync", source, destination, {given["stream"]: mode}, **more)
    of_instance = {name: odd[name] for name in PLACES[PLACES.index("url") :] if name in odd and name != "secret"}
    if "secret" in odd:
        of_instance = {"username": "airbyte", **of_instance, "password": odd["secret"]}
    return AirbyteManagedElementReconciler(
        AirbyteInstance(**{"url": url, **of_instance}),
        odd.get("connections", [connection]),
        odd.get("delete", False),
        elements=odd.get("elements", ()),
    )


def run(declare: Callable[[], Any], *arguments: str) -> Result:
    """The command on a module that declares so: importing it is where *declare* is called."""

    class Lazy(ModuleType):
        def __getattr__(self, name: str) -> Any:
            if name != "reconciler":
                raise AttributeError(name)
            return declare()

    sys.modules["odd_module"] = Lazy("odd_module")
    try:
        return CliRunner().invoke(main, [*arguments, "-m", "odd_module:reconciler"])
    finally:
        del sys.modules["odd_module"]


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAirbyte]:
    with server(tmp_path_factory.mktemp("data"), log_bodies=False) as local:
        yield local


def told(result: Result) -> None:
    assert result.exit_code in {0, 2, 3}, (result.output, result.stderr, result.exception)
    assert "Traceback" not in result.stderr
    assert "bug" not in result.stderr
    if result.exit_code:
        assert result.stderr.strip()
        assert all(line.startswith(("Error: ", "note: ")) for line in result.stderr.splitlines())


@pytest.mark.slow
@pytest.mark.parametrize("place", PLACES)
def test_no_odd_value_at_any_place_is_a_fault_of_ours(there, place):
    """Every value at every place, a check each."""
    for name, value in ODD.items():
        result = run(lambda value=value: declared(there.url, {place: value}), "check", "--timeout", "5")
        try:
            told(result)
        except AssertionError as error:
            raise AssertionError(f"{name} as {place}") from error


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    odd=st.dictionaries(st.sampled_from(PLACES), st.sampled_from(sorted(ODD)), min_size=2, max_size=4),
    output=st.sampled_from(["text", "json", "markdown"]),
)
def test_nor_are_several_at_once_whatever_is_printed(there, odd, output):
    values = {place: ODD[name] for place, name in odd.items()}
    told(run(lambda: declared(there.url, values), "check", "--timeout", "5", "--output", output))
