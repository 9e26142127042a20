"""Two teams in one workspace, by the command line: each deletes what it made, and nothing of the other's."""

from __future__ import annotations

import sys

import httpx
import pytest
from airbyte_local import LocalAirbyte
from click.testing import CliRunner
from dagster_managed_elements.cli import main

TEAMS = ("red", "blue", "both")
TEAM = """
from dagster_managed_elements.airbyte import *

disk = AirbyteDestination("shared disk", "Local JSON", {{"destination_path": "/local/shared"}})
{sources}
reconciler = AirbyteManagedElementReconciler(
    AirbyteInstance(url={url!r}),
    elements=[disk{names}],
    name={team!r},
    delete_unmentioned_resources="owned",
)
"""


@pytest.fixture
def teams(airbyte_local: LocalAirbyte, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setenv("DAGSTER_ME_STATE", f"file://{tmp_path}/state.json")

    class Teams:
        def declare(self, team: str, *names: str, disk: bool = True) -> None:
            sources = "\n".join(
                f'{name} = AirbyteSource("{name}", "Sample Data", {{"count": 5}})' for name in names
            )
            listed = "".join(f", {name}" for name in names)
            text = TEAM.format(sources=sources, names=listed, url=airbyte_local.url, team=team)
            (tmp_path / f"{team}.py").write_text(
                text if disk else text.replace("[disk, ", "[").replace("[disk", "[")
            )

        def both(self) -> None:
            text = "".join(f"from {team} import reconciler as {team}\n" for team in ("red", "blue"))
            (tmp_path / "both.py").write_text(text)

        def run(self, *words: str, code: int = 0) -> list[str]:
            for team in TEAMS:
                sys.modules.pop(team, None)
            done = CliRunner().invoke(main, words)
            assert done.exit_code == code, done.output
            return done.stdout.splitlines()[1:]

        def applied(self, team: str) -> list[str]:
            return [line for line in self.run("apply", "-m", team, "--yes") if line[:1] in "+-~"]

        def there(self, side: str) -> list[str]:
            body = {"workspaceId": airbyte_local.workspace_id}
            rows = httpx.post(f"{airbyte_local.url}/api/v1/{side}s/list", json=body, verify=False).json()[
                f"{side}s"
            ]
            return sorted(row["name"] for row in rows)

        def by_hand(self, name: str) -> None:
            url, workspace = f"{airbyte_local.url}/api/v1", airbyte_local.workspace_id
            listed = httpx.post(f"{url}/sources/list", json={"workspaceId": workspace}, verify=False).json()[
                "sources"
            ]
            made = {"sourceDefinitionId": listed[0]["sourceDefinitionId"], "workspaceId": workspace, "name": name}
            httpx.post(
                f"{url}/sources/create", json={**made, "connectionConfiguration": {"count": 1}}, verify=False
            )

    yield Teams()
    for team in TEAMS:
        sys.modules.pop(team, None)


@pytest.mark.slow
def test_each_of_two_teams_deletes_what_it_made_and_what_both_declare_goes_with_the_second(teams):
    teams.declare("red", "apples", "cherries")
    teams.declare("blue", "berries")
    assert sorted(teams.applied("red")) == ["+ apples:", "+ cherries:", "+ shared disk:"]
    assert teams.applied("blue") == ["+ berries:"]
    teams.by_hand("nobodys")
    for team in ("red", "blue"):
        assert teams.run("check", "-m", team, "--exit-code") == ["No diff found."]

    teams.declare("red", "apples")
    assert teams.applied("red") == ["- cherries:"]
    teams.declare("blue", "plums")
    assert sorted(teams.applied("blue")) == ["+ plums:", "- berries:"]
    assert teams.there("source") == ["apples", "nobodys", "plums"]

    # What is declared by both stays until the second lets go.
    teams.declare("red", "apples", disk=False)
    assert teams.applied("red") == []
    assert teams.there("destination") == ["shared disk"]
    assert teams.run("check", "-m", "blue", "--exit-code") == ["No diff found."]
    teams.declare("blue", "plums", disk=False)
    assert teams.applied("blue") == ["- shared disk:"]
    assert teams.there("destination") == []

    # What is handed over, by a name in the other module, is taken over and not deleted in between.
    teams.declare("blue", "plums", "apples", disk=False)
    assert teams.applied("blue") == []
    teams.declare("red", disk=False)
    assert teams.applied("red") == []
    assert teams.there("source") == ["apples", "nobodys", "plums"]


def test_two_teams_in_one_run_are_still_two(teams):
    teams.declare("red", "apples", "cherries")
    teams.declare("blue", "berries")
    teams.both()
    assert teams.run("apply", "-m", "both", "--yes")
    teams.by_hand("nobodys")
    teams.declare("red", "apples")
    assert teams.applied("both") == ["- cherries:"]
    assert teams.there("source") == ["apples", "berries", "nobodys"]
    assert teams.run("check", "-m", "both", "--exit-code") == ["No diff found."]
