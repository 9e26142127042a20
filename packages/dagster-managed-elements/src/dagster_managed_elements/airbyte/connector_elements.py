"""What a user declares of the connectors of an Airbyte. Plain values; no server is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from typing import Any, ClassVar

from dagster_managed_elements.airbyte.manifests import read_manifest
from dagster_managed_elements.airbyte.references import (
    DESTINATION_DEFINITION,
    LOW_CODE_CONNECTOR,
    SOURCE_DEFINITION,
)
from dagster_managed_elements.airbyte.requiring import refusal, require, require_filled
from dagster_managed_elements.engine.elements import Element, plain
from dagster_managed_elements.engine.values import UNSET, Fields, Unset


@dataclass(frozen=True)
class _Definition(Element):
    docker_repository: str | Unset = UNSET
    docker_image_tag: str | Unset = UNSET
    documentation_url: str | Unset = UNSET

    def __post_init__(self) -> None:
        for attribute in _LABELS:
            require(self, attribute, getattr(self, attribute), str, Unset)
        if self.docker_image_tag is UNSET:
            raise refusal(self, "docker_image_tag says which version of the connector; it cannot be left out")
        require_filled(self, "docker_image_tag", self.docker_image_tag, "it says which version of the connector")
        require_filled(
            self, "docker_repository", self.docker_repository, "leave it out for a connector that is there"
        )

    def fields(self) -> Fields:
        values = {label: getattr(self, attribute) for attribute, label in _LABELS.items()}
        return {label: value for label, value in values.items() if value is not UNSET}


_LABELS = {
    "docker_repository": "docker repository",
    "docker_image_tag": "docker image tag",
    "documentation_url": "documentation url",
}


@dataclass(frozen=True)
class AirbyteSourceDefinition(_Definition):
    """A source connector of an Airbyte, and the version of it that is in use.

    With *docker_repository* a connector of your own: created where there is none of this name. Without, one that is
    there, as in `AirbyteSourceDefinition("Postgres", docker_image_tag="3.6.1")`: only its version is managed.

    Args:
        docker_repository: The image of a connector of your own; Airbyte cannot change it later.
        docker_image_tag: The version that is in use; has to be given.
        documentation_url: Counts when it is created; Airbyte cannot change it later.

    Raises:
        DeclarationError: Where a value is of another type, or no version is given, or an empty image.
    """

    kind: ClassVar[str] = SOURCE_DEFINITION


@dataclass(frozen=True)
class AirbyteDestinationDefinition(_Definition):
    """A destination connector of an Airbyte, and the version of it that is in use; as an `AirbyteSourceDefinition`.

    Args:
        docker_repository: The image of a connector of your own; Airbyte cannot change it later.
        docker_image_tag: The version that is in use; has to be given.
        documentation_url: Counts when it is created; Airbyte cannot change it later.

    Raises:
        DeclarationError: Where a value is of another type, or no version is given, or an empty image.
    """

    kind: ClassVar[str] = DESTINATION_DEFINITION


@dataclass(frozen=True)
class AirbyteLowCodeConnector(Element):
    """A low-code connector, as Airbyte's Builder makes them.

    Args:
        manifest: The manifest, or the YAML (or JSON) file that has it. One that differs from what is in use is
            published as a new version and put into use; sources made of it stay as they are.
        active_version: The number of the version in use. With a manifest that is published already, or without
            *manifest*, nothing is published and that version is put into use, an older one too. Not given, it is
            the number after the highest.
        description: Of the version that is published.

    Raises:
        DeclarationError: Where the file cannot be read or is no manifest, or neither it nor a version is given.
    """

    kind: ClassVar[str] = LOW_CODE_CONNECTOR

    manifest: Mapping[str, Any] | str | PathLike[str] | Unset = field(default=UNSET, repr=False)
    active_version: int | Unset = UNSET
    description: str = ""

    def __post_init__(self) -> None:
        require(self, "manifest", self.manifest, Mapping, str, PathLike, Unset)
        require(self, "active_version", self.active_version, int, Unset)
        require(self, "description", self.description, str)
        if isinstance(self.manifest, (str, PathLike)):
            object.__setattr__(self, "manifest", read_manifest(self.manifest))
        if self.manifest is UNSET and self.active_version is UNSET:
            raise refusal(self, "it needs a manifest, or the active_version of one that was published")
        if isinstance(self.active_version, bool) or (
            isinstance(self.active_version, int) and self.active_version < 1
        ):
            raise refusal(self, f"active_version is a number from 1 on, not {self.active_version}")

    def fields(self) -> Fields:
        given = {
            "manifest": plain(self.manifest),
            "active version": self.active_version,
            "description": self.description or UNSET,
        }
        return {label: value for label, value in given.items() if value is not UNSET}
