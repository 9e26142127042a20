"""A low-code connector made of a manifest, and the little API on 127.0.0.1 that it reads."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from testing.syncs.bench import Bench
from testing.syncs.origins import Origin
from testing.syncs.streams import Row, Stream

KEY = "open sesame"
ITEMS = Stream(
    name="items",
    properties={
        "id": {"type": "integer"},
        "updated_at": {"type": "string", "format": "date-time"},
        "title": {"type": ["null", "string"]},
        "weight": {"type": ["null", "number"]},
        "tags": {"type": ["null", "array"], "items": {"type": "string"}},
    },
    key="id",
    cursor="updated_at",
)
TODAY: list[Row] = [
    {"id": 1, "updated_at": "2026-01-01T10:00:00Z", "title": "Löffel", "weight": 0.1, "tags": ["a", "b"]},
    {"id": 2, "updated_at": "2026-01-02T10:00:00Z", "title": "Gabel", "weight": 50, "tags": []},
    {"id": 3, "updated_at": "2026-01-02T10:00:00Z", "title": ""},
    {"id": 4, "updated_at": "2026-01-03T10:00:00Z", "title": "Messer", "weight": -2.5e-7},
]
TOMORROW: list[Row] = [
    *TODAY[1:],
    {"id": 1, "updated_at": "2026-01-04T10:00:00Z", "title": "Löffel, neu", "weight": 0.2},
    {"id": 5, "updated_at": "2026-01-05T10:00:00Z", "title": "Kelle", "tags": ["new"]},
]


class Api(ThreadingHTTPServer):
    """`GET /items?since=&offset=&limit=` with the key in a header: rows that were updated then or later."""

    rows: list[Row]

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.rows = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    @contextmanager
    def running(self) -> Iterator[None]:
        thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield
        finally:
            self.shutdown()
            thread.join()
            self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: Api

    def do_GET(self) -> None:
        asked = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        allowed = self.headers["X-Key"] == KEY
        offset, limit = int(asked.get("offset", 0)), int(asked.get("limit", 100))
        rows = [row for row in self.server.rows if row["updated_at"] >= asked.get("since", "")]
        content = {"items": rows[offset : offset + limit]} if allowed else {"error": "who are you?"}
        body = json.dumps(content).encode()
        self.send_response(200 if allowed else 401)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Manifest(Origin):
    streams: ClassVar = [ITEMS]

    def __init__(self, bench: Bench, folder: Path) -> None:
        super().__init__(bench, folder)
        self.api = Api()
        self.api.rows = TODAY

    def running(self) -> AbstractContextManager[None]:
        return self.api.running()

    def create(self) -> str:
        path = f"workspaces/{self.bench.server.workspace_id}/definitions/declarative_sources"
        made = self.bench.made(path, name="Shop", manifest=manifest())
        return self.bench.source({"url": self.api.url, "api_key": KEY}, made["id"])

    def rows(self, stream: Stream) -> list[Row]:
        return self.api.rows

    def change(self) -> None:
        self.api.rows = TOMORROW

    def news(self, stream: Stream, known: list[Row]) -> list[Row]:
        last = max(row["updated_at"] for row in known)
        return [row for row in self.api.rows if row["updated_at"] >= last]

    def state(self, stream: Stream) -> dict[str, Any]:
        return {"updated_at": max(row["updated_at"] for row in self.api.rows)}


def manifest() -> dict[str, Any]:
    return {
        "version": "6.60.9",
        "type": "DeclarativeSource",
        "check": {"type": "CheckStream", "stream_names": ["items"]},
        "streams": [
            {
                "type": "DeclarativeStream",
                "name": "items",
                "primary_key": ["id"],
                "schema_loader": {
                    "type": "InlineSchemaLoader",
                    "schema": {"type": "object", "properties": ITEMS.properties},
                },
                "retriever": {
                    "type": "SimpleRetriever",
                    "requester": {
                        "type": "HttpRequester",
                        "url_base": "{{ config['url'] }}",
                        "path": "/items",
                        "http_method": "GET",
                        "authenticator": {
                            "type": "ApiKeyAuthenticator",
                            "api_token": "{{ config['api_key'] }}",
                            "inject_into": _option("X-Key", "header"),
                        },
                    },
                    "record_selector": {
                        "type": "RecordSelector",
                        "extractor": {"type": "DpathExtractor", "field_path": ["items"]},
                    },
                    "paginator": {
                        "type": "DefaultPaginator",
                        "page_size_option": _option("limit"),
                        "page_token_option": _option("offset"),
                        "pagination_strategy": {"type": "OffsetIncrement", "page_size": 2},
                    },
                },
                "incremental_sync": {
                    "type": "DatetimeBasedCursor",
                    "cursor_field": "updated_at",
                    "datetime_format": "%Y-%m-%dT%H:%M:%SZ",
                    "start_datetime": "2025-12-01T00:00:00Z",
                    "start_time_option": _option("since"),
                },
            }
        ],
        "spec": {
            "type": "Spec",
            "connection_specification": {
                "type": "object",
                "required": ["url", "api_key"],
                "properties": {"url": {"type": "string"}, "api_key": {"type": "string", "airbyte_secret": True}},
            },
        },
    }


def _option(name: str, where: str = "request_parameter") -> dict[str, Any]:
    return {"type": "RequestOption", "field_name": name, "inject_into": where}
