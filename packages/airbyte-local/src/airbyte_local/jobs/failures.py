"""Why an attempt failed, as a value in the vendor's words; and who may try again."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, Literal

from airbyte_local.connectors.messages import now_ms
from airbyte_local.connectors.protocol import ConnectorCrashed, ConnectorFailed
from airbyte_local.model.catalogs import key_of
from airbyte_local.model.json_values import Json, bean, is_object
from airbyte_local.model.records import StreamKey

Origin = Literal["source", "destination", "replication", "airbyte_platform"]
KINDS = frozenset({"config_error", "system_error", "transient_error"})
LONGEST = 200_000
"""Characters of an error that are looked at; fewer are kept, once its secrets are masked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """*kind* is one of the vendor's failureType; *message* is what a user reads."""

    origin: Origin
    message: str
    kind: str = "system_error"
    internal: str | None = None
    stream: StreamKey | None = None

    @property
    def retryable(self) -> bool:
        """A configuration does not get better by itself; everything else may."""
        return self.kind not in {"config_error", "manual_cancellation"}

    def reason(self) -> Json:
        """The vendor's FailureReason."""
        stream = bean(name=self.stream[1], namespace=self.stream[0]) if self.stream else None
        return bean(
            failureOrigin=self.origin,
            failureType=self.kind,
            externalMessage=self.message,
            internalMessage=self.internal or self.message,
            retryable=self.retryable,
            timestamp=now_ms(),
            streamDescriptor=stream,
        )


class AttemptFailed(Exception):
    """An attempt cannot succeed any more."""

    def __init__(self, *failures: Failure) -> None:
        super().__init__("; ".join(failure.message for failure in failures))
        self.failures = failures


def misconfigured(origin: Origin, message: str, stream: StreamKey | None = None) -> AttemptFailed:
    """What is asked for cannot be done, however often it is tried."""
    return AttemptFailed(Failure(origin=origin, kind="config_error", message=message, stream=stream))


def raised_by(origin: Origin, error: Exception) -> AttemptFailed:
    """What a connector raised, as the failure of the attempt."""
    return AttemptFailed(failure_of(origin, error))


@contextlib.contextmanager
def blamed(origin: Origin) -> Generator[None]:
    """Whatever goes wrong within the block is a failure of *origin*."""
    try:
        yield
    except Exception as error:
        raise raised_by(origin, error) from error


def failure_of(origin: Origin, error: Exception) -> Failure:
    """In its own words where it comes from a connector; anything else with its name."""
    if isinstance(error, ConnectorFailed | ConnectorCrashed):
        kind = "config_error" if isinstance(error, ConnectorFailed) else "system_error"
        return Failure(origin=origin, kind=kind, message=str(error) or type(error).__name__)
    if isinstance(error, OSError):
        where = f": {error.filename}" if error.filename else ""
        return Failure(origin=origin, message=f"{error.strerror or error}{where}")
    return Failure(origin=origin, message=f"{type(error).__name__}: {error}")


def told_by_trace(origin: Origin, error: Any) -> Failure:
    """What a TRACE ERROR of the protocol says, whatever it is made of."""
    said: Json = error if is_object(error) else {"message": error}
    internal = said.get("internal_message")
    message = said.get("message") or internal or "The connector failed."
    kind = said.get("failure_type")
    return Failure(
        origin=origin,
        kind=kind if isinstance(kind, str) and kind in KINDS else "system_error",
        message=str(message)[:LONGEST],
        internal=str(internal)[:LONGEST] if internal else None,
        stream=_stream(said.get("stream_descriptor")),
    )


def _stream(descriptor: Any) -> StreamKey | None:
    if is_object(descriptor) and isinstance(descriptor.get("name"), str):
        return key_of(descriptor)
    return None
