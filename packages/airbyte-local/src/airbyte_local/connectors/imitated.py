"""Connectors we only imitate: the vendor's keys and secret marks, a catalog of ours, no connection to anything.

A configuration steers the outcome, so tests can have failures: any text in it that starts with `fail:check`,
`crash:check`, `fail:discover` or `crash:discover` makes that happen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from airbyte_local.connectors.protocol import ConnectorCrashed, ConnectorFailed, Surroundings
from airbyte_local.connectors.specifications import specification, stream, streams
from airbyte_local.model.json_values import Json, leaves


@dataclass(frozen=True, slots=True, kw_only=True)
class Imitated:
    specification: Json
    streams: Callable[[Json], list[Json]] = lambda _: []

    def spec(self) -> Json:
        return self.specification

    def check(self, configuration: Json, _around: Surroundings, /) -> None:
        _obey(configuration, "check")

    def discover(self, configuration: Json, _around: Surroundings, /) -> list[Json]:
        _obey(configuration, "discover")
        return self.streams(configuration)


def imitated(image: str) -> Imitated:
    found = streams(image)
    return Imitated(specification=specification(image), streams=BY_CONFIGURATION.get(image, lambda _: list(found)))


def _tables(configuration: Json) -> list[Json]:
    """Two tables in each schema; with CDC or xmin the source brings its own cursor."""
    method = configuration.get("replication_method", {}).get("method", "Standard")
    cursor = {"CDC": "_ab_cdc_lsn", "Xmin": "xmin"}.get(method)
    properties = {"id": "integer!", "updated_at": "string:date-time", "note": "string"}
    return [
        {
            **stream(name, properties, key="id", cursor=cursor, source_defined=cursor is not None),
            "namespace": schema,
        }
        for schema in configuration.get("schemas", ["public"])
        for name in ("customers", "orders")
    ]


def _configured(configuration: Json) -> list[Json]:
    """What S3 is told to find."""
    modified = "_ab_source_file_last_modified"
    properties = {"data": "string", modified: "string:date-time", "_ab_source_file_url": "string"}
    names = [entry["name"] for entry in configuration.get("streams", [])]
    return [{**stream(name, properties, cursor=modified), "isFileBased": True} for name in names]


BY_CONFIGURATION: dict[str, Callable[[Json], list[Json]]] = {
    "source-postgres": _tables,
    "source-mysql": lambda given: _tables({**given, "schemas": [given.get("database", "test")]}),
    "source-s3": _configured,
}


def _obey(configuration: Json, act: str) -> None:
    texts = [leaf for leaf in leaves(configuration) if isinstance(leaf, str)]
    if any(text.startswith(f"crash:{act}") for text in texts):
        raise ConnectorCrashed(f"The configuration asks for a crash of {act}.")
    if any(text.startswith(f"fail:{act}") for text in texts):
        raise ConnectorFailed(f"The configuration asks for a failure of {act}.")
