"""The words in which sources and destinations differ on the wire. One code serves both; this is all that is two."""

from __future__ import annotations

from typing import Literal, TypeAlias

ActorKind: TypeAlias = Literal["source", "destination"]


class Vocabulary:
    def __init__(self, kind: ActorKind) -> None:
        self.kind: ActorKind = kind
        self.plural, self.id = f"{kind}s", f"{kind}Id"
        self.definition, self.definition_id = f"{kind}Definition", f"{kind}DefinitionId"
        self.definition_name = f"{kind}Name"
        self.not_found = f"{kind.upper()}_CONNECTION"


SOURCE, DESTINATION = Vocabulary("source"), Vocabulary("destination")
