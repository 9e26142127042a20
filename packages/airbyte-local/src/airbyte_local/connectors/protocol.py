"""The seam between the control plane and whatever runs a connector: spec, check, discover, and read or write.

A connector gets a configuration with its secrets in clear text and the folders it may read; it knows no store.
"""

from __future__ import annotations

import importlib
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

from airbyte_local.connectors.cancelling import Cancellation
from airbyte_local.model.json_values import Json
from airbyte_local.model.vocabulary import ActorKind


class ConnectorFailed(Exception):
    """The connector says in its own words that this configuration does not work: trying again is no use."""


class ConnectorCrashed(Exception):
    """The connector ended without saying anything of use, or could not go on: another try may succeed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a connector may reach on this machine, and how it is told to stop."""

    local_root: Path  # `/local` of a configuration
    cancellation: Cancellation = field(default_factory=Cancellation)


class Connector(Protocol):
    """check and discover may take seconds: they run outside any transaction."""

    def spec(self) -> Json:
        """The JSON Schema of the configuration, secrets marked `airbyte_secret`."""
        ...

    def check(self, configuration: Json, around: Surroundings, /) -> None:
        """Return when the configuration works.

        Raises:
            ConnectorFailed: with the reason a user reads.
            ConnectorCrashed: where even the check did not run.
        """
        ...

    def discover(self, configuration: Json, around: Surroundings, /) -> list[Json]:
        """The streams, each as `AirbyteStream` of the vendor's protocol in camelCase. Raises as `check`."""
        ...


@runtime_checkable
class Source(Connector, Protocol):
    def read(
        self, configuration: Json, catalog: Json, state: list[Json], around: Surroundings, /
    ) -> Generator[Json]:
        """The messages of one reading, as `messages` has them.

        *catalog* is the vendor's ConfiguredAirbyteCatalog and *state* a list of its AirbyteStateMessages, both in
        the words of the protocol (snake_case). Each stream ends with its STREAM_STATUS; nothing is kept in memory
        but what is under way. The caller closes the generator, which ends whatever runs behind it. Raises as
        `check`.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One stream as a destination gets it: namespace, prefix, mappers and field selection are done."""

    name: str
    namespace: str | None
    json_schema: Json
    mode: Literal["append", "append_dedup"]
    replaces: bool  # what is there gives way, once the job has succeeded, to what this job writes
    checkpoints: bool  # rows may become visible at each flush; otherwise only once the job has succeeded
    primary_key: tuple[tuple[str, ...], ...] = ()
    cursor: tuple[str, ...] = ()  # of two rows of one key the one with the greater cursor wins, else the later one
    generation: int = 0
    sync_id: int = 0


class Sink(Protocol):
    """A destination opened for one job: used by one thread, ended by `finish` or by `abort`, never by both.

    Every method may raise ConnectorFailed (the data or the configuration is at fault) or ConnectorCrashed; what
    was visible before stays as it was then.
    """

    def write(self, target: int, data: Json, emitted_at: int, /) -> None:
        """One row of the target of that position. *emitted_at* in milliseconds since 1970."""
        ...

    def flush(self) -> bool:
        """Make durable what `checkpoints` allows. True: all rows of such targets so far are; state may be saved."""
        ...

    def finish(self) -> None:
        """Everything becomes visible and durable, all of it or, where this raises, nothing that was not before."""
        ...

    def abort(self) -> None:
        """Leave what is durable, and no trace of the rest. Never raises."""
        ...


@runtime_checkable
class Destination(Connector, Protocol):
    def discover(self, _configuration: Json, _around: Surroundings, /) -> list[Json]:
        raise ConnectorFailed("A destination has no streams of its own")

    def open(self, configuration: Json, targets: Sequence[Target], around: Surroundings, /) -> Sink:
        """Get ready to write, and tidy up what an earlier run that was killed has left. Raises as `check`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """Of a definition, what decides which connector acts for it."""

    kind: ActorKind
    repository: str
    stand_in: Connector  # what acts for it where nothing is installed
    custom: bool = False
    manifest: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicDefinition(Candidate):
    """One connector of the public registry: facts of the vendor, specification of ours."""

    id: str
    name: str
    tag: str
    source_type: str | None = None
    support_level: str = "community"
    sync_modes: tuple[str, ...] = ()  # of destinations
    supports_refreshes: bool = True
    suggested_streams: tuple[str, ...] = ()


def imported(module: str, extra: str) -> Any:
    """The module of a library that *extra* of this package brings.

    Raises:
        ConnectorFailed: it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        library = module.partition(".")[0]
        raise ConnectorFailed(f"{library} is not installed: pip install 'airbyte-local[{extra}]'") from error
