"""From a stream to an asset's spec, in the shape of Dagster's translators; and the names Dagster wants besides."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any, Final

from dagster import AssetKey, AssetSpec, TableColumn, TableColumnConstraints, TableSchema

from dagster_managed_elements.definitions.ports import Column, StreamProps

_RESERVED: Final = frozenset({
    "context", "conf", "config", "meta", "arg_dict", "dict", "input_arg_dict", "output_arg_dict", "int", "str",
    "float", "bool", "input", "output", "type", *keyword.kwlist,
})  # fmt: skip
"""Names that Dagster gives no output."""

_LONGEST_TAG: Final = 63
"""Characters that Dagster takes in the key of a tag, of which a kind is one."""


class SyncTranslator:
    """What becomes of a stream as an asset. Override `get_asset_spec`, call it by `super()` and change what it
    returns with `replace_attributes` or `merge_attributes`.
    """

    def get_asset_spec(self, props: StreamProps) -> AssetSpec:
        """The spec of the table that a stream fills.

        Its key is that of Dagster's own dagster-airbyte: the stream's name behind the connection's prefix. Of two
        tables of one name in a connection each stands behind its namespace.

        Args:
            props: What is known of the stream.
        """
        namespace = [props.namespace] if props.is_ambiguous and props.namespace else []
        return AssetSpec(
            key=AssetKey([*namespace, props.table_name]),
            description=(
                f"The stream {props.stream_name} of {props.source_name}, which the connection "
                f"{props.connection_name} syncs to {props.destination_name}."
            ),
            group_name=cleaned(props.connection_name),
            kinds=set(_kinds(props)),
            tags={_tag(tag): "" for tag in props.tags},
            metadata=_metadata(props),
        )


def _kinds(props: StreamProps) -> Iterable[str]:
    yield props.integration
    kind = re.sub(r"[^a-z0-9_.-]+", "-", (props.destination_type or "").lower()).strip("-_.")
    if kind := kind[:_LONGEST_TAG].strip("-_."):
        yield kind


def _tag(name: str) -> str:
    """*name* as Dagster takes one: a key without a value is shown as a label."""
    return re.sub(r"[^A-Za-z0-9_.-]", "_", name)[:_LONGEST_TAG]


def _metadata(props: StreamProps) -> dict[str, Any]:
    told: Mapping[str, Any] = {
        "dagster/table_name": _table(props),
        "dagster/column_schema": None if props.columns is None else TableSchema([*map(_column, props.columns)]),
        "dagster/storage_kind": props.destination_type,
        f"{props.integration}/connection_name": props.connection_name,
        f"{props.integration}/stream_name": props.stream_name,
        f"{props.integration}/stream_namespace": props.namespace,
        f"{props.integration}/stream_prefix": props.stream_prefix or None,
        f"{props.integration}/sync_mode": props.mode or None,
    }
    return {name: value for name, value in told.items() if value is not None}


def _table(props: StreamProps) -> str | None:
    """Where the table is found; nothing where not even its schema can be told."""
    if props.schema is None:
        return None
    return ".".join([*([props.database] if props.database else []), props.schema, props.table_name])


def _column(column: Column) -> TableColumn:
    constraints = TableColumnConstraints(nullable=column.nullable)
    return TableColumn(column.name, column.type, description=column.description, constraints=constraints)


def cleaned(name: str) -> str:
    """*name* as Dagster takes names of groups and ops, as in the groups that its own integrations make."""
    return re.sub("[^a-z0-9]+", "_", name.lower())


def op_name(integration: str, connection: str, prefix: Iterable[str], keys: Iterable[AssetKey]) -> str:
    """Of the op that syncs a connection: readable, and no other's. Connections of two workspaces may have one name;
    what tells them apart is an asset, of which one code location has no second. The least of its *keys* does: the
    name stays where others join them that come after it.
    """
    first = min(tuple(key.path) for key in keys)
    return f"{integration}_sync_{cleaned('_'.join([*prefix, connection]))}_{_digest(repr(first))}"


def output_name(props: StreamProps) -> str:
    """Of the output of a stream: the name of its table where Dagster takes that, and no other stream's."""
    return _tellable(props.table_name, props.id, is_clear=not props.is_ambiguous)


def input_name(key: AssetKey) -> str:
    """Of the input for an asset upstream, and no other one's."""
    return _tellable("_".join(key.path), key.path, is_clear=len(key.path) == 1)


def _tellable(name: str, of: Sequence[str], *, is_clear: bool) -> str:
    """*name* where it says all, and is one for Dagster; else what is left of it, and what nothing else has."""
    if is_clear and re.fullmatch("[A-Za-z0-9_]+", name) and name not in _RESERVED:
        return name
    return f"{re.sub('[^A-Za-z0-9]+', '_', name)}_{_digest(repr(tuple(of)))}"


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:8]
