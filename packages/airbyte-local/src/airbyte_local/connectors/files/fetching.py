"""A file on the web as a stream, with a limit of time on every wait and none on the whole.

A web address is always asked over https, as the vendor's connector does, but for loopback hosts, where `http://` is
honoured: so the server's own `/_local/files/` can be a source.
"""

from __future__ import annotations

import contextlib
import io
import ipaddress
import socket
import ssl
from collections.abc import Generator, Iterator
from typing import Any, BinaryIO, cast

import httpx

from airbyte_local.connectors.cancelling import Cancellation
from airbyte_local.connectors.files.texts import BLOCK, shown
from airbyte_local.connectors.protocol import ConnectorCrashed, ConnectorFailed

SECONDS = 20.0
REDIRECTS = 5
PASSING = {408, 425, 429}  # of the answers below 500 those that another try may better


class Line:
    """The socket of a request, to be cut by another thread that has no time to wait for a slow server."""

    def __init__(self, cancellation: Cancellation) -> None:
        self._cancellation = cancellation
        self._stream: Any = None

    def trace(self, event: str, info: dict[str, Any]) -> None:
        self._cancellation.raise_if_requested()
        if event in {"connection.connect_tcp.complete", "connection.start_tls.complete"}:
            self._stream = info["return_value"]

    def cut(self) -> None:
        if self._stream is not None:
            with contextlib.suppress(OSError, ValueError):
                self._stream.get_extra_info("socket").shutdown(socket.SHUT_RDWR)


class Pieces(io.RawIOBase):
    """Pieces of bytes as a file that is read once, from its beginning to its end."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        super().__init__()
        self._pieces = pieces
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = memoryview(piece)
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


@contextlib.contextmanager
def fetched(url: str, *, user_agent: bool, cancellation: Cancellation) -> Generator[BinaryIO]:
    """What *url* answers, read as it comes.

    Raises:
        ConnectorFailed: there is no such file, or it is forbidden.
        ConnectorCrashed: the network or the server failed, here or while the stream is read.
    """
    line = Line(cancellation)
    with cancellation.calling(line.cut), _named(url, cancellation), contextlib.ExitStack() as stack:
        target = _scheme(url)
        for _ in range(REDIRECTS):
            response = stack.enter_context(_asked(target, line, user_agent=user_agent))
            if not response.has_redirect_location:
                response.raise_for_status()
                break
            target = _scheme(str(target.join(response.headers["location"])))
        else:
            raise ConnectorFailed(f"{shown(url)!r} redirects more than {REDIRECTS} times")
        pieces = _pieces(response, url, cancellation)
        with contextlib.closing(pieces), io.BufferedReader(Pieces(pieces), BLOCK) as stream:
            yield cast(BinaryIO, stream)


@contextlib.contextmanager
def _asked(target: httpx.URL, line: Line, *, user_agent: bool) -> Generator[httpx.Response]:
    headers = {"Accept-Encoding": "identity"}
    if user_agent:
        headers["User-Agent"] = "Airbyte/1.0"
    # A proxy of the environment is for the world outside, never for this machine; its certificates are for both.
    # Where none are needed they are not read, which costs more than a small file does.
    verify = httpx.create_ssl_context(verify=target.scheme == "https")
    with (
        httpx.Client(
            timeout=SECONDS, trust_env=not _loopback(target.host), headers=headers, verify=verify
        ) as client,
        client.stream("GET", target, extensions={"trace": line.trace}) as response,
    ):
        yield response


def _pieces(response: httpx.Response, url: str, cancellation: Cancellation) -> Generator[bytes]:
    with _named(url, cancellation):
        yield from response.iter_bytes()


@contextlib.contextmanager
def _named(url: str, cancellation: Cancellation) -> Generator[None]:
    """What goes wrong says which address it was, and why."""
    try:
        yield
    except httpx.HTTPStatusError as error:
        status = error.response.status_code
        failed = ConnectorCrashed if status >= 500 or status in PASSING else ConnectorFailed
        raise failed(f"{shown(url)!r} answered {status}") from None
    except httpx.InvalidURL as error:
        raise ConnectorFailed(f"{shown(url)!r} could not be read: {error}") from None
    except (httpx.HTTPError, ssl.SSLError) as error:
        cancellation.raise_if_requested()
        raise ConnectorCrashed(f"{shown(url)!r} could not be read: {error or type(error).__name__}") from None


def _scheme(url: str) -> httpx.URL:
    """The vendor's HTTPS storage drops the scheme and asks over https; loopback hosts are our exception."""
    address = url.partition("://")[2] if "://" in url else url
    plain = httpx.URL(f"http://{address}")
    if not plain.host:
        raise ConnectorFailed(f"{shown(url)!r} is no web address")
    return plain if url.startswith("http://") and _loopback(plain.host) else httpx.URL(f"https://{address}")


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
