"""What was asked and answered, for tests to look at. Bodies hold secrets in clear text: kept where asked for."""

from __future__ import annotations

import json
import threading
from collections import deque
from dataclasses import dataclass, field, fields, replace
from typing import Any

from airbyte_local.model.json_values import Json

KEPT = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request and its answer.

    *status* and *response* are what the server made of it, None where it did nothing; *delivered* says whether the
    asker was told. *fault* names the fault that came in between. *began* is in seconds by a clock that tells only
    how far two requests lie apart.
    """

    number: int
    method: str
    path: str
    query: str = ""
    status: int | None
    delivered: bool
    fault: str | None
    began: float
    seconds: float
    request_bytes: bytes = field(repr=False)
    response_bytes: bytes = field(repr=False)

    @property
    def request(self) -> Any:
        """The body sent, as JSON; None where there was none, or no JSON."""
        return _parsed(self.request_bytes)

    @property
    def response(self) -> Any:
        return _parsed(self.response_bytes)

    def read(self) -> Json:
        plain = {
            field.name: getattr(self, field.name) for field in fields(self) if not field.name.endswith("_bytes")
        }
        times = {"began": round(self.began, 6), "seconds": round(self.seconds, 6)}
        return {**plain, **times, "request": self.request, "response": self.response}


class RequestLog:
    """The last exchanges, oldest first. Threads may share it."""

    def __init__(self, *, bodies: bool) -> None:
        self._bodies = bodies
        self._lock = threading.Lock()
        self._last = self._forgotten = 0
        self._kept: deque[Exchange] = deque(maxlen=KEPT)

    def number(self) -> int:
        """The place of a request that has just arrived."""
        with self._lock:
            self._last += 1
            return self._last

    def record(self, exchange: Exchange) -> None:
        exchange = exchange if self._bodies else replace(exchange, request_bytes=b"", response_bytes=b"")
        with self._lock:
            if exchange.number > self._forgotten:
                self._kept.append(exchange)

    def all(self) -> list[Exchange]:
        with self._lock:
            return sorted(self._kept, key=lambda exchange: exchange.number)

    def clear(self) -> None:
        """What has arrived is forgotten, also where it is being answered still."""
        with self._lock:
            self._forgotten = self._last
            self._kept.clear()


def _parsed(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None
