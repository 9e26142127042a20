"""What a user declares of an Airbyte: sources, destinations, tags, connections. Plain values."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Literal, TypeAlias, cast

from dagster_managed_elements.airbyte.connection_fields import (
    TAG,
    AirbyteDestinationNamespace,
    AirbyteResourceRequirements,
    declared_fields,
)
from dagster_managed_elements.airbyte.connector_elements import (
    AirbyteDestinationDefinition,
    AirbyteLowCodeConnector,
    AirbyteSourceDefinition,
)
from dagster_managed_elements.airbyte.references import (
    DESTINATION_DEFINITION,
    LOW_CODE_CONNECTOR,
    SOURCE_DEFINITION,
    reference,
)
from dagster_managed_elements.airbyte.requiring import refusal, require, require_kind
from dagster_managed_elements.airbyte.schedules import AirbyteSchedule
from dagster_managed_elements.airbyte.stream_config import StreamConfig, streams_block
from dagster_managed_elements.airbyte.structures import Configuration, as_mapping
from dagster_managed_elements.airbyte.typed import TypedConfiguration
from dagster_managed_elements.engine.elements import Element, plain
from dagster_managed_elements.engine.errors import DeclarationError
from dagster_managed_elements.engine.values import UNSET, Fields, Key, Unset

NonBreakingChanges: TypeAlias = Literal["ignore", "disable_connection", "propagate_columns", "propagate_fully"]


@dataclass(frozen=True)
class AirbyteSource(Element):
    """A source in Airbyte.

    Args:
        source_type: The connector: its name, docker repository or definition id; or an element that declares it,
            which is created first, or what `existing` refers to.
        source_configuration: The whole configuration: what Airbyte holds beside it, and no default explains, is a
            difference. A mapping, or what has its settings as fields: a class that `dagster-me types` wrote, a
            dataclass, a msgspec struct or a pydantic model, also for a part of it; kept is the mapping it comes to.

    Raises:
        DeclarationError: Where a value is of another type.
    """

    kind: ClassVar[str] = "source"

    source_type: str | AirbyteSourceDefinition | AirbyteLowCodeConnector | Key
    source_configuration: Configuration = field(default_factory=dict[str, Any], repr=False)

    def __post_init__(self) -> None:
        given = self.source_configuration
        object.__setattr__(self, "source_configuration", as_mapping(given))
        require(self, "source_type", self.source_type, str, AirbyteSourceDefinition, AirbyteLowCodeConnector, Key)
        require_kind(self, "source_type", self.source_type, SOURCE_DEFINITION, LOW_CODE_CONNECTOR)
        require(self, "source_configuration", self.source_configuration, Mapping)
        _require_its_own(self, given, self.source_type)

    def fields(self) -> Fields:
        return {"type": _type(self.source_type), "configuration": plain(self.source_configuration)}


@dataclass(frozen=True)
class AirbyteDestination(Element):
    """A destination in Airbyte.

    Args:
        destination_type: The connector, as that of an `AirbyteSource`.
        destination_configuration: The whole configuration, as that of an `AirbyteSource`.

    Raises:
        DeclarationError: Where a value is of another type.
    """

    kind: ClassVar[str] = "destination"

    destination_type: str | AirbyteDestinationDefinition | Key
    destination_configuration: Configuration = field(default_factory=dict[str, Any], repr=False)

    def __post_init__(self) -> None:
        given = self.destination_configuration
        object.__setattr__(self, "destination_configuration", as_mapping(given))
        require(self, "destination_type", self.destination_type, str, AirbyteDestinationDefinition, Key)
        require_kind(self, "destination_type", self.destination_type, DESTINATION_DEFINITION)
        require(self, "destination_configuration", self.destination_configuration, Mapping)
        _require_its_own(self, given, self.destination_type)

    def fields(self) -> Fields:
        return {"type": _type(self.destination_type), "configuration": plain(self.destination_configuration)}


def _require_its_own(element: AirbyteSource | AirbyteDestination, configuration: object, connector: object) -> None:
    """Raises DeclarationError where *configuration* is of a class that was written for another connector."""
    if isinstance(configuration, TypedConfiguration) and (
        other := configuration.another_than(element.kind, connector)
    ):
        named = f"the {element.kind} {connector!r}" if isinstance(connector, str) else f"a {element.kind}"
        raise refusal(element, f"{element.kind}_configuration is that of {other}, not of {named}")


@dataclass(frozen=True)
class AirbyteTag(Element):
    """A tag of a workspace, for connections to wear; Airbyte has them since 1.6.

    Args:
        color: Six hexadecimal digits, with or without `#`; where it is not given it is not managed, and a new tag
            is grey.

    Raises:
        DeclarationError: For what is no color.
    """

    kind: ClassVar[str] = TAG

    color: str | Unset = UNSET

    def __post_init__(self) -> None:
        color = cast("object", self.color)
        if color is not UNSET and not (isinstance(color, str) and re.fullmatch("#?[0-9A-Fa-f]{6}", color)):
            raise DeclarationError(f"AirbyteTag {self.name!r}: color wants six hexadecimal digits, not {color!r}.")

    def fields(self) -> Fields:
        return {"color": self.color.lstrip("#").upper()} if isinstance(self.color, str) else {}


@dataclass(frozen=True)
class AirbyteConnection(Element):
    """A connection in Airbyte, and with it the source and the destination it joins; or those that `existing` refers
    to, which are there and nobody declares.

    What has the default UNSET is not managed where it is not given, and cannot be given where the server or its
    Public API does not take it (docs/connections.md has the table). A new connection is active, manual, without a
    prefix, and goes to the destination's default namespace, unless something else is said.

    Args:
        source: Where its rows come from; declared along with it, unless it is what `existing` refers to.
        destination: Where they go; the same.
        stream_config: Each stream to be synced, and its mode, or an `AirbyteStream`. It is whole: a selected stream
            that is not in it is a difference. A stream whose name stands in several namespaces is named by
            `(namespace, name)`, with "" for the namespace where it has none. Patterns such as `"raw_*"` and `"*"`
            take in what the connection's catalog has, but for what is `EXCLUDED`; a name goes before a pattern, a
            narrower pattern before a wider one.
        normalize_data: Of Airbytes before 1.0: whether they normalize. None is never a difference.
        destination_namespace: Where its tables go; a text is a custom format such as `"${SOURCE_NAMESPACE}_raw"`.
        prefix: Of its tables' names; None is none.
        schedule: An `AirbyteSchedule`, or a cron expression in UTC.
        status: Whether it is active or inactive, which is paused.
        non_breaking_changes: What Airbyte does when the source's schema grows.
        notify_schema_changes: Whether Airbyte tells of a changed schema by webhook.
        notify_schema_changes_by_email: Whether it tells by mail.
        backfill: Whether a new column is filled in old rows too, by reading the stream anew.
        resource_requirements: Of its syncs; None are those of the instance.
        region: Where it runs, before Airbyte 1.7.
        tags: All it wears, as elements or as the names of tags that exist; None or `[]` is none.

    Raises:
        DeclarationError: For a value that a field does not have.
    """

    kind: ClassVar[str] = "connection"

    source: AirbyteSource | Key
    destination: AirbyteDestination | Key
    stream_config: StreamConfig
    normalize_data: bool | None = None
    destination_namespace: AirbyteDestinationNamespace | str | Unset | None = UNSET
    prefix: str | Unset | None = UNSET
    schedule: AirbyteSchedule | str | Unset = field(default=UNSET, kw_only=True)
    status: Literal["active", "inactive"] | Unset = field(default=UNSET, kw_only=True)
    non_breaking_changes: NonBreakingChanges | Unset = field(default=UNSET, kw_only=True)
    notify_schema_changes: bool | Unset = field(default=UNSET, kw_only=True)
    notify_schema_changes_by_email: bool | Unset = field(default=UNSET, kw_only=True)
    backfill: bool | Unset = field(default=UNSET, kw_only=True)
    resource_requirements: AirbyteResourceRequirements | Unset | None = field(default=UNSET, kw_only=True)
    region: str | Unset = field(default=UNSET, kw_only=True)
    tags: Sequence[AirbyteTag | str] | Unset | None = field(default=UNSET, kw_only=True)

    def __post_init__(self) -> None:
        require(self, "source", self.source, AirbyteSource, Key)
        require_kind(self, "source", self.source, "source")
        require(self, "destination", self.destination, AirbyteDestination, Key)
        require_kind(self, "destination", self.destination, "destination")
        require(self, "stream_config", self.stream_config, Mapping)
        for stream in self.stream_config:
            _require_name(self, stream)
        try:
            _ = self._streams
        except DeclarationError as error:
            raise DeclarationError(f"AirbyteConnection {self.name!r}: {error}") from None
        require(self, "normalize_data", self.normalize_data, bool, type(None))
        try:
            _ = self._declared
        except DeclarationError as error:
            raise DeclarationError(f"{type(self).__name__} {self.name!r}: {error}") from None

    @cached_property
    def _streams(self) -> Mapping[str, Any]:
        return streams_block(self.stream_config)

    @cached_property
    def _declared(self) -> Mapping[str, Any]:
        return declared_fields(self)

    def fields(self) -> Fields:
        return {
            "source": reference(self.source),
            "destination": reference(self.destination),
            "normalize data": self.normalize_data,
            "streams": self._streams,
            **self._declared,
        }


def _require_name(element: Element, name: object) -> None:
    """Raises DeclarationError where *name* is no stream's."""
    pair = cast("tuple[object, ...]", name) if isinstance(name, tuple) else ()
    if not isinstance(name, str) and [type(part) for part in pair] != [str, str]:
        told = f"{type(element).__name__} {element.name!r}: stream_config"
        raise DeclarationError(f"{told} is by a name or by (namespace, name), not by {name!r}.")


def _type(connector: str | Element | Key) -> str | Key:
    return connector if isinstance(connector, str) else reference(connector)
