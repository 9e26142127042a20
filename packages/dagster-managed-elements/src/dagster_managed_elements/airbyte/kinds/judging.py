"""What is declared of a source or a destination, judged by the specification of its connector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dagster_managed_elements.airbyte.specs import specifications
from dagster_managed_elements.airbyte.specs.choices import settle
from dagster_managed_elements.airbyte.wire import Specification
from dagster_managed_elements.engine.concurrency import paced
from dagster_managed_elements.engine.findings import NoticeCode
from dagster_managed_elements.engine.values import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A configuration with its choices settled and its secrets as markers, what is wrong with it, or else what is
    worth saying of it.
    """

    configuration: Mapping[str, Any]
    problems: Sequence[tuple[Path, str]]
    remarks: Sequence[tuple[Path, NoticeCode, str]] = ()


def judge(configuration: Mapping[str, Any], specification: Specification, *, is_moving: bool = False) -> Judgement:
    """*is_moving*: by another version than it will be used with, which says nothing of what is wrong."""
    schema = specification.connection_specification
    settled, problems = settle(configuration, specification)
    marked = specifications.wrap(settled, schema)
    problems = problems or ([] if is_moving else specifications.validate(marked, schema))
    untold = bool(problems) or specification.is_partial
    remarks = () if untold else tuple(specifications.remarks(marked, schema))
    return Judgement(configuration=marked, problems=problems, remarks=remarks)


class Judgements:
    """Those of one run: what is declared is judged while the server still answers, and found again afterwards."""

    def __init__(self) -> None:
        self._made: dict[int, tuple[Mapping[str, Any], Specification, Judgement]] = {}

    async def make(self, configurations: Sequence[Mapping[str, Any]], specification: Specification) -> None:
        async for configuration in paced(configurations):
            self._made[id(configuration)] = configuration, specification, self.of(configuration, specification)

    def of(
        self, configuration: Mapping[str, Any], specification: Specification, *, is_moving: bool = False
    ) -> Judgement:
        """That of these very objects, or else one that is made now."""
        if (made := self._made.get(id(configuration))) is not None and not is_moving:
            judged, by, judgement = made
            if judged is configuration and by is specification:
                return judgement
        return judge(configuration, specification, is_moving=is_moving)
