"""A choice named by its label: `FileSource.HTTPSPublicWeb()`, resolved against the connector's own specification.

Upstream's generated classes had one nested class for each branch of a oneOf, named as the branch is titled. No
schema is needed to write one down, and a live one says what it stands for.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Final, TypeAlias, cast

from dagster_managed_elements.airbyte.specs.connectors import squashed
from dagster_managed_elements.airbyte.specs.schemas import (
    Schema,
    applying,
    below,
    branches,
    constants,
    elements,
    parts,
)
from dagster_managed_elements.airbyte.structures import as_mapping
from dagster_managed_elements.airbyte.wire import Specification
from dagster_managed_elements.engine.elements import plain
from dagster_managed_elements.engine.errors import DeclarationError
from dagster_managed_elements.engine.values import DEEPEST, leaves, nests_too_deep, walk

Path: TypeAlias = tuple[str, ...]
Finding: TypeAlias = tuple[Path, str]

_UNTOLD: Final = "this API does not tell what {} stands for; give specs=, or write it as a dict"


class Choice:
    """One branch of a oneOf: the *label* of its class, and what is configured in it.

    Raises DeclarationError where that contains itself, or has more levels than a value may have.
    """

    label: ClassVar[str] = ""

    def __init__(self, **configuration: Any) -> None:
        if nests_too_deep(configuration):
            raise DeclarationError(f"{self.label} contains itself, or nests more than {DEEPEST} levels deep.")
        self.configuration: Mapping[str, Any] = plain(as_mapping(configuration))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Choice):
            return NotImplemented
        return (self.label, self.configuration) == (other.label, other.configuration)

    def __hash__(self) -> int:
        return hash(self.label)

    def __repr__(self) -> str:
        """Without what is configured: there may be a secret in it."""
        return f"{self.label}(...)"


def settle(
    configuration: Mapping[str, Any], specification: Specification
) -> tuple[Mapping[str, Any], Sequence[Finding]]:
    """*configuration* with every choice as what it stands for, and the choices of which that cannot be said."""
    if specification.is_partial:
        found = ((path, leaf) for path, leaf in walk(configuration) if isinstance(leaf, Choice))
        return configuration, [(path, _UNTOLD.format(leaf.label)) for path, leaf in found]
    if not any(isinstance(leaf, Choice) for leaf in leaves(configuration)):
        return configuration, []
    findings: list[Finding] = []
    settled = _settled(configuration, [specification.connection_specification], (), findings)
    return settled, findings


def _settled(value: Any, schemas: Sequence[Schema], path: Path, findings: list[Finding]) -> Any:
    if isinstance(value, Choice):
        return _chosen(value, schemas, path, findings)
    if isinstance(value, Mapping):
        fields = cast("Mapping[str, Any]", value)
        here = [part for schema in schemas for part in applying(schema, fields)]
        return {name: _settled(inner, below(here, name), (*path, name), findings) for name, inner in fields.items()}
    if isinstance(value, list):
        inside = elements(part for schema in schemas for part in parts(schema))
        rows = enumerate(cast("list[Any]", value))
        return [_settled(row, inside, (*path, str(index)), findings) for index, row in rows]
    return value


def _chosen(choice: Choice, schemas: Sequence[Schema], path: Path, findings: list[Finding]) -> Any:
    """What *choice* stands for: its configuration, with the constants by which its branch is told from the others.

    Where there is nothing to choose from, the object itself is meant: upstream had a class for these as well.
    """
    every = [part for schema in schemas for part in parts(schema)]
    alternatives = [part for part in every if not branches(part)]
    if len(alternatives) == len(every):
        fitting = alternatives
    elif not (fitting := _fitting(choice.label, alternatives)):
        findings.append((path, _unknown(choice.label, alternatives)))
        return {}
    told = [constants(branch) for branch in fitting]
    if any(constant != told[0] for constant in told):
        findings.append((path, f"{choice.label} fits several of the forms allowed here; write it as a dict"))
        return {}
    constant = told[0] if told else dict[str, Any]()
    return {**constant, **_settled({**constant, **choice.configuration}, fitting, path, findings)}


def _fitting(label: str, alternatives: Sequence[Schema]) -> list[Schema]:
    """Those titled so; else those told apart by a constant of this spelling, since not every branch has a title."""
    wanted = squashed(label)
    titled = [branch for branch in alternatives if squashed(_title(branch)) == wanted]
    return titled or [
        branch
        for branch in alternatives
        if wanted in {squashed(str(value)) for value in constants(branch).values()}
    ]


def _title(branch: Schema) -> str:
    title = branch.get("title")
    return title if isinstance(title, str) else ""


def _unknown(label: str, alternatives: Iterable[Schema]) -> str:
    names = {squashed(name): name for name in map(_name, alternatives) if name}
    near = difflib.get_close_matches(squashed(label), names, n=1, cutoff=0.6)
    meant = f"; did you mean {names[near[0]]!r}?" if near else ""
    return f"{label} is none of the choices here, which are {', '.join(map(repr, names.values()))}{meant}"


def _name(branch: Schema) -> str:
    return _title(branch) or next((str(value) for value in constants(branch).values()), "")
