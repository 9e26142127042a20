"""Which of Airbyte's two APIs a URL leads to, where that API begins, and where its tokens are handed out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from dagster_managed_elements.api.addresses import read_address

Api: TypeAlias = Literal["auto", "config", "public"]

CONFIG_ROOT: Final = "/api/v1"
"""Where the Config API begins, everywhere."""

USE_CONFIG: Final = 'use api="config", which Airbyte Cloud has not'
"""What to do where the Public API cannot; one sentence, since those on Cloud read it, too."""

PUBLIC_ROOT: Final = "/api/public/v1"
"""Where the same server has the Public API, since 0.63.10."""

BARE_ROOT: Final = "/v1"
"""Where the Public API begins on Cloud, and on servers before 0.63.10 (at a port of its own)."""

CLOUD: Final = "https://api.airbyte.com"
_CLOUD_HOSTS: Final = frozenset({"api.airbyte.com", "cloud.airbyte.com"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiRoot:
    """*base* is what every path is below. *public_roots* are where the Public API may begin, none for the other."""

    base: str
    public_roots: tuple[str, ...] = ()

    @property
    def token_paths(self) -> tuple[str, ...]:
        return tuple(f"{root}/applications/token" for root in self.public_roots or (CONFIG_ROOT,))


def api_root_of(url: str, api: Api = "auto") -> ApiRoot:
    """With *api* auto, the Public API for Cloud and for a URL that names its root, else the Config API.

    Raises DeclarationError where *url* is none.
    """
    if read_address(url).host in _CLOUD_HOSTS and api != "config":
        return ApiRoot(base=CLOUD, public_roots=(BARE_ROOT,))
    base, root = _split(url.strip().rstrip("/"))
    if api == "config" or (api == "auto" and root in {"", CONFIG_ROOT}):
        return ApiRoot(base=base)
    if root == BARE_ROOT:  # Cloud's and old servers'; others have nothing there, and are asked where they have it
        return ApiRoot(base=base, public_roots=(BARE_ROOT, PUBLIC_ROOT))
    return ApiRoot(base=base, public_roots=(root,) if root == PUBLIC_ROOT else (PUBLIC_ROOT, BARE_ROOT))


def _split(url: str) -> tuple[str, str]:
    """*url* and the root of an API that users paste with it: the longest that it ends in."""
    root = next((root for root in (PUBLIC_ROOT, CONFIG_ROOT, BARE_ROOT) if url.endswith(root)), "")
    return url.removesuffix(root), root
