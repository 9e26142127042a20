"""A local Airbyte as a process of its own, until Ctrl-C or SIGTERM."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

from airbyte_local.http.auth import choose_auth
from airbyte_local.http.faults import Faults
from airbyte_local.http.request_log import RequestLog
from airbyte_local.jobs.world import Deployment, open_world
from airbyte_local.serving.lifecycle import Life, Server, listen

SWITCH_SECONDS = 0.001
"""How long a thread may keep the others waiting for the interpreter. Jobs that move rows want it all the time, and
a request has to get it again after each query: beside eight jobs, a dozen requests at a time took 260 ms each (the
median) with Python's own 5 ms, and 180 with this; less makes the rows come slower, and no request faster."""


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
            _say_credentials(deployment, say)
            Server(life.config()).run(sockets=[listener])
        except KeyboardInterrupt:  # uvicorn raises what it caught again, once everything is closed
            pass
        finally:
            life.end()


def _say_credentials(deployment: Deployment, say: Callable[[str], None]) -> None:
    """Those of this one server, made up for it unless they were given: there is nothing else they open."""
    if deployment.auth == "client":
        say(f"Client id      {deployment.client_id}")
        say(f"Client secret  {deployment.client_secret}")
