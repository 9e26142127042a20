"""The connectors of the package index that were tried: each at one version, and all that it needs at one version.

A pin's lock, made by `make requirements`, names each package that is installed: tomorrow's release changes nothing.
Only names that begin with `airbyte-` are the vendor's; `source-faker` and two hundred like it are somebody else's.
Low-code connectors share a runner, which is given what a manifest says of itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from airbyte_local.connectors.local_paths import readable
from airbyte_local.connectors.protocol import Surroundings
from airbyte_local.connectors.specifications import DRAFT
from airbyte_local.model.json_values import Json, is_object

Adapt = Callable[[Json, Surroundings], Json]
Here = Literal["built in", "imitated", "named"]
"""What there is without an installation: a connector of our own, one that only pretends, or a specification."""
INJECTED = "__injected_declarative_manifest"
ANY_CONFIGURATION: Json = {
    "$schema": DRAFT,
    "title": "Any configuration",
    "type": "object",
    "properties": {},
    "additionalProperties": True,
}
LOCKS = Path(__file__).with_name("locks")


def as_given(configuration: Json, _around: Surroundings) -> Json:
    return configuration


def with_local_file(configuration: Json, around: Surroundings) -> Json:
    """In its image File finds the files of `/local` there, and takes any other path too; here it gets no other."""
    provider = configuration.get("provider")
    if not (is_object(provider) and provider.get("storage") == "local"):
        return configuration
    return {**configuration, "url": str(readable(around.local_root, str(configuration.get("url", ""))))}


@dataclass(frozen=True, slots=True)
class Pin:
    name: str  # what `airbyte-local install` calls it
    title: str
    package: str
    version: str
    here: Here = "imitated"
    adapt: Adapt = as_given
    python: str = "3.11"

    @property
    def script(self) -> str:
        return f"source-{self.name}"

    @property
    def image(self) -> str:
        return f"airbyte/{self.script}"

    @property
    def lock(self) -> Path:
        return LOCKS / f"{self.package}.txt"

    @property
    def folder_name(self) -> str:
        return f"{self.package}-{self.version}"


LOW_CODE = Pin("declarative-manifest", "Low-code connectors", "airbyte-cdk", "7.39.1", "named")
PINS: tuple[Pin, ...] = (
    Pin("faker", "Sample Data", "airbyte-source-faker", "7.2.1", "built in"),
    Pin("file", "File", "airbyte-source-file", "0.6.0", "built in", with_local_file),
    Pin("github", "GitHub", "airbyte-source-github", "2.7.1"),
    Pin("hardcoded-records", "Hardcoded Records", "airbyte-source-hardcoded-records", "0.0.48", "named"),
    Pin("s3", "S3", "airbyte-source-s3", "4.14.2"),
    Pin("stripe", "Stripe", "airbyte-source-stripe", "5.14.1"),
    LOW_CODE,
)
BY_IMAGE = {pin.image: pin for pin in PINS}


def find_pin(name: str) -> Pin | None:
    """By its name, its image with or without a tag, its package, or its script."""
    wanted = name.partition(":")[0]
    return next((pin for pin in PINS if wanted in (pin.name, pin.image, pin.package, pin.script)), None)


def manifest_specification(manifest: Json) -> Json:
    """The JSON Schema that a manifest brings; one that brings none takes every configuration."""
    spec = _followed(manifest, manifest.get("spec"))
    schema = _followed(manifest, spec.get("connection_specification")) if is_object(spec) else None
    return schema if is_object(schema) else ANY_CONFIGURATION


def injection(manifest: Json) -> Adapt:
    """Puts a manifest into the configuration, where the runner looks for it."""
    # The runner holds the configuration, with the manifest in it, against the manifest's own schema. What a closed
    # schema would refuse, we have refused before.
    spec = _followed(manifest, manifest.get("spec"))
    if is_object(spec) and is_object(spec.get("connection_specification")):
        schema = {**spec["connection_specification"], "additionalProperties": True}
        manifest = {**manifest, "spec": {**spec, "connection_specification": schema}}
    return lambda configuration, _around: {**configuration, INJECTED: manifest}


def _followed(manifest: Json, value: Any) -> Any:
    """*value*, or what it refers to: manifests have `{"$ref": "#/definitions/x"}`, or the same as a text."""
    reference = value.get("$ref") if is_object(value) else value
    if not (isinstance(reference, str) and reference.startswith("#/")):
        return value
    found: Any = manifest
    for step in reference[2:].split("/"):
        found = found.get(step) if is_object(found) else None
    return found
