"""What differs between versions of Airbyte, as data. A further version is one more row here, not one more `if`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from airbyte_local.json_values import Json

AuthName = Literal["none", "basic", "client"]
ALL_MODES = ("append", "overwrite", "append_dedup", "overwrite_dedup", "update", "soft_delete")


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    name: str
    version: str
    auths: tuple[AuthName, ...] = ("none", "basic", "client")
    proxied: bool = False  # HTTP Basic is asked for by a proxy, not by the server
    edition: str = "community"
    config_api: bool = True
    public_prefix: str = "/api/public/v1/"
    error_bodies: Literal["error-id", "exception"] = "error-id"
    problems: Literal["with-data", "detail-only"] = "with-data"
    unknown_ids: Literal["not-found", "forbidden"] = "not-found"  # forbidden: for those who are no administrator
    wrong_credentials: Literal[400, 401] = 400
    token_seconds: int = 900
    default_page_size: int = 20
    cursor_page_size: int | None = 20  # None: sources/list and friends are not paged
    streams_answer: Literal["array", "object"] = "array"
    secret_coordinates: Literal["unknown", "shown", "masked"] = "shown"
    destination_sync_modes: tuple[str, ...] = ALL_MODES
    absent: frozenset[str] = frozenset()  # routes that this version has not, or no longer
    lacks: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    """Form of an object -> properties that this version does not know."""
    adds: Mapping[str, Json] = field(default_factory=dict[str, Json])
    """Form of an object -> properties that are there in this version, whatever the handlers say."""

    @property
    def is_cloud(self) -> bool:
        return self.edition == "cloud"


CLOUD = Profile(
    name="cloud",
    version="cloud",
    auths=("client",),
    edition="cloud",
    config_api=False,
    public_prefix="/v1/",
    unknown_ids="forbidden",
    wrong_credentials=401,
    secret_coordinates="masked",
)
PROFILES = {
    "0.50": Profile(
        name="0.50", version="0.50.54", auths=("none", "basic"), proxied=True, error_bodies="exception"
    ),
    "2.0": Profile(name="2.0", version="2.0.0"),
    "cloud": CLOUD,
}
LATEST = PROFILES["2.0"]
