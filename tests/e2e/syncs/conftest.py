"""One server, and one PostgreSQL, for all the syncs of a module."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from airbyte_local import server

pytest.register_assert_rewrite("bench", "cells", "landings")

from bench import Bench  # noqa: E402
from landings import LANDINGS, Landing, Postgres  # noqa: E402
from postgres_server import PostgresServer, serving_postgres  # noqa: E402


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
        httpx.Client(timeout=30, trust_env=False) as client,
    ):
        yield Bench(running, client)


@pytest.fixture
def land(bench: Bench, request: pytest.FixtureRequest) -> Callable[[str], Landing]:
    """`land("DuckDB")`: a place that nobody has used."""

    def made(name: str) -> Landing:
        kind, place = LANDINGS[name], f"place_{secrets.token_hex(4)}"
        if issubclass(kind, Postgres):
            server = request.getfixturevalue("postgres")
            return kind(bench.server.local, place, server, request.getfixturevalue("database"))
        return kind(bench.server.local, place)

    return made
