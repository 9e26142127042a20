"""A source that is a program: each command of Airbyte's protocol is one run of it."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from airbyte_local.connectors.external.commands import Limits
from airbyte_local.connectors.external.masking import Masking
from airbyte_local.connectors.external.pins import Adapt, as_given
from airbyte_local.connectors.external.speaking import Conversation
from airbyte_local.connectors.external.workers import FOLDER, Worker
from airbyte_local.connectors.protocol import ConnectorCrashed, ConnectorFailed, Surroundings
from airbyte_local.model.json_values import Json, is_list, is_object

SOMETHING = "Something went wrong"
NOTHING_SECRET = Masking({}, {})


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
            status = _last(conversation.messages(self.program.limits.check), "CONNECTION_STATUS")
            around.cancellation.raise_if_requested()
            if status is None:
                raise _no_answer(conversation)
            if status["connectionStatus"].get("status") != "SUCCEEDED":
                raise ConnectorFailed(status["connectionStatus"].get("message") or "The check failed.")

    def discover(self, configuration: Json, around: Surroundings, /) -> list[Json]:
        with self._talk("discover", configuration, around) as conversation:
            catalog = _last(conversation.messages(self.program.limits.discover), "CATALOG")
            around.cancellation.raise_if_requested()
            if catalog is None:
                raise _no_answer(conversation)
            return discovered_streams(catalog)

    def read(
        self, configuration: Json, catalog: Json, state: list[Json], around: Surroundings, /
    ) -> Generator[Json]:
        files = {"catalog.json": catalog, "state.json": state}
        options = ["--catalog", f"{FOLDER}/catalog.json", *(["--state", f"{FOLDER}/state.json"] if state else [])]
        with self._talk("read", configuration, around, options, files) as conversation:
            yield from conversation.messages(self.program.limits.silence, renews=True)
            around.cancellation.raise_if_requested()
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
            yield Conversation(command, Masking(self.specification, configuration))


def read_specification(program: Program) -> Json:
    """What `spec` says: the JSON Schema of the configuration.

    Raises:
        ConnectorCrashed: it says nothing.
    """
    command = program.worker.start([*program.arguments, "spec"], {}, program.limits)
    with contextlib.closing(command):
        conversation = Conversation(command, NOTHING_SECRET)
        found = _last(conversation.messages(program.limits.spec), "SPEC")
        if found is None:
            raise _no_answer(conversation)
    schema = found["spec"].get("connectionSpecification")
    if not is_object(schema):
        raise ConnectorCrashed("The connector wrote a SPEC without a connectionSpecification.")
    return schema


def discovered_streams(message: Json) -> list[Json]:
    """The streams of a CATALOG as `Connector.discover` gives them."""
    streams = message["catalog"].get("streams")
    if not is_list(streams) or not all(is_object(each) and isinstance(each.get("name"), str) for each in streams):
        raise ConnectorCrashed("The connector wrote a CATALOG whose streams are none.")
    return [_stream(each) for each in streams]


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


def _last(said: Iterator[Json], kind: str) -> Json | None:
    found = None
    for message in said:
        if message["type"] == kind:
            found = message
    return found


def _no_answer(conversation: Conversation) -> ConnectorFailed | ConnectorCrashed:
    if conversation.error is None:
        return ConnectorCrashed(conversation.ending())
    return ConnectorFailed(_reason(conversation.error))


def _reason(error: Json) -> str:
    """What a user reads. Where the connector has only a phrase to say, what it keeps to itself is added."""
    message, internal = error.get("message"), error.get("internal_message")
    if message and internal and message.startswith(SOMETHING):
        return f"{message} ({internal})"
    return str(message or internal or "The connector failed, and did not say why.")
