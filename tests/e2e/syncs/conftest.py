"""One server, and one PostgreSQL, for all the syncs of a module."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from airbyte_local import server

pytest.register_assert_rewrite("testing.syncs")

from testing.postgres_server import PostgresServer, serving_postgres  # noqa: E402
from testing.syncs.bench import Bench  # noqa: E402
from testing.syncs.landings import LANDINGS  # noqa: E402
from testing.syncs.raw_landings import Landing  # noqa: E402
from testing.syncs.served import Served  # noqa: E402
from testing.syncs.typed_landings import Postgres  # noqa: E402


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with serving_postgres() as running:
        yield running


@pytest.fixture(scope="module")
def database(postgres: PostgresServer) -> Iterator[str]:
    with postgres.database() as name:
        yield name


@pytest.fixture(scope="module")
def connectors() -> Path | None:
    """The folder of installed connectors; a module of real ones has its own."""
    return None


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, connectors: Path | None) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("airbyte")
    with (
        server(folder, connectors=connectors, retry_seconds=(), log_bodies=False) as running,
        httpx.Client(timeout=120, trust_env=False, verify=False) as client,
    ):
        yield Bench(running, client, running.world.workshop)


@pytest.fixture
def land(bench: Bench, request: pytest.FixtureRequest) -> Callable[[str], Landing]:
    """`land("DuckDB")`: a place that nobody has used."""

    return lambda name: _landing(name, bench.server.local, request)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A bench whose server is a process of this test alone."""
    with httpx.Client(timeout=120, trust_env=False, verify=False) as client:
        made = Served(tmp_path / "airbyte", client)
        try:
            yield made
        finally:
            made.kill()
            made.workshop.close()


@pytest.fixture
def land_served(served: Served, request: pytest.FixtureRequest) -> Callable[[str], Landing]:
    """As `land`, at the server of `served`."""
    return lambda name: _landing(name, served.local, request)


def _landing(name: str, local: Path, request: pytest.FixtureRequest) -> Landing:
    kind, place = LANDINGS[name], f"place_{secrets.token_hex(4)}"
    if issubclass(kind, Postgres):
        return kind(local, place, request.getfixturevalue("postgres"), request.getfixturevalue("database"))
    return kind(local, place)
