"""One local Airbyte without its doors: the store, the clock, the version it claims to be, the folders it uses."""

from __future__ import annotations

import secrets
import time
import uuid
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from pathlib import Path

from airbyte_local.connectors.definitions import Directory
from airbyte_local.connectors.external.workshop import FOLDER_NAME, Workshop
from airbyte_local.connectors.protocol import Surroundings
from airbyte_local.jobs.workers import PLACES, Workers
from airbyte_local.model.json_values import Json
from airbyte_local.model.records import Workspace
from airbyte_local.model.vocabulary import ActorKind
from airbyte_local.store.database import Session, Store
from airbyte_local.versions.profiles import LATEST, PROFILES, AuthName, Profile

API_HOST = "http://localhost:8001/api/public"
"""What the vendor's chart sets by default, and builds `next` from: no address that anybody outside can reach."""
RETRY_SECONDS = (2.0, 10.0)
"""The pauses before a second and a third attempt of a job; there is no fourth."""
NIL_ID = "00000000-0000-0000-0000-000000000000"


def new_id() -> str:
    return str(uuid.uuid4())


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """One Airbyte as somebody runs it: which version, behind which way in, and what it does by itself."""

    profile: Profile = LATEST
    auth: AuthName = "none"
    username: str = "airbyte"
    password: str = field(default="password", repr=False)  # the vendor's own default, and no secret
    client_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    client_secret: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    token_seconds: int | None = None  # how long a token lives, if not as long as the version has it
    api_host: str | None = None  # what the Public API builds `next` from
    clock: Callable[[], float] = time.time
    request_seconds: float = 30.0  # in which a request has to come
    places: int = PLACES  # jobs at a time
    retry_seconds: tuple[float, ...] = RETRY_SECONDS
    schedules: bool = True  # whether connections run by themselves
    connectors: Path | None = None  # the folder of installed ones, if not one below the data
    installs: bool = False  # whether using a connector installs it


class NoSuchAirbyte(ValueError):
    """A version nobody knows, or a way in that it has not; the message names the legal ones."""


def deployment_of(airbyte_version: str, auth: str | None, absent: Collection[str] = ()) -> Deployment:
    """The version without its *absent* routes, and the way in; *auth* None is the first that the version has.

    Raises:
        NoSuchAirbyte: there is no such cell.
    """
    if airbyte_version not in PROFILES:
        raise NoSuchAirbyte(f"There is no local Airbyte {airbyte_version!r}; there are {', '.join(PROFILES)}.")
    profile = PROFILES[airbyte_version]
    legal_name: AuthName | None = next((name for name in profile.auths if auth in {None, name}), None)
    if legal_name is None:
        legal = ", ".join(profile.auths)
        raise NoSuchAirbyte(f"Airbyte {airbyte_version} cannot be had with auth {auth!r}, only with {legal}.")
    return Deployment(profile=replace(profile, absent=profile.absent | frozenset(absent)), auth=legal_name)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    deployment: Deployment
    url: str  # where its own users find it
    data: Path
    store: Store
    workshop: Workshop
    workers: Workers

    def now(self) -> int:
        return int(self.deployment.clock())

    @property
    def profile(self) -> Profile:
        return self.deployment.profile

    @property
    def api_host(self) -> str:
        """On Cloud `next` leads to where everybody asks; elsewhere hardly anybody sets what it is built from."""
        return self.deployment.api_host or (self.url if self.profile.is_cloud else API_HOST)

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

    def asking(self, body: Json) -> Call:
        """The same one with another *body*."""
        return replace(self, body=body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """One request to a handler that opens its transactions itself."""

    world: World
    body: Json


def open_world(data: Path, deployment: Deployment, *, url: str) -> World:
    """Open the state under *data*, made on the first start.

    Raises:
        DataFolderInUse: another server has it open.
        OSError: the folder cannot be made or written.
    """
    for folder in (data, data / "local", data / "files"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # secrets and rows; one that is there is as it is
    connectors = (deployment.connectors or data / FOLDER_NAME).resolve()
    world = World(
        deployment=deployment,
        url=url,
        data=data.resolve(),
        store=Store(data / "state.db"),
        workshop=Workshop(connectors, installs=deployment.installs),
        workers=Workers(deployment.places),
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
