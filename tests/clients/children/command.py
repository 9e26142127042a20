"""Dagster's own command line, `dagster-airbyte`, kept to this machine."""

import loopback  # noqa: F401 - before the client
from dagster_airbyte.cli import main

main(prog_name="dagster-airbyte")
