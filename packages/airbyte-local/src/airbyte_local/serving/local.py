"""A local Airbyte in a thread of this process: started, steered and looked at from Python."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Callable, Collection, Generator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from airbyte_local.handlers.seeding import seed
from airbyte_local.http.auth import choose_auth
from airbyte_local.http.faults import Action, Fault, Faults, fault_from
from airbyte_local.http.request_log import Exchange, RequestLog
from airbyte_local.jobs.requesting import request_sync
from airbyte_local.jobs.workers import PLACES
from airbyte_local.jobs.world import RETRY_SECONDS, Deployment, World, deployment_of
from airbyte_local.model import configurations
from airbyte_local.model.json_values import Json
from airbyte_local.model.records import Job, StreamKey
from airbyte_local.model.vocabulary import ActorKind
from airbyte_local.serving.lifecycle import Run
from airbyte_local.versions.profiles import AuthName

POLL_SECONDS = 0.01


class LocalAirbyte:
    """A handle on one local Airbyte."""

    def __init__(self, data: Path, *, deployment: Deployment, port: int = 0, log_bodies: bool = True) -> None:
        self.data = data
        self.port = port
        self.files = data / "files"
        """The folder published at `{url}/_local/files/`."""
        self.local = data / "local"
        """The folder that configurations call `/local`."""
        self.version = deployment.profile.version
        """The version as the server itself says it."""
        self.client_id, self.client_secret = deployment.client_id, deployment.client_secret
        """What buys a token, where the server was started with `auth="client"`."""
        self.log = RequestLog(bodies=log_bodies)
        self._deployment = deployment
        self._faults = Faults()
        self._auth = choose_auth(deployment)  # kept over restarts: tokens stay good, as a real server's do
        self._run: Run | None = None
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def public_url(self) -> str:
        """Where the Public API begins, without a slash at its end."""
        return self.url + self._deployment.profile.public_prefix.rstrip("/")

    @property
    def requests(self) -> list[Exchange]:
        """What was asked so far, in the order of arrival, `/_local/` and pages left out."""
        return self.log.all()

    @property
    def workspace_id(self) -> str:
        """The id of the default workspace, or of the first that is left."""
        with self.world.store.transaction() as session:
            return next(workspace.id for workspace in session.workspaces.all() if not workspace.tombstone)

    @property
    def world(self) -> World:
        return self._running.world

    def faults(self, *rules: Fault | Mapping[str, Any]) -> None:
        """Replace all rules; without any, the server behaves again."""
        self._faults.put(rule if isinstance(rule, Fault) else fault_from(rule) for rule in rules)

    def fault(self, match: str, action: Action, **more: Any) -> None:
        """Add one rule to those in force; *more* as `Fault` has it."""
        self._faults.add(Fault(match=match, action=action, **more))

    def seed(self, **plan: Any) -> dict[str, list[str]]:
        """Create many objects in one go; see `airbyte_local.handlers.seeding.seed`."""
        return seed(self.world, plan)

    def forget_requests(self) -> None:
        self.log.clear()

    def reset(self) -> None:
        """Forget objects, faults and requests; there is a new Default Workspace. Files stay."""
        self._running.life.front.reset()

    def stored(self, kind: ActorKind, actor_id: str) -> Json | None:
        """The configuration of a source or destination with its secrets in clear text."""
        with self.world.store.transaction() as session:
            actor = session.actors.get(actor_id)
            if actor is None or actor.kind != kind or actor.configuration is None:
                return None
            return configurations.hydrate(actor.configuration, session.actors.secret)

    def generations(self, connection_id: str) -> dict[StreamKey, int]:
        """How often each stream of a connection was made to start afresh."""
        with self.world.store.transaction() as session:
            return session.states.get(connection_id).generations

    def sync(self, connection_id: str, *, seconds: float = 60.0) -> Job:
        """Sync a connection, and wait for the end of it.

        Raises:
            Refusal: it is not active, or a job of it runs.
            TimeoutError: it takes longer than *seconds*.
        """
        job = request_sync(self.world, connection_id)
        deadline = time.monotonic() + seconds
        while not job.ended:
            if time.monotonic() > deadline:
                raise TimeoutError(f"job {job.id} still runs after {seconds} seconds")
            time.sleep(POLL_SECONDS)
            with self.world.store.transaction() as session:
                job = session.jobs.get(job.id) or job
        return job

    def settle(self) -> None:
        """Do now what a fault (`lost-before-late-commit`) would have done later, and wait for it."""
        self._running.settle()

    def start(self) -> None:
        """Start after `stop` or `kill`, on the same port and data."""
        if self._run is None:
            self._run = Run(
                self.data, self._deployment, auth=self._auth, faults=self._faults, log=self.log, port=self.port
            )
            self.port = self._run.port

    def stop(self) -> None:
        """End as Ctrl-C would: requests under way are answered."""
        if self._run is not None:
            self._run.stop(abruptly=False)
            self._run = None

    def kill(self) -> None:
        """End at once: connections are cut, nothing is answered any more."""
        if self._run is not None:
            self._run.stop(abruptly=True)
            self._run = None

    def restart(self) -> None:
        self.stop()
        self.start()

    @property
    def _running(self) -> Run:
        if self._run is None:
            raise RuntimeError("the local Airbyte is not running")
        return self._run


@contextlib.contextmanager
def server(
    data: Path | str | None = None,
    *,
    airbyte_version: str = "2.0",
    auth: AuthName | None = None,
    port: int = 0,
    log_bodies: bool = True,
    absent: Collection[str] = (),
    username: str = "airbyte",
    password: str = "password",  # noqa: S107 - the vendor's own default, and no secret
    client_id: str | None = None,
    client_secret: str | None = None,
    token_seconds: int | None = None,
    api_host: str | None = None,
    clock: Callable[[], float] = time.time,
    request_seconds: float = 30.0,
    places: int = PLACES,
    retry_seconds: tuple[float, ...] = RETRY_SECONDS,
    schedules: bool = False,
    connectors: Path | str | None = None,
    installs: bool = False,
) -> Generator[LocalAirbyte]:
    """A local Airbyte for as long as the block lasts.

    *data* is kept where given, else it is a temporary folder; *port* 0 means any free one. *log_bodies* False
    spares the memory of a long run: `requests` has no bodies then. Only this machine can reach it.

    *auth* None: none, but on Cloud client credentials, which are made up where they are not given and found on the
    handle. *token_seconds*: how long a token lives, if not as long as the version has it; *clock* is what that is
    measured by. *absent*: routes to leave out, as a path (`sources/list`) or a method and a template of the Public
    API (`GET streams`). *api_host*: what the Public API builds `next` from.

    *request_seconds*: how long a request may take to arrive before its connection is cut.

    *places*: how many jobs run at a time. *retry_seconds*: the pauses before a second attempt of a job and those
    after it; empty, there is none. *schedules*: whether connections with a schedule sync by themselves.

    *connectors*: the folder of installed connectors, which servers may share, if not one below *data*. *installs*:
    whether the first use of one that could be real installs it, which asks the package index.

    Raises:
        NoSuchAirbyte: there is no such version, or it has no such *auth*.
    """
    given = {"client_id": client_id, "client_secret": client_secret}
    chosen = replace(
        deployment_of(airbyte_version, auth, absent),
        username=username,
        password=password,
        **{name: value for name, value in given.items() if value is not None},
        token_seconds=token_seconds,
        api_host=api_host,
        clock=clock,
        request_seconds=request_seconds,
        places=places,
        retry_seconds=retry_seconds,
        schedules=schedules,
        connectors=None if connectors is None else Path(connectors),
        installs=installs,
    )
    with contextlib.ExitStack() as stack:
        folder = Path(data) if data is not None else Path(stack.enter_context(tempfile.TemporaryDirectory()))
        running = LocalAirbyte(folder, deployment=chosen, port=port, log_bodies=log_bodies)
        stack.callback(running.stop)
        yield running
