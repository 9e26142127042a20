"""One local Airbyte without its doors: the store, the clock, the version it claims to be, the folders it uses."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from airbyte_local.connectors.definitions import Directory
from airbyte_local.connectors.external.workshop import FOLDER_NAME, Workshop
from airbyte_local.connectors.protocol import Surroundings
from airbyte_local.jobs.workers import Workers
from airbyte_local.model.json_values import Json
from airbyte_local.model.vocabulary import ActorKind
from airbyte_local.store import Session, Store, Workspace
from airbyte_local.versions.profiles import LATEST, AuthName, Profile

API_HOST = "http://localhost:8001/api/public"
"""What the vendor's chart sets by default, and builds `next` from: no address that anybody outside can reach."""
RETRY_SECONDS = (2.0, 10.0)
"""The pauses before a second and a third attempt of a job; there is no fourth."""
NIL_ID = "00000000-0000-0000-0000-000000000000"


def epoch_seconds() -> int:
    return int(time.time())


def new_id() -> str:
    return str(uuid.uuid4())


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    url: str  # where its own users find it
    data: Path
    store: Store
    workshop: Workshop
    profile: Profile = LATEST
    auth: AuthName = "none"
    api_host: str = API_HOST
    now: Callable[[], int] = epoch_seconds
    workers: Workers = field(default_factory=Workers)
    retry_seconds: tuple[float, ...] = RETRY_SECONDS

    @property
    def surroundings(self) -> Surroundings:
        return Surroundings(local_root=self.data / "local")

    @property
    def published(self) -> Path:
        """The folder whose files the server hands out."""
        return self.data / "files"

    def definitions(self, session: Session, kind: ActorKind) -> Directory:
        """Read once for one request."""
        return Directory(kind, session.definitions.all(kind), self.workshop)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request to a handler that works inside one transaction."""

    world: World
    session: Session
    body: Json

    def definitions(self, kind: ActorKind) -> Directory:
        return self.world.definitions(self.session, kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """One request to a handler that opens its transactions itself."""

    world: World
    body: Json


def open_world(
    data: Path,
    *,
    url: str,
    profile: Profile = LATEST,
    auth: AuthName = "none",
    api_host: str = API_HOST,
    now: Callable[[], int] = epoch_seconds,
    workers: Workers | None = None,
    retry_seconds: tuple[float, ...] = RETRY_SECONDS,
    connectors: Path | None = None,
    installs: bool = False,
) -> World:
    """Open the state under *data*, made on the first start.

    *connectors*: the folder of installed ones, absent one below *data*; *installs*: whether using one installs it.

    Raises:
        DataFolderInUse: another server has it open.
        OSError: the folder cannot be made or written.
    """
    for folder in (data, data / "local", data / "files"):
        folder.mkdir(parents=True, exist_ok=True)
    workshop = Workshop((connectors or data / FOLDER_NAME).resolve(), installs=installs)
    world = World(
        url=url,
        data=data.resolve(),
        store=Store(data / "state.db"),
        workshop=workshop,
        profile=profile,
        auth=auth,
        api_host=api_host,
        now=now,
        workers=workers or Workers(),
        retry_seconds=retry_seconds,
    )
    make_default_workspace(world)
    return world


def make_default_workspace(world: World) -> None:
    """What every Airbyte has from its first start: a workspace with a random id, whose slug is that id."""
    with world.store.transaction() as session:
        if not session.workspaces.all():
            workspace_id = new_id()
            session.workspaces.save(
                Workspace(
                    id=workspace_id,
                    slug=workspace_id,
                    name="Default Workspace",
                    organization_id=NIL_ID,
                    details={"customerId": new_id(), "initialSetupComplete": True, "displaySetupWizard": False},
                )
            )
