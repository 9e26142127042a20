"""A store of JSON rows over HTTP, in memory: `python store.py [port]`. Just enough to try an integration on."""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any

LISTS: dict[str, dict[str, dict[str, Any]]] = {"shelves": {}, "books": {}}
NUMBERS = count(1)


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        rows = LISTS[self.path.strip("/")]
        self.answer(200, [shown(row) for row in rows.values()])

    def do_POST(self) -> None:
        row = {"id": str(next(NUMBERS)), **self.body()}
        LISTS[self.path.strip("/")][row["id"]] = row
        self.answer(201, shown(row))

    def do_PATCH(self) -> None:
        row = self.row()
        row |= self.body() if row else {}
        self.answer(200 if row else 404, shown(row))

    def do_DELETE(self) -> None:
        _, rows, id_ = self.path.split("/")
        if any(book["shelf"] == id_ for book in LISTS["books"].values() if rows == "shelves"):
            self.answer(409, "there are books on it")
        else:
            self.answer(200 if LISTS[rows].pop(id_, None) else 404, {})

    def row(self) -> dict[str, Any]:
        _, rows, id_ = self.path.split("/")
        return LISTS[rows].get(id_, {})

    def body(self) -> dict[str, Any]:
        return json.loads(self.rfile.read(int(self.headers["Content-Length"])))

    def answer(self, status: int, value: Any) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's own word
        """One line a request: `"POST /books HTTP/1.1" 201 -`."""
        print(format % args, flush=True)


def shown(row: dict[str, Any]) -> dict[str, Any]:
    """A shelf's code is never shown, only that there is one."""
    return row if "author" in row else {**row, "code": "***" if row.get("code") else None}


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 8100), Handler)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
