"""An answer without the list Airbyte promises is no empty list: an apply would create all there is again."""

from __future__ import annotations

import json
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import httpx
import pytest
from airbyte_local import server
from dagster_managed_elements import Reconciler, ServerFault
from dagster_managed_elements.airbyte import AirbyteInstance, AirbyteSource

ANSWERS = {
    "empty": {},
    "null": {"sources": None, "destinations": None, "connections": None, "data": None},
    "a problem": {"status": 500, "title": "internal", "detail": "later"},
    "another key": {"items": []},
}
LISTS = {
    "config": ("/sources/list", "/destinations/list", "/connections/list", "/source_definitions/list"),
    "public": ("/v1/sources?", "/v1/destinations?", "/v1/connections?", "/definitions/sources"),
}
CELLS = [(api, listed, answer) for api, every in LISTS.items() for listed in every for answer in ANSWERS]


@contextmanager
def spoiling(target, listed, answer):
    """The URL of a proxy to *target* that says *answer* in place of what is *listed*."""

    class Handler(BaseHTTPRequestHandler):
        def pass_on(self):
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {"Content-Type": "application/json"}
            said = httpx.request(self.command, target + self.path, content=sent, headers=headers, trust_env=False)
            content = json.dumps(answer).encode() if listed in self.path else said.content
            self.send_response(said.status_code)
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def __getattr__(self, name):
            if name.startswith("do_"):
                return self.pass_on
            raise AttributeError(name)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as proxy:
        thread = Thread(target=proxy.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{proxy.server_address[1]}"
        finally:
            proxy.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def airbyte(tmp_path_factory):
    with server(tmp_path_factory.mktemp("airbyte"), airbyte_version="1.6") as running:
        running.seed(sources=[{"name": "klaus"}])
        yield running


def klaus(url, api):
    configuration = {"dataset_name": "t", "format": "csv", "url": "/local/t.csv", "provider": {"storage": "local"}}
    source = AirbyteSource("klaus", "File", configuration)
    return Reconciler(AirbyteInstance(url=url, api=api), [source])


@pytest.mark.parametrize(("api", "listed", "answer"), CELLS)
def test_an_answer_without_its_list_is_a_fault_and_nothing_is_created(airbyte, api, listed, answer):
    airbyte.forget_requests()
    with spoiling(airbyte.url, listed, ANSWERS[answer]) as url, pytest.raises(ServerFault, match="expected a list"):
        klaus(url, api).apply(allow_destructive=True)
    written = [asked for asked in airbyte.requests if asked.path.endswith(("/create", "/public/v1/sources"))]
    assert [asked.path for asked in written if asked.method == "POST"] == []
