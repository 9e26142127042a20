"""A Redis for tests: Debian's, or whichever is in PATH.

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
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ATTEMPTS = 5
SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class RedisServer:
    port: int
    password: str = field(repr=False)

    def url(self, database: int = 0) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/{database}"

    def ask(self, database: int, *words: str) -> list[str]:
        """The lines that `redis-cli`, which comes with the server, prints."""
        asked = ["redis-cli", "-h", "127.0.0.1", "-p", str(self.port), "-n", str(database), "-e", *words]
        environment = {"PATH": os.environ["PATH"], "REDISCLI_AUTH": self.password}
        done = subprocess.run(asked, env=environment, capture_output=True, text=True, check=True, timeout=SECONDS)
        return done.stdout.split()


@contextmanager
def serving_redis() -> Iterator[RedisServer]:
    """A server for as long as the block lasts."""
    program = _program()
    password = secrets.token_urlsafe(12)
    with tempfile.TemporaryDirectory(prefix="redis-") as folder:
        process, port = _start(program, Path(folder), password)
        try:
            yield RedisServer(port=port, password=password)
        finally:
            process.terminate()
            process.wait(SECONDS)


def _start(program: str, folder: Path, password: str) -> tuple[subprocess.Popen[bytes], int]:
    """On a free port. Somebody else may take it first: then on another."""
    log = folder / "log"
    for _ in range(ATTEMPTS):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port: int = free.getsockname()[1]
        settings = f"bind 127.0.0.1\nport {port}\nrequirepass {password}\nsave ''\nappendonly no\ndir {folder}\n"
        with log.open("wb") as output:
            # What it is told on its stdin, the list of processes does not show.
            process = subprocess.Popen([program, "-"], stdin=subprocess.PIPE, stdout=output, stderr=output)
        assert process.stdin is not None
        process.stdin.write(settings.encode())
        process.stdin.close()
        if _answers(process, port):
            return process, port
    raise AssertionError(log.read_text())


def _answers(process: subprocess.Popen[bytes], port: int) -> bool:
    """Whether it does; False where it ended."""
    deadline = time.monotonic() + SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with socket.socket() as asking:
            if asking.connect_ex(("127.0.0.1", port)) == 0:
                return process.poll() is None
        time.sleep(0.02)
    return False


def _program() -> str:
    found = shutil.which("redis-server")
    if found is not None:
        return found
    reason = "needs Redis: apt-get install redis-server"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
