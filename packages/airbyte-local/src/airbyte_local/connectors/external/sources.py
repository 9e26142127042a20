"""A source that is a program: each command of Airbyte's protocol is one run of it.

What it writes are messages of the protocol, as plain dicts with secrets masked; anything else is a LOG. A RECORD or
a STATE that cannot be understood is no such thing: to pass over it would be to lose data.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections import deque
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from airbyte_local.connectors import messages
from airbyte_local.connectors.external.masking import Masking
from airbyte_local.connectors.external.pins import Adapt, as_given
from airbyte_local.connectors.external.workers import FOLDER, Command, Limits, Worker
from airbyte_local.connectors.protocol import ConnectorCrashed, ConnectorFailed, Surroundings
from airbyte_local.model.json_values import Json, is_list, is_object

SOMETHING = "Something went wrong"
NOTHING_SECRET = Masking({}, {})
TYPES = frozenset({"RECORD", "STATE", "LOG", "TRACE", "SPEC", "CONNECTION_STATUS", "CATALOG"})
SAYS = {"LOG": "log", "TRACE": "trace", "CONNECTION_STATUS": "connectionStatus"}
"""The types that are words of the connector, and where in the message they are. The others are data."""
STRAY_LINES = 5_000
"""So many lines that are no message become LOGs; the others are counted. A library that prints fills no disk."""
STRAY_LENGTH = 2_000
LAST_LINES = 10
BROKEN = re.compile(rb'\s*\{\s*"type"\s*:\s*"(RECORD|STATE)"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """How a connector is called, and the worker that does it."""

    arguments: Sequence[str]
    worker: Worker
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalSource:
    """What it raises is in the connector's own words, secrets masked."""

    title: str  # what runs, to the version
    specification: Json
    program: Program
    adapt: Adapt = as_given

    def spec(self) -> Json:
        return self.specification

    def check(self, configuration: Json, around: Surroundings, /) -> None:
        with self._talk("check", configuration, around) as conversation:
            said = conversation.answer("CONNECTION_STATUS", self.program.limits.check)["connectionStatus"]
            if said.get("status") != "SUCCEEDED":
                raise ConnectorFailed(said.get("message") or "The check failed.")

    def discover(self, configuration: Json, around: Surroundings, /) -> list[Json]:
        with self._talk("discover", configuration, around) as conversation:
            return discovered_streams(conversation.answer("CATALOG", self.program.limits.discover))

    def read(
        self, configuration: Json, catalog: Json, state: list[Json], around: Surroundings, /
    ) -> Generator[Json]:
        files = {"catalog.json": catalog, "state.json": state}
        options = ["--catalog", f"{FOLDER}/catalog.json", *(["--state", f"{FOLDER}/state.json"] if state else [])]
        with self._talk("read", configuration, around, options, files) as conversation:
            yield from conversation.messages(self.program.limits.silence, renews=True)
            if conversation.failed and conversation.error is None:
                raise ConnectorCrashed(conversation.ending())

    @contextlib.contextmanager
    def _talk(
        self,
        word: str,
        configuration: Json,
        around: Surroundings,
        options: Sequence[str] = (),
        files: Mapping[str, Any] | None = None,
    ) -> Generator[Conversation]:
        around.cancellation.raise_if_requested()
        program = self.program
        adapted = self.adapt(configuration, around)
        arguments = [*program.arguments, word, "--config", f"{FOLDER}/config.json", *options]
        given = {"config.json": adapted, **(files or {})}
        command = program.worker.start(arguments, given, program.limits)
        with contextlib.closing(command), around.cancellation.calling(command.stop):
            try:
                yield Conversation(command, Masking(self.specification, configuration))
            except (ConnectorFailed, ConnectorCrashed):
                around.cancellation.raise_if_requested()  # whatever is said by who was told to stop
                raise
            around.cancellation.raise_if_requested()


def read_specification(program: Program) -> Json:
    """What `spec` says: the JSON Schema of the configuration.

    Raises:
        ConnectorCrashed: it says nothing.
    """
    command = program.worker.start([*program.arguments, "spec"], {}, program.limits)
    with contextlib.closing(command):
        found = Conversation(command, NOTHING_SECRET).answer("SPEC", program.limits.spec)
    schema = found["spec"].get("connectionSpecification")
    if not is_object(schema):
        raise ConnectorCrashed("The connector wrote a SPEC without a connectionSpecification.")
    return schema


def discovered_streams(message: Json) -> list[Json]:
    """The streams of a CATALOG as `Connector.discover` gives them."""
    streams = message["catalog"].get("streams")
    if not is_list(streams) or not all(is_object(one) and isinstance(one.get("name"), str) for one in streams):
        raise ConnectorCrashed("The connector wrote a CATALOG whose streams are none.")
    return [_stream(stream) for stream in streams]


def _stream(given: Json) -> Json:
    namespace = given.get("namespace")
    return {
        "name": given["name"],
        **({} if namespace is None else {"namespace": namespace}),
        "jsonSchema": given.get("json_schema") or {},
        "supportedSyncModes": given.get("supported_sync_modes") or ["full_refresh"],
        "sourceDefinedCursor": bool(given.get("source_defined_cursor")),
        "defaultCursorField": given.get("default_cursor_field") or [],
        "sourceDefinedPrimaryKey": given.get("source_defined_primary_key") or [],
        "isResumable": bool(given.get("is_resumable")),
        "isFileBased": bool(given.get("is_file_based")),
    }


def _reason(error: Json) -> str:
    """What a user reads. Where the connector has only a phrase to say, what it keeps to itself is added."""
    message, internal = error.get("message"), error.get("internal_message")
    if message and internal and message.startswith(SOMETHING):
        return f"{message} ({internal})"
    return str(message or internal or "The connector failed, and did not say why.")


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


DECODER = json.JSONDecoder(parse_constant=_refuse)


class Conversation:
    """One command listened to. Afterwards it can say why the command ended as it did."""

    def __init__(self, command: Command, masking: Masking) -> None:
        self.error: Json | None = None  # of the last TRACE ERROR
        self._command = command
        self._masking = masking
        self._stray = 0
        self._last: deque[str] = deque(maxlen=LAST_LINES)

    def answer(self, kind: str, limit: float) -> Json:
        """The last message of that *kind*. Where there is none, what the connector says of that is raised."""
        found = None
        for message in self.messages(limit):
            if message["type"] == kind:
                found = message
        if found is None:
            raise ConnectorFailed(_reason(self.error)) if self.error else ConnectorCrashed(self.ending())
        return found

    def messages(self, limit: float, *, renews: bool = False) -> Generator[Json]:
        """Limits and errors as `Command.lines` has them. A CONTROL comes empty: it carries a configuration."""
        for channel, line in self._command.lines(limit, renews=renews):
            message = _parse(line) if channel == "out" else None
            if message is None:
                yield from self._complain(line)
            elif message["type"] in SAYS:
                yield self._understand(message)
            elif message["type"] in TYPES:
                yield _sound(message)
            elif message["type"] == "CONTROL":
                yield {"type": "CONTROL"}
        if self._stray > STRAY_LINES:
            yield messages.log(f"{self._stray - STRAY_LINES:,} more lines that are no messages", "WARN")

    @property
    def failed(self) -> bool:
        """Once it has ended."""
        return self._command.code != 0

    def ending(self) -> str:
        """How it ended, with the last lines that were no messages."""
        code = self._command.code
        how = "vanished" if code is None else f"was killed by signal {-code}" if code < 0 else f"ended with {code}"
        return "\n".join([f"The connector {how}{' and said:' if self._last else ' without a word.'}", *self._last])

    def _understand(self, message: Json) -> Json:
        key = SAYS[message["type"]]
        said = self._masking.texts(message.get(key))
        if not is_object(said):
            raise ConnectorCrashed(f"The connector wrote a {message['type']} without its content.")
        if said.get("type") == "ERROR" and message["type"] == "TRACE":
            self.error = said.get("error") or {}
        if said.get("level") in {"ERROR", "FATAL"} and message["type"] == "LOG":
            self._last.append(_shorten(str(said.get("message"))))
        return {**message, key: said}

    def _complain(self, line: bytes) -> Generator[Json]:
        text = self._masking.text(line.decode("utf-8", "replace").rstrip())
        if not text:
            return
        text = _shorten(text)
        self._last.append(text)
        self._stray += 1
        if self._stray <= STRAY_LINES:
            yield messages.log(text)


def _parse(line: bytes) -> Json | None:
    """The message, or None where it is none. json, not a faster parser: those blur numbers beyond 64 bits."""
    try:
        found: Any = DECODER.decode(line.decode())
    except (ValueError, RecursionError) as error:
        if BROKEN.match(line):
            raise ConnectorCrashed(f"The connector wrote a RECORD or STATE that is no JSON: {error}") from error
        return None
    return found if is_object(found) and isinstance(found.get("type"), str) else None


def _sound(message: Json) -> Json:
    kind: str = message["type"]
    inner = message.get(kind.lower())  # of CATALOG, RECORD, SPEC and STATE
    if not is_object(inner):
        raise ConnectorCrashed(f"The connector wrote a {kind} without its content.")
    if kind == "RECORD" and not (isinstance(inner.get("stream"), str) and is_object(inner.get("data"))):
        raise ConnectorCrashed("The connector wrote a RECORD without a stream or without data.")
    return message


def _shorten(text: str) -> str:
    return text if len(text) <= STRAY_LENGTH else f"{text[:STRAY_LENGTH]}…"
