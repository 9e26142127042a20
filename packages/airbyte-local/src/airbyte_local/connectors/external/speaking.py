"""What a command writes as messages of Airbyte's protocol: plain dicts, secrets masked, anything else a LOG.

A RECORD or a STATE that cannot be understood is no such thing: to pass over it would be to lose data.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Generator
from typing import Any

from airbyte_local.connectors import messages
from airbyte_local.connectors.external.commands import Command
from airbyte_local.connectors.external.masking import Masking
from airbyte_local.connectors.protocol import ConnectorCrashed
from airbyte_local.model.json_values import Json, is_object

TYPES = frozenset({"RECORD", "STATE", "LOG", "TRACE", "SPEC", "CONNECTION_STATUS", "CATALOG"})
SAYS = {"LOG": "log", "TRACE": "trace", "CONNECTION_STATUS": "connectionStatus"}
"""The types that are words of the connector, and where in the message they are. The others are data."""
STRAY_LINES = 5_000
"""So many lines that are no message become LOGs; the others are counted. A library that prints fills no disk."""
STRAY_LENGTH = 2_000
LAST_LINES = 10
BROKEN = re.compile(rb'\s*\{\s*"type"\s*:\s*"(RECORD|STATE)"')


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
