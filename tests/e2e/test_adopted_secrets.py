"""What a team would do first: a workspace made by hand is exported, and from then on each rotated secret is seen.

By the command line alone, with a state and a key. What was sent is read from the server's own log.
"""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import airbyte_local
import pytest
from click.testing import CliRunner
from dagster_managed_elements.cli import main
from dagster_managed_elements.engine.values import at
from dagster_managed_elements.rendering.values import escape

from testing.populated import Populated, populate

SHOP = """
from dagster_managed_elements.airbyte import AirbyteInstance

airbyte = AirbyteInstance(url={url!r}, api={api!r})
"""
VAULT = '''
from functools import partial

def read(name):
    """A vault's client, which counts."""
    with open("calls", "a") as calls:
        calls.write(f"{name}\\n")
    return f"from-the-vault-{name}"

def secret(name, version):
    from dagster_managed_elements import Secret
    return Secret.call(partial(read, name), reference=f"vault/{name}/{version}")
'''
EMPTY = ["No diff found."]
SERVER = ("--secrets", "server")
ENVIRONMENT = {"DAGSTER_ME_STATE": "file://state/airbyte.json", "DAGSTER_ME_STATE_KEY": "k" * 64}
AES = "00112233445566778899aabbccddeeff"
Place = tuple[str, tuple[str, ...]]
"""An element's name, and where in it a secret stands."""


@dataclass
class Team:
    """A folder with a module for *server*, and a shell that has what the module reads: *known*, by variable."""

    folder: Path
    server: airbyte_local.LocalAirbyte
    populated: Populated
    known: dict[str, str] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    ever: set[str] = field(default_factory=set)

    @property
    def module(self) -> Path:
        return self.folder / "warehouse.py"

    def run(self, *words: str, code: int = 0) -> list[str]:
        self.server.forget_requests()
        for name in ("shop", "vault", "warehouse"):
            sys.modules.pop(name, None)
        done = CliRunner(env={**ENVIRONMENT, **self.known}).invoke(main, words)
        assert done.exit_code == code, done.output
        return done.stdout.splitlines()[1:]

    def check(self, *words: str, code: int = 1) -> list[str]:
        shown = self.run("check", "-m", "warehouse", "--exit-code", *words, code=code)
        assert self.sent() == set()
        return shown

    def sent(self) -> set[str]:
        """The secrets that were in a request of the last run, by their values."""
        bodies = [request.request_bytes for request in self.server.requests if request.request_bytes]
        texts = {text for body in bodies for text in leaves(json.loads(body))}
        return {text for text in texts if text in self.ever or text.startswith("from-the-vault")}

    def learn(self, made: Sequence[airbyte_local.Exchange]) -> None:
        """Set every variable that the module reads to what was typed in when it was *made*."""
        created = [json.loads(each.request_bytes) for each in made if each.path.endswith("s/create")]
        typed = {
            body["name"]: body["connectionConfiguration"] for body in created if "connectionConfiguration" in body
        }
        self.places = dict(variables(self.module.read_text()))
        for variable, (name, path) in self.places.items():
            self.set(variable, at(typed[name], path) if name in typed else AES)

    def set(self, variable: str, value: str) -> None:
        self.known[variable] = value
        self.ever.add(value)

    def variable(self, *path: str) -> tuple[str, str]:
        """The last one that is at *path* in a source, and what that is called."""
        found = [(variable, name) for variable, (name, where) in self.places.items() if where == path]
        found = [each for each in found if ("source", each[1]) in self.populated.ids]
        return found[-1]

    @property
    def calls(self) -> list[str]:
        file: Path = self.folder / "calls"
        return file.read_text().split() if file.exists() else []

    def edit(self, old: str, new: str) -> None:
        text = self.module.read_text()
        assert old in text
        self.module.write_text(text.replace(old, new))


def leaves(value: Any) -> Iterator[str]:
    match value:
        case dict():
            for inner in value.values():
                yield from leaves(inner)
        case list():
            for inner in value:
                yield from leaves(inner)
        case str():
            yield value
        case _:
            pass


def variables(text: str) -> Iterator[tuple[str, Place]]:
    """Each variable that an exported module reads, and what it is of."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("Airbyte"):
            given = {keyword.arg: keyword.value for keyword in node.keywords}
            name = given.get("name")
            for value in given.values() if isinstance(name, ast.Constant) else ():
                for variable, path in _read(value, ()):
                    yield variable, (name.value, path)


def _read(node: ast.AST, path: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    if isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            yield from _read(value, (*path, ast.literal_eval(key)))
    elif isinstance(node, ast.Call) and ast.unparse(node.func) == "EnvVar":
        yield ast.literal_eval(node.args[0]), path
    else:
        for child in ast.iter_child_nodes(node):
            yield from _read(child, path)


def by_hand(team: Team, name: str, configuration: dict[str, Any]) -> None:
    """Somebody edits a source in the UI."""
    changed = {"sourceId": team.populated.ids["source", name], "connectionConfiguration": configuration}
    team.populated.call("sources/partial_update", **changed)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield tmp_path
    for name in ("shop", "vault", "warehouse"):
        sys.modules.pop(name, None)


SIZES = [pytest.param(6, 4, id="few"), pytest.param(50, 43, id="many", marks=pytest.mark.slow)]


@pytest.mark.parametrize(("sources", "connections"), SIZES)
def test_an_adopted_workspace_shows_each_rotated_secret_and_no_other(folder, sources, connections):
    with airbyte_local.server(airbyte_version="2.0") as server:
        team = Team(folder, server, Populated(server, "2.0"))
        populate(team.populated, sources=sources, connections=connections)
        made = list(server.requests)
        (folder / "shop.py").write_text(SHOP.format(url=server.url, api="config"))
        (folder / "vault.py").write_text(VAULT)
        team.run("export", "--instance", "shop:airbyte", "-o", "warehouse.py")
        team.learn(made)
        if sources == 50:
            with_secrets = {name for name, _ in team.places.values()}
            assert sum(("source", name) in team.populated.ids for name in with_secrets) == 34
        assert team.check(code=0) == EMPTY  # though nothing is known yet
        assert team.sent() == set()

        # One of them moves into a vault. What is there is taken as what is declared, and nothing is sent for it.
        moved, stripe = team.variable("client_secret")
        team.edit(f'EnvVar("{moved}")', f'secret("{moved}", 1)')
        team.edit("from shop import airbyte\n", "from shop import airbyte\nfrom vault import secret\n")
        del team.known[moved]
        assert team.run("apply", "-m", "warehouse", "--trust-secrets") == ["No changes applied."]
        assert team.check(*SERVER, code=0) == EMPTY
        assert (team.sent(), team.calls) == (set(), [])

        # One is rotated in the environment: exactly that field, whatever else is looked at.
        rotated, shop = team.variable("password")
        team.set(rotated, "rotated-in-the-environment")
        mine = shown(shop, "password", "changed in the environment")
        assert team.check() == mine
        assert team.check(*SERVER) == mine

        # Somebody types another one in: exactly that too, and only where the server is asked for it.
        variable, bucket = team.variable("aws_secret_access_key")
        by_hand(team, bucket, {"aws_secret_access_key": "typed-by-somebody-else"})
        assert team.check() == mine
        both = team.check(*SERVER)
        theirs = shown(bucket, "aws_secret_access_key", "changed on the server")
        assert both in (mine + theirs, theirs + mine)

        assert team.run("apply", "-m", "warehouse", *SERVER) == both
        assert team.sent() == {"rotated-in-the-environment", team.known[variable]}
        assert team.check(*SERVER, code=0) == EMPTY
        assert (team.sent(), team.calls) == (set(), [])

        # What the vault has is renewed: called by no check, and once by the apply that sends it.
        team.edit(f'secret("{moved}", 1)', f'secret("{moved}", 2)')
        renewed = shown(stripe, "client_secret", "has another reference")
        assert team.check(*SERVER) == renewed
        assert team.calls == []
        assert team.run("apply", "-m", "warehouse", *SERVER) == renewed
        assert (team.sent(), team.calls) == ({f"from-the-vault-{moved}"}, [moved])
        assert team.check(*SERVER, code=0) == EMPTY
        assert team.run("apply", "-m", "warehouse") == ["No changes applied."]
        assert (team.sent(), team.calls) == (set(), [moved])


def shown(name: str, setting: str, why: str) -> list[str]:
    return [f"~ {escape(name)}:", f"  ~ {setting}: ********** -> ********** ({why})"]
