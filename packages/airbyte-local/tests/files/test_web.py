"""Files of the web: asked for by name, read as they come, left at once; and what goes wrong on the way."""

from __future__ import annotations

import gzip
import http.server
import os
import shutil
import ssl
import subprocess
import threading

import pytest
from airbyte_local.connectors.cancelling import Cancellation, Cancelled
from airbyte_local.connectors.file import File
from airbyte_local.connectors.files.fetching import fetched
from airbyte_local.connectors.files.texts import shown
from airbyte_local.connectors.protocol import ConnectorFailed

CSV = b"a,b\n1,x\n2,y\n"
ROWS = [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]


def printed(error):
    """What a traceback shows of an exception and of those behind it."""
    while error is not None:
        yield str(error)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def test_the_web_is_asked_for_the_file_itself_and_by_name_where_wanted(reader, web):
    web.says("/t.csv?x=1", CSV)
    reader.told(reader.at(f"{web.url}/t.csv?x=1", storage="HTTPS"), schema={})
    reader.told(reader.at(f"{web.url}/t.csv?x=1", storage="HTTPS", provider={"user_agent": True}), schema={})
    (_, plain), (_, named) = web.asked
    assert plain["Accept-Encoding"] == "identity"
    assert (named["User-Agent"], plain["User-Agent"].startswith("Airbyte")) == ("Airbyte/1.0", False)


def test_a_server_that_packs_on_the_way_is_understood(reader, web):
    web.says("/t.csv", gzip.compress(CSV), Content_Encoding="gzip")
    web.says("/t.csv.gz", gzip.compress(CSV), Content_Encoding="gzip")
    for name in ("t.csv", "t.csv.gz"):
        assert reader.told(reader.at(f"{web.url}/{name}", storage="HTTPS")).rows == ROWS


def test_redirects_are_followed_up_to_a_limit_and_never_to_plain_http_elsewhere(reader, web):
    web.says("/old", b"", 302, Location="/t.csv")
    web.says("/t.csv", CSV)
    web.says("/round", b"", 302, Location="/round")
    web.says("/nowhere", b"", 304)
    assert reader.told(reader.at(f"{web.url}/old", storage="HTTPS")).rows == ROWS
    failure = reader.told(reader.at(f"{web.url}/round", storage="HTTPS"), schema={}).failure
    assert failure == f"ConnectorFailed: '{web.url}/round' redirects more than 5 times"
    assert "answered 304" in reader.told(reader.at(f"{web.url}/nowhere", storage="HTTPS"), schema={}).failure


@pytest.mark.parametrize(
    ("status", "kind"), [(404, "Failed"), (403, "Failed"), (429, "Crashed"), (500, "Crashed"), (503, "Crashed")]
)
def test_what_another_try_may_better_is_a_crash(reader, web, status, kind):
    web.says("/t.csv", b"", status)
    configuration = reader.at(f"{web.url}/t.csv", storage="HTTPS")
    told = reader.told(configuration, schema={})
    assert (told.failure, told.statuses) == (
        f"Connector{kind}: '{web.url}/t.csv' answered {status}",
        ["STARTED", "INCOMPLETE"],
    )
    with pytest.raises(ConnectorFailed, match=f"answered {status}"):
        File().check(configuration, reader.around)


def test_a_body_that_is_cut_is_no_whole_file(reader, web):
    def half(request):
        request.send_response(200)
        request.send_header("Content-Length", "1000000")
        request.end_headers()
        request.wfile.write(CSV)

    web.answers["/t.csv"] = half
    told = reader.told(reader.at(f"{web.url}/t.csv", storage="HTTPS"), schema={})
    assert told.failure.startswith(f"ConnectorCrashed: '{web.url}/t.csv' could not be read: ")
    assert told.statuses[-1] == "INCOMPLETE"


def test_a_server_that_hangs_is_left_at_once_when_the_job_is_cancelled(reader, web):
    begun, over = threading.Event(), threading.Event()

    def hang(request):
        request.send_response(200)
        request.send_header("Content-Length", "1000000")
        request.end_headers()
        request.wfile.write(CSV)
        begun.set()
        over.wait(30)

    web.answers["/t.csv"] = hang
    canceller = threading.Thread(target=lambda: begun.wait(30) and reader.around.cancellation.cancel())
    canceller.start()
    try:
        with pytest.raises(Cancelled):
            list(reader.messages(reader.at(f"{web.url}/t.csv", storage="HTTPS"), {}))
        assert not over.is_set()
    finally:
        over.set()
        canceller.join()


def test_no_error_tells_who_asks_or_with_which_signature(reader, web):
    web.says("/t.csv?sig=hush", b"", 403)
    address = web.url.replace("http://", "http://me:hush@")
    with pytest.raises(ConnectorFailed) as raised:
        File().check(reader.at(f"{address}/t.csv?sig=hush", storage="HTTPS"), reader.around)
    assert str(raised.value) == f"'{web.url}/t.csv' answered 403"
    assert "hush" not in "".join(printed(raised.value))
    assert shown("a:b@host/x?y") == "host/x"


def test_sheets_of_google_are_left_to_their_own_source(reader):
    failure = reader.told(reader.at("https://docs.google.com/spreadsheets/d/1/edit", storage="HTTPS"), {}).failure
    assert "which the Google Sheets source reads" in failure


def test_a_reading_that_is_closed_early_closes_the_connection(reader, web):
    gone = threading.Event()

    def endless(request):
        request.send_response(200)
        request.end_headers()
        request.wfile.write(b"a,b\n")
        try:
            while True:
                request.wfile.write(b"1,x\n" * 100_000)
        except OSError:
            gone.set()

    web.answers["/t.csv"] = endless
    messages = reader.messages(reader.at(f"{web.url}/t.csv", storage="HTTPS"), {})
    assert [next(messages)["type"] for _ in range(3)] == ["TRACE", "TRACE", "RECORD"]
    messages.close()
    assert gone.wait(20)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """A certificate for 127.0.0.1, and its key, made by openssl."""
    if (openssl := shutil.which("openssl")) is None:
        if os.environ.get("CI") == "true":
            pytest.fail("needs the openssl command")
        pytest.skip("needs the openssl command")
    folder = tmp_path_factory.mktemp("certificate")
    made, key = folder / "certificate.pem", folder / "key.pem"
    what = ["-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    more = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(made)]
    subprocess.run([openssl, "req", "-x509", *what, *more], check=True, capture_output=True)
    return made, key


@pytest.mark.parametrize("trusted", [True, False])
def test_a_server_is_read_over_tls_if_its_certificate_is_trusted(reader, web, certificate, monkeypatch, trusted):
    made, key = certificate
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made, key)
    web.server.socket = context.wrap_socket(web.server.socket, server_side=True)
    web.says("/t.csv", CSV)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(made))
    configuration = reader.at(f"127.0.0.1:{web.server.server_port}/t.csv", storage="HTTPS")
    told = reader.told(configuration, schema={})
    assert told.rows == (ROWS if trusted else [])
    assert trusted or "CERTIFICATE_VERIFY_FAILED" in told.failure


def test_no_connection_outlives_its_stream(web):
    web.says("/t.csv", CSV)
    with fetched(f"{web.url}/t.csv", user_agent=False, cancellation=Cancellation()) as stream:
        assert stream.read() == CSV
    assert stream.closed


def test_an_address_that_nobody_listens_at_is_a_crash_that_a_check_reports(reader):
    with http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as unused:
        url = f"http://127.0.0.1:{unused.server_port}/t.csv"
    configuration = reader.at(url, storage="HTTPS")
    assert reader.told(configuration, schema={}).failure.startswith(f"ConnectorCrashed: '{url}' could not be read")
    with pytest.raises(ConnectorFailed, match="could not be read"):
        File().check(configuration, reader.around)
