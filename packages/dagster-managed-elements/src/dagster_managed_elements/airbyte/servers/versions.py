"""What differs between versions of Airbyte's Config API, as data: one row a step, and no `if` elsewhere.

How an error's body is read is not in it: `api.answers` knows every shape, since proxies and upgrades mix them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, TypeAlias

Release: TypeAlias = tuple[int, int]
Scope: TypeAlias = Literal["workspaces", "workspace", "organization", "everything"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingMethod:
    """One method to ask for a list: the *endpoint*, how its answer is cut, and what it is asked for.

    *pages* go by offset, a *chain* follows a cursor (and turns out whole where the server does not page), a
    *whole* comes in one answer, which holds only where the version is known to send it so.
    """

    endpoint: str
    form: Literal["pages", "chain", "whole"]
    scope: Scope = "workspace"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerProfile:
    """What an Airbyte can be asked from release *since* on. Of several methods the first that exists is taken.

    *partial_update*: whether a part of a configuration can be changed; None where only asking tells.
    *connection_fields* are those a new connection may have; None where that is not known. *definition_update* are
    what a connector's definition is changed by. *normalizes*: whether it
    still has normalization, None where only the destination tells. *secret_versions*: whether it tells those, of
    which None is as good as a yes.
    """

    since: Release
    workspaces: tuple[ListingMethod, ...]
    actors: tuple[ListingMethod, ...]
    connections: tuple[ListingMethod, ...]
    partial_update: bool | None
    connection_fields: frozenset[str] | None
    definition_update: frozenset[str] = frozenset({"dockerImageTag"})
    normalizes: bool | None = True
    secret_versions: bool | None = False

    def accepted(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Those of *settings* that a new connection may have: 1.6 shows a field that it does not take."""
        known = self.connection_fields
        return {name: value for name, value in settings.items() if known is None or name in known}


_OF_ORGANIZATION: Final = ListingMethod(
    endpoint="workspaces/list_by_organization_id", form="pages", scope="organization"
)
_OF_EVERYBODY: Final = ListingMethod(endpoint="workspaces/list", form="whole", scope="everything")
_PAGES: Final = ListingMethod(endpoint="list_paginated", form="pages", scope="workspaces")
_CHAIN: Final = ListingMethod(endpoint="list", form="chain")
_WHOLE: Final = ListingMethod(endpoint="list", form="whole")

_FIELDS_0_0: Final = frozenset({
    "name", "namespaceDefinition", "namespaceFormat", "prefix", "sourceId", "destinationId", "operationIds",
    "syncCatalog", "schedule", "scheduleType", "scheduleData", "status", "resourceRequirements",
    "sourceCatalogId", "geography", "notifySchemaChanges", "nonBreakingChangesPreference",
})  # fmt: skip
_FIELDS_0_50: Final = _FIELDS_0_0 | {"notifySchemaChangesByEmail"}
_FIELDS_0_63: Final = _FIELDS_0_50 | {"backfillPreference"}
_FIELDS_1_6: Final = _FIELDS_0_63 | {"tags"}
_FIELDS_1_7: Final = _FIELDS_1_6 - {"geography"} | {"dataplaneGroupId", "destinationCatalogId"}
_FIELDS_2_1: Final = _FIELDS_1_7 | {"onDemandEnabled"}

_0_0: Final = ServerProfile(
    since=(0, 0),
    workspaces=(_OF_EVERYBODY,),
    actors=(_WHOLE,),
    connections=(_WHOLE,),
    partial_update=False,
    connection_fields=_FIELDS_0_0,
)
_0_50: Final = replace(
    _0_0,
    since=(0, 50),
    workspaces=(_OF_ORGANIZATION, _OF_EVERYBODY),
    actors=(_PAGES, _WHOLE),
    connections=(_PAGES, _WHOLE),
    partial_update=True,
    connection_fields=_FIELDS_0_50,
)
_0_63: Final = replace(_0_50, since=(0, 63), connection_fields=_FIELDS_0_63)
_1_0: Final = replace(_0_63, since=(1, 0), normalizes=False)
_1_5: Final = replace(_1_0, since=(1, 5), definition_update=frozenset({"dockerImageTag", "name"}))
_1_6: Final = replace(_1_5, since=(1, 6), connection_fields=_FIELDS_1_6)
_1_7: Final = replace(
    _1_6,
    since=(1, 7),
    workspaces=(_OF_ORGANIZATION,),
    connection_fields=_FIELDS_1_7,
    definition_update=_1_6.definition_update | {"workspaceId"},
    secret_versions=True,
)
_1_8: Final = replace(_1_7, since=(1, 8), actors=(_PAGES, _CHAIN), connections=(_PAGES, _CHAIN))
_2_1: Final = replace(_1_8, since=(2, 1), connection_fields=_FIELDS_2_1)

PROFILES: Final = (_0_0, _0_50, _0_63, _1_0, _1_5, _1_6, _1_7, _1_8, _2_1)
"""In order. What comes after the last is taken to be like it."""
NEWEST: Final[Release] = PROFILES[-1].since
"""From here on there may be what nobody here has met."""

UNNUMBERED: Final = _0_63
"""A server that describes itself without its version: those before 1.0 did, some with more than 0.50 had."""

UNKNOWN: Final = replace(
    _2_1,
    workspaces=(_OF_ORGANIZATION, _OF_EVERYBODY),
    partial_update=None,
    connection_fields=None,
    normalizes=None,
    secret_versions=None,
)
"""A server that does not describe itself, as Cloud and those before 0.63: found out by asking."""


STREAM_SETTINGS: Final[Mapping[str, Mapping[str, Release]]] = {
    "config": {
        "mappers": (1, 5),
        "field-filtering": (1, 8),
        "include files": (1, 8),
        "destination object name": (1, 8),
    },
    "public": {
        "namespace": (1, 8),
        "fields": (1, 5),
        "excluded fields": (1, 5),
        "mappers": (1, 5),
        "field-filtering": (1, 8),
        "include files": (1, 8),
        "destination object name": (1, 8),
    },
}
"""By API, since when a stream of a connection has a setting, by its label; types of mappers are among them."""

WORKSPACE_REGION: Final[Release] = (1, 8)
"""Since when a workspace takes another region."""
REGION_LEFT: Final = "before 1.7; since then a connection runs in the region of its workspace"

LEFT: Final[Mapping[str, Mapping[str, tuple[Release, str]]]] = {
    "config": {},  # a row's words tell there
    "public": {"region": ((1, 7), f"{REGION_LEFT}; leave region out")},
}
"""By API, since when a connection has a setting no longer, and what is to be said then."""


def read_release(text: object) -> Release | None:
    """The release in a version such as `1.8.0`, `0.63.5-alpha` or `v2.0.0-rc1`; None for `dev` and the like."""
    found = re.match(r"v?(\d{1,6})\.(\d{1,6})(?!\d)", text) if isinstance(text, str) else None
    return (int(found[1]), int(found[2])) if found else None


def profile_of(release: Release) -> ServerProfile:
    """The last one that began by then."""
    return next((profile for profile in reversed(PROFILES) if profile.since <= release), PROFILES[0])
