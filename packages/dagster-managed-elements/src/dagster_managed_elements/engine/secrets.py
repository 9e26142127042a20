"""Whether a secret changed, and whether it can be read: judged without printing it, or fetching what is dear."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, TypeAlias, cast

from dagster_managed_elements.engine.changes import ABSENT, Path, SecretRecord
from dagster_managed_elements.engine.elements import Masked, Secret
from dagster_managed_elements.engine.errors import DeclarationError

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


def veiled(before: Any, after: Any) -> Any:
    """*before* with the mask wherever *after* has a secret, in a list at the same place of any item: a server that
    does not know it for one shows it, and items move.
    """
    whole = isinstance(before, (list, Mapping))
    return _veiled(cast("Any", before), [after]) if whole and _holds_secret(after) else cast("Any", before)


def _veiled(before: Any, beside: Sequence[Any]) -> Any:
    if any(isinstance(each, Secret) for each in beside):
        return Masked()
    if isinstance(before, Mapping):
        maps = [cast("Mapping[str, Any]", each) for each in beside if isinstance(each, Mapping)]
        fields = cast("Mapping[str, Any]", before)
        return {key: _veiled(value, [each[key] for each in maps if key in each]) for key, value in fields.items()}
    if isinstance(before, list):
        lists = [cast("list[Any]", each) for each in beside if isinstance(each, (list, tuple))]
        secretive = [item for each in lists for item in each if _holds_secret(item)]
        return [_veiled(value, secretive) for value in cast("list[Any]", before)]
    return before


def _holds_secret(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(map(_holds_secret, cast("Mapping[str, Any]", value).values()))
    if isinstance(value, (list, tuple)):
        return any(map(_holds_secret, cast("list[Any]", value)))
    return isinstance(value, Secret)


def unreadable(value: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Where in *value* a cheap secret cannot be read, and why: a variable or a file that is not there."""
    if isinstance(value, Secret) and value.cheap:
        try:
            value.read()
        except DeclarationError as error:
            yield path, str(error)
    elif isinstance(value, Mapping):
        for key, inner in cast("Mapping[str, Any]", value).items():
            yield from unreadable(inner, (*path, key))
    elif isinstance(value, (list, tuple)):
        for index, inner in enumerate(cast("list[Any]", value)):
            yield from unreadable(inner, (*path, str(index)))
