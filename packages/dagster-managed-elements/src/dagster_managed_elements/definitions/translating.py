"""From a stream to an asset's spec, in the shape of Dagster's translators."""

from __future__ import annotations

import re
from typing import Final

from dagster import AssetKey, AssetSpec

from dagster_managed_elements.definitions.ports import StreamProps

_LONGEST_GROUP: Final = 200


def clean(name: str) -> str:
    """*name* as Dagster takes names of groups and ops: what is no letter, digit or underscore of ASCII is an
    underscore, as in the groups that Dagster's own integrations make.
    """
    return re.sub("[^a-z0-9]+", "_", name.lower())


class SyncTranslator:
    """What becomes of a stream as an asset. Override `get_asset_spec`, and change what it returns."""

    def get_asset_spec(self, props: StreamProps) -> AssetSpec:
        """The spec of the table that a stream fills. Its key is that of Dagster's own dagster-airbyte: the table's
        name with the connection's prefix. Where a connection has two of a name, each stands behind its namespace.
        """
        namespace = [props.namespace] if props.is_ambiguous and props.namespace else []
        return AssetSpec(key=AssetKey([*namespace, props.table_name]))
