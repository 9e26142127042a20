"""One Airbyte as somebody runs it: which version, behind which way in. Cells that nobody can have are refused."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from pathlib import Path

from airbyte_local.http.auth import Auth, Credentials, choose_auth
from airbyte_local.jobs.workers import PLACES, Workers
from airbyte_local.jobs.world import API_HOST, RETRY_SECONDS, World, open_world
from airbyte_local.versions.profiles import PROFILES, AuthName, Profile


class NoSuchAirbyte(ValueError):
    """A version nobody knows, or a way in that it has not; the message names the legal ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    profile: Profile
    auth: AuthName
    credentials: Credentials = field(default_factory=Credentials)
    token_seconds: int | None = None
    api_host: str | None = None
    clock: Callable[[], float] = time.time
    places: int = PLACES  # jobs at a time
    retry_seconds: tuple[float, ...] = RETRY_SECONDS
    schedules: bool = True  # whether connections run by themselves
    connectors: Path | None = None  # the folder of installed ones, if not one below the data
    installs: bool = False  # whether using a connector installs it

    def doorkeeper(self) -> Auth:
        return choose_auth(
            self.auth,
            self.credentials,
            profile=self.profile,
            token_seconds=self.token_seconds,
            now=self.clock,
        )

    def open(self, data: Path, *, url: str) -> World:
        """As `open_world`."""
        # On Cloud `next` leads to where everybody asks; elsewhere hardly anybody sets what it is built from.
        reachable = url if self.profile.is_cloud else API_HOST
        host = self.api_host or reachable
        return open_world(
            data,
            url=url,
            profile=self.profile,
            auth=self.auth,
            api_host=host,
            now=lambda: int(self.clock()),
            workers=Workers(self.places),
            retry_seconds=self.retry_seconds,
            connectors=self.connectors,
            installs=self.installs,
        )


def cell(airbyte_version: str, auth: str | None, absent: Collection[str] = ()) -> tuple[Profile, AuthName]:
    """The version without its *absent* routes, and the way in; *auth* None is the first that the version has.

    Raises:
        NoSuchAirbyte: there is no such cell.
    """
    if airbyte_version not in PROFILES:
        raise NoSuchAirbyte(f"There is no local Airbyte {airbyte_version!r}; there are {', '.join(PROFILES)}.")
    profile = PROFILES[airbyte_version]
    legal_name: AuthName | None = next((name for name in profile.auths if auth in {None, name}), None)
    if legal_name is None:
        legal = ", ".join(profile.auths)
        raise NoSuchAirbyte(f"Airbyte {airbyte_version} cannot be had with auth {auth!r}, only with {legal}.")
    return replace(profile, absent=profile.absent | frozenset(absent)), legal_name
