"""The port to the connectors that a workspace knows: those of an image, and the low-code ones of a manifest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from dagster_managed_elements.airbyte.wire import Definition, Json, Side


@dataclass(frozen=True, slots=True, kw_only=True)
class LowCode:
    """A low-code connector. *project* is its id in the Builder of this workspace, None where it has none there.

    *version* is the number of the one in use, *has_draft* whether there is work in the Builder that was not
    published; *manifest* is None where the list does not tell it.
    """

    id: str
    name: str
    version: int | None = None
    project: str | None = None
    has_draft: bool = False
    manifest: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """One version of a low-code connector; *components* is the code that its manifest uses."""

    version: int
    manifest: Any
    components: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Why an API or a version cannot write something of connectors; None: it can.

    *images* are connectors of one's own, *public* the versions of those that Airbyte has for everybody.
    """

    images: str | None = None
    public: str | None = None
    renames: str | None = None
    low_code: str | None = None
    low_code_renames: str | None = None
    active_versions: str | None = None


class Registry(Protocol):
    """The connectors of one workspace, for one run. As of `Gateway`: lists are complete, creates are sent once."""

    async def limits(self) -> Limits: ...

    def forget(self) -> None:
        """Look again the next time that somebody asks."""
        ...

    async def create_definition(self, side: Side, definition: Definition) -> str:
        """The new id; *definition* has none yet."""
        ...

    async def update_definition(self, side: Side, definition: Definition, *, name: str, tag: str) -> None:
        """Of *definition*, as it is: another *name*, another *tag*."""
        ...

    async def delete_definition(self, side: Side, definition_id: str) -> None:
        """And all that is made of it, which Airbyte deletes with it. Gone already is success."""
        ...

    async def low_code(self) -> Sequence[LowCode]: ...

    async def published(self, connector: LowCode, version: int) -> Published:
        """One of its versions."""
        ...

    async def versions(self, connector: LowCode) -> Sequence[int]:
        """The numbers of all that were published."""
        ...

    async def create_low_code(self, name: str, manifest: Json, *, version: int, description: str) -> str:
        """The new id."""
        ...

    async def publish(self, connector: LowCode, manifest: Json, *, version: int | None, description: str) -> None:
        """Another version, and put into use; None: the number after the highest."""
        ...

    async def activate(self, connector: LowCode, version: int) -> None:
        """Put a version into use that was published before."""
        ...

    async def rename_low_code(self, connector: LowCode, name: str) -> None: ...

    async def delete_low_code(self, connector: LowCode) -> None:
        """And all sources made of it. Gone already is success."""
        ...
