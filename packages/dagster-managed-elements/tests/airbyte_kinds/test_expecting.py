"""What sources and destinations ask for before they are asked to resolve anything."""

from __future__ import annotations

from typing import Any, cast

import anyio
import pytest
from dagster_managed_elements.airbyte.gateways import Gateway
from dagster_managed_elements.airbyte.kinds.actors import SourceKind
from dagster_managed_elements.airbyte.wire import Definition, Specification
from dagster_managed_elements.engine.changes import Declared
from dagster_managed_elements.engine.errors import ServerFault
from dagster_managed_elements.engine.values import Key, Named

POSTGRES = Definition(id="1", name="Postgres", docker_repository="airbyte/source-postgres")
FAKER = Definition(id="2", name="Sample Data", docker_repository="airbyte/source-faker")


class Slow:
    """A gateway whose list of sources comes only once so many specifications were asked for."""

    def __init__(self, awaited: int) -> None:
        self.awaited, self.enough = awaited, anyio.Event()
        self.expected, self.specified = 0, list[str]()

    async def definitions(self, _side: str) -> list[Definition]:
        return [POSTGRES, FAKER]

    async def actors(self, _side: str, expected: int) -> list[Any]:
        self.expected = expected
        if self.awaited:
            await self.enough.wait()
        return []

    async def specification(self, _side: str, definition_id: str) -> Specification:
        self.specified.append(definition_id)
        if len(self.specified) == self.awaited:
            self.enough.set()
        raise ServerFault("not today")


def declared(*types: object) -> list[Declared]:
    named = ((Key("source", str(number)), type_) for number, type_ in enumerate(types))
    return [Declared(key=key, fields={"type": type_, "configuration": {}}) for key, type_ in named]


@pytest.mark.parametrize(
    ("types", "asked"),
    [
        pytest.param(["Postgres", "source-postgres", "Sample Data"], ["1", "2"], id="each connector once"),
        pytest.param([Named("2", "Sample Data")], ["2"], id="by its id"),
        pytest.param(["Postgers"], [], id="none of a name that means nothing"),
        pytest.param([Key("source definition", "own")], [], id="none of one that is yet to be made"),
    ],
)
async def test_specifications_are_asked_for_while_the_list_is_read(types: list[object], asked: list[str]) -> None:
    gateway = Slow(len(asked))
    kind = SourceKind(cast("Gateway", gateway))
    kind.expect(declared(*types))
    with anyio.fail_after(5):
        assert await kind.observe() == []
    assert (sorted(gateway.specified), gateway.expected) == (asked, len(types))
