"""`python -m dagster_managed_elements.cli`, where the script is not on the path."""

from dagster_managed_elements.cli import main

main(prog_name="dagster-me")
