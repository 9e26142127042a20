"""`kill -9` at any instant of an apply: the state is whole and tells no lie, and the next apply converges."""

from __future__ import annotations

import random
import runpy
from collections import Counter
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from airbyte_local import LocalAirbyte
from dagster_managed_elements.applying import apply
from dagster_managed_elements.engine.errors import StateError
from dagster_managed_elements.engine.guarding import Policy
from dagster_managed_elements.engine.planning import Plan
from dagster_managed_elements.engine.values import at
from dagster_managed_elements.reconciling import Options, Result, check
from dagster_managed_elements.state.encoding import decode
from dagster_managed_elements.state.fingerprints import FingerprintKey
from dagster_managed_elements.state.history import History
from dagster_managed_elements.state.opening import open_store

from testing.killing import Dying, Instant
from testing.proxies import proxied

KEY = "k" * 64
SEEDS, POINTS = 8, 25
"""Two hundred instants in all."""
REQUESTS, FILES = 70, 40
"""How many of each an apply of forty elements takes, about."""
MODULE = """
import os
from dagster_managed_elements.airbyte import *

ROUND = int(os.environ["ROUND"])
FILES = AirbyteDestination("files", "Local JSON", {"destination_path": f"/local/{ROUND // 3}"})

def source(number):
    host = {"host": f"db-{ROUND % 2}", "port": 5432, "database": "shop", "username": "airbyte"}
    return AirbyteSource(f"shop {number}", "Postgres", {**host, "password": EnvVar(f"SHOP_{number % 3}")})

def sample(number):
    return AirbyteSource(f"sample {number}", "Sample Data", {"count": 10 + ROUND})

def sync(number):
    streams = {"users": AirbyteSyncMode.FULL_REFRESH_OVERWRITE}
    return AirbyteConnection(f"sync {number}", sample(number), FILES, streams, prefix=f"r{ROUND % 2}_")

# Forty of them. Each round some go, some come, and the others change.
mine = AirbyteManagedElementReconciler(
    AirbyteInstance(url=os.environ["AIRBYTE"]),
    [sync(number) for number in range(9) if number != ROUND % 9],
    elements=[
        *(source(number) for number in range(16) if number != ROUND % 16),
        *(sample(number) for number in range(9, 18) if number != 9 + ROUND % 9),
    ],
    delete_unmentioned_resources=True,
)
"""


class World:
    """One server, its state, and a module that asks for something else each round."""

    def __init__(self, server: LocalAirbyte, folder: Path, dying: Dying) -> None:
        self.server, self.folder, self.dying = server, folder, dying
        self.file = folder / "state.json"
        self.rotations: Counter[int] = Counter()

    def environment(self, number: int, chance: random.Random) -> dict[str, str]:
        """Some secrets are rotated, and some are rotated back."""
        for which in range(3):
            self.rotations[which] = chance.choice([self.rotations[which], self.rotations[which] + 1, 0])
        secrets = {f"SHOP_{which}": f"password-{which}-{self.rotations[which]}" for which in range(3)}
        key = {"DAGSTER_ME_STATE_KEY": KEY, "DAGSTER_ME_STATE": f"file://{self.file}"}
        return {**secrets, **key, "ROUND": str(number), "AIRBYTE": self.dying.proxy.url}

    @property
    def history(self) -> History:
        return History(open_store(f"file://{self.file}"))

    def apply(self, environment: dict[str, str], instant: Instant) -> Any:
        self.dying.environment = environment
        return self.dying.run(["apply", "-m", "mine", "--yes"], instant)

    def tells_the_truth(self) -> None:
        """Of each secret that it says was sent, the server has just that."""
        if not self.file.exists():
            return
        document = decode(self.file.read_bytes(), "state")
        key = FingerprintKey(KEY)
        for identity, place in document.places.items():
            for ref, known in place.objects.items():
                stored = self.server.stored(ref.kind, ref.id) if known.secrets else None
                for path, record in known.secrets.items() if stored else ():  # deleted, none is there any more
                    if not record.confirmed or record.fingerprint is None:
                        continue
                    there = at({"configuration": stored}, path)
                    assert record.fingerprint == key.digest(identity, ref.kind, ref.id, path, there), (ref, path)

    def converges(self, instant: Instant) -> None:
        """Another apply does what is left, the check after it is empty, and nothing is there twice."""
        of = [runpy.run_path(str(self.folder / "mine.py"))["mine"]]

        async def decide(_plan: Plan) -> Policy:
            return Policy(allow_all=True)

        async def go() -> tuple[Result, Result]:
            (applied,) = await apply(of, Options(decide=decide), anyio.Event())
            (checked,) = await check(of, Options())
            return applied, checked

        applied, checked = anyio.run(go)
        assert applied.error is None, (instant, applied.error)
        assert applied.report.ok, (instant, applied.report)
        assert checked.plan.entries == (), instant
        self.tells_the_truth()
        for kind in ("sources", "destinations", "connections"):
            body = {"workspaceId": self.server.workspace_id}
            rows = httpx.post(f"{self.server.url}/api/v1/{kind}/list", json=body, verify=False).json()[kind]
            names = [row["name"] for row in rows]
            assert len(names) == len(set(names)), (instant, names)


@pytest.fixture
def world(airbyte_local, tmp_path):
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "mine.py").write_text(MODULE)
    with proxied(airbyte_local.url) as proxy, Dying(proxy, folder) as dying:
        yield World(airbyte_local, folder, dying)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(SEEDS))
def test_killed_anywhere_the_next_apply_converges_and_the_state_never_lied(world, seed):
    chance = random.Random(seed)
    killed: Counter[str] = Counter()
    for number in range(POINTS):
        environment = world.environment(number, chance)
        kind = ("before", "after", "file")[number % 3]
        instant = Instant(kind, chance.randint(1, FILES if kind == "file" else REQUESTS))
        first = world.apply(environment, instant)
        assert first.killed or first.code == 0, first.said
        killed[kind] += first.killed
        world.tells_the_truth()
        assert not [run for run in world.history.runs() if isinstance(run, StateError)], instant
        with pytest.MonkeyPatch.context() as patch:
            for name, value in world.environment(number, chance).items():
                patch.setenv(name, value)
            world.converges(instant)
    assert killed.total() >= POINTS // 2, killed
