"""Where a server is: a URL a user typed, made safe to print and to send to."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit, urlunsplit

import httpx

from dagster_managed_elements.engine.errors import DeclarationError


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A base URL without user info, query or closing slash. *user* is the (name, password) in it."""

    base: str
    host: str
    user: tuple[str, str] | None = field(default=None, repr=False)

    @property
    def encrypted(self) -> bool:
        return self.base.startswith("https://")

    def url(self, path: str) -> str:
        return f"{self.base}/{path.lstrip('/')}"


def read_address(url: str) -> Address:
    """The address in *url*; DeclarationError where it is no http or https URL."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port
        httpx.URL(url.strip())
    except (ValueError, httpx.InvalidURL) as error:
        raise DeclarationError(f"The URL {_shown(url)!r} cannot be read: {error}.") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise DeclarationError(
            f"The URL {_shown(url)!r} must begin with http:// or https:// and name a host, "
            "as in http://localhost:8000."
        )
    name = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    host = name if port is None else f"{name}:{port}"
    user = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
    return Address(base=urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", "")), host=host, user=user)


def printable(url: str) -> str:
    """*url* without user info, query and fragment: the parts in which servers and users put secrets."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "an address that cannot be read"
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _shown(url: str) -> str:
    return url.rpartition("@")[2]
