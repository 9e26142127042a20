"""Clients that no one here wrote, each in an environment of its own, as a process beside the local Airbyte.

An environment is made once for its pinned requirements and kept in `.venv-clients/`. The pins are compiled from the
`.in` beside them with the options of `make requirements`. A child may talk to this machine only: see
`children/loopback.py`.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest
from airbyte_local import LocalAirbyte

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]
CHILDREN = HERE / "children"
ENVIRONMENTS = REPOSITORY / ".venv-clients"
SECONDS = 180
SDK_CELLS = [
    *((version, auth) for version in ("1.6", "1.8", "2.0") for auth in ("none", "basic", "client")),
    ("cloud", "client"),
]
"""Where the `airbyte-api` SDK gets in: its classes want properties that older servers do not answer with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """What a client must know to get into one Airbyte."""

    url: str
    public_url: str
    workspace_id: str
    auth: str
    client_id: str
    client_secret: str
    username: str = "airbyte"
    password: str = "password"


def way_into(airbyte: LocalAirbyte, auth: str) -> Way:
    return Way(
        url=airbyte.url,
        public_url=airbyte.public_url,
        workspace_id=airbyte.workspace_id,
        auth=auth,
        client_id=airbyte.client_id,
        client_secret=airbyte.client_secret,
    )


def child_environment(home: Path, **more: str) -> dict[str, str]:
    """Ours without what steers our own Python; no proxy, no telemetry, nothing of the user's home."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    (home / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    return {**inherited, "HOME": str(home), "DAGSTER_HOME": str(home), "NO_PROXY": "127.0.0.1", **more}


class ClientFailed(Exception):
    """A child ended with an error; the message is what it wrote to stderr."""


@dataclass(frozen=True, slots=True)
class Client:
    """The Python that has a foreign client, and the home its children get."""

    python: Path
    home: Path

    def ask(self, script: str, way: Way, *arguments: str) -> Any:
        """What *script* printed as JSON, having been told the way on its stdin.

        Raises:
            ClientFailed: the script did.
        """
        done = self.run(str(CHILDREN / f"{script}.py"), *arguments, told=json.dumps(asdict(way)))
        if done.returncode != 0:
            raise ClientFailed(done.stderr)
        return json.loads(done.stdout)

    def run(self, *arguments: str, told: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.python, *arguments],
            input=told,
            env=child_environment(self.home, **environment),
            cwd=self.home,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )


def environment(name: str, *packages: str) -> Path:
    """The Python of an environment with what `{name}.txt` pins, and our *packages* as they are here; where there is
    none, made aside and moved in. One that is there is used by others, and not changed.
    """
    requirements = HERE / f"{name}.txt"
    ours = [REPOSITORY / "packages" / package for package in packages]
    made_of = [sys.version.encode(), requirements.read_bytes()]
    for package in ours:
        made_of += [str(package).encode(), (package / "pyproject.toml").read_bytes()]
    digest = hashlib.sha256(b"".join(made_of)).hexdigest()[:12]
    folder = ENVIRONMENTS / f"{name}-{digest}"
    if not folder.exists():
        ENVIRONMENTS.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=ENVIRONMENTS) as aside:
            made = Path(aside) / "environment"
            install(made, requirements, ours)
            with contextlib.suppress(OSError):  # another run was faster
                made.rename(folder)
    return folder / "bin" / "python"


def install(folder: Path, requirements: Path, ours: Sequence[Path] = ()) -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    subprocess.run([sys.executable, "-m", "venv", folder], env=clean, check=True)
    pip = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--require-hashes", "-r", requirements], env=clean, check=True)
    if ours:
        editable = [f"-e{package}" for package in ours]
        subprocess.run([*pip, "--no-deps", "--no-build-isolation", *editable], env=clean, check=True)


@pytest.fixture(scope="session")
def client(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Client]:
    """By the name of a requirements file, and those of our packages that it wants."""
    return lambda name, *packages: Client(environment(name, *packages), tmp_path_factory.mktemp(name))


@pytest.fixture(scope="session")
def sdk(client: Callable[..., Client]) -> Callable[..., Any]:
    """What the `airbyte-api` SDK saw, chapter by chapter."""
    made = client("airbyte_api")
    return lambda way, *chapters: made.ask("sdk", way, *chapters)


@pytest.fixture(scope="session")
def dagster(client: Callable[..., Client]) -> Client:
    return client("dagster_airbyte")


@pytest.fixture(scope="session")
def fleets(client: Callable[..., Client]) -> Client:
    """Dagster's newest with its executors, our packages as they are here, and an instance that is there already."""
    made = client("dagster_fleets", "dagster-managed-elements")
    (made.home / "bin").mkdir()
    # An environment that was moved has programs that look for a Python where it was.
    celery = made.home / "bin" / "celery"
    celery.write_text(f'#!/bin/sh\nexec {made.python} -m celery "$@"\n')
    celery.chmod(0o755)
    assert made.run("-c", "import dagster; dagster.DagsterInstance.get().get_runs()").returncode == 0
    return made


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return Path(shutil.copytree(REPOSITORY / "examples" / "fleet", tmp_path / "project"))
