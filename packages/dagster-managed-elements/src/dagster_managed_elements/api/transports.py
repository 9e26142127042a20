"""How a request reaches its server: a transport of httpx for one request at a time.

Straight to the server that is one connection of httpcore's, which is what httpx comes down to in the end. Its
client and its pool would do nothing for it, and took more than half of what a request costs.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from functools import partial
from typing import Any, Final, cast

import anyio
import httpcore
import httpx


def make_transport(
    base: str, *, verify: ssl.SSLContext, proxy: httpx.Proxy | None, keep_alive: float
) -> httpx.AsyncBaseTransport:
    """A transport to the server at *base*, through *proxy* where there is one. An idle connection is kept for
    *keep_alive* seconds.
    """
    if proxy is None:
        return OneConnection(base, verify=verify, keep_alive=keep_alive)
    limits = httpx.Limits(max_connections=1, keepalive_expiry=keep_alive)
    return httpx.AsyncHTTPTransport(verify=verify, proxy=proxy, limits=limits)


class OneConnection(httpx.AsyncBaseTransport):
    """A connection to the server at *base*, made when it is needed first, and anew where it has ended since.

    For one request at a time: the next is sent when the answer to the last is closed. Raises what httpx's own
    transport does.
    """

    def __init__(self, base: str, *, verify: ssl.SSLContext, keep_alive: float) -> None:
        origin = _target(httpx.URL(base)).origin
        self._make = partial(
            httpcore.AsyncHTTPConnection,
            origin=origin,
            ssl_context=verify,
            keepalive_expiry=keep_alive,
            network_backend=_Network(),
        )
        self._connection = self._make()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self._connection.has_expired() or self._connection.is_closed():
            await self.aclose()
            self._connection = self._make()
        asked = httpcore.Request(
            request.method,
            _target(request.url),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        try:
            answer = await self._connection.handle_async_request(asked)
        except _FAULTS as error:
            raise _as_of_httpx(error) from error
        return httpx.Response(answer.status, headers=answer.headers, stream=_Content(answer))

    async def aclose(self) -> None:
        await self._connection.aclose()


class _Network(httpcore.AsyncNetworkBackend):
    """httpcore's own, with what `_Stream` says."""

    def __init__(self) -> None:
        self._own = cast("httpcore.AsyncNetworkBackend", cast("Any", httpcore).AnyIOBackend())

    async def connect_tcp(self, *given: Any, **more: Any) -> httpcore.AsyncNetworkStream:
        return _Stream(await self._own.connect_tcp(*given, **more))


class _Stream(httpcore.AsyncNetworkStream):
    """httpcore's own, but that the head of a request goes in one piece with what follows it, its body or its end:
    each piece took a tenth of what a request costs. And a handshake of TLS that is cancelled would leave its
    connection open.
    """

    def __init__(self, own: httpcore.AsyncNetworkStream) -> None:
        self._own = own
        self._head: bytes | None = None  # empty while the rest of a request is sent

    async def start_tls(self, *given: Any, **more: Any) -> httpcore.AsyncNetworkStream:
        try:
            return _Stream(await self._own.start_tls(*given, **more))
        except BaseException:
            with anyio.CancelScope(shield=True):
                await self.aclose()
            raise

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if self._head is None and buffer:
            self._head = buffer
            return
        # Not only when the answer is read: a server that once sent too much may seem to have answered already.
        head, self._head = self._head or b"", b"" if buffer else None  # of no length is the end
        await self._own.write(head + buffer, timeout)

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return await self._own.read(max_bytes, timeout)

    async def aclose(self) -> None:
        await self._own.aclose()

    def get_extra_info(self, info: str) -> Any:
        return self._own.get_extra_info(info)


class _Content(httpx.AsyncByteStream):
    """That of an *answer*, read as it arrives."""

    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for piece in cast("AsyncIterator[bytes]", self._answer.stream):
                yield piece
        except _FAULTS as error:
            raise _as_of_httpx(error) from error

    async def aclose(self) -> None:
        # Where the request was cancelled too: a connection that is not let go of takes no other, for ever.
        with anyio.CancelScope(shield=True):
            await self._answer.aclose()


_FAULTS: Final = (
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.UnsupportedProtocol,
)


def _as_of_httpx(error: Exception) -> httpx.TransportError:
    """That of the same name."""
    kind: type[httpx.TransportError] = getattr(httpx, type(error).__name__)
    return kind(str(error))


def _target(url: httpx.URL) -> httpcore.URL:
    return httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
