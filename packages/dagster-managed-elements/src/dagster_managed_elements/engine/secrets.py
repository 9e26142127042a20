"""Secrets: where their values come from, whether one changed, and how one is kept from being shown.

Nothing in here prints, and no error holds what was read.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path as FilePath
from typing import Any, Final, Literal, TypeAlias, cast

from dagster_managed_elements.engine.errors import DeclarationError, ManagedElementsError
from dagster_managed_elements.engine.values import (
    ABSENT,
    SECRET_MASK,
    Masked,
    Path,
    leaves,
    mapped,
    nests_too_deep,
    unsendable,
    walk,
)

_LITERAL: Final = "literal"


@dataclass(frozen=True, slots=True, eq=False)
class Secret:
    """A value that may be written and is never read back, printed or logged.

    *reference* names where it comes from and is what two secrets are compared by; *read* fetches it. A *cheap*
    secret (a literal, an environment variable, a file) may be read at every check; any other is a callable that
    is called only when its value is about to be sent.
    """

    reference: str
    read: Callable[[], Any] = field(repr=False)
    cheap: bool = True
    fingerprint: str | None = None

    def __post_init__(self) -> None:
        """Reading raises ManagedElementsError and nothing else, whatever reads."""
        object.__setattr__(self, "read", partial(_read, self.reference, self.read))

    @classmethod
    def literal(cls, value: Any) -> Secret:
        """A secret written in the module itself, or found at a path the connector says is secret."""
        return cls(reference=_LITERAL, read=lambda: value)

    @classmethod
    def env(cls, variable: str, convert: Callable[[str], Any] = str) -> Secret:
        """The environment variable *variable*; reading it raises DeclarationError where it is not set."""
        return cls(reference=f"env:{variable}", read=lambda: _from_environment(variable, convert))

    @classmethod
    def file(cls, path: str | FilePath) -> Secret:
        """The text of the file at *path*, without its last line break."""
        return cls(reference=f"file:{path}", read=lambda: _from_file(FilePath(path)))

    @classmethod
    def call(cls, function: Callable[[], Any], *, reference: str) -> Secret:
        """What *function* returns, say from a vault. Never called in a check, once in an apply that sends it.

        Reading it raises DeclarationError where *function* raises, or returns what is no JSON value. A rotation
        cannot be seen without calling it: put a version into *reference*.
        """
        return cls(reference=f"call:{reference}", read=function, cheap=False)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        same = self.reference == other.reference
        return same and (self.reference != _LITERAL or self.read() == other.read())

    def __hash__(self) -> int:
        return hash(self.reference)

    def __repr__(self) -> str:
        return SECRET_MASK

    __str__ = __repr__


def EnvVar(variable: str) -> Secret:  # noqa: N802 - dagster users know it by this name
    """A secret from the environment variable *variable*, read when it is needed, never printed."""
    return Secret.env(variable)


def reveal(value: Any) -> Any:
    """*value* with every secret in it read; for what is about to be sent, and nothing else."""
    return mapped(value, lambda leaf: leaf.read() if isinstance(leaf, Secret) else leaf)


def _from_environment(variable: str, convert: Callable[[str], Any]) -> Any:
    if (text := os.environ.get(variable)) is None:
        raise DeclarationError(f"The environment variable {variable} is not set.")
    try:
        return convert(text)
    except ValueError:
        wanted = getattr(convert, "__name__", "value")
    # Raised out here, since the error of a conversion quotes what it could not convert.
    raise DeclarationError(f"The environment variable {variable} does not hold a valid {wanted}.")


def _from_file(path: FilePath) -> str:
    try:
        return path.read_text(encoding="utf-8").removesuffix("\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise DeclarationError(f"The secret file {path} cannot be read: {reason}.") from None


def _read(reference: str, read: Callable[[], Any]) -> Any:
    """What *read*, which may be the user's own, returns: that it fails is no fault of an integration."""
    try:
        value = read()
    except ManagedElementsError:
        raise
    except Exception as error:  # noqa: BLE001 - raised below, out of reach of its text
        trouble = f"its function raised {type(error).__name__}; call it by itself to see why"
    else:
        if reference == _LITERAL:
            return value  # looked at where it is declared, so that a path can be said
        if value is None or nests_too_deep(value) or not _is_json(value):
            trouble = f"its function returned {type(value).__name__}, not text or another JSON value"
        elif (odd := next(unsendable(value), None)) is None:
            return value
        else:
            trouble = f"what it holds {odd[1]}"
    raise DeclarationError(f"The secret {str(reference).removeprefix('call:')} cannot be read: {trouble}.")


def _is_json(value: Any) -> bool:
    """Bytes are none: they would be sent, and kept, in another spelling."""
    kinds = (str, int, float, Mapping, list, tuple)  # of those that hold others, only empty ones are leaves
    return all(
        (leaf is None or isinstance(leaf, kinds))
        and all(isinstance(key, str) for key in cast("tuple[object, ...]", path))
        for path, leaf in walk(value)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretRecord:
    """What was known of a secret when it was last written: enough to see a change, too little to read it."""

    reference: str
    fingerprint: str | None = None
    version: str | None = None


Verdict: TypeAlias = Literal["same", "changed", "unknown", "forced"]


def judge(before: Any, after: Secret, record: SecretRecord | None, *, force: bool) -> Verdict:
    """What is known of the declared secret *after* beside what is observed, *before*.

    A server that masks says nothing of the value, so without a *record* of what was last written the answer is
    "unknown", which counts as equal. A *record* tells a new reference, value or server-side version.
    *force* re-sends every secret the server holds.
    """
    if before is ABSENT or before is None:
        return "changed"
    if force:
        return "forced"
    if isinstance(before, Masked):
        return _remembered(before, after, record)
    if not after.cheap:
        return "unknown"
    return "same" if before == after.read() else "changed"


def _remembered(before: Masked, after: Secret, record: SecretRecord | None) -> Verdict:
    if record is None:
        return "unknown"
    known = (record.reference, record.fingerprint, record.version)
    return "same" if known == (after.reference, after.fingerprint, before.version) else "changed"


def masked_beside(before: Any, after: Any) -> Any:
    """*before* with the mask wherever *after* has a secret, in a list at the same place of any item: a server that
    does not know it for one shows it, and items move.
    """
    is_whole = isinstance(before, (list, Mapping))
    return _masked_beside(cast("Any", before), [after]) if is_whole and holds_secret(after) else cast("Any", before)


def _masked_beside(before: Any, beside: Sequence[Any]) -> Any:
    if any(isinstance(after, Secret) for after in beside):
        return Masked()
    if isinstance(before, Mapping):
        maps = [cast("Mapping[str, Any]", after) for after in beside if isinstance(after, Mapping)]
        fields = cast("Mapping[str, Any]", before)
        return {
            key: _masked_beside(value, [fields_after[key] for fields_after in maps if key in fields_after])
            for key, value in fields.items()
        }
    if isinstance(before, list):
        lists = [cast("list[Any]", after) for after in beside if isinstance(after, (list, tuple))]
        secretive = [item for items in lists for item in items if holds_secret(item)]
        return [_masked_beside(value, secretive) for value in cast("list[Any]", before)]
    return before


def holds_secret(value: Any) -> bool:
    return any(isinstance(leaf, Secret) for leaf in leaves(value))


def unreadable(value: Any) -> Iterator[tuple[Path, str]]:
    """Where in *value* a cheap secret cannot be read, and why: a variable or a file that is not there."""
    for path, leaf in walk(value):
        if isinstance(leaf, Secret) and leaf.cheap:
            try:
                leaf.read()
            except DeclarationError as error:
                yield path, str(error)
