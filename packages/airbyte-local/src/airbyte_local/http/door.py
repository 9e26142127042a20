"""Who comes in: whom the server answers at all, how long one may take to ask, and how a connection is cut."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Collection, Iterable, MutableMapping
from typing import Any, cast
from urllib.parse import urlsplit

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

Address = tuple[str, int]

MOST = 1024


class Guard:
    """Refuses a Host and an Origin of elsewhere: else any web page could reach in, by DNS rebinding or blindly."""

    def __init__(self, allowed_hosts: Collection[str] = ()) -> None:
        self._allowed = {host.lower() for host in allowed_hosts}

    def admits(self, headers: Iterable[tuple[bytes, bytes]]) -> bool:
        said = [(name, value.decode("latin-1")) for name, value in headers]
        hosts = [f"//{value}" for name, value in said if name == b"host"] or ["//"]
        return all(self._near(url) for url in (*hosts, *(value for name, value in said if name == b"origin")))

    def _near(self, url: str) -> bool:
        try:
            host = (urlsplit(url).hostname or "").lower()
        except ValueError:
            return False
        return host == "localhost" or host in self._allowed or _is_loopback(host)


def is_from_here(scope: MutableMapping[str, Any]) -> bool:
    """Whether who asks is on this machine: what the request says of itself proves nothing."""
    client, server = scope.get("client"), scope.get("server")
    return client is not None and (_is_loopback(client[0]) or (server is not None and client[0] == server[0]))


def _is_loopback(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def most_connections() -> int:
    """How many connections may be open, so that there are always file descriptors left for the work itself."""
    try:
        import resource
    except ImportError:  # Windows, which has no such limit
        return MOST
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST if soft == resource.RLIM_INFINITY else max(min(soft // 4, MOST), 16)


class OpenConnections:
    """The open connections, so that one can be cut (ASGI has no word for it). Used in the server's event loop only.

    Who connects and asks nothing is let go: after *seconds*, and sooner where there are more than *most*.
    """

    def __init__(self, *, seconds: float = 30.0, most: int | None = None) -> None:
        self._open: dict[Address, H11Protocol] = {}
        self._timers: dict[Address, asyncio.TimerHandle] = {}
        self._seconds, self.most = seconds, most or most_connections()
        self.ending = asyncio.Event()
        """The server is about to stop: answers that have no end of their own have to come to one."""

    def close(self, client: Address | None) -> None:
        """Close one connection after what was written to it so far."""
        if client is not None and (found := self._open.get((client[0], client[1]))):
            found.transport.close()

    def abort(self) -> None:
        """Cut all connections at once, whatever was still to be written."""
        for address in list(self._open):
            self.cut(address)

    def cut(self, client: Address | None) -> None:
        """Cut one connection at once: whoever asked has stopped reading, or never asks."""
        if client is not None and (found := self._open.pop((client[0], client[1]), None)):
            found.transport.abort()

    def protocol(self) -> type[asyncio.Protocol]:
        """The HTTP protocol for uvicorn, which tells this about every connection."""
        opened, left, heard, ending = self._opened, self._left, self._heard, self.ending

        class Wired(H11Protocol):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                super().connection_made(cast(asyncio.Transport, transport))
                opened(self)

            def data_received(self, data: bytes) -> None:
                super().data_received(data)
                heard(self)

            def connection_lost(self, exc: Exception | None) -> None:
                left(self)
                super().connection_lost(exc)

            def shutdown(self) -> None:
                ending.set()
                super().shutdown()

        return Wired

    def _opened(self, one: H11Protocol) -> None:
        self._open[_peer(one)] = one
        self._heard(one)
        if len(self._open) > self.most:
            self.cut(next((peer for peer, other in self._open.items() if not _has_asked(other)), None))

    def _heard(self, one: H11Protocol) -> None:
        peer = _peer(one)
        if _has_asked(one):
            self._forget(peer)
        elif peer in self._open and peer not in self._timers:
            self._timers[peer] = asyncio.get_running_loop().call_later(self._seconds, self.cut, peer)

    def _left(self, one: H11Protocol) -> None:
        self._open.pop(_peer(one), None)
        self._forget(_peer(one))

    def _forget(self, peer: Address) -> None:
        if timer := self._timers.pop(peer, None):
            timer.cancel()


def _has_asked(one: H11Protocol) -> bool:
    """Whether a whole request came that is not answered yet."""
    return one.conn.their_state not in {h11.IDLE, h11.SEND_BODY}


def _peer(one: H11Protocol) -> Address:
    host, port = one.transport.get_extra_info("peername")[:2]
    return (host, port)
