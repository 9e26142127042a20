"""What is said of a declaration or a plan beside its changes: problems, notices, consequences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from dagster_managed_elements.engine.values import Key, Path

NoticeCode: TypeAlias = Literal[
    "ignored",
    "secret-unknown",
    "later",
    "not-validated",
    "masked-by-name",
    "misspelt",
    "contradiction",
    "unreadable",
    "oauth",
]
ConsequenceCode: TypeAlias = Literal[
    "delete",
    "cascade",
    "replace",
    "protect",
    "state-lost",
    "secret-resent",
    "resumed",
    "breaking-change",
    "draft-lost",
    "webhooks-lost",
]


def written(key: Key, path: Path) -> str:
    """Where something is, as it is said and as it is asked for: `shop.tunnel_method.ssh_key`."""
    return ".".join((str(key.name), *path))


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a declaration cannot be right. All of them are reported at once, before any write."""

    key: Key
    path: Path
    message: str

    def __str__(self) -> str:
        return f"{written(self.key, self.path)}: {self.message}"


@dataclass(frozen=True, slots=True)
class Notice:
    """Something worth saying that is no change. *code* is for machines, *text* for people.

    The codes of this library are `NoticeCode`; an integration may have its own.
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
    """What a change does beside what its fields say. A *destructive* one is asked about or refused.

    The codes of this library are `ConsequenceCode`; an integration may have its own.
    """

    key: Key
    code: ConsequenceCode | str
    text: str
    destructive: bool = True
