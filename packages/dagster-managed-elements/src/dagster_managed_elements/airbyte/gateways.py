"""The port through which kinds talk to an Airbyte: what can be asked of one, whatever its version and API.

Values in, values out; a gateway knows HTTP and no element, a kind knows elements and no HTTP.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

from dagster_managed_elements.airbyte.connection_fields import Api, written_fields
from dagster_managed_elements.airbyte.registries import Registry
from dagster_managed_elements.airbyte.servers.api_roots import USE_CONFIG
from dagster_managed_elements.airbyte.syncmodes import AirbyteSyncMode
from dagster_managed_elements.airbyte.wire import (
    Actor,
    Catalog,
    ConfiguredStream,
    Connection,
    Definition,
    Json,
    Side,
    Specification,
    Tag,
    Unreadable,
    Workspace,
)
from dagster_managed_elements.airbyte.workspace_settings import WorkspaceChange, WorkspaceSettings
from dagster_managed_elements.engine.errors import ApiError
from dagster_managed_elements.engine.values import Path

if TYPE_CHECKING:
    from dagster_managed_elements.definitions.ports import Job

LONGEST_NAME: Final = 256
"""Characters; a longer one fails in Airbyte's database (409)."""

__all__ = [
    "DISCOVER_SECONDS",
    "LONGEST_NAME",
    "Capabilities",
    "ConnectionDraft",
    "Gateway",
    "Jobs",
    "Json",
    "Side",
    "Undiscovered",
]

DISCOVER_SECONDS: Final = 600.0
"""How long a discovery may take, where nothing else is said: it runs the connector, for seconds to minutes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionDraft:
    """What is to be sent of a connection. None: not managed, left as it is or to the server's default.

    *fields* are those of `connection_fields`, by label. *streams* are all that are to be selected, those that did
    not change as they came. *settings* are in the API's own words, of the connection that this one
    replaces, as `Connection.settings` has them. *normalize* says whether its rows are to be normalized, where
    *operations* are the ids of what it does so far after a sync.
    """

    name: str | None = None
    source_id: str | None = None
    destination_id: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict[str, Any])
    streams: Sequence[ConfiguredStream] | None = None
    catalog_id: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    normalize: bool | None = None
    operations: Sequence[str] = ()

    def written(self, api: Api) -> dict[str, Any]:
        """What both APIs are told alike: its name and its ends, and its fields as *api* spells them."""
        named = {"name": self.name, "sourceId": self.source_id, "destinationId": self.destination_id}
        drafted = {name: value for name, value in named.items() if value is not None}
        return {**drafted, **written_fields(self.fields, api)}


NOT_TRIED: Final = (
    f"Airbyte's Public API cannot try a configuration that is not saved; leave --preflight out, or {USE_CONFIG}"
)


NO_SYNC_STATES: Final = "Airbyte's Public API cannot take it over (the Config API can)"


class Undiscovered(ApiError):
    """The connector was asked for its streams and failed: what it is configured with may be why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What one of the two APIs can be sent. *modes* are the pairs of sync modes it has a name for, None: every one.

    *no_streams* says why a connection cannot be written without any stream, None: it can. *fields* are the words
    that a connection has there, None: all that are known. *normalizes* says whether it still has normalization,
    None: only the destination tells, and *no_normalization* why not. *no_sync_states* says why nobody can read and
    write how far a connection was synced, None: one can.
    """

    api: Api
    modes: frozenset[AirbyteSyncMode] | None = None
    no_streams: str | None = None
    fields: frozenset[str] | None = None
    normalizes: bool | None = False
    no_sync_states: str | None = None
    no_normalization: str = "this Airbyte does not say that it still has normalization; leave normalize_data out"

    def refuses(self, mode: AirbyteSyncMode) -> str | None:
        """Why a pair of sync modes cannot be written."""
        if self.modes is None or mode.bare in self.modes:
            return None
        return f"Airbyte's Public API has no name for {mode}; it has {', '.join(sorted(map(str, self.modes)))}"


class Jobs(Protocol):
    """The syncs of a workspace's connections. All raise `ApiError`."""

    async def running(self, connection_id: str) -> Job | None:
        """The sync of a connection that is not over."""
        ...

    async def start(self, connection_id: str) -> Job:
        """Sent once: `Lost` where no answer came. Conflict where something of that connection runs."""
        ...

    async def read(self, job_id: str, *, after: int | None) -> Job:
        """With the lines that it logged *after* so many, as they came; None: none, which is cheaper."""
        ...

    async def cancel(self, job_id: str) -> None: ...


class Gateway(Protocol):
    """One workspace of one Airbyte, for one run.

    Lists are complete or raise. Creates are sent once: `Lost` where no answer came. Every other call is
    repeated where that is safe. All raise `ApiError`.

    A *configuration* may still hold `Secret` values, and should: they are read here, once, at the
    moment of sending, and what they held is blanked out of every error. A `Masked` is sent as the mask.
    """

    @property
    def workspace(self) -> Workspace: ...

    @property
    def capabilities(self) -> Capabilities: ...

    @property
    def registry(self) -> Registry: ...

    @property
    def jobs(self) -> Jobs: ...

    async def workspace_settings(self) -> WorkspaceSettings: ...

    async def update_workspace(self, change: WorkspaceChange) -> None:
        """Its secrets are read here, as those of a configuration."""
        ...

    async def definitions(self, side: Side) -> Sequence[Definition | Unreadable]:
        """Every connector type this workspace may use; asked once a run."""
        ...

    async def specification(self, side: Side, definition_id: str) -> Specification:
        """The configuration's JSON Schema, of the version this workspace uses; asked once a definition."""
        ...

    async def specification_of(self, side: Side, actor_id: str) -> Specification:
        """The same, of the version one source or destination is pinned to; asked once an actor."""
        ...

    async def actors(self, side: Side, expected: int = 0) -> Sequence[Actor | Unreadable]:
        """Every source, or every destination; so many are *expected*."""
        ...

    async def connections(self, expected: int = 0) -> Sequence[Connection | Unreadable]:
        """Every connection that is not deleted, each with its selected streams; so many are *expected*."""
        ...

    async def tags(self) -> Sequence[Tag | Unreadable]:
        """Every tag of the workspace. DeclarationError where this Airbyte has none."""
        ...

    async def create_tag(self, name: str, color: str) -> str: ...

    async def update_tag(self, tag: Tag) -> None: ...

    async def delete_tag(self, tag_id: str) -> None:
        """And from every connection, which Airbyte does itself. Gone already is success."""
        ...

    async def lacking(self, settings: Collection[str], mappers: Collection[str] = ()) -> Mapping[str, str]:
        """Which of *settings*, a connection's or a stream's, by label, and of the types of *mappers* this server
        does not have, and why it is thought so.
        """
        ...

    async def stored_catalog(self, connection: Connection) -> Catalog:
        """All streams that a connection chooses from, selected or not; where an API does not tell them, those of
        its source from the server's cache.
        """
        ...

    async def discover(self, source_id: str, destination_id: str | None = None, *, anew: bool = False) -> Catalog:
        """The streams of a source that exists; asked once a source and run, from the server's cache if it can and
        they are not to be found out *anew*.

        Some servers want a destination too and raise Invalid without one, and some tell with one what both can do
        together: those are asked once a source and connector of a destination.

        Asked again after `update_actor` of that source. Undiscovered, in the connector's words, where it fails.
        """
        ...

    async def try_actor(
        self, side: Side, definition_id: str, name: str, configuration: Json, *, actor_id: str | None = None
    ) -> str | None:
        """Why a connector cannot work with a configuration that is not saved, in its own words; None: it can.

        With *actor_id* a mask stands for the secret that one has.
        """
        ...

    async def discover_unsaved(self, definition_id: str, name: str, configuration: Json) -> Catalog:
        """The streams of a source that does not exist yet, asked for once; else as `discover`."""
        ...

    async def create_actor(self, side: Side, definition_id: str, name: str, configuration: Json) -> str:
        """The new id. DeclarationError where the configuration holds a mask: it would be stored as the secret."""
        ...

    async def update_actor(self, side: Side, actor_id: str, name: str, configuration: Json, *, whole: bool) -> None:
        """*whole* replaces the configuration (a mask keeps its secret), else it is merged (no mask allowed)."""
        ...

    async def versions(self, side: Side, actor_id: str) -> Mapping[Path, str]:
        """Of each secret of a configuration what tells its version, where this Airbyte tells one; by a read."""
        ...

    async def delete_actor(self, side: Side, actor_id: str) -> None:
        """And its connections, which Airbyte deletes with it. Gone already is success."""
        ...

    async def create_connection(self, draft: ConnectionDraft) -> str:
        """The new id. Partial where it is there without what Airbyte takes from an update alone."""
        ...

    async def complete_connection(self, connection_id: str, draft: ConnectionDraft) -> None:
        """Tell one created from *draft* what Airbyte takes from an update only. Partial where it fails."""
        ...

    async def update_connection(self, connection_id: str, draft: ConnectionDraft) -> None:
        """Sends what is drafted; nothing in it resets a stream."""
        ...

    async def normalizes(self, connection: Connection) -> bool:
        """Whether a connection normalizes its rows; asked once an operation, and of those that have some."""
        ...

    async def connection(self, connection_id: str) -> Connection:
        """One as it is, or was when it was deleted, where Airbyte still tells it."""
        ...

    async def has_run(self, connection_id: str) -> bool:
        """Whether it was ever synced, refreshed or cleared."""
        ...

    async def sync_state(self, connection_id: str) -> Json:
        """How far the streams of a connection were read, in Airbyte's words; of a deleted one where it tells."""
        ...

    async def write_sync_state(self, connection_id: str, state: Json) -> None:
        """Have a connection go on from there, which no sync of it is under way to change."""
        ...

    async def delete_connection(self, connection_id: str) -> None:
        """Gone already is success."""
        ...
