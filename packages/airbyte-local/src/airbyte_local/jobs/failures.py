"""Why an attempt failed, as a value in the vendor's words; and who may try again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from airbyte_local.connectors.messages import now_ms
from airbyte_local.connectors.protocol import ConnectorFailed
from airbyte_local.json_values import Json, bean
from airbyte_local.store import StreamKey

Origin = Literal["source", "destination", "replication", "airbyte_platform"]
KINDS = frozenset({"config_error", "system_error", "transient_error"})


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


def raised_by(origin: Origin, error: Exception) -> AttemptFailed:
    """What a connector raised, as the failure of the attempt."""
    kind = "config_error" if isinstance(error, ConnectorFailed) else "system_error"
    if isinstance(error, OSError):
        message = error.strerror or str(error)
        where = f": {error.filename}" if error.filename else ""
        return AttemptFailed(Failure(origin=origin, kind=kind, message=f"{message}{where}"))
    return AttemptFailed(Failure(origin=origin, kind=kind, message=str(error) or type(error).__name__))


def told_by_trace(origin: Origin, error: Json) -> Failure:
    """What a TRACE ERROR of the protocol says."""
    descriptor: Json = error.get("stream_descriptor") or {}
    kind = error.get("failure_type")
    return Failure(
        origin=origin,
        kind=kind if kind in KINDS else "system_error",
        message=str(error.get("message") or error.get("internal_message") or "The connector failed."),
        internal=error.get("internal_message"),
        stream=(descriptor.get("namespace"), descriptor["name"]) if descriptor.get("name") else None,
    )
