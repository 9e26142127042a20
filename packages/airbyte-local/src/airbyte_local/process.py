"""A local Airbyte as a process of its own, until Ctrl-C or SIGTERM."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import uvicorn

from airbyte_local.admin import admin_app
from airbyte_local.auth import choose_auth
from airbyte_local.faults import Faults
from airbyte_local.front import Front
from airbyte_local.listening import listen
from airbyte_local.request_log import RequestLog
from airbyte_local.threaded import Controls, server_config
from airbyte_local.wires import Wires
from airbyte_local.world import open_world


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    host: str
    port: int
    data: Path
    auth: Literal["none", "basic"]
    username: str
    password: str = field(repr=False)
    allowed_hosts: tuple[str, ...]
    log_bodies: bool


def serve_until_stopped(settings: Settings, *, say: Callable[[str], None]) -> None:
    """Serve; returns when stopped by a signal.

    Raises:
        DataFolderInUse: another server has the data folder open.
        OSError: the port is taken, the address is not ours, or the folder cannot be written.
    """
    with listen(settings.host, settings.port) as listener:
        port: int = listener.getsockname()[1]
        shown = f"[{settings.host}]" if ":" in settings.host else settings.host
        world = open_world(settings.data, url=f"http://{shown}:{port}")
        try:
            controls = Controls(world=world, faults=Faults(), log=RequestLog(bodies=settings.log_bodies))
            wires = Wires()
            front = Front(
                world=world,
                auth=choose_auth(settings.auth, settings.username, settings.password),
                faults=controls.faults,
                log=controls.log,
                wires=wires,
                admin=admin_app(lambda: controls, allowed_hosts=settings.allowed_hosts),
                die=lambda: os._exit(137),  # the fault is a process that is gone: nothing may be tidied up
            )
            say(f"Airbyte {world.profile.version} (local) is at {world.url} with its data in {world.data}")
            uvicorn.Server(server_config(front, wires)).run(sockets=[listener])
        except KeyboardInterrupt:  # uvicorn raises what it caught again, once everything is closed
            pass
        finally:
            world.store.close()
