import html
import json
from datetime import datetime, timezone

import pytest
from dagster_managed_elements.api.addresses import read_address
from dagster_managed_elements.api.answers import Answer, decipher, retry_after, said
from dagster_managed_elements.api.requests import Request
from dagster_managed_elements.api.retrying import repeats
from dagster_managed_elements.engine.errors import (
    ApiError,
    Conflict,
    Invalid,
    Lost,
    Missing,
    RateLimited,
    ServerFault,
    Unauthorized,
    Unclear,
)
from hypothesis import given
from hypothesis import strategies as st

ADDRESS = read_address("http://jane:hush@a.example:8000")
NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=timezone.utc)
READ = Request(path="/things/list")
CREATE = Request(path="/things/create", effect="create")
HTML = b"<!DOCTYPE html><html><head><title>Sign in</title></head></html>"


def ask(answer, request=READ):
    return decipher(request, answer, ADDRESS, now=NOW)


def failure(answer, request=READ) -> ApiError:
    with pytest.raises(ApiError) as caught:
        ask(answer, request)
    return caught.value


@pytest.mark.parametrize("body", [b"", HTML, b'{"message": "too large"}'])
def test_a_request_that_is_too_large_is_told_with_whose_limit_it_is(body):
    told = str(failure(Answer(status=413, body=body)))
    assert told == (
        "POST http://a.example:8000/things/list: the request is larger than the server, or a proxy before it, "
        "takes; raise its limit there (413)"
    )


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Invalid),
        (401, Unauthorized),
        (403, Unauthorized),
        (404, Missing),
        (405, Invalid),
        (409, Conflict),
        (410, Missing),
        (418, Invalid),
        (422, Invalid),
        (423, Conflict),
        (429, RateLimited),
        (500, ServerFault),
        (501, ServerFault),
        (503, ServerFault),
        (302, ServerFault),
        (199, ServerFault),
    ],
)
@pytest.mark.parametrize("body", [b"", b'{"message": "404 not found, unauthorized"}', HTML, b'{"status": 200}'])
def test_the_error_follows_from_the_status_alone(status, kind, body):
    error = failure(Answer(status=status, body=body))
    assert type(error) is kind
    assert error.status == status


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_create_that_a_proxy_answers_for_may_have_been_carried_out(status):
    assert type(failure(Answer(status=status), CREATE)) is Lost


def test_a_create_that_the_server_itself_failed_is_a_fault():
    assert type(failure(Answer(status=500), CREATE)) is ServerFault


def test_json_is_decoded_and_nothing_is_none():
    assert ask(Answer(status=200, body=b' {"a": [1, null]} ')) == {"a": [1, None]}
    assert ask(Answer(status=204)) is None
    assert ask(Answer(status=200, body=b" \n")) is None


@pytest.mark.parametrize(
    "answer",
    [
        Answer(status=200, body=HTML),
        Answer(status=200, body=b"welcome", headers={"content-type": "text/html; charset=utf-8"}),
    ],
)
def test_a_page_instead_of_an_answer_asks_for_the_right_url(answer):
    error = failure(answer)
    assert type(error) is ServerFault
    assert str(error).endswith("this is not an API answer: HTML page; is the URL right?")


def test_text_instead_of_an_answer_asks_for_the_right_url():
    error = failure(Answer(status=200, body=b"Successful operation"))
    assert type(error) is ServerFault
    assert "no JSON" in str(error)


@pytest.mark.parametrize("body", [b'{"sources": [{"na', b"[1, 2", b'{"a": "\xff"}'])
@pytest.mark.parametrize("request_", [READ, CREATE])
def test_json_that_breaks_off_is_a_lost_answer(body, request_):
    assert type(failure(Answer(status=200, body=body), request_)) is Lost


def test_a_redirect_is_not_followed_and_names_where_it_goes_without_secrets():
    answer = Answer(status=302, headers={"location": "https://u:hush@sso.example/login?token=hush"})
    message = str(failure(answer))
    assert "redirects to https://sso.example/login (302)" in message
    assert "hush" not in message


def test_a_relative_redirect_is_shown_whole():
    assert "http://a.example:8000/login" in str(failure(Answer(status=301, headers={"location": "/login"})))


def test_refused_credentials_are_called_that():
    message = str(failure(Answer(status=401)))
    assert message == "POST http://a.example:8000/things/list: the server refused these credentials (401)"


def test_a_missing_permission_is_not_called_a_wrong_password():
    message = str(failure(Answer(status=403, body=b'{"message": "Forbidden"}')))
    assert "these credentials may not do this (403): Forbidden" in message


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"message": "no such thing"}, "no such thing"),
        ({"detail": "constant", "data": None}, "constant"),
        ({"message": " ", "error": "broken"}, "broken"),
        ({"unheard": "of"}, '{"unheard":"of"}'),
        ("Object not found.", "Object not found."),
        ([1, 2], "[1,2]"),
    ],
)
def test_what_a_server_says_is_found_where_most_put_it(body, sentence):
    assert said(Answer(status=400, body=json.dumps(body).encode()), frozenset()) == sentence


def test_an_integration_reads_the_errors_of_its_own_server():
    answer = Answer(status=400, body=b'{"fault": {"why": "klaus"}}')
    assert said(answer, frozenset(), lambda body: f"because {body['fault']['why']}") == "because klaus"


def test_a_page_of_html_is_not_quoted_but_named():
    assert said(Answer(status=502, body=HTML), frozenset()) == "an HTML page, 'Sign in'"


def test_text_with_line_breaks_becomes_one_line():
    assert said(Answer(status=500, body=b"it\n  broke\n"), frozenset()) == "it broke"


def test_an_echoed_secret_is_not_repeated():
    body = json.dumps({"message": 'bad: {"password": "hush\\nhush"}'}).encode()
    request = Request(path="/x", secrets=frozenset({"hush\nhush"}))
    error = failure(Answer(status=422, body=body), request)
    assert "hush" not in f"{error} {error!r} {error.body} {vars(error)}"
    assert "**********" in str(error)


def test_a_secret_at_the_cut_of_a_long_message_is_not_half_shown():
    secret = "s3cr3t-" * 10
    body = json.dumps({"message": "x" * 230 + secret}).encode()
    error = failure(Answer(status=422, body=body), Request(path="/x", secrets=frozenset({secret})))
    assert "s3cr3t" not in str(error)
    assert len(error.body) < 300


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        (" 0 ", 0.0),
        ("1.5", 1.5),
        ("Thu, 01 Jan 2026 12:00:30 GMT", 30.0),
        ("Thu, 01 Jan 2026 11:00:00 GMT", 0.0),
        ("soon", None),
        ("-3", None),
        ("", None),
        ("9" * 400, None),
    ],
)
def test_retry_after_is_read_as_seconds_or_a_date(value, seconds):
    assert retry_after({"retry-after": value}, NOW) == seconds
    assert retry_after({}, NOW) is None


def test_a_rate_limit_carries_how_long_to_wait():
    assert failure(Answer(status=429, headers={"retry-after": "3"})).retry_after == 3.0


@given(st.integers(min_value=100, max_value=599), st.binary(max_size=60), st.text(max_size=20))
def test_whatever_comes_is_a_value_or_an_api_error(status, body, kind):
    answer = Answer(status=status, body=body, headers={"content-type": kind, "retry-after": kind})
    try:
        ask(answer)
    except ApiError as error:
        assert "\n" not in str(error)  # noqa: PT017 - success is as good an outcome


@pytest.mark.parametrize(("status", "asks"), [(404, True), (405, True), (501, True), (503, False), (403, False)])
def test_a_page_where_an_answer_should_be_makes_one_ask_for_the_address(status, asks):
    page = Answer(status=status, headers={"content-type": "text/html"}, body=b"<html><title>Oops</title></html>")
    with pytest.raises(ApiError) as error:
        decipher(Request(path="/x"), page, ADDRESS, now=NOW)
    assert ("is the URL right?" in str(error.value)) is asks


DEEP = b"[" * 5000 + b"1" + b"]" * 5000
LARGE = [b'{"n": 1e999}', b'{"n": ' + b"9" * 5000 + b"}"]


@pytest.mark.parametrize(("request_", "kind"), [(READ, ServerFault), (CREATE, Unclear)])
@pytest.mark.parametrize("body", [DEEP, *LARGE])
def test_whole_json_that_cannot_be_read_is_said_to_be_that_and_not_asked_for_again(request_, kind, body):
    error = failure(Answer(status=200, body=body), request_)
    assert type(error) is kind
    assert ("nests too deep" if body is DEEP else "a number too large") in str(error)
    assert not repeats(request_, error)


@pytest.mark.parametrize(
    "secret", ["hush  hush", "hush\nhush", "-----BEGIN KEY-----\nMIIEvQIB\n-----END KEY-----\n"]
)
def test_a_page_of_html_that_echoes_a_secret_is_named_without_it(secret):
    body = f"<html><title>no {html.escape(json.dumps(secret))} here</title></html>".encode()
    answer = Answer(status=422, headers={"content-type": "text/html"}, body=body)
    error = failure(answer, Request(path="/x", secrets=frozenset({secret})))
    assert "hush" not in error.body
    assert "KEY" not in error.body
    assert error.body.startswith("an HTML page, 'no &quot;**********&quot; here'")


@pytest.mark.parametrize("status", [200, 202])
def test_an_answer_without_a_word_to_a_delete_does_not_say_that_it_is_done(status):
    """204 says so; a proxy that answers by itself may well say nothing with a 200."""
    delete = Request(path="/things/delete", effect="delete")
    assert isinstance(failure(Answer(status=status), delete), Unclear)
    assert decipher(delete, Answer(status=204), ADDRESS, now=NOW) is None
