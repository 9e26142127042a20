"""A configuration as plain JSON for a validator, secrets included, with a note of where they are."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias, cast

from dagster_managed_elements.engine.secrets import Secret
from dagster_managed_elements.engine.values import SECRET_MASK, Masked, is_sendable

Path: TypeAlias = tuple[str, ...]

_LITERAL: Final = "literal"
"""The reference of a secret whose value stands in the user's module: known without reading anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """*instance* is what a validator sees. *masked_paths* are the paths of secrets; *quiet* are the
    paths of which the validator's word does not count: secrets whose value is not known here, and *problems*,
    values that are no JSON.
    """

    instance: Any = field(repr=False)
    masked_paths: frozenset[Path]
    quiet: frozenset[Path]
    problems: tuple[tuple[Path, str], ...]


def fill(configuration: Mapping[str, Any]) -> Filled:
    """*configuration* with every marker replaced by a value."""
    masked_paths: set[Path] = set()
    quiet: set[Path] = set()
    problems: list[tuple[Path, str]] = []
    instance = _Filling(masked_paths, quiet, problems).value(configuration, ())
    return Filled(
        instance=instance, masked_paths=frozenset(masked_paths), quiet=frozenset(quiet), problems=tuple(problems)
    )


@dataclass(frozen=True, slots=True)
class _Filling:
    masked_paths: set[Path]
    quiet: set[Path]
    problems: list[tuple[Path, str]]

    def value(self, value: Any, path: Path) -> Any:
        if isinstance(value, (Secret, Masked)):
            return self._secret(value, path)
        if isinstance(value, Mapping):
            return self._object(cast("Mapping[Any, Any]", value), path)
        if isinstance(value, (list, tuple)):
            rows = enumerate(cast("list[Any]", value))
            return [self.value(inner, (*path, str(number))) for number, inner in rows]
        return self._scalar(value, path)

    def _secret(self, value: Secret | Masked, path: Path) -> Any:
        self.masked_paths.add(path)
        if isinstance(value, Secret) and value.reference == _LITERAL:
            return self.value(value.read(), path)
        self.quiet.add(path)
        return SECRET_MASK

    def _object(self, value: Mapping[Any, Any], path: Path) -> dict[str, Any]:
        for key in value:
            if not isinstance(key, str):
                self.problems.append((path, f"has a key that is not text but {type(key).__name__}"))
            elif not is_sendable(key):
                self.problems.append((path, f"has a key with half a character in it: {key!a}"))
        return {_shown(key): self.value(inner, (*path, _shown(key))) for key, inner in value.items()}

    def _scalar(self, value: Any, path: Path) -> Any:
        if value is None or isinstance(value, (bool, int)):
            return value
        if isinstance(value, str):
            return self._text(str(value), path)
        if isinstance(value, float) and math.isfinite(value):
            return value
        self.problems.append((path, f"is no JSON value ({type(value).__name__})"))
        self.quiet.add(path)
        return None

    def _text(self, value: str, path: Path) -> str | None:
        if is_sendable(value):
            return value
        self.problems.append((path, "has half a character in it (a lone surrogate), which no request can carry"))
        self.quiet.add(path)
        return None


def _shown(key: object) -> str:
    return str(key).encode("utf-8", "backslashreplace").decode()
