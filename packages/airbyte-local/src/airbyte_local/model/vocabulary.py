"""The words in which sources and destinations differ on the wire. One code serves both; this is all that is two."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

ActorKind: TypeAlias = Literal["source", "destination"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    kind: ActorKind
    plural: str
    id: str
    definition_id: str
    definition: str
    definition_name: str
    not_found: str


def _words(kind: ActorKind) -> Vocabulary:
    return Vocabulary(
        kind=kind,
        plural=f"{kind}s",
        id=f"{kind}Id",
        definition_id=f"{kind}DefinitionId",
        definition=f"{kind}Definition",
        definition_name=f"{kind}Name",
        not_found=f"{kind.upper()}_CONNECTION",
    )


SOURCE = _words("source")
DESTINATION = _words("destination")
