"""The beginning of a file on the web, within limits of size and time."""

from __future__ import annotations

import ipaddress
import time
from dataclasses import dataclass

import httpx

from airbyte_local.connectors.protocol import ConnectorFailed

SECONDS = 20.0
REDIRECTS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    content: bytes
    whole: bool  # False: the file goes on after *content*


def fetch_sample(url: str, *, limit: int, user_agent: bool) -> Sample:
    """Read at most *limit* bytes of *url*.

    Raises:
        ConnectorFailed: with a reason that names the address.
    """
    deadline = time.monotonic() + SECONDS
    headers = {"User-Agent": "Airbyte/1.0"} if user_agent else {}
    try:
        target = _scheme(url)
        for _ in range(REDIRECTS):
            # A proxy of the environment is for the world outside, never for this machine.
            with (
                httpx.Client(timeout=SECONDS, trust_env=not _loopback(target.host), headers=headers) as client,
                client.stream("GET", target) as response,
            ):
                if not response.is_redirect:
                    response.raise_for_status()
                    return _read(response, limit=limit, deadline=deadline)
                target = _scheme(str(target.join(response.headers["location"])))
    except httpx.HTTPStatusError as error:
        raise ConnectorFailed(f"{url!r} answered {error.response.status_code}") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ConnectorFailed(f"{url!r} could not be read: {error or type(error).__name__}") from error
    raise ConnectorFailed(f"{url!r} redirects more than {REDIRECTS} times")


def _scheme(url: str) -> httpx.URL:
    """The vendor's HTTPS storage drops the scheme and asks over https; loopback hosts are our exception."""
    address = url.partition("://")[2] if "://" in url else url
    plain = httpx.URL(f"http://{address}")
    if not plain.host:
        raise ConnectorFailed(f"{url!r} is no web address")
    return plain if url.startswith("http://") and _loopback(plain.host) else httpx.URL(f"https://{address}")


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _read(response: httpx.Response, *, limit: int, deadline: float) -> Sample:
    content = bytearray()
    for piece in response.iter_bytes():
        content += piece
        if len(content) > limit:
            return Sample(content=bytes(content[:limit]), whole=False)
        if time.monotonic() > deadline:
            raise ConnectorFailed(f"{str(response.url)!r} took longer than {SECONDS:.0f} seconds")
    return Sample(content=bytes(content), whole=True)
