"""A proxy that passes requests on, and answers those to some paths itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
    url: str = ""
    asked: list[str] = field(default_factory=list)


@contextmanager
def spoiling(target: str, answers: Mapping[str, Said]) -> Iterator[Proxy]:
    """A proxy to *target* that gives its own of *answers* for these paths, and notes the paths asked for."""
    proxy = Proxy()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def pass_on(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            path = urlsplit(self.path).path
            proxy.asked.append(path)
            said = answers.get(path) or self._asked_behind(sent)
            self.send_response(said.status)
            self.send_header("Content-Type", said.kind)
            self.send_header("Content-Length", str(len(said.content)))
            self.end_headers()
            self.wfile.write(said.content)

        def _asked_behind(self, sent: bytes) -> Said:
            answer = behind.request(
                self.command, target + self.path, content=sent, headers={"Content-Type": "application/json"}
            )
            return Said(answer.status_code, answer.content)

        def __getattr__(self, name: str) -> object:
            if name.startswith("do_"):
                return self.pass_on
            raise AttributeError(name)

        def log_message(self, *_: object) -> None:
            pass

    with httpx.Client(trust_env=False) as behind, ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = Thread(target=running.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        proxy.url = f"http://127.0.0.1:{running.server_address[1]}"
        try:
            yield proxy
        finally:
            running.shutdown()
            thread.join()
