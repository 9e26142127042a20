"""Where Airbyte keeps a secret, which it tells (since 1.7, where it is self-managed) in place of the mask: another
place for each version of it.

Only the Public API tells, of one object at a time; Cloud shows the mask all the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Final
from urllib.parse import quote

from dagster_managed_elements.airbyte.wire import Side, read_optional
from dagster_managed_elements.api.client import Client
from dagster_managed_elements.api.requests import Request
from dagster_managed_elements.engine.errors import Missing
from dagster_managed_elements.engine.values import Path, walk

_PREFIX: Final = "secret_coordinate::"


async def read_versions(client: Client, root: str, side: Side, actor_id: str) -> Mapping[Path, str]:
    """By the path in its configuration, what tells one version of each secret from another. None of it is the place
    itself, which somebody may have chosen. Nothing where this Airbyte tells nothing.
    """
    path = f"{root}/{side}s/{quote(actor_id)}"
    try:
        body = await client.send(Request(method="GET", path=f"{path}?includeSecretCoordinates=true"))
    except Missing:
        return {}
    return {
        where: blake2b(leaf.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
        for where, leaf in walk(read_optional(body, "configuration", path))
        if isinstance(leaf, str) and leaf.startswith(_PREFIX)
    }
