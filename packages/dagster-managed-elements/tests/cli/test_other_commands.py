"""serve and --version."""

from __future__ import annotations

import sys
from importlib.metadata import version

from dagster_managed_elements import cli

SERVER = """
import click

@click.command()
@click.option("--port", type=int)
@click.option("--fail", is_flag=True)
def serve(port, fail):
    click.echo(f"{click.get_current_context().command_path} on {port}")
    return 3 if fail else None
"""


def install(project, **servers):
    """A distribution that brings local servers, as pip would leave it."""
    info = project.folder / "somebody-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: somebody\nVersion: 1.0\n")
    lines = [f"{name} = {target}" for name, target in servers.items()]
    (info / "entry_points.txt").write_text("\n".join(["[dagster_managed_elements.serve]", *lines]))
    (project.folder / "somebody.py").write_text(SERVER)
    return [str(project.folder)]


def test_without_a_local_server_it_says_what_to_install(project, monkeypatch):
    monkeypatch.setattr(sys, "path", [])
    for arguments in (["serve"], ["serve", "--help"]):
        result = project.run(*arguments)
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr == (
            "Error: There is no local server to start. Install airbyte-local, from the wheels of this library's "
            "`make dist`.\n"
        )


def test_everything_is_handed_to_the_one_server_there_is(project, monkeypatch):
    monkeypatch.setattr(sys, "path", install(project, toy="somebody:serve"))
    result = project.run("serve", "--port", "9")
    assert (result.exit_code, result.stdout) == (0, "main serve on 9\n")
    assert project.run("serve", "--port", "9", "--fail").exit_code == 3
    assert "--fail" in project.run("serve", "--help").stdout
    wrong = project.run("serve", "--nonsense")
    assert (wrong.exit_code, "No such option" in wrong.stderr) == (2, True)


def test_of_several_servers_one_is_named(project, monkeypatch):
    monkeypatch.setattr(sys, "path", install(project, toy="somebody:serve", other="somebody:serve"))
    assert project.run("serve", "toy", "--port", "9").stdout == "main serve on 9\n"
    result = project.run("serve", "--port", "9")
    assert result.stderr == (
        "Error: Several local servers are installed. Say which: dagster-me serve other or dagster-me serve toy\n"
    )


def test_version_says_what_is_installed(project):
    result = project.run("--version")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[0] == f"dagster-me {version('dagster-managed-elements')}"
    assert result.stderr == ""


def test_version_warns_where_a_foreign_package_stands_in_the_door(project):
    (project.folder / "dagster_airbyte.py").write_text("from dagster_airbyte.legacy import anything\n")
    sys.path.insert(0, str(project.folder))
    sys.modules.pop("dagster_airbyte", None)
    result = project.run("--version")
    assert result.exit_code == 0
    assert result.stderr == (
        f"warning: dagster_airbyte in {project.folder} is not the one of dagster-managed-elements. Import from "
        "dagster_managed_elements.airbyte, or install our dagster-airbyte in its place.\n"
    )


def test_each_command_explains_itself(project):
    for command in ("check", "plan", "apply", "destroy", "undo"):
        result = project.run(command, "--help")
        assert result.exit_code == 0
        assert "--include-all-secrets" in result.stdout
    others = {"serve", "types", "completion", "export", "snapshot", "unlock", "history", "undo"}
    assert set(cli.main.commands) == {"check", "plan", "apply", "destroy", *others}
