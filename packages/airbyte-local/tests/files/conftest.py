"""The File source over a file of a test: its catalog and its rows; and a web that answers as a test says."""

from __future__ import annotations

import contextlib
import http.server
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from airbyte_local.connectors.cancelling import Cancellation
from airbyte_local.connectors.file import File
from airbyte_local.connectors.protocol import ConnectorCrashed, ConnectorFailed, Surroundings


@dataclass(frozen=True)
class Told:
    """What one reading said."""

    rows: list[dict[str, Any]]
    statuses: list[str]
    failure: str | None = None


class Reader:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.around = Surroundings(local_root=root, cancellation=Cancellation())

    def configuration(
        self, content: str | bytes, form: str = "csv", name: str | None = None, **options: Any
    ) -> Any:
        name = name or f"file.{form}"
        (self.root / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        return self.at(f"/local/{name}", form, **options)

    def at(self, url: str, form: str = "csv", storage: str = "local", provider: Any = None, **options: Any) -> Any:
        found = {
            "dataset_name": "t",
            "format": form,
            "url": url,
            "provider": {"storage": storage, **(provider or {})},
        }
        return {**found, "reader_options": json.dumps(options)} if options else found

    def schema(self, configuration: Any) -> dict[str, Any]:
        (stream,) = File().discover(configuration, self.around)
        return stream["jsonSchema"]

    def types(self, configuration: Any) -> dict[str, Any]:
        """Of columns, all of which may be null."""
        found = {name: dict(schema) for name, schema in self.schema(configuration)["properties"].items()}
        types = {name: schema.pop("type") for name, schema in found.items()}
        assert all(kinds[1:] == ["null"] for kinds in types.values())
        return {name: found[name].get("format", kinds[0]) for name, kinds in types.items()}

    def messages(self, configuration: Any, schema: Any = None, name: str = "t") -> Any:
        schema = self.schema(configuration) if schema is None else schema
        catalog = {"streams": [{"stream": {"name": name, "json_schema": schema}, "sync_mode": "full_refresh"}]}
        return File().read(configuration, catalog, [], self.around)

    def told(self, configuration: Any, schema: Any = None) -> Told:
        rows, statuses, failure = [], [], None
        with contextlib.closing(self.messages(configuration, schema)) as messages:
            try:
                for message in messages:
                    if message["type"] == "RECORD":
                        rows.append(message["record"]["data"])
                    else:
                        statuses.append(message["trace"]["stream_status"]["status"])
            except (ConnectorFailed, ConnectorCrashed) as error:
                failure = f"{type(error).__name__}: {error}"
        return Told(rows, statuses, failure)

    def rows(self, content: str | bytes, form: str = "csv", name: str | None = None, **options: Any) -> Any:
        told = self.told(self.configuration(content, form, name, **options))
        assert told.failure is None
        return told.rows


class Web:
    """Answers each path as a test says: a function of the request."""

    def __init__(self):
        self.answers = {}
        self.asked = []
        web = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                web.asked.append((self.path, dict(self.headers)))
                with contextlib.suppress(OSError):
                    web.answers[self.path](self)
                self.close_connection = True

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def says(self, path, body, status=200, **headers):
        def answer(request):
            request.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                request.send_header(name.replace("_", "-"), value)
            request.end_headers()
            request.wfile.write(body)

        self.answers[path] = answer


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    return Reader(tmp_path)


@pytest.fixture
def web() -> Iterator[Web]:
    web = Web()
    thread = threading.Thread(target=web.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield web
    web.server.shutdown()
    web.server.server_close()
    thread.join()
