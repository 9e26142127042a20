"""The fields of a connection beside its ends and its streams: one row each, and nowhere else.

A row says what the field is called in a declaration and on the screen, and how each of Airbyte's APIs reads and
writes it. A further field is a further row, and an attribute of `AirbyteConnection`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, Literal, TypeAlias

from dagster_managed_elements.airbyte.wire import Json, read_optional_text
from dagster_managed_elements.engine.values import UNSET

Api: TypeAlias = Literal["config", "public"]


class AirbyteDestinationNamespace(Enum):
    """Where a connection's tables go: the namespace they have at the source, or the destination's default."""

    SAME_AS_SOURCE = "source"
    DESTINATION_DEFAULT = "destination"

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionField:
    """One row. *attribute* is that of `AirbyteConnection`, *label* what is shown and compared under.

    *read* takes an answer of an API, and where it stands; what the server leaves out is the field's default there.
    *write* gives what an API is sent. *initial* is what a new connection begins with where nobody declares it; None
    is left to the server. *refused* says why an API cannot be sent it at all.
    """

    attribute: str
    label: str
    read: Callable[[Json, str], Any]
    write: Callable[[Any, Api], Json]
    initial: Any = None
    refused: Mapping[Api, str] = field(default_factory=dict[Api, str])


_CUSTOM: Final[Mapping[Api, str]] = {"config": "customformat", "public": "custom_format"}


def _read_namespace(answer: Json, at: str) -> AirbyteDestinationNamespace | str:
    """Airbyte takes none at all for that of the source. A word of tomorrow is shown as it is."""
    definition = read_optional_text(answer, "namespaceDefinition", at) or "source"
    if definition in _CUSTOM.values():
        return read_optional_text(answer, "namespaceFormat", at)
    known = {namespace.value: namespace for namespace in AirbyteDestinationNamespace}
    return known.get(definition, definition)


def _write_namespace(namespace: AirbyteDestinationNamespace | str, api: Api) -> Json:
    if isinstance(namespace, AirbyteDestinationNamespace):
        return {"namespaceDefinition": namespace.value}
    return {"namespaceDefinition": _CUSTOM[api], "namespaceFormat": namespace}


FIELDS: Final = (
    ConnectionField(
        attribute="destination_namespace",
        label="destination namespace",
        read=_read_namespace,
        write=_write_namespace,
        initial=AirbyteDestinationNamespace.DESTINATION_DEFAULT,  # the APIs' own defaults are two different ones
    ),
    ConnectionField(
        attribute="prefix",
        label="prefix",
        read=lambda answer, at: read_optional_text(answer, "prefix", at),
        write=lambda prefix, _api: {"prefix": prefix},
    ),
)

Rows: TypeAlias = Sequence[ConnectionField]


def declared_fields(element: object, rows: Rows = FIELDS) -> dict[str, Any]:
    """What of *element* is declared, by label; what is UNSET is not managed."""
    values = {row.label: getattr(element, row.attribute) for row in rows}
    return {label: value for label, value in values.items() if value is not UNSET}


def read_fields(answer: Json, at: str, rows: Rows = FIELDS) -> dict[str, Any]:
    """Every field by label, as an API answered it. ServerFault where one has another shape than promised."""
    return {row.label: row.read(answer, at) for row in rows}


def written_fields(fields: Mapping[str, Any], api: Api, rows: Rows = FIELDS) -> dict[str, Any]:
    """What *api* is sent for *fields*, by label; None is left to the server."""
    sent: dict[str, Any] = {}
    for row in rows:
        if (value := fields.get(row.label)) is not None:
            sent |= row.write(value, api)
    return sent


def initial_fields(api: Api, rows: Rows = FIELDS) -> dict[str, Any]:
    """What *api* is sent for a new connection of which nothing is declared: the same for all, in its own words."""
    return written_fields(initial_values(rows), api, rows)


def initial_values(rows: Rows = FIELDS) -> dict[str, Any]:
    """What a new connection begins with, by label."""
    return {row.label: row.initial for row in rows}


def refusals(fields: Mapping[str, Any], api: Api, rows: Rows = FIELDS) -> dict[str, str]:
    """Which of *fields*, by label, *api* cannot be sent, and why."""
    return {row.label: row.refused[api] for row in rows if fields.get(row.label) is not None and api in row.refused}
