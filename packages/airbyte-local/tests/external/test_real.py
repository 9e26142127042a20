"""The pinned connectors themselves: installed from the package index, asked everything, read for real."""

from __future__ import annotations

import contextlib
import json
import threading
from collections import Counter
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from airbyte_local.connectors.cancelling import Cancellation, Cancelled
from airbyte_local.connectors.external.pins import PINS, find_pin
from airbyte_local.connectors.external.workshop import Workshop
from airbyte_local.connectors.file import File
from airbyte_local.connectors.imitated import Imitated
from airbyte_local.connectors.protocol import Candidate, ConnectorFailed

from testing import real_connectors

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="session")
def real():
    """`real("faker")`: the real connector, whose processes are shared by the tests."""
    with contextlib.closing(Workshop(real_connectors.FOLDER)) as workshop:

        def real(name, manifest=None):
            pin = find_pin(name)
            real_connectors.installed(name)
            stand_in = Imitated(specification=(manifest or {}).get("spec", {}).get("connection_specification", {}))
            candidate = Candidate(
                kind="source", repository=pin.image, custom=True, manifest=manifest, stand_in=stand_in
            )
            return workshop.connector(candidate)

        yield real


def configured(streams, mode="full_refresh"):
    return {
        "streams": [
            {
                "stream": {
                    "name": stream["name"],
                    "json_schema": stream["jsonSchema"],
                    "supported_sync_modes": stream["supportedSyncModes"],
                },
                "sync_mode": mode,
                "destination_sync_mode": "append",
                "cursor_field": stream["defaultCursorField"],
            }
            for stream in streams
        ]
    }


def read(source, configuration, around, *, mode="full_refresh", state=()):
    """The rows of each stream, and the states."""
    catalog = configured(source.discover(configuration, around), mode)
    rows, states, complete = {}, [], set()
    for message in source.read(configuration, catalog, list(state), around):
        if message["type"] == "RECORD":
            rows.setdefault(message["record"]["stream"], []).append(message["record"]["data"])
        elif message["type"] == "STATE":
            states.append(message["state"])
        elif message["type"] == "TRACE":
            assert message["trace"]["type"] != "ERROR", message
            status = message["trace"].get("stream_status", {})
            if status.get("status") == "COMPLETE":
                complete.add(status["stream_descriptor"]["name"])
    assert complete == {entry["stream"]["name"] for entry in catalog["streams"]}
    return rows, states


@pytest.mark.parametrize("pin", PINS, ids=lambda pin: pin.name)
def test_every_pin_installs_and_gives_its_specification(real, pin):
    real_connectors.installed(pin.name)
    with contextlib.closing(Workshop(real_connectors.FOLDER)) as workshop:
        found = workshop.environments.find(pin)
    assert found.specification["type"] == "object"
    assert found.specification["title"]


def test_faker_makes_rows_and_goes_on_where_it_was(real, around):
    source, configuration = real("faker"), {"count": 50, "seed": 7, "parallelism": 1, "always_updated": False}
    source.check(configuration, around)
    rows, states = read(source, configuration, around, mode="incremental")
    assert Counter({name: len(found) for name, found in rows.items()}) >= Counter(users=50, products=50)
    assert {"id", "email", "updated_at"} <= set(rows["users"][0])
    rows, _ = read(source, configuration, around, mode="incremental", state=states)
    assert "users" not in rows


def test_hardcoded_records_gives_as_many_as_it_was_told(real, around):
    source = real("hardcoded-records")
    source.check({"count": 3}, around)
    rows, _ = read(source, {"count": 3}, around)
    assert {name: len(found) for name, found in rows.items()} == {"customers": 3, "products": 3, "dummy_fields": 3}


def test_file_reads_below_local_and_nothing_else(real, around, tmp_path):
    source = real("file")
    around.local_root.mkdir()
    (around.local_root / "a.csv").write_text("id,name\n1,a\n2,b\n")
    (tmp_path / "outside.csv").write_text("id\n1\n")
    configuration = {
        "dataset_name": "a",
        "format": "csv",
        "url": "/local/a.csv",
        "provider": {"storage": "local"},
    }
    source.check(configuration, around)
    rows, _ = read(source, configuration, around)
    assert rows == {"a": [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}]}
    for url in (str(tmp_path / "outside.csv"), "/local/../outside.csv", "/local/none.csv"):
        with pytest.raises(ConnectorFailed, match="/local"):
            source.check({**configuration, "url": url}, around)


def test_file_reads_documents_that_the_built_in_one_leaves_to_it(real, around):
    around.local_root.mkdir()
    (around.local_root / "a.json").write_text('[{"id": 1, "name": "a"}, {"id": 2, "name": "b"}]')
    (around.local_root / "a.yaml").write_text("- {id: 1, name: a}\n- {id: 2, name: b}\n")
    for form in ("json", "yaml"):
        configuration = {
            "dataset_name": "a",
            "format": form,
            "url": f"/local/a.{form}",
            "provider": {"storage": "local"},
        }
        with pytest.raises(ConnectorFailed, match="airbyte-local install source-file"):
            File().check(configuration, around)
        real("file").check(configuration, around)
        rows, _ = read(real("file"), configuration, around)
        assert rows == {"a": [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}]}


def test_a_configuration_that_is_wrong_is_said_in_the_connectors_own_words(real, around):
    with pytest.raises(ConnectorFailed, match="'many' is not of type 'integer'"):
        real("faker").check({"count": "many"}, around)


def test_a_reading_without_end_is_cancelled(real, around):
    source = real("faker")
    catalog = configured(source.discover({"count": 5_000_000}, around))
    around = replace(around, cancellation=Cancellation())
    messages = source.read({"count": 5_000_000}, catalog, [], around)
    while next(messages)["type"] != "RECORD":
        pass
    around.cancellation.cancel()
    with pytest.raises(Cancelled):
        for _ in messages:
            pass


class Answers(BaseHTTPRequestHandler):
    """Whatever the test says of a path and a query."""

    answer = staticmethod(lambda _handler: (404, "", b""))

    def do_GET(self):
        status, kind, body = self.answer(self)
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.send_header("content-range", f"bytes 0-{len(body) - 1}/{len(body)}")
        self.send_header("etag", '"1"')
        self.send_header("last-modified", "Sat, 01 Jan 2026 00:00:00 GMT")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_GET  # noqa: N815

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def web(answer):
    handler = type("Handler", (Answers,), {"answer": staticmethod(answer)})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


KEY = "key-123456"
ALL = [{"id": n, "day": f"2024-01-{n:02}"} for n in range(1, 11)]


def things(handler):
    """A service that wants a key and gives pages of four days from a day on."""
    if handler.headers.get("x-key") != KEY:
        return 401, "application/json", b'{"error": "no such key"}'
    query = {name: value for name, (value, *_) in parse_qs(urlsplit(handler.path).query).items()}
    start = int(query.get("offset", 0))
    found = [each for each in ALL if each["day"] >= query["since"]][start : start + 4]
    return 200, "application/json", json.dumps(found).encode()


MANIFEST = {
    "version": "6.0.0",
    "type": "DeclarativeSource",
    "check": {"type": "CheckStream", "stream_names": ["things"]},
    "spec": {
        "type": "Spec",
        "connection_specification": {
            "type": "object",
            "additionalProperties": False,
            "required": ["url", "key"],
            "properties": {"url": {"type": "string"}, "key": {"type": "string", "airbyte_secret": True}},
        },
    },
    "streams": [
        {
            "type": "DeclarativeStream",
            "name": "things",
            "primary_key": ["id"],
            "schema_loader": {
                "type": "InlineSchemaLoader",
                "schema": {
                    "type": "object",
                    "properties": {"id": {"type": "integer"}, "day": {"type": "string"}},
                },
            },
            "incremental_sync": {
                "type": "DatetimeBasedCursor",
                "cursor_field": "day",
                "datetime_format": "%Y-%m-%d",
                "cursor_datetime_formats": ["%Y-%m-%d"],
                "start_datetime": {
                    "type": "MinMaxDatetime",
                    "datetime": "2024-01-01",
                    "datetime_format": "%Y-%m-%d",
                },
                "start_time_option": {
                    "type": "RequestOption",
                    "inject_into": "request_parameter",
                    "field_name": "since",
                },
            },
            "retriever": {
                "type": "SimpleRetriever",
                "requester": {
                    "type": "HttpRequester",
                    "url_base": "{{ config['url'] }}",
                    "path": "/things",
                    "http_method": "GET",
                    "authenticator": {
                        "type": "ApiKeyAuthenticator",
                        "api_token": "{{ config['key'] }}",
                        "inject_into": {"type": "RequestOption", "inject_into": "header", "field_name": "x-key"},
                    },
                },
                "record_selector": {
                    "type": "RecordSelector",
                    "extractor": {"type": "DpathExtractor", "field_path": []},
                },
                "paginator": {
                    "type": "DefaultPaginator",
                    "page_token_option": {
                        "type": "RequestOption",
                        "inject_into": "request_parameter",
                        "field_name": "offset",
                    },
                    "pagination_strategy": {"type": "OffsetIncrement", "page_size": 4},
                },
            },
        }
    ],
}


def test_a_manifest_is_run_page_by_page_and_goes_on_where_it_was(real, around):
    source = real("declarative-manifest", manifest=MANIFEST)
    assert source.spec() == MANIFEST["spec"]["connection_specification"]
    with web(things) as url:
        configuration = {"url": url, "key": KEY}
        source.check(configuration, around)
        (stream,) = source.discover(configuration, around)
        assert (stream["sourceDefinedPrimaryKey"], stream["defaultCursorField"]) == ([["id"]], ["day"])
        rows, states = read(source, configuration, around, mode="incremental")
        assert rows == {"things": ALL}
        rows, _ = read(source, configuration, around, mode="incremental", state=states[-1:])
        assert rows == {"things": ALL[-1:]}  # the day of the cursor comes again
        with pytest.raises(ConnectorFailed) as refused:
            source.check({"url": url, "key": "another-key"}, around)
    assert "401" in str(refused.value)
    assert "another-key" not in str(refused.value)


def test_the_code_that_a_manifest_names_is_not_run(real, around, tmp_path):
    stream = MANIFEST["streams"][0]
    custom = {"type": "CustomRetriever", "class_name": "subprocess.Popen", "args": ["touch", str(tmp_path / "run")]}
    manifest = {**MANIFEST, "streams": [{**stream, "retriever": custom}]}
    with pytest.raises(ConnectorFailed, match="not permitted"):
        real("declarative-manifest", manifest=manifest).check({"url": "http://127.0.0.1:1", "key": KEY}, around)
    assert not (tmp_path / "run").exists()


LISTING = """<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>lake</Name>
<Prefix></Prefix><KeyCount>1</KeyCount><MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated><Contents>
<Key>a.csv</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>"1"</ETag><Size>16</Size>
<StorageClass>STANDARD</StorageClass></Contents></ListBucketResult>"""


def bucket(handler):
    if "list-type" in handler.path:
        return 200, "application/xml", LISTING.encode()
    return 206, "text/csv", b"id,name\n1,a\n2,b\n"


def test_s3_reads_a_bucket(real, around):
    with web(bucket) as url:
        configuration = {
            "bucket": "lake",
            "endpoint": url,
            "aws_access_key_id": "id",
            "aws_secret_access_key": "secret-123",
            "streams": [
                {"name": "a", "globs": ["*.csv"], "format": {"filetype": "csv"}, "validation_policy": "Emit Record"}
            ],
        }
        source = real("s3")
        source.check(configuration, around)
        rows, states = read(source, configuration, around, mode="incremental")
    assert [(row["id"], row["name"]) for row in rows["a"]] == [("1", "a"), ("2", "b")]
    assert states
