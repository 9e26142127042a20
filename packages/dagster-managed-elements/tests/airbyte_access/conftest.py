"""A door before the local Airbyte: it asks for tokens that expire, speaks TLS, or stands as a proxy in between."""

from __future__ import annotations

import json
import os
import shutil
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from airbyte_local import LocalAirbyte

TOKEN_PATH = "/api/v1/applications/token"


class Door(ThreadingHTTPServer):
    """Passes requests on to *port*. With *uses*, only with a token, each of which is good for so many requests."""

    daemon_threads = False

    def __init__(self, port: int, uses: int | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.behind, self.uses = port, uses
        self.lock = threading.Lock()
        self.left: dict[str, int] = {}
        self.handed = 0
        self.seen: list[tuple[str, str, dict[str, str]]] = []

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up, since it does not trust the certificate or was cancelled, is no failure here."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)

    @property
    def port(self) -> int:
        return self.server_port

    def hand_out(self) -> str:
        with self.lock:
            self.handed += 1
            self.left[f"t{self.handed}"] = self.uses or 0
            return f"t{self.handed}"

    def lets_in(self, authorization: str) -> bool:
        token = authorization.removeprefix("Bearer ")
        with self.lock:
            left = self.left.get(token, 0)
            self.left[token] = left - 1
        return self.uses is None or left > 0


class _Handler(BaseHTTPRequestHandler):
    server: Door

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        path = urlsplit(self.path).path
        self.server.seen.append(
            (self.command, self.path, {key.lower(): value for key, value in self.headers.items()})
        )
        if self.server.uses is not None and path == TOKEN_PATH:
            self._token(json.loads(body))
        elif self.server.lets_in(self.headers.get("authorization", "")):
            self._pass_on(path, body)
        else:
            self._answer(401, {"message": "Unauthorized"})

    def do_GET(self) -> None:
        self.do_POST()

    def _token(self, asked: dict[str, str]) -> None:
        if asked == {"client_id": "me", "client_secret": "hush"}:
            self._answer(200, {"access_token": self.server.hand_out()})
        else:
            self._answer(
                400, {"message": "Bad Request", "_embedded": {"errors": [{"message": "Invalid client id"}]}}
            )

    def _pass_on(self, path: str, body: bytes) -> None:
        there = HTTPConnection("127.0.0.1", self.server.behind, timeout=20)
        try:
            there.request(self.command, path, body, {"Content-Type": "application/json"} if body else {})
            answer = there.getresponse()
            self._send(answer.status, answer.getheader("content-type", "application/json"), answer.read())
        finally:
            there.close()

    def _answer(self, status: int, body: object) -> None:
        self._send(status, "application/json", json.dumps(body).encode())

    def _send(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def opened(door: Door) -> Iterator[Door]:
    thread = threading.Thread(target=lambda: door.serve_forever(poll_interval=0.01))
    thread.start()
    try:
        yield door
    finally:
        door.shutdown()
        thread.join()
        door.server_close()


@pytest.fixture
def door(airbyte_local: LocalAirbyte) -> Iterator[Door]:
    """As it stands, it lets everybody in."""
    with opened(Door(airbyte_local.port)) as server:
        yield server


@pytest.fixture
def asking(airbyte_local: LocalAirbyte) -> Iterator[Callable[[int], Door]]:
    """Opens a door that wants a token, each good for so many requests."""
    with ExitStack() as stack:
        yield lambda uses: stack.enter_context(opened(Door(airbyte_local.port, uses=uses)))


@dataclass(frozen=True)
class Certificate:
    """A certificate for 127.0.0.1 and its *key*, signed by a private *authority* that nobody trusts."""

    authority: Path
    chain: Path
    key: Path


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """Made by openssl."""
    if (openssl := shutil.which("openssl")) is None:
        if os.environ.get("CI") == "true":
            pytest.fail("needs the openssl command")
        pytest.skip("needs the openssl command")
    folder = tmp_path_factory.mktemp("certificate")

    def made(name: str, *what: str) -> Path:
        new = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
        files = ["-keyout", f"{name}.key", "-out", f"{name}.pem"]
        subprocess.run([openssl, "req", *new, *what, *files], cwd=folder, check=True, capture_output=True)
        return folder / f"{name}.pem"

    signs = ("-addext", "keyUsage=critical,keyCertSign,cRLSign")
    authority = made("authority", "-subj", "/CN=Private CA", *signs)
    signed = ("-CA", "authority.pem", "-CAkey", "authority.key")
    facts = ("-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE")
    chain = made("server", "-subj", "/CN=127.0.0.1", *signed, *facts)
    return Certificate(authority=authority, chain=chain, key=folder / "server.key")


@pytest.fixture
def tls_door(airbyte_local: LocalAirbyte, certificate: Certificate) -> Iterator[Door]:
    server = Door(airbyte_local.port)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.chain, certificate.key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    with opened(server) as running:
        yield running
