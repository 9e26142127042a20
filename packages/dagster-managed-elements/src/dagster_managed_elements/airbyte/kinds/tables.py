"""Which table a stream lands in, and which streams of a connection would land in one. Pure.

A destination may change names further, each in its own way; what is found here is the same table for certain.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from dagster_managed_elements.airbyte.connection_fields import AirbyteDestinationNamespace
from dagster_managed_elements.airbyte.stream_names import Identity

_OF_SOURCE: Final = "${SOURCE_NAMESPACE}"

_FOLDING: Final = frozenset({
    "destination-aws-datalake", "destination-databricks", "destination-duckdb", "destination-motherduck",
    "destination-mssql", "destination-redshift", "destination-snowflake", "destination-sqlite",
    "destination-teradata",
})  # fmt: skip
"""Images of destinations in which no two tables differ by capitals alone, quoted or not."""


def folds_case(image: str) -> bool:
    return image.rpartition("/")[2] in _FOLDING


@dataclass(frozen=True, slots=True, kw_only=True)
class Landing:
    """What a connection makes of a stream's name: its *namespace* as declared, its *prefix*.

    *folds*: the destination does not tell capitals apart.
    """

    namespace: AirbyteDestinationNamespace | str
    prefix: str
    folds: bool

    @property
    def is_one_namespace(self) -> bool:
        """Whether streams of every namespace land in the same one."""
        return _OF_SOURCE not in self._format

    @property
    def _format(self) -> str:
        if isinstance(self.namespace, str):
            return self.namespace
        return _OF_SOURCE if self.namespace is AirbyteDestinationNamespace.SAME_AS_SOURCE else ""

    def table(self, stream: Identity) -> tuple[str, str]:
        """Namespace and name; the namespace is "" for the destination's default one."""
        namespace, name = stream
        landing = self._format.replace(_OF_SOURCE, namespace)
        return (landing if landing.strip() else "", f"{self.prefix}{name}")

    def clashes(self, streams: Mapping[str, Identity]) -> Iterator[tuple[str, str]]:
        """Of *streams*, by label: each that lands where an earlier one does, and a sentence that says so."""
        taken: dict[tuple[str, str], str] = {}
        for label, stream in streams.items():
            namespace, name = table = self.table(stream)
            key = (namespace.casefold(), name.casefold()) if self.folds else table
            first = taken.setdefault(key, label)
            if first != label:
                yield label, self._why(f"{namespace}.{name}" if namespace else name, first, table, streams[first])

    def _why(self, shown: str, first: str, table: tuple[str, str], other: Identity) -> str:
        text = f"it would land in the same table as the stream {first}, {shown}"
        if table != self.table(other):
            return f"{text}: this destination does not tell capitals apart"
        return f"{text}; a destination_namespace with {_OF_SOURCE} keeps them apart"
