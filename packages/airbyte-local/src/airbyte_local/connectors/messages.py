"""The messages of Airbyte's protocol as plain dicts, in the words they have on a connector's standard output.

https://docs.airbyte.com/understanding-airbyte/airbyte-protocol is where the words come from.
"""

from __future__ import annotations

import time
from typing import Literal

from airbyte_local.model.json_values import Json

StreamStatus = Literal["STARTED", "RUNNING", "COMPLETE", "INCOMPLETE"]
Level = Literal["FATAL", "ERROR", "WARN", "INFO", "DEBUG", "TRACE"]


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def descriptor(name: str, namespace: str | None = None) -> Json:
    return {"name": name} if namespace is None else {"name": name, "namespace": namespace}


def record(name: str, data: Json, emitted_at: int, namespace: str | None = None) -> Json:
    """*emitted_at* in milliseconds since 1970."""
    found: Json = {"stream": name, "data": data, "emitted_at": emitted_at}
    if namespace is not None:
        found["namespace"] = namespace
    return {"type": "RECORD", "record": found}


def stream_state(name: str, state: Json, namespace: str | None = None) -> Json:
    stream = {"stream_descriptor": descriptor(name, namespace), "stream_state": state}
    return {"type": "STATE", "state": {"type": "STREAM", "stream": stream}}


def stream_status(name: str, status: StreamStatus, namespace: str | None = None) -> Json:
    told = {"stream_descriptor": descriptor(name, namespace), "status": status}
    return {"type": "TRACE", "trace": {"type": "STREAM_STATUS", "emitted_at": now_ms(), "stream_status": told}}


def log(message: str, level: Level = "INFO") -> Json:
    return {"type": "LOG", "log": {"level": level, "message": message}}
