"""A PostgreSQL server for tests: Debian's, or whichever is in PATH.

It listens on 127.0.0.1 alone, wants a password, has a folder of its own and is gone in the end. Tests that need it
are skipped, visibly, where there is none, and fail where `CI=true`.
"""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

DEBIAN = Path("/usr/lib/postgresql")
ATTEMPTS = 5
SECONDS = 60
# Of a database that nobody misses: nothing has to reach the disk.
SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "listen_addresses": "127.0.0.1",
    "max_connections": "40",
    "shared_buffers": "16MB",
    "synchronous_commit": "off",
    "unix_socket_directories": "",
}
# The server refuses to run as root.
UNPRIVILEGED = ("postgres", "nobody")


@dataclass(frozen=True, kw_only=True)
class PostgresServer:
    port: int
    host: str = "127.0.0.1"
    username: str = "tester"
    password: str = field(repr=False)

    def configuration(self, database: str = "postgres", **more: Any) -> dict[str, Any]:
        """Of the Postgres destination."""
        return {
            "host": self.host,
            "port": self.port,
            "database": database,
            "schema": "public",
            "username": self.username,
            "password": self.password,
            **more,
        }

    def connect(self, database: str = "postgres") -> Any:
        """A connection of psycopg's that commits each statement."""
        import psycopg

        return psycopg.connect(
            host=self.host,
            port=self.port,
            dbname=database,
            user=self.username,
            password=self.password,
            autocommit=True,
        )

    @contextmanager
    def database(self) -> Iterator[str]:
        """The name of an empty database, for as long as the block lasts."""
        name = f"test_{secrets.token_hex(6)}"
        with self.connect() as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
        try:
            yield name
        finally:
            with self.connect() as connection:
                connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def serving_postgres() -> Iterator[PostgresServer]:
    """A server for as long as the block lasts."""
    programs = _programs()
    user = _user()
    with tempfile.TemporaryDirectory(prefix="postgres-") as name:
        folder = Path(name)
        password = secrets.token_urlsafe(12)
        secret = folder / "password"
        secret.touch(mode=0o600)
        secret.write_text(password)
        if user is not None:
            for path in (folder, secret):
                shutil.chown(path, user)
        data = folder / "data"
        _run(
            user,
            *(programs / "initdb", "--pgdata", data, "--username", "tester", "--pwfile", secret),
            *("--auth", "scram-sha-256", "--encoding", "UTF8", "--no-locale", "--no-sync"),
        )
        port = _start(user, programs, data)
        try:
            yield PostgresServer(port=port, password=password)
        finally:
            _run(user, programs / "pg_ctl", "stop", "--pgdata", data, "--mode", "immediate", "--wait")


def _start(user: str | None, programs: Path, data: Path) -> int:
    """On a free port. Somebody else may take it first: then on another."""
    for attempt in range(ATTEMPTS):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port: int = free.getsockname()[1]
        settings = " ".join(f"-c {name}='{value}'" for name, value in {**SETTINGS, "port": port}.items())
        log = data / "log"
        start = ("start", "--pgdata", data, "--log", log, "--options", settings, "--wait")
        try:
            _run(user, programs / "pg_ctl", *start)
        except subprocess.CalledProcessError:
            if attempt + 1 == ATTEMPTS:
                raise AssertionError(log.read_text()) from None
        else:
            return port
    raise AssertionError


def _programs() -> Path:
    """Where `initdb` and `pg_ctl` are."""
    folders = sorted(DEBIAN.glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    found = shutil.which("pg_ctl", path=os.pathsep.join([os.environ.get("PATH", ""), *map(str, folders)]))
    if found is not None:
        return Path(found).resolve().parent
    reason = "needs PostgreSQL: apt-get install postgresql"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def _user() -> str | None:
    """Whom to become; None where we are somebody already."""
    if os.geteuid() != 0:
        return None
    import pwd

    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in UNPRIVILEGED if name in known)


def _run(user: str | None, program: Path, *words: object) -> None:
    """Its output goes to a file, not to a pipe: the server inherits it, and would keep us waiting for its end."""
    become: dict[str, Any] = {} if user is None else {"user": user, "group": _group(user), "extra_groups": []}
    with tempfile.TemporaryFile() as output:
        subprocess.run(
            [program, *map(str, words)],
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            timeout=SECONDS,
            check=True,
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"},
            **become,
        )


def _group(user: str) -> int:
    import pwd

    return pwd.getpwnam(user).pw_gid
