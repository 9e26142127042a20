"""A life of the server, in a thread or as the process itself, from start to stop or sudden death; its socket."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
import threading
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn

from airbyte_local.http.auth import Auth, choose_auth
from airbyte_local.http.door import Guard, OpenConnections
from airbyte_local.http.faults import Faults
from airbyte_local.http.request_log import RequestLog
from airbyte_local.jobs.running import begin
from airbyte_local.jobs.scheduling import Schedules
from airbyte_local.jobs.world import Deployment, World, open_world
from airbyte_local.serving.admin import admin_app
from airbyte_local.serving.front import Front

BACKLOG = 1024
SWITCH_SECONDS = 0.001
"""How long a thread may keep the others waiting for the interpreter. Jobs that move rows want it all the time, and
a request has to get it again after each query: beside eight jobs, a dozen requests at a time took 260 ms each (the
median) with Python's own 5 ms, and 180 with this; less makes the rows come slower, and no request faster."""
START_SECONDS = 10.0
TICK_SECONDS = 1.0


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; *port* 0 means any free one.

    Raises:
        OSError: the port is taken, or the address is not ours.
    """
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    # The protocol is named, else asyncio takes the connections for no TCP and leaves Nagle on: 40 ms a request.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


class Server(uvicorn.Server):
    """Ends at once where nothing is under way: uvicorn's own waits for a tenth of a second in any case.

    `up` is set once it serves.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ended = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._loop = asyncio.get_running_loop()
        self.up.set()
        for listener in sockets or ():
            listener.listen(BACKLOG)  # asyncio has made it as short as what it takes in at a time

    async def main_loop(self) -> None:
        # uvicorn looks ten times a second whether it should end; a suite of tests that starts servers feels that.
        while not self.should_exit:
            await self.on_tick(0)
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._ended.wait(), TICK_SECONDS)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        self.end(first=lambda: None)

    def call(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """From another thread: do *work* in the event loop, and wait for it. Nothing happens where it has ended."""
        if self._loop is not None and self._loop.is_running():
            asyncio.run_coroutine_threadsafe(work(), self._loop).result()

    def end(self, first: Callable[[], None]) -> None:
        """From any thread: do *first* in the event loop, then end. Nothing happens where it has ended already."""

        def act() -> None:
            first()
            self.should_exit = True
            self._ended.set()

        if self._loop is not None and not self._loop.is_closed():
            with contextlib.suppress(RuntimeError):  # closed in between
                self._loop.call_soon_threadsafe(act)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for listener in (*self.servers, *(sockets or ())):
            listener.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        await asyncio.sleep(0)  # the idle ones leave
        if self.server_state.connections or self.server_state.tasks:
            await super().shutdown(sockets)


class Life:
    """A world behind its front door, its jobs and schedules with it. Nothing runs before `begin`."""

    def __init__(
        self,
        world: World,
        *,
        faults: Faults,
        log: RequestLog,
        auth: Auth,
        die: Callable[[], None],
        allowed_hosts: tuple[str, ...] = (),
    ) -> None:
        self._world = world
        self.connections = OpenConnections(seconds=world.deployment.request_seconds)
        self.front = Front(
            world=world,
            auth=auth,
            faults=faults,
            log=log,
            open_connections=self.connections,
            admin=admin_app(lambda: self.front),
            die=die,
            guard=Guard(allowed_hosts),
        )
        self._schedules = Schedules()

    def begin(self) -> None:
        begin(self._world)
        if self._world.deployment.schedules:
            self._schedules.begin(self._world)

    def config(self) -> uvicorn.Config:
        return uvicorn.Config(
            self.front,
            http=self.connections.protocol(),
            loop="asyncio",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=75,
            # Taken in at a time: some turns of the loop go by before one too many is let go.
            backlog=self.connections.most // 4,
            timeout_graceful_shutdown=2,
        )

    def end(self) -> None:
        self._schedules.end()
        self._world.workers.stop()
        self._world.workshop.close()
        self._world.store.close()


class Run:
    """One life of the server in a thread, from start to stop."""

    def __init__(
        self, data: Path, deployment: Deployment, *, auth: Auth, faults: Faults, log: RequestLog, port: int
    ) -> None:
        with contextlib.ExitStack() as undo:
            self._socket = undo.enter_context(listen("127.0.0.1", port))
            self.port: int = self._socket.getsockname()[1]
            self.world = open_world(data, deployment, url=f"http://127.0.0.1:{self.port}")
            undo.pop_all()
        self.life = Life(
            self.world, faults=faults, log=log, auth=auth, die=lambda: self._server.end(first=self._cut)
        )
        self.life.begin()
        self._server = Server(self.life.config())
        run = partial(self._server.run, sockets=[self._socket])
        self._thread = threading.Thread(target=run, name="airbyte-local", daemon=True)
        self._thread.start()
        if not self._server.up.wait(START_SECONDS):
            raise RuntimeError("the local Airbyte did not start")

    def settle(self) -> None:
        self._server.call(self.life.front.settle)

    def stop(self, *, abruptly: bool) -> None:
        self._server.end(first=self._cut if abruptly else lambda: None)
        self._thread.join()
        self.life.end()

    def _cut(self) -> None:
        """Refuse connections from now on, drop those there are."""
        self._server.force_exit = True
        for listener in self._server.servers:
            listener.close()
        self._socket.close()
        self.life.connections.abort()


def serve_until_stopped(
    host: str,
    port: int,
    data: Path,
    deployment: Deployment,
    *,
    allowed_hosts: tuple[str, ...],
    log_bodies: bool,
    say: Callable[[str], None],
) -> None:
    """Serve; returns when stopped by a signal.

    Raises:
        DataFolderInUse: another server has the data folder open.
        OSError: the port is taken, the address is not ours, or the folder cannot be written.
    """
    sys.setswitchinterval(SWITCH_SECONDS)
    with listen(host, port) as listener:
        port = listener.getsockname()[1]
        shown = f"[{host}]" if ":" in host else host
        world = open_world(data, deployment, url=f"http://{shown}:{port}")
        life = Life(
            world,
            faults=Faults(),
            log=RequestLog(bodies=log_bodies),
            auth=choose_auth(deployment),
            die=lambda: os._exit(137),  # the fault is a process that is gone: nothing may be tidied up
            allowed_hosts=(host, *allowed_hosts),
        )
        try:
            life.begin()
            say(f"Airbyte {world.profile.version} (local) is at {world.url} with its data in {world.data}")
            if deployment.auth == "client":  # made up for this one server unless given: they open nothing else
                say(f"Client id      {deployment.client_id}")
                say(f"Client secret  {deployment.client_secret}")
            Server(life.config()).run(sockets=[listener])
        except KeyboardInterrupt:  # uvicorn raises what it caught again, once everything is closed
            pass
        finally:
            life.end()
