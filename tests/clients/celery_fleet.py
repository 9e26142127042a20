"""The fleet of `examples/fleet` on Celery: a broker, an Airbyte for each environment, workers that one may kill."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import chain, groupby
from pathlib import Path
from typing import Any, cast

from airbyte_local import LocalAirbyte, server

from testing.proxies import Proxy, Said, proxied
from testing.redis_server import RedisServer

from .conftest import CHILDREN, Client, child_environment

SECONDS = 240.0
"""A machine that does much at once starts a process in a minute."""
NAMES = ("staging", "north", "south")


class Gate:
    """Holds the requests for a path, of whichever Airbyte, until it is opened."""

    def __init__(self, path: str) -> None:
        self._path, self._held, self._answer = path, 0, cast("Said | None", None)
        self._changed, self._opened = threading.Condition(), threading.Event()

    def hold(self, asked: str, _sent: bytes, _headers: str) -> Said | None:
        if not asked.endswith(self._path) or self._opened.is_set():
            return None
        with self._changed:
            self._held += 1
            self._changed.notify_all()
        self._opened.wait(SECONDS)
        return self._answer

    def wait_for(self, number: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self._held >= number, SECONDS), f"{self._held} of {number}"

    def open(self, answer: Said | None = None) -> None:
        """Those that were held are carried out, or get this *answer*."""
        self._answer = answer
        self._opened.set()


@dataclass
class Running:
    """A run, as `children/fleet.py` follows it."""

    process: subprocess.Popen[str]

    def result(self) -> dict[str, Any]:
        said, failed = self.process.communicate(timeout=SECONDS)
        assert self.process.returncode == 0, failed[-4000:]
        return json.loads(said)


@dataclass
class Worker:
    """`dagster-celery worker start` and what that starts: a process group of its own."""

    process: subprocess.Popen[bytes]

    def kill(self) -> None:
        """All of it at once, as the kernel ends a container that wants too much memory."""
        _kill_all_of(self.process)


@dataclass
class Fleet:
    client: Client
    folder: Path
    redis: RedisServer
    database: int
    airbytes: Mapping[str, LocalAirbyte]
    proxies: Mapping[str, Proxy]
    environment: dict[str, str] = field(default_factory=dict[str, str])
    _gates: list[Gate] = field(default_factory=list[Gate])
    _children: list[subprocess.Popen[str]] = field(default_factory=list[subprocess.Popen[str]])

    def gate(self, path: str = "connections/create") -> Gate:
        gate = Gate(path)
        self._gates.append(gate)
        for proxy in self.proxies.values():
            proxy.refuse = gate.hold
        return gate

    def run(self, job: str, *parent: str) -> Running:
        """*parent* is the run of which the failed steps are repeated."""
        return Running(self._start(str(CHILDREN / "fleet.py"), str(self.folder), job, *parent))

    @contextmanager
    def worker(self, name: str) -> Generator[Worker]:
        settings = str(self.folder / "celery.yaml")
        command = ("worker", "start", "-A", "dagster_celery.app", "-y", settings, "-n", name, "--", "-c", "1")
        with self._group(name, "-c", "from dagster_celery.cli import main; main()", *command) as process:
            yield Worker(process)

    def there(self) -> dict[str, list[str]]:
        """The names of all that each Airbyte has."""
        found: dict[str, list[str]] = {}
        for name, airbyte in self.airbytes.items():
            workspaces = [airbyte.workspace_id]
            with airbyte.world.store.transaction() as session:
                actors = [session.actors.of_workspaces(kind, workspaces) for kind in ("source", "destination")]
                rows = [*chain(*actors), *session.connections.of_workspaces(workspaces)]
                found[name] = [row.name for row in rows]
        return found

    def writers(self) -> list[str]:
        """Which Airbyte was written to, in the order of the writes: each once for those that it had in a row."""
        writes = sorted(
            (exchange.began, name)
            for name, airbyte in self.airbytes.items()
            for exchange in airbyte.requests
            if exchange.path.endswith("/create")
        )
        return [name for name, _ in groupby(name for _, name in writes)]

    @contextmanager
    def daemon(self) -> Generator[None]:
        """`dagster-daemon run`, which starts what `launch` leaves to it and looks after what runs."""
        with self._group("daemon", "-m", "dagster._daemon", "run", "-f", "definitions.py"):
            yield

    def launch(self, job: str) -> None:
        process = self._start("-m", "dagster", "job", "launch", "-f", "definitions.py", "-j", job)
        _, failed = process.communicate(timeout=SECONDS)
        assert process.returncode == 0, failed[-4000:]

    def ending(self) -> Running:
        """The last run, whose time is over now."""
        return Running(self._start(str(CHILDREN / "ending.py")))

    def ask(self, *words: str) -> list[str]:
        return self.redis.ask(self.database, *words)

    def unacknowledged(self) -> list[str]:
        """The tasks that a worker has, and has not told the end of."""
        return self.ask("HKEYS", "unacked")

    def waiting(self) -> list[str]:
        """The queues that are not empty."""
        return self.ask("KEYS", "dagster*")

    def until_unacknowledged(self, number: int) -> None:
        """As many tasks are under way, and none waits."""
        deadline = time.monotonic() + SECONDS
        while self.waiting() or len(self.unacknowledged()) != number:
            assert time.monotonic() < deadline, (self.waiting(), self.unacknowledged())
            time.sleep(0.2)

    def later(self, seconds: int) -> None:
        """For what is not acknowledged so many *seconds* pass."""
        for tag in self.unacknowledged():
            self.ask("ZINCRBY", "unacked_index", str(-seconds), tag)

    def end(self) -> None:
        """Nothing is held any longer, and nothing that was started runs."""
        for gate in self._gates:
            gate.open()
        for child in self._children:
            with child:  # which closes its pipes
                _kill_all_of(child)

    def _start(self, *command: str) -> subprocess.Popen[str]:
        child = subprocess.Popen(
            [self.client.python, *command],
            env=self._all(),
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._children.append(child)
        return child

    @contextmanager
    def _group(self, name: str, *command: str) -> Generator[subprocess.Popen[bytes]]:
        """A process and what it starts, until the block ends."""
        with (self.folder.parent / f"{name}.log").open("wb") as output:
            process = subprocess.Popen(
                [self.client.python, *command],
                env=self._all(),
                cwd=self.folder,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        try:
            yield process
        finally:
            _kill_all_of(process)

    def _all(self) -> dict[str, str]:
        path = f"{self.client.home / 'bin'}:{os.environ['PATH']}"
        environment = child_environment(self.client.home, **self.environment, PATH=path)
        with (self.client.home / "dagster.yaml").open("a") as settings:
            own = (self.folder / "dagster.yaml").read_text()
            settings.write(own.replace("_seconds: 960", "_seconds: 1\n  poll_interval_seconds: 1"))
        return environment


def _kill_all_of(process: subprocess.Popen[Any]) -> None:
    """The process and what it started, unless it has ended."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@contextmanager
def fleet(client: Client, folder: Path, redis: RedisServer, database: int) -> Generator[Fleet]:
    """That of the project in *folder*, whose Airbytes are reached through proxies. Its Dagster is one of its own: a
    run that is cut off holds no slot of another's pools.
    """
    home = Path(shutil.copytree(client.home, folder.parent / "home"))
    with ExitStack() as stack:
        airbytes = {
            name: stack.enter_context(server(auth="client", client_id="dagster", client_secret=f"of {name}"))
            for name in NAMES
        }
        proxies = {name: stack.enter_context(proxied(airbyte.url)) for name, airbyte in airbytes.items()}
        environment = {"CELERY_BROKER": redis.url(database)}
        for name in NAMES:
            environment[f"AIRBYTE_URL_{name.upper()}"] = proxies[name].url
            environment[f"AIRBYTE_SECRET_{name.upper()}"] = f"of {name}"
        running = Fleet(Client(client.python, home), folder, redis, database, airbytes, proxies, environment)
        stack.callback(running.end)
        yield running
