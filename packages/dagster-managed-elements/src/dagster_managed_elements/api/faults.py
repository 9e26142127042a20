"""What it means that no answer came: httpx's errors put into the words of this library."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from typing import Any

import httpx

from dagster_managed_elements.api.addresses import Address
from dagster_managed_elements.api.requests import Request
from dagster_managed_elements.api.retrying import Untrusted
from dagster_managed_elements.engine.errors import ApiError, Lost, Unreachable

_NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
)


def translate(
    error: httpx.RequestError, request: Request, address: Address, *, timeout: float, service: str, proxy: str = ""
) -> ApiError:
    """Unreachable where the request provably never arrived, else Lost. *timeout*: the seconds it had. *proxy*: the
    one it had to go through.
    """
    facts: dict[str, Any] = {"method": request.method, "url": address.url(request.path)}
    if not isinstance(error, _NEVER_SENT):
        why = (
            f"no answer within {timeout:g} seconds" if isinstance(error, httpx.TimeoutException) else _broken(error)
        )
        return Lost(f"{request.method} {facts['url']}: {why}", **facts)
    if tls := _find(error, ssl.SSLError):
        return Untrusted(f"Cannot reach {address.base}: {_untrusted(tls)}", **facts)
    way, question = f" through the proxy {proxy}" if proxy else "", f"Is {service} running there?"
    return Unreachable(f"Cannot reach {address.base}{way}: {_reason(error)}. {question}", **facts)


def _broken(error: httpx.RequestError) -> str:
    detail = str(error).rstrip(".")
    return f"the connection broke before a whole answer came{f' ({detail})' if detail else ''}"


def _untrusted(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"its TLS certificate is not trusted ({error.verify_message.rstrip('.')}). "
            "Name its authority's file (verify=, SSL_CERT_FILE or REQUESTS_CA_BUNDLE), or correct the host name."
        )
    return f"TLS failed ({error.reason or 'no reason given'}). Does it speak https, or plain http?"


def _reason(error: httpx.RequestError) -> str:
    if isinstance(error, httpx.TimeoutException):
        return "no connection within the time allowed"
    if isinstance(error, httpx.ProxyError):
        return f"the proxy refused ({error})"
    if _find(error, ConnectionRefusedError):
        return "connection refused"
    if _find(error, socket.gaierror):
        return "the host name is not known"
    told = next((e.strerror for e in _causes(error) if isinstance(e, OSError) and e.strerror), "")
    return (told or str(error) or type(error).__name__).rstrip(".")


def _find(error: BaseException, kind: type[Any]) -> Any:
    return next((cause for cause in _causes(error) if isinstance(cause, kind)), None)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """*error* and all that led to it; anyio hides the errno of one address family in a group of them."""
    waiting, seen = [error], set[int]()
    while waiting:
        current = waiting.pop(0)
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        inside: tuple[BaseException, ...] = getattr(current, "exceptions", ())
        waiting += [e for e in (current.__cause__, current.__context__, *inside) if e is not None]
