"""Environments for connectors from the package index: one each, made by uv, complete or not there."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import shutil
import tempfile
from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from airbyte_local.connectors.cancelling import Cancellation
from airbyte_local.connectors.external.pins import Pin
from airbyte_local.connectors.external.sources import Program, read_specification
from airbyte_local.connectors.external.workers import Limits, Worker, installer_environment
from airbyte_local.connectors.protocol import ConnectorCrashed, ConnectorFailed, imported
from airbyte_local.model.configurations import MASK
from airbyte_local.model.json_values import Json
from airbyte_local.store.json_file import JsonFile

INSTALL_SECONDS = 1800.0
LAST_LINES = 8
MARKER = "installed.json"
PASSWORD = re.compile(r"(?<=://)[^/@\s]+(?=@)")  # of an index's address
WAIT_SECONDS = 0.1
Say = Callable[[str], None]
FindUv = Callable[[], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """A connector that is installed, with the specification it gave when it was."""

    pin: Pin
    folder: Path
    specification: Json

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    @property
    def script(self) -> Path:
        return self.folder / "bin" / self.pin.script


class Environments:
    """Those below one folder, which processes and threads may share."""

    def __init__(self, folder: Path, uv: FindUv | None = None) -> None:
        self.folder = folder
        self.uv = uv or find_uv
        self._markers: dict[Pin, JsonFile] = {}

    def find(self, pin: Pin) -> Environment | None:
        """None where it is not installed, or was by other instructions than today's."""
        folder = self.folder / pin.folder_name
        written = self._markers.setdefault(pin, JsonFile(folder / MARKER)).read()
        if written.get("recipe") != _recipe(pin):
            return None
        return Environment(pin=pin, folder=folder.resolve(), specification=written["specification"])

    def log(self, pin: Pin) -> Path:
        """Of its last installation, whatever came of it."""
        return self.folder / f"{pin.folder_name}.log"

    def install(self, pin: Pin, worker: Worker, cancellation: Cancellation, say: Say) -> Environment:
        """Make it where it is not there. Every line of the log, which is kept, goes to *say* too.

        Raises:
            ConnectorFailed: it cannot be made; the message has the last lines of the log.
            Cancelled: in the middle of it.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with _alone(self.folder / f".{pin.folder_name}.lock", cancellation):
            found = self.find(pin)
            if found is None:
                self._make(pin, worker, cancellation, say)
                found = self.find(pin)
        if found is None:
            raise ConnectorFailed(f"{pin.title} was installed, and is not there.")
        return found

    def remove(self, pin: Pin) -> bool:
        """Whether there was one, of whatever version."""
        found = [path for path in self.folder.glob(f"{pin.package}-*") if (path / MARKER).exists()]
        for path in found:
            (path / MARKER).unlink()  # first: from now on it is not there
            shutil.rmtree(path, ignore_errors=True)
        return bool(found)

    def _make(self, pin: Pin, worker: Worker, cancellation: Cancellation, say: Say) -> None:
        for left_over in self.folder.glob(f".{pin.folder_name}.making-*"):
            shutil.rmtree(left_over, ignore_errors=True)
        aside = Path(tempfile.mkdtemp(prefix=f".{pin.folder_name}.making-", dir=self.folder.resolve()))
        last: deque[str] = deque(maxlen=LAST_LINES)
        try:
            with self.log(pin).open("w", encoding="utf-8") as file:

                def log(text: str) -> None:
                    for line in PASSWORD.sub(MASK, text).splitlines():
                        last.append(line)
                        file.write(f"{line}\n")
                        say(line)

                try:
                    self._build(pin, aside / "environment", worker, cancellation, log)
                except ConnectorCrashed as crashed:
                    log(str(crashed))
                    reason = "\n".join([f"{pin.title} could not be installed:", *last])
                    raise ConnectorFailed(f"{reason}\nThe whole log is {self.log(pin)}") from crashed
            final = self.folder / pin.folder_name
            shutil.rmtree(final, ignore_errors=True)
            (aside / "environment").rename(final)  # nothing in it knows where it is
        finally:
            shutil.rmtree(aside, ignore_errors=True)

    def _build(self, pin: Pin, folder: Path, worker: Worker, cancellation: Cancellation, log: Say) -> None:
        def run(*arguments: str) -> None:
            """In the directory of the user, where a project may say which index to ask."""
            called = [self.uv(), "--directory", str(Path.cwd()), "--color", "never", "--no-progress", *arguments]
            command = worker.start(called, {}, Limits(), environment=installer_environment())
            with contextlib.closing(command), cancellation.calling(command.stop):
                for _, line in command.lines(INSTALL_SECONDS):
                    log(line.decode("utf-8", "replace"))
            cancellation.raise_if_requested()
            if command.code != 0:
                raise ConnectorCrashed(f"uv ended with {command.code}")

        made = Environment(pin=pin, folder=folder, specification={})
        log(f"{pin.package} {pin.version} for Python {pin.python}")
        run("venv", "--relocatable", "--python", pin.python, str(folder))
        run("pip", "install", "--python", str(made.python), "--no-deps", "--requirements", str(pin.lock))
        log("Asking it for its specification")
        specification = read_specification(Program(arguments=[str(made.script)], worker=worker))
        written = {"recipe": _recipe(pin), "specification": specification}
        (folder / MARKER).write_text(json.dumps(written), encoding="utf-8")


def find_uv() -> str:
    """Of the `uv` package, else of the PATH.

    Raises:
        ConnectorFailed: there is none.
    """
    try:
        return imported("uv", "connectors").find_uv_bin()
    except (ConnectorFailed, FileNotFoundError):
        found = shutil.which("uv")
        if found is None:
            raise
        return found


@cache
def _recipe(pin: Pin) -> str:
    """What the environment is made from, in short."""
    return hashlib.sha256(f"{pin.python}\n{pin.lock.read_text(encoding='utf-8')}".encode()).hexdigest()


@contextlib.contextmanager
def _alone(path: Path, cancellation: Cancellation) -> Generator[None]:
    """Until the end of the block no other thread or process is in one for the same *path*."""
    import fcntl

    with path.open("w") as file:
        while True:
            cancellation.raise_if_requested()
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                cancellation.wait(WAIT_SECONDS)
        yield  # the lock goes with the file, also with a process that is killed
