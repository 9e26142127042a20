"""The open connections of the server, so that one can be cut: the one thing ASGI has no word for."""

from __future__ import annotations

import asyncio
from typing import cast

from uvicorn.protocols.http.h11_impl import H11Protocol

Address = tuple[str, int]


class OpenConnections:
    """Open transports by the address of who asks. Used in the server's event loop only."""

    def __init__(self) -> None:
        self._open: dict[Address, asyncio.Transport] = {}
        self.ending = asyncio.Event()
        """The server is about to stop: answers that have no end of their own have to come to one."""

    def close(self, client: Address | None) -> None:
        """Close one connection after what was written to it so far."""
        if client is not None and (transport := self._open.get((client[0], client[1]))):
            transport.close()

    def abort(self) -> None:
        """Cut all connections at once, whatever was still to be written."""
        for transport in list(self._open.values()):
            transport.abort()

    def cut(self, client: Address | None) -> None:
        """Cut one connection at once: whoever asked has stopped reading."""
        if client is not None and (transport := self._open.get((client[0], client[1]))):
            transport.abort()

    def protocol(self) -> type[asyncio.Protocol]:
        """The HTTP protocol for uvicorn, which tells this about every connection."""
        opened, ending = self._open, self.ending

        class Wired(H11Protocol):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                wire = cast(asyncio.Transport, transport)
                opened[_peer(wire)] = wire
                super().connection_made(wire)

            def connection_lost(self, exc: Exception | None) -> None:
                opened.pop(_peer(self.transport), None)
                super().connection_lost(exc)

            def shutdown(self) -> None:
                ending.set()
                super().shutdown()

        return Wired


def _peer(transport: asyncio.Transport) -> Address:
    host, port = transport.get_extra_info("peername")[:2]
    return (host, port)
