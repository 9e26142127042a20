"""Connectors we only imitate: a specification and a catalog of ours, no connection to anything.

A configuration steers the outcome, so tests can have failures: any text in it that starts with `fail:check`,
`crash:check`, `fail:discover` or `crash:discover` makes that happen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from airbyte_local.connectors.protocol import ConnectorCrashed, ConnectorFailed, Surroundings
from airbyte_local.model.json_values import Json, is_list, is_object


@dataclass(frozen=True, slots=True, kw_only=True)
class Imitated:
    specification: Json
    streams: Callable[[Json], list[Json]] = lambda _: []

    def spec(self) -> Json:
        return self.specification

    def check(self, configuration: Json, _around: Surroundings, /) -> None:
        _obey(configuration, "check")

    def discover(self, configuration: Json, _around: Surroundings, /) -> list[Json]:
        _obey(configuration, "discover")
        return self.streams(configuration)


def always(*streams: Json) -> Callable[[Json], list[Json]]:
    return lambda _: list(streams)


def _obey(configuration: Json, act: str) -> None:
    texts = list(_texts(configuration))
    if any(text.startswith(f"crash:{act}") for text in texts):
        raise ConnectorCrashed(f"The configuration asks for a crash of {act}.")
    if any(text.startswith(f"fail:{act}") for text in texts):
        raise ConnectorFailed(f"The configuration asks for a failure of {act}.")


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif is_object(value):
        for inner in value.values():
            yield from _texts(inner)
    elif is_list(value):
        for inner in value:
            yield from _texts(inner)
