"""The End-to-End Testing destination: takes rows and keeps none; slowly, or until it fails, where it is told to.

LOGGING keeps quiet, other than the vendor's: rows may be private, and a log is not.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

from airbyte_local.connectors.cancelling import Cancellation
from airbyte_local.connectors.protocol import ConnectorCrashed, Destination, Surroundings, Target
from airbyte_local.connectors.specifications import Specified
from airbyte_local.model.json_values import Json


class NullSink:
    def __init__(self, *, seconds_per_row: float, rows: int | None, cancellation: Cancellation) -> None:
        self._seconds = seconds_per_row
        self._rows = rows
        self._cancellation = cancellation

    def write(self, _target: int, _data: Json, _emitted_at: int, /) -> None:
        if self._rows is not None:
            if self._rows <= 0:
                raise ConnectorCrashed("The configuration asks for a failure after so many rows.")
            self._rows -= 1
        if self._seconds > 0:
            woken = threading.Event()
            with self._cancellation.calling(woken.set):
                woken.wait(self._seconds)
            self._cancellation.raise_if_requested()

    def flush(self) -> bool:
        return True

    def finish(self) -> None:
        """There is nothing to make visible."""

    def abort(self) -> None:
        """There is nothing to remove."""


class DevNull(Specified, Destination):
    image = "destination-dev-null"

    def check(self, configuration: Json, around: Surroundings, /) -> None:
        """Nothing can be wrong that the specification does not already refuse."""

    def open(self, configuration: Json, _targets: Sequence[Target], around: Surroundings, /) -> NullSink:
        test: Json = configuration["test_destination"]
        failing = test["test_destination_type"] == "FAILING"
        throttled = test["test_destination_type"] == "THROTTLED"
        return NullSink(
            seconds_per_row=test["millis_per_record"] / 1000 if throttled else 0.0,
            rows=test["num_messages"] if failing else None,
            cancellation=around.cancellation,
        )
