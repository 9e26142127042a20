"""A proxy that spoils the answers of a server on their way."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import httpx


@contextmanager
def spoiling(target: str, spoil: Callable[[str, bytes], bytes]) -> Iterator[str]:
    """The URL of a proxy to *target* that answers what *spoil* makes of a path and of what was said there."""

    class Handler(BaseHTTPRequestHandler):
        def pass_on(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {"Content-Type": "application/json"}
            said = behind.request(self.command, target + self.path, content=sent, headers=headers)
            content = spoil(self.path, said.content)
            self.send_response(said.status_code)
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def __getattr__(self, name: str) -> Callable[[], None]:
            if name.startswith("do_"):
                return self.pass_on
            raise AttributeError(name)

        def log_message(self, *_: object) -> None:
            pass

    class Proxy(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """A client that hangs up, since it was cancelled, is no failure here."""
            if not isinstance(sys.exc_info()[1], OSError):
                super().handle_error(request, client_address)

    with httpx.Client(trust_env=False, verify=False) as behind, Proxy(("127.0.0.1", 0), Handler) as proxy:
        thread = Thread(target=proxy.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{proxy.server_address[1]}"
        finally:
            proxy.shutdown()
            thread.join()
