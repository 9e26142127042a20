"""What is said of a declaration or a plan beside its changes: problems, notices, consequences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

from dagster_managed_elements.engine.values import Key, Path

NoticeCode: TypeAlias = Literal[
    "ignored",
    "not-ignored",
    "secret-unknown",
    "secret-unrecorded",
    "secret-trusted",
    "later",
    "not-validated",
    "masked-by-name",
    "misspelt",
    "contradiction",
    "unreadable",
    "oauth",
    "removed",
    "kept",
    "not-tried",
    "undo",
    "gone",
    "left-alone",
    "secret-kept",
]
ConsequenceCode: TypeAlias = Literal[
    "delete",
    "cascade",
    "replace",
    "protect",
    "state-lost",
    "state-kept",
    "reread",
    "deselected",
    "moved",
    "secret-resent",
    "resumed",
    "started-twice",
    "breaking-change",
    "draft-lost",
    "webhooks-lost",
    "many-changes",
    "empty-read",
    "changed-since",
]

Allowable: TypeAlias = Literal[
    "delete",
    "cascade",
    "replace",
    "state-lost",
    "breaking-change",
    "draft-lost",
    "webhooks-lost",
    "many-changes",
    "empty-read",
    "changed-since",
]
ALLOWABLE: Final[tuple[Allowable, ...]] = get_args(Allowable)
"""What destroys, and may be allowed one by one; an integration may have more."""


def written(key: Key, path: Path) -> str:
    """Where something is, as it is said and as it is asked for: `shop.tunnel_method.ssh_key`."""
    return ".".join((str(key.name), *path))


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a declaration cannot be right. All of them are reported at once, before any write.

    Args:
        key: Whose declaration.
        path: Where in its fields.
        message: What is wrong.
    """

    key: Key
    path: Path
    message: str

    def __str__(self) -> str:
        return f"{written(self.key, self.path)}: {self.message}"


@dataclass(frozen=True, slots=True)
class Notice:
    """Something worth saying that is no change.

    Args:
        key: What it is about.
        path: Where in its fields.
        code: For machines; those of this library are `NoticeCode`, an integration may have its own.
        text: For people.
    """

    key: Key
    path: Path
    code: NoticeCode | str
    text: str


def left_out(key: Key, fault: Exception) -> Notice:
    """Of what the server has and cannot be read, and nobody declared: it stands in nobody's way."""
    return Notice(key, (), "unreadable", f"this {key.kind} is left out, since it cannot be read: {fault}")


@dataclass(frozen=True, slots=True)
class Consequence:
    """What a change does beside what its fields say.

    Args:
        key: What it is about.
        code: For machines; those of this library are `ConsequenceCode`, an integration's own begin with its name,
            as `library/fines-lost` does.
        text: For people.
        destructive: Whether it is asked about or refused.
    """

    key: Key
    code: ConsequenceCode | str
    text: str
    destructive: bool = True
