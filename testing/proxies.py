"""A proxy that passes requests on, answers those to some paths itself, and spoils answers on their way."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import urlsplit

import httpx


@dataclass(frozen=True)
class Said:
    """A whole answer."""

    status: int
    content: bytes
    kind: str = "application/json"


@dataclass
class Proxy:
    """*answers* are its own, by path; *asked* are the paths it was asked for. *refuse* makes an answer, or none, of
    method and path, of what was sent and of the headers; *spoil* one of a path with its query and of what was said
    behind it.
    """

    url: str = ""
    answers: dict[str, Said] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    refuse: Callable[[str, bytes, str], Said | None] = lambda _asked, _sent, _headers: None
    spoil: Callable[[str, bytes], bytes] = lambda _path, said: said


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """A client that was cancelled hangs up, which is no failure here."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


@contextmanager
def proxied(target: str) -> Iterator[Proxy]:
    """A proxy to *target*."""
    proxy = Proxy()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # headers and content are two writes: forty milliseconds apart with it

        def pass_on(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            path = urlsplit(self.path).path
            proxy.asked.append(path)
            refused = proxy.answers.get(path) or proxy.refuse(f"{self.command} {path}", sent, str(self.headers))
            said = refused or self._asked_behind(sent)
            self.send_response(said.status)
            self.send_header("Content-Type", said.kind)
            self.send_header("Content-Length", str(len(said.content)))
            self.end_headers()
            self.wfile.write(said.content)

        def _asked_behind(self, sent: bytes) -> Said:
            passed = {name: self.headers[name] for name in ("Authorization",) if name in self.headers}
            headers = {"Content-Type": "application/json", **passed}
            answer = behind.request(self.command, target + self.path, content=sent, headers=headers)
            return Said(answer.status_code, proxy.spoil(self.path, answer.content))

        def __getattr__(self, name: str) -> object:
            if name.startswith("do_"):
                return self.pass_on
            raise AttributeError(name)

        def log_message(self, *_: object) -> None:
            pass

    with httpx.Client(trust_env=False, verify=False) as behind, _Server(("127.0.0.1", 0), Handler) as running:
        thread = Thread(target=running.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        proxy.url = f"http://127.0.0.1:{running.server_address[1]}"
        try:
            yield proxy
        finally:
            running.shutdown()
            thread.join()


@contextmanager
def spoiling(target: str, spoil: Callable[[str, bytes], bytes]) -> Iterator[str]:
    """The URL of a proxy to *target* that answers what *spoil* makes of a path and of what was said there."""
    with proxied(target) as proxy:
        proxy.spoil = spoil
        yield proxy.url
