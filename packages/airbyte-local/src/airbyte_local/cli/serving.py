"""`airbyte-local serve`: the server, until Ctrl-C."""

from __future__ import annotations

import errno
import logging
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from airbyte_local.cli.options import data_option, fail

if TYPE_CHECKING:
    from airbyte_local.jobs.world import Deployment

# Spelt out, not read from `profiles`: `--help` loads nothing but this file. A test holds them together.
VERSIONS = ("0.50", "1.5", "1.6", "1.8", "2.0", "cloud")


@click.command()
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="0: any free port.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@data_option
@click.option(
    "--airbyte-version",
    type=click.Choice(VERSIONS),
    default="2.0",
    show_default=True,
    help="Which Airbyte to be. cloud: the Public API alone, at /v1.",
)
@click.option(
    "--auth",
    type=click.Choice(["none", "basic", "client"]),
    help="How to get in. client: an id and a secret, for tokens. [default: none; on cloud: client]",
)
@click.option("--username", default="airbyte", show_default=True, help="For --auth basic.")
@click.option("--password", default="password", envvar="AIRBYTE_LOCAL_PASSWORD", help="For --auth basic.")
@click.option(
    "--client-id",
    envvar="AIRBYTE_LOCAL_CLIENT_ID",
    show_envvar=True,
    help="For --auth client; made up where not given.",
)
@click.option(
    "--client-secret",
    envvar="AIRBYTE_LOCAL_CLIENT_SECRET",
    show_envvar=True,
    help="For --auth client; made up where not given.",
)
@click.option("--jobs", "places", default=4, show_default=True, type=click.IntRange(1, 64), help="Syncs at a time.")
@click.option("--no-schedules", is_flag=True, help="Sync only when asked to, whatever the connections say.")
@click.option(
    "--no-install", is_flag=True, help="Install no connector on its first use: imitated ones stay imitated."
)
@click.option("--allow-host", multiple=True, help="A further Host name to answer to.")
@click.option("--log-bodies", is_flag=True, help="Keep bodies, secrets included, for /_local/requests.")
def serve(
    *, port: int, host: str, data: Path, allow_host: tuple[str, ...], log_bodies: bool, **deployed: Any
) -> None:
    """Serve a local Airbyte until Ctrl-C."""
    # Imported here: `--help`, and whoever loads this command into another program, need not pay for a web server.
    from airbyte_local.jobs.world import NoSuchAirbyte
    from airbyte_local.serving.lifecycle import serve_until_stopped
    from airbyte_local.store.database import DataFolderInUse, DataFolderUnreadable

    try:
        deployment = _deployment(**deployed)
        # On stderr: the first use of a connector may take long, and somebody looks here.
        logger = logging.getLogger("airbyte_local.connectors")
        logger.setLevel(logging.INFO)
        logger.addHandler(logging.StreamHandler())
        serve_until_stopped(
            host, port, data, deployment, allowed_hosts=allow_host, log_bodies=log_bodies, say=click.echo
        )
    except NoSuchAirbyte as error:
        fail(str(error))
    except DataFolderInUse:
        fail(f"{data} is in use by another local Airbyte. Stop that one, or choose another folder with --data.")
    except DataFolderUnreadable as error:
        fail(f"{error} was not written by this version. Move it away, or choose another folder with --data.")
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            fail(
                f"Port {port} is in use. Stop what listens there, or choose another with --port (0: any free one)."
            )
        fail(f"Cannot serve on {host}:{port} with data in {data}: {error.strerror or error}")


def _deployment(
    *, airbyte_version: str, auth: str | None, no_schedules: bool, no_install: bool, **knobs: Any
) -> Deployment:
    from airbyte_local.jobs.world import deployment_of

    given = {name: value for name, value in knobs.items() if value is not None}
    return replace(
        deployment_of(airbyte_version, auth), schedules=not no_schedules, installs=not no_install, **given
    )
