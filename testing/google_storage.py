"""Google Cloud Storage as its XML API is described, for one process: objects, generations and their conditions.

No emulator on a package index answers what obstore asks: gcp-storage-emulator stores a PUT whatever its condition
and answers without the ETag and the generation, fake-gcs-server refuses it (400, "invalid uploadType").
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import md5
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

_CONDITION = "x-goog-if-generation-match"


class Objects:
    """By path, each with its generation; *conditions* are those that writes came with."""

    def __init__(self) -> None:
        self.there: dict[str, tuple[int, bytes]] = {}
        self.conditions: list[str | None] = []
        self._numbers, self._turn = count(1_700_000_000_000_001), Lock()

    def put(self, path: str, data: bytes, condition: str | None) -> int | None:
        """The new generation; None where the condition is not met. Zero means that nothing may be there."""
        with self._turn:
            self.conditions.append(condition)
            if condition is not None and int(condition) != self.there.get(path, (0, b""))[0]:
                return None
            self.there[path] = (next(self._numbers), data)
            return self.there[path][0]

    def listed(self, bucket: str, prefix: str) -> bytes:
        """All at once, as XML."""
        rows = [
            f"<Contents><Key>{path.removeprefix(f'{bucket}/')}</Key><Size>{len(data)}</Size>"
            f'<LastModified>2026-11-30T12:00:00.000Z</LastModified><ETag>"{md5(data).hexdigest()}"</ETag></Contents>'
            for path, (_, data) in ((unquote(path), kept) for path, kept in self.there.items())
            if path.startswith(f"{bucket}/{prefix}")
        ]
        return f"<ListBucketResult>{''.join(rows)}</ListBucketResult>".encode()


@contextmanager
def google_storage() -> Iterator[tuple[str, Objects]]:
    """The address of one, and what it holds."""
    objects = Objects()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            if query := parse_qs(asked.query):
                self._answer(200, objects.listed(asked.path, query["prefix"][0]))
                return
            found = objects.there.get(self.path)
            if found is None:
                self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
            else:
                self._answer(200, found[1], found)

        def do_PUT(self) -> None:
            data = self.rfile.read(int(self.headers["Content-Length"]))
            generation = objects.put(self.path, data, self.headers.get(_CONDITION))
            if generation is None:
                self._answer(412, b"<Error><Code>PreconditionFailed</Code></Error>")
            else:
                self._answer(200, b"", (generation, data))

        def _answer(self, status: int, body: bytes, of: tuple[int, bytes] | None = None) -> None:
            self.send_response(status)
            if of is not None:
                self.send_header("x-goog-generation", str(of[0]))
                self.send_header("ETag", f'"{md5(of[1]).hexdigest()}"')
                self.send_header("Last-Modified", "Mon, 30 Nov 2026 12:00:00 GMT")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_said: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", objects
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
