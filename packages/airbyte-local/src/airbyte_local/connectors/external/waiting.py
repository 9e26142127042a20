"""A connector that could be real and is not installed: what acts for it meanwhile, and what the first use does."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass

from airbyte_local.connectors.protocol import Connector, ConnectorFailed, Source, Surroundings
from airbyte_local.model.json_values import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Uninstalled:
    name: str  # what `airbyte-local install` calls it
    stand_in: Connector
    answers: frozenset[str]  # of check and discover: what the stand-in does where nothing may be installed
    advice: str
    install: Callable[[Surroundings], Source] | None  # None: only a user may

    def spec(self) -> Json:
        return self.stand_in.spec()

    def check(self, configuration: Json, around: Surroundings, /) -> None:
        self._acting("check", around).check(configuration, around)

    def discover(self, configuration: Json, around: Surroundings, /) -> list[Json]:
        return self._acting("discover", around).discover(configuration, around)

    def read(
        self, configuration: Json, catalog: Json, state: list[Json], around: Surroundings, /
    ) -> Generator[Json]:
        yield from self._real(around).read(configuration, catalog, state, around)

    def _acting(self, word: str, around: Surroundings) -> Connector:
        return self.stand_in if self.install is None and word in self.answers else self._real(around)

    def _real(self, around: Surroundings) -> Source:
        if self.install is None:
            raise ConnectorFailed(self.advice)
        return self.install(around)
