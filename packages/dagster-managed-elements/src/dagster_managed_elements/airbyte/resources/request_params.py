"""`request_additional_params`: what upstream handed to `requests` with every call, in the words of an instance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast
from urllib.parse import urlsplit

from dagster_managed_elements.engine.errors import DeclarationError

_KNOWN: Final = ("headers", "verify", "proxies")


def read_request_params(params: Mapping[str, Any] | None, url: str) -> dict[str, Any]:
    """The *headers*, *verify* and *proxy* of an instance at *url*.

    Raises DeclarationError for any other parameter: what it was to do (a certificate, a login) would not be done.
    """
    given = params or {}
    if unknown := [name for name in given if name not in _KNOWN]:
        raise DeclarationError(
            f"request_additional_params: {', '.join(unknown)} cannot be passed on; only {', '.join(_KNOWN)} can."
        )
    verify = given.get("verify")
    return {
        "headers": given.get("headers") or {},
        "verify": True if verify is None else verify,
        "proxy": _proxy(cast("Mapping[str, Any]", given.get("proxies") or {}), url),
    }


def _proxy(proxies: Mapping[str, Any], url: str) -> Any:
    """The proxy for *url*: that of its scheme and host, of its scheme, of its host, of everything."""
    parts = urlsplit(url)
    keys = (f"{parts.scheme}://{parts.hostname}", parts.scheme, f"all://{parts.hostname}", "all")
    return next((proxies[key] for key in keys if proxies.get(key)), None)
