"""The syncs of one declared connection, found by its name when a run needs it; the port's `Syncs`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Final

from dagster_managed_elements.airbyte.gateways import Gateway, Jobs
from dagster_managed_elements.airbyte.instance import AirbyteInstance
from dagster_managed_elements.airbyte.wire import Connection, Unreadable, identity
from dagster_managed_elements.api.redaction import redact
from dagster_managed_elements.definitions.ports import Job
from dagster_managed_elements.engine.errors import ApiError, Conflict, DeclarationError, Lost
from dagster_managed_elements.engine.kinds import Settings

_LONGEST_REASON: Final = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionSyncs:
    """See `Syncs`. *secrets* are blanked out of whatever a connector says."""

    jobs: Jobs
    connection: Connection
    secrets: frozenset[str]

    async def running(self) -> Job | None:
        return await self.jobs.running(self.connection.connection_id)

    async def start(self) -> Job:
        """What runs by now, where somebody was faster or the answer was lost: that may be the one asked for."""
        if self.connection.status == "inactive":  # of which the server says an error id, or that it is busy
            raise DeclarationError(f"The connection {self.connection.name} is paused, so it cannot be synced.")
        try:
            return await self.jobs.start(self.connection.connection_id)
        except (Conflict, Lost) as error:
            if (running := await self.running()) is not None:
                return running
            raise error from None

    async def read(self, job_id: str, *, after: int | None = None) -> Job:
        job = await self.jobs.read(job_id, after=after)
        return replace(
            job,
            reason=redact(job.reason, self.secrets)[:_LONGEST_REASON],
            lines=[redact(line, self.secrets) for line in job.lines],
        )

    async def cancel(self, job_id: str) -> None:
        try:
            await self.jobs.cancel(job_id)
        except ApiError:
            if not (await self.jobs.read(job_id, after=None)).is_over:
                raise


@asynccontextmanager
async def open_syncs(
    instance: Callable[[], AirbyteInstance], name: str, secrets: Callable[[], frozenset[str]]
) -> AsyncGenerator[ConnectionSyncs]:
    """Those of the connection called *name*. DeclarationError where there is not exactly one."""
    async with instance().open(Settings()) as (gateway, _client, _unreadable):
        connection = await _find(gateway, name)
        yield ConnectionSyncs(jobs=gateway.jobs, connection=connection, secrets=secrets())


async def _find(gateway: Gateway, name: str) -> Connection:
    seen = [connection for connection in await gateway.connections() if connection.name == name]
    place = f"The workspace {gateway.workspace.name}"
    if not seen:
        raise DeclarationError(f"{place} has no connection called {name}; apply the declaration first.")
    if len(seen) > 1:
        ids = ", ".join(str(identity(connection)) for connection in seen)
        raise DeclarationError(f"{place} has several connections called {name}: {ids}; rename all but one.")
    (found,) = seen
    if isinstance(found, Unreadable):
        raise found.fault
    return found
