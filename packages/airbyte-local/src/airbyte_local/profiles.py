"""What differs between versions of Airbyte, as data. A further version is one more row here, not one more `if`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    name: str
    version: str
    error_bodies: Literal["error-id"]
    default_page_size: int
    cursor_page_size: int | None  # None: sources/list and friends are not paged
    absent: frozenset[str]  # Config API routes that this version has not, or no longer


PROFILES = {
    "2.0": Profile(
        name="2.0",
        version="2.0.0",
        error_bodies="error-id",
        default_page_size=20,
        cursor_page_size=20,
        absent=frozenset(),
    ),
}
LATEST = PROFILES["2.0"]
