"""Which connector acts for a definition: one of our own, a real one in its environment, or a command of the user's.

What is built in stays, unless the real connector was installed on purpose. What is only imitated gives way to the
real one as soon as that is there; whether the first use may install it, whoever starts the server says.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import json
import logging
import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from airbyte_local.connectors.cancelling import Cancellation
from airbyte_local.connectors.external.choices import Choices, Registered
from airbyte_local.connectors.external.environments import Environment, Environments, FindUv, Say
from airbyte_local.connectors.external.pins import BY_IMAGE, LOW_CODE, Adapt, Pin, injection
from airbyte_local.connectors.external.sources import ExternalSource, Program, read_specification
from airbyte_local.connectors.external.workers import Limits, Preload, Worker
from airbyte_local.connectors.file import File
from airbyte_local.connectors.protocol import (
    Candidate,
    Connector,
    ConnectorFailed,
    Destination,
    Source,
    Surroundings,
)
from airbyte_local.model.json_values import Json, is_object

Standing = Literal["runs", "installable", "imitated"]
EXTRAS = {
    "airbyte/destination-duckdb": ("duckdb", "duckdb"),
    "airbyte/destination-postgres": ("psycopg", "postgres"),
}
JAVA = frozenset(
    {"airbyte/source-mysql", "airbyte/source-postgres", "airbyte/destination-bigquery"}
    | {"airbyte/destination-s3", "airbyte/destination-snowflake"}
)
FOLDER_NAME = "connectors"  # below the folder of data, where nobody names another
LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Uninstalled:
    """A connector that could be real: what acts for it meanwhile, and what the first use does."""

    name: str  # what `airbyte-local install` calls it
    stand_in: Connector
    answers: frozenset[str]  # of check and discover: what the stand-in does where nothing may be installed
    advice: str
    install: Callable[[Surroundings], Source] | None  # None: only a user may

    def spec(self) -> Json:
        return self.stand_in.spec()

    def check(self, configuration: Json, around: Surroundings, /) -> None:
        self._acting("check", around).check(configuration, around)

    def discover(self, configuration: Json, around: Surroundings, /) -> list[Json]:
        return self._acting("discover", around).discover(configuration, around)

    def read(
        self, configuration: Json, catalog: Json, state: list[Json], around: Surroundings, /
    ) -> Generator[Json]:
        yield from self._real(around).read(configuration, catalog, state, around)

    def _acting(self, word: str, around: Surroundings) -> Connector:
        return self.stand_in if self.install is None and word in self.answers else self._real(around)

    def _real(self, around: Surroundings) -> Source:
        if self.install is None:
            raise ConnectorFailed(self.advice)
        return self.install(around)


class Workshop:
    """The connectors below one folder, and the processes that run them. Threads may share it."""

    def __init__(
        self, folder: Path, *, installs: bool = False, limits: Limits | None = None, uv: FindUv | None = None
    ) -> None:
        """*installs*: whether the first use of a connector may. *uv* finds the program that does."""
        self.environments = Environments(folder, uv)
        self.choices = Choices(folder)
        self._installs = installs
        self._limits = limits or Limits()
        self._lock = threading.Lock()
        self._plain = Worker()
        self._warm: dict[Path, Worker] = {}

    def connector(self, wanted: Candidate) -> Connector:
        """Costs a look at a few files; nothing is started."""
        if wanted.kind != "source":
            return wanted.stand_in
        if is_object(wanted.manifest):
            # `discover` of one that does not run finds no streams, so that it can be configured all the same.
            answers = frozenset({"discover"})
            return self._real(LOW_CODE, wanted.stand_in, answers, injection(wanted.manifest))
        registered = self.choices.command(wanted.repository)
        if registered is not None:
            return self.source_of(registered)
        pin = self._pin(wanted)
        if pin is None:
            is_file = isinstance(wanted.stand_in, File)  # which says how to read what it does not
            return File(install=self._command("source-file")) if is_file else wanted.stand_in
        return self._real(pin, wanted.stand_in, frozenset({"check", "discover"} if pin.here == "imitated" else ()))

    def runs(self, wanted: Candidate) -> str | None:
        """What the connector is, to the version, where it is a real one; else None."""
        if wanted.kind != "source":
            return None
        if is_object(wanted.manifest):
            digest = hashlib.sha256(json.dumps(wanted.manifest).encode()).hexdigest()
            return f"manifest {digest[:12]} on {self._runs(LOW_CODE) or 'nothing'}"
        registered = self.choices.command(wanted.repository)
        if registered is not None:
            return " ".join(registered.command)
        pin = self._pin(wanted)
        return self._runs(pin) if pin else None

    def install(self, pin: Pin, say: Say, cancellation: Cancellation | None = None) -> Environment:
        """Raises as `Environments.install`."""
        return self.environments.install(pin, self._plain, cancellation or Cancellation(), say)

    def register(self, image: str, command: tuple[str, ...]) -> None:
        """Let *command* act for *image*, from now on and in every server that shares the folder.

        Raises:
            ConnectorCrashed: it does not answer `spec`.
        """
        self.choices.register(image, command, read_specification(self._program(command, self._plain)))

    def source_of(self, registered: Registered) -> ExternalSource:
        program = self._program(registered.command, self._plain)
        title = " ".join(registered.command)
        return ExternalSource(title=title, specification=registered.specification, program=program)

    def close(self) -> None:
        """End every process."""
        with self._lock:
            for worker in (self._plain, *self._warm.values()):
                worker.close()
            self._warm.clear()

    def _pin(self, wanted: Candidate) -> Pin | None:
        """Of the real connector that is to act; None where what is built in or imitated by other rules does."""
        pin = BY_IMAGE.get(wanted.repository)
        if pin is None or pin is LOW_CODE:
            return None
        stays = pin.here == "built in" and not self.choices.prefers(pin.image)
        if stays and not (wanted.custom and self.environments.find(pin)):
            return None
        return pin

    def _runs(self, pin: Pin) -> str | None:
        is_there = self.environments.find(pin) is not None or self._may_install
        return f"{pin.package} {pin.version}" if is_there else None

    def _real(
        self, pin: Pin, stand_in: Connector, answers: frozenset[str], adapt: Adapt | None = None
    ) -> Connector:
        def made(environment: Environment) -> ExternalSource:
            return ExternalSource(
                title=f"{pin.package} {pin.version}",
                specification=environment.specification if adapt is None else stand_in.spec(),
                program=self._program((str(environment.script),), self._worker(environment)),
                adapt=adapt or pin.adapt,
            )

        def install(around: Surroundings) -> ExternalSource:
            if self.environments.find(pin) is None:
                LOGGER.info("Installing %s %s; see %s", pin.package, pin.version, self.environments.log(pin))
            return made(self.install(pin, LOGGER.debug, around.cancellation))

        found = self.environments.find(pin)
        if found is not None:
            return made(found)
        state = "only imitated here" if pin.here == "imitated" else "not installed"
        return Uninstalled(
            name=pin.name,
            stand_in=stand_in,
            answers=answers,
            advice=f"{pin.title}: {state}. `{self._command(pin.name)}` makes it run.",
            install=install if self._may_install else None,
        )

    def _worker(self, environment: Environment) -> Worker:
        with self._lock:
            if environment.folder not in self._warm:
                pin = environment.pin
                self._warm[environment.folder] = Worker(Preload(environment.python, pin.package, pin.script))
            return self._warm[environment.folder]

    def _program(self, arguments: tuple[str, ...], worker: Worker) -> Program:
        return Program(arguments=arguments, worker=worker, limits=self._limits)

    @cached_property
    def _may_install(self) -> bool:
        """Looked at once: a list of a thousand sources asks a thousand times."""
        with contextlib.suppress(ConnectorFailed):
            return self._installs and bool(self.environments.uv())
        return False

    def _command(self, name: str) -> str:
        """What installs it where this workshop finds it."""
        where = self.environments.folder
        data = f" --data {where.parent}" if where.name == FOLDER_NAME else ""
        return f"airbyte-local install {name}{data}"


def availability(image: str, connector: Connector) -> tuple[Standing, str]:
    """How the connector stands that acts for *image* (as `ActorDefinition.connector` says it), and why so."""
    if isinstance(connector, ExternalSource):
        return "runs", f"real: {connector.title}"
    if isinstance(connector, Uninstalled):
        if connector.install is not None:
            return "runs", "real, installed by its first use"
        return "installable", f"airbyte-local install {connector.name}"
    if isinstance(connector, (Source, Destination)):
        return "runs", _built_in(image)
    return "imitated", _why(image)


def _built_in(image: str) -> str:
    library, extra = EXTRAS.get(image, (None, None))
    if library is not None and importlib.util.find_spec(library) is None:
        return f"built in, with pip install 'airbyte-local[{extra}]'"
    pin = BY_IMAGE.get(image)
    return f"built in; the real one: airbyte-local install {pin.name}" if pin else "built in"


def _why(image: str) -> str:
    if image in JAVA:
        return "a Java image, which needs Docker"
    if "/destination-" in image:
        return "no package of the index is known to work"
    return "no package is pinned; a manifest or a command can act for it"
