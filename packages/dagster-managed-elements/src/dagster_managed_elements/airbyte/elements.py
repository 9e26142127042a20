"""What a user declares of an Airbyte: sources, destinations, connections. Plain values; no server is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, cast

from dagster_managed_elements.airbyte.connection_fields import AirbyteDestinationNamespace, declared_fields
from dagster_managed_elements.airbyte.stream_names import StreamName, label_of
from dagster_managed_elements.airbyte.syncmodes import AirbyteSyncMode
from dagster_managed_elements.engine.elements import Element, key_of, plain
from dagster_managed_elements.engine.errors import DeclarationError
from dagster_managed_elements.engine.values import UNSET, Fields, Unset


@dataclass(frozen=True)
class AirbyteSource(Element):
    """A source in Airbyte.

    *source_type* names the connector: its name, docker repository or definition id. *source_configuration* is the
    whole configuration: what Airbyte holds beside it, and no default explains, is a difference.
    """

    kind: ClassVar[str] = "source"

    source_type: str
    source_configuration: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False)

    def __post_init__(self) -> None:
        _require(self, "source_type", self.source_type, str)
        _require(self, "source_configuration", self.source_configuration, Mapping)

    def fields(self) -> Fields:
        return {"type": self.source_type, "configuration": plain(self.source_configuration)}


@dataclass(frozen=True)
class AirbyteDestination(Element):
    """A destination in Airbyte; *destination_type* and *destination_configuration* as of `AirbyteSource`."""

    kind: ClassVar[str] = "destination"

    destination_type: str
    destination_configuration: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False)

    def __post_init__(self) -> None:
        _require(self, "destination_type", self.destination_type, str)
        _require(self, "destination_configuration", self.destination_configuration, Mapping)

    def fields(self) -> Fields:
        return {"type": self.destination_type, "configuration": plain(self.destination_configuration)}


@dataclass(frozen=True)
class AirbyteConnection(Element):
    """A connection in Airbyte, and with it the source and the destination it joins.

    *stream_config* maps each stream to be synced to its mode; it is whole: a selected stream that is not in it
    is a difference. A stream whose name stands in several namespaces is named by `(namespace, name)`, with "" for
    the namespace where it has none.

    *destination_namespace* (a string is a custom format such as `"${SOURCE_NAMESPACE}_raw"`) and *prefix* are not
    managed where they are not given; a new connection begins with DESTINATION_DEFAULT and no prefix then.
    *normalize_data* is of older Airbytes: None is never a difference.
    """

    kind: ClassVar[str] = "connection"

    source: AirbyteSource
    destination: AirbyteDestination
    stream_config: Mapping[StreamName, AirbyteSyncMode]
    normalize_data: bool | None = None
    destination_namespace: AirbyteDestinationNamespace | str | Unset | None = UNSET
    prefix: str | Unset | None = UNSET

    def __post_init__(self) -> None:
        _require(self, "source", self.source, AirbyteSource)
        _require(self, "destination", self.destination, AirbyteDestination)
        _require(self, "stream_config", self.stream_config, Mapping)
        for stream, mode in self.stream_config.items():
            _require_name(self, stream)
            _require(self, f"stream_config of {label_of(stream)}", mode, AirbyteSyncMode)
            if mode.unknown is not None:
                raise DeclarationError(f"AirbyteConnection {self.name!r}: {label_of(stream)}: {mode.unknown}.")
        _require(self, "normalize_data", self.normalize_data, bool, type(None))
        _require(self, "prefix", self.prefix, str, Unset, type(None))
        namespaces = (AirbyteDestinationNamespace, str, Unset, type(None))
        _require(self, "destination_namespace", self.destination_namespace, *namespaces)

    def fields(self) -> Fields:
        return {
            "source": key_of(self.source),
            "destination": key_of(self.destination),
            "normalize data": self.normalize_data,
            "streams": {label_of(name): _stream(mode) for name, mode in self.stream_config.items()},
            **declared_fields(self),
        }


def _require(element: Element, what: str, value: object, kind: type[object], *others: type[object]) -> None:
    """Raises DeclarationError: a wrong type would otherwise be found far from where it was written."""
    if not isinstance(value, (kind, *others)):
        article = "an" if kind.__name__[0] in "AEIO" else "a"
        name = f"{type(element).__name__} {element.name!r}"
        raise DeclarationError(f"{name}: {what} wants {article} {kind.__name__}, not {type(value).__name__}.")


def _require_name(element: Element, name: object) -> None:
    """Raises DeclarationError where *name* is no stream's."""
    pair = cast("tuple[object, ...]", name) if isinstance(name, tuple) else ()
    if not isinstance(name, str) and [type(part) for part in pair] != [str, str]:
        told = f"{type(element).__name__} {element.name!r}: stream_config"
        raise DeclarationError(f"{told} is by a name or by (namespace, name), not by {name!r}.")


def _stream(mode: AirbyteSyncMode) -> AirbyteSyncMode | dict[str, Any]:
    """One line where only the modes are declared, a block where a cursor or a key is."""
    if mode.cursor_field is None and mode.primary_key is None:
        return mode
    block: dict[str, Any] = {"mode": mode.bare}
    if mode.cursor_field is not None:
        block["cursor"] = list(mode.cursor_field)
    if mode.primary_key is not None:
        block["primary key"] = [list(path) for path in mode.primary_key]
    return block
