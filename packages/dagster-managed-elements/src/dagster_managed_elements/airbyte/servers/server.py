"""Which Airbyte answers, found out once a run, and which of its endpoints exist."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from dagster_managed_elements.airbyte.mappers import TYPES
from dagster_managed_elements.airbyte.servers.api_roots import CONFIG_ROOT
from dagster_managed_elements.airbyte.servers.versions import (
    LEFT,
    NEWEST,
    STREAM_SETTINGS,
    UNKNOWN,
    UNNUMBERED,
    ListingMethod,
    ServerProfile,
    profile_of,
    read_release,
)
from dagster_managed_elements.airbyte.wire import read_optional
from dagster_managed_elements.api.client import Client
from dagster_managed_elements.api.requests import Request
from dagster_managed_elements.engine.errors import Invalid, Missing, ServerFault, Unauthorized

Found = TypeVar("Found")

NIL: Final = "00000000-0000-0000-0000-000000000000"
"""The id of the default organization and of the default user of a self-managed Airbyte."""

_INSTANCE: Final = f"{CONFIG_ROOT}/instance_configuration"


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """What an Airbyte says of itself. *version* is its own word, None where it says none."""

    base: str
    version: str | None = None
    organization: str = NIL
    profile: ServerProfile = UNKNOWN

    def lacks(self, path: str) -> Missing:
        """The error for an endpoint that is not there at all (not for an object that is not)."""
        if self.version is None:
            text = (
                f"{self.base} answers, but knows no {path} (404). Is the URL that of an Airbyte, without anything "
                "like /api/v1 at its end?"
            )
        else:
            text = (
                f"Airbyte {self.version} at {self.base} has no {path.removeprefix(f'{CONFIG_ROOT}/')} (404), which "
                "this version of dagster-managed-elements needs."
            )
        return Missing(text, method="POST", url=f"{self.base}{path}", status=404)

    def lacking(self, settings: Collection[str], api: str, mappers: Collection[str] = ()) -> dict[str, str]:
        """Which of *settings* came after this version, or had left before it, and since when; and which types of
        *mappers* it does not know, which is not known of a version that is newer than those known here.
        """
        release = read_release(self.version) or self.profile.since
        since = {name: first for name, first in STREAM_SETTINGS[api].items() if name in settings}
        came = {
            name: f"Airbyte's {api.capitalize()} API has this since {first[0]}.{first[1]}, and this one is "
            + (self.version or "older")
            for name, first in since.items()
            if release < first
        }
        left = {name: why for name, (last, why) in LEFT[api].items() if name in settings and release >= last}
        if (read_release(self.version) or NEWEST) < NEWEST:
            text = f"Airbyte {self.version} has no such mapper, only {', '.join(sorted(TYPES))}"
            came |= dict.fromkeys(set(mappers) - TYPES, text)
        return came | {name: f"Airbyte's {api.capitalize()} API has this {why}" for name, why in left.items()}


async def probe(client: Client) -> Server:
    """Asks the server what it is. One that does not say (Cloud, before 0.63) is found out by asking for more.

    Raises ApiError where it cannot be reached or refuses the credentials.
    """
    base = client.address.base
    try:
        body = await client.send(Request(method="GET", path=_INSTANCE))
        return _described(body, base)
    except (Missing, Invalid, ServerFault):
        return Server(base=base)
    except Unauthorized as error:
        if error.status == 401:
            raise
        return Server(base=base)


def _described(body: Any, base: str) -> Server:
    """Leniently: what Airbyte declares as required is not always sent."""
    version = read_optional(body, "version", _INSTANCE)
    organization = read_optional(body, "defaultOrganizationId", _INSTANCE)
    release = read_release(version)
    return Server(
        base=base,
        version=version if isinstance(version, str) and version else None,
        organization=organization if isinstance(organization, str) and organization else NIL,
        profile=profile_of(release) if release else UNKNOWN if version else UNNUMBERED,
    )


class KnownEndpoints:
    """Which endpoints of a server exist, as far as was asked in this run: none is tried in vain twice."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._present: set[str] = set()
        self._absent: set[str] = set()

    async def first(
        self, folder: str, methods: Iterable[ListingMethod], go: Callable[[ListingMethod], Awaitable[Found]]
    ) -> Found:
        """What *go* finds by the first of *methods* there is; Missing, by the name of the best, where none is."""
        paths = [(f"{folder}/{method.endpoint}", method) for method in methods]
        for path, method in paths:
            if path in self._absent:
                continue
            try:
                found = await go(method)
            except Missing:
                if path in self._present:
                    raise
                self._absent.add(path)
                continue
            self._present.add(path)
            return found
        raise self._server.lacks(paths[0][0])
