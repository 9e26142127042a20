"""Low-code connectors: what a manifest says of itself, and how the shared runner is given it."""

from __future__ import annotations

from typing import Any

from airbyte_local.connectors.external.pins import Adapt
from airbyte_local.connectors.specifications import DRAFT
from airbyte_local.model.json_values import Json, is_object

INJECTED = "__injected_declarative_manifest"
ANY_CONFIGURATION: Json = {
    "$schema": DRAFT,
    "title": "Any configuration",
    "type": "object",
    "properties": {},
    "additionalProperties": True,
}


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
