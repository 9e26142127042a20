"""Whether a secret changed, judged without printing it and without reading what is dear to read. Pure."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from dagster_managed_elements.engine.changes import ABSENT, SecretRecord
from dagster_managed_elements.engine.elements import Masked, Secret

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
