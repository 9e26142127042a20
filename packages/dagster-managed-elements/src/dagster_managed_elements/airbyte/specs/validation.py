"""Whether a configuration fits a connector's JSON Schema, told as somebody would who has both in front of them.

Every problem at once, each with its path. No message holds a value: what is said comes from the schema alone.
Asserted is what Airbyte asserts (networknt's validator, draft 7 unless `$schema` says otherwise): formats only
loosely, keys the schema does not know only where it forbids them. A schema too broken to compile asserts nothing.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, cast

from jsonschema_rs import ValidationError, ValidationErrorKind

from dagster_managed_elements.airbyte.specs.compiling import compiled
from dagster_managed_elements.airbyte.specs.formats import contradiction
from dagster_managed_elements.airbyte.specs.phrases import options, phrase, plain_phrase
from dagster_managed_elements.airbyte.specs.placeholders import fill
from dagster_managed_elements.airbyte.specs.schemas import (
    Schema,
    constants,
    object_in,
    parts,
    properties,
    same,
    walk_beside,
)
from dagster_managed_elements.engine.findings import NoticeCode
from dagster_managed_elements.engine.values import Path

Finding: TypeAlias = tuple[Path, str]


def validate(configuration: Mapping[str, Any], schema: Schema) -> list[Finding]:
    """What is wrong with *configuration*: paths, list positions as text, and what should be there.

    A `Secret` that may be read at a check is checked by its value, any other by nothing but its presence.
    """
    filled = fill(configuration)
    validator = compiled(schema)
    if validator is None:
        return list(filled.problems)
    report = _Report(schema=schema, masked_paths=filled.masked_paths, quiet=filled.quiet)
    found = (finding for error in validator.iter_errors(filled.instance) for finding in report.findings(error))
    order = [name for part in parts(schema) for name in properties(part)]
    return sorted(dict.fromkeys((*filled.problems, *found)), key=lambda finding: _place(finding[0], order))


def _place(path: Path, order: Sequence[str]) -> int:
    """Findings come in the order of the schema's settings; the validator's own differs from schema to schema."""
    return order.index(path[0]) if path and path[0] in order else len(order)


def remarks(configuration: Mapping[str, Any], schema: Schema) -> Iterator[tuple[Path, NoticeCode, str]]:
    """What is worth saying of a valid *configuration*: a key that is allowed and most likely misspelt, and where
    the specification contradicts itself.
    """
    for path, value, said in walk_beside(configuration, [schema]):
        if other := next(filter(None, map(contradiction, said)), None):
            asked = f"the connector's specification asks for a date here and for {other}, which no date is"
            yield path, "contradiction", f"{asked}; only the latter is held to"
        if isinstance(value, Mapping):
            fields = cast("Mapping[str, Any]", value)
            for name, near in _misspelt(fields, said):
                yield (*path, name), "misspelt", f"is no setting that this connector knows; did you mean {near!r}?"


def _misspelt(fields: Mapping[str, Any], said: Sequence[Schema]) -> Iterator[tuple[str, str]]:
    """Keys of *fields* that no setting has, each with the name of one that is like it and not given."""
    known = {name for part in said for name in properties(part)}
    if any(part.get("patternProperties") or isinstance(part.get("additionalProperties"), Mapping) for part in said):
        return
    free = {name.casefold(): name for name in known if name not in fields}
    for name in fields:
        if name not in known and (near := difflib.get_close_matches(name.casefold(), free, n=1, cutoff=_ALIKE)):
            yield name, free[near[0]]


_ALIKE: Final = 0.75


def fits(value: Any, schema: Schema) -> bool:
    """Whether *value* is valid; False where the schema is too broken to tell."""
    validator = compiled(schema)
    return validator is not None and validator.is_valid(value)


_AS_TYPE: Final = {"integer": "int", "number": "float", "boolean": "bool"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Report:
    """Turns the validator's errors into findings. *masked_paths* are those of secrets, *quiet* those not read."""

    schema: Schema
    masked_paths: frozenset[Path]
    quiet: frozenset[Path]

    def findings(self, error: ValidationError) -> Iterator[Finding]:
        path = tuple(str(step) for step in error.instance_path)
        if self._within(path, self.quiet):
            return
        if self._within(path, self.masked_paths):
            yield self._secret(path), f"its value, a secret, {self._wanted(path, error)}"
        elif isinstance(error.kind, (ValidationErrorKind.OneOfNotValid, ValidationErrorKind.AnyOf)):
            yield from self._alternatives(path, error, error.kind.context)
        elif isinstance(error.kind, ValidationErrorKind.OneOfMultipleValid):
            if not any(quiet[: len(path)] == path for quiet in self.quiet):
                yield path, "fits several of the forms allowed here; say which one is meant"
        elif isinstance(error.kind, ValidationErrorKind.Required):
            yield (*path, error.kind.property), self._missing(error, error.kind.property)
        elif isinstance(error.kind, ValidationErrorKind.AdditionalProperties):
            yield from self._unexpected(path, error, error.kind.unexpected)
        else:
            yield path, phrase(error)

    def _wanted(self, path: Path, error: ValidationError) -> str:
        """What a secret should be; of one that holds others no more than that it is not so."""
        if path not in self.masked_paths or not (told := plain_phrase(error)):
            return "does not fit what the connector expects here"
        types = error.kind.types if isinstance(error.kind, ValidationErrorKind.Type) else []
        made = next((_AS_TYPE[name] for name in types if name in _AS_TYPE), None)
        hint = f"; of a variable EnvVar(..., as_type={made}) makes one"
        return told + (hint if made and isinstance(error.instance, str) else "")

    def _alternatives(
        self, path: Path, error: ValidationError, errors: Sequence[Sequence[ValidationError]]
    ) -> Iterator[Finding]:
        """The problems of the form that was meant, not that none fits."""
        told = [[found for problem in branch for found in self.findings(problem)] for branch in errors]
        if not all(told):
            return  # a form is met but for secrets that were not read
        forms = branches_at(self.schema, error)
        if isinstance(error.instance, Mapping) and len(forms) == len(told):
            fields = cast("Mapping[str, Any]", error.instance)
            meant = [told[number] for number, form in enumerate(forms) if _means(form, fields)]
            if not meant and (finding := _undecided(path, forms, fields)):
                yield finding
                return
            told = meant or told
        yield from min(told, key=len)

    def _missing(self, error: ValidationError, name: str) -> str:
        known = self._names(error)
        near = difflib.get_close_matches(name, [key for key in object_in(error.instance) if key not in known], n=1)
        return f"is required; there is {near[0]!r}: did you mean {name!r}?" if near else "is required"

    def _unexpected(self, path: Path, error: ValidationError, names: Iterable[str]) -> Iterator[Finding]:
        for name in names:
            near = difflib.get_close_matches(name, self._names(error), n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            yield (*path, name), f"is not a setting of this connector{hint}"

    def _names(self, error: ValidationError) -> list[str]:
        """The properties known where *error* is: at its own schema and all that lies in it."""
        here = at(self.schema, error.schema_path[:-1])
        return [name for part in parts(here) for name in properties(part)]

    def _within(self, path: Path, secrets: frozenset[Path]) -> bool:
        return any(path[:length] in secrets for length in range(1, len(path) + 1))

    def _secret(self, path: Path) -> Path:
        return next(path[:length] for length in range(1, len(path) + 1) if path[:length] in self.masked_paths)


def branches_at(schema: Schema, error: ValidationError) -> list[Schema]:
    found = at(schema, error.schema_path)
    listed = cast("list[Any]", found) if isinstance(found, list) else []
    return [cast("Schema", form) for form in listed if isinstance(form, Mapping)]


def at(schema: Any, path: Sequence[str | int]) -> Any:
    """What lies at *path*, a validator's `schema_path`; None where that leads nowhere (through a $ref)."""
    for step in path:
        if isinstance(schema, Mapping):
            schema = cast("Mapping[str, Any]", schema).get(str(step))
        elif isinstance(schema, list) and isinstance(step, int) and step < len(cast("list[Any]", schema)):
            schema = cast("list[Any]", schema)[step]
        else:
            return None
    return schema


def _means(form: Schema, fields: Mapping[str, Any]) -> bool:
    named = {name: value for name, value in constants(form).items() if name in fields}
    return bool(named) and all(same(fields[name], value) for name, value in named.items())


def _undecided(path: Path, forms: Sequence[Schema], fields: Mapping[str, Any]) -> Finding | None:
    """Where every form has its own constant at one name, that name is what is missing or wrong."""
    shared = [name for name in constants(forms[0]) if all(name in constants(form) for form in forms)]
    for name in shared:
        allowed = options([constants(form)[name] for form in forms])
        return (*path, name), f"must be {allowed}" if name in fields else f"is required: {allowed}"
    return None
