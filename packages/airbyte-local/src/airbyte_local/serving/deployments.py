"""Which Airbytes there are: cells of a version and a way in. Those that nobody can have are refused."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from airbyte_local.jobs.world import Deployment
from airbyte_local.versions.profiles import PROFILES, AuthName


class NoSuchAirbyte(ValueError):
    """A version nobody knows, or a way in that it has not; the message names the legal ones."""


def deployment_of(airbyte_version: str, auth: str | None, absent: Collection[str] = ()) -> Deployment:
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
    return Deployment(profile=replace(profile, absent=profile.absent | frozenset(absent)), auth=legal_name)
