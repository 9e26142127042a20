"""No secret of a configuration is in anything that a connector says; and its words stay readable."""

from __future__ import annotations

import json

import pytest
from airbyte_local.connectors.external.masking import Masking
from airbyte_local.connectors.protocol import ConnectorCrashed, ConnectorFailed

SECRET = {"type": "string", "airbyte_secret": True}
SPECIFICATION = {
    "type": "object",
    "properties": {
        "password": SECRET,
        "host": {"type": "string"},
        "tokens": {"type": "array", "items": SECRET},
        "way": {"oneOf": [{"properties": {"key": SECRET}}, {"properties": {"pin": {**SECRET, "type": "integer"}}}]},
    },
}
KEY = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQ\nAASCBKcwggSjAgEAAoIBAQ\n-----END PRIVATE KEY-----\n"


@pytest.mark.parametrize(
    ("configuration", "said", "shown"),
    [
        ({"password": "s3cret!pass"}, "as s3cret!pass@h", "as **********@h"),
        ({"password": "s3cret!pass"}, "xs3cret!passx", "x**********x"),
        (
            {"password": "p@ss word/1"},
            "pg://u:p%40ss%20word%2F1@h p%40ss+word%2F1",
            "pg://u:**********@h **********",
        ),
        ({"password": 'q"uo\\te'}, json.dumps({"a": 'q"uo\\te'}), '{"a": "**********"}'),
        ({"password": "a"}, "a bad day, exhausted", "a bad day, exhausted"),
        ({"password": "bad"}, "a bad day, badly; bad.", "a ********** day, badly; **********."),
        ({"password": ""}, "nothing", "nothing"),
        ({"tokens": ["token-1", "token-12"]}, "token-12 token-1", "********** **********"),
        ({"way": {"key": "k-123456"}}, "k-123456", "**********"),
        ({"way": {"pin": 987654}}, "pin 987654", "pin **********"),
        ({"host": "db.example.com"}, "db.example.com", "db.example.com"),
        ({"password": KEY}, "MIIEvQIBADANBgkqhkiG9w0BAQ", "**********"),
        ({"password": json.dumps({"private_key": KEY, "n": 1})}, "AASCBKcwggSjAgEAAoIBAQ", "**********"),
    ],
)
def test_secrets_are_masked_in_every_form_that_programs_print(configuration, said, shown):
    assert Masking(SPECIFICATION, configuration).text(said) == shown


def test_masking_reaches_every_text_of_a_message():
    masking = Masking(SPECIFICATION, {"password": "s3cret!pass"})
    said = {"error": {"message": "s3cret!pass", "traces": ["at s3cret!pass", 7, None]}}
    assert masking.texts(said) == {"error": {"message": "**********", "traces": ["at **********", 7, None]}}


CONFIGURATION = {"password": "s3cret!pass"}
MASKED = "with ********** it failed"


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ('sys.stderr.write("with s3cret!pass it failed\\n"); sys.exit(1)', ConnectorCrashed),
        (
            'say("TRACE", type="ERROR", error={"message": "with s3cret!pass it failed"}); sys.exit(1)',
            ConnectorFailed,
        ),
        ('say("CONNECTION_STATUS", status="FAILED", message="with s3cret!pass it failed")', ConnectorFailed),
        ('say("LOG", level="ERROR", message="with s3cret!pass it failed"); sys.exit(1)', ConnectorCrashed),
    ],
)
def test_no_secret_is_in_what_a_check_raises(fake, around, body, error):
    with pytest.raises(error) as raised:
        fake(body).check(CONFIGURATION, around)
    assert str(raised.value).endswith(MASKED)


def test_no_secret_is_in_what_a_reading_says_and_rows_stay_as_they_are(fake, around, catalog):
    body = """
        sys.stderr.write("with s3cret!pass it failed\\n")
        sys.stderr.flush()
        print("with s3cret!pass it failed", flush=True)
        say("LOG", level="INFO", message="with s3cret!pass it failed")
        say("TRACE", type="ERROR", error={"message": "m", "stack_trace": "with s3cret!pass it failed"})
        record(a="with s3cret!pass it failed")
    """
    found = list(fake(body).read(CONFIGURATION, catalog, [], around))
    row = next(message for message in found if message["type"] == "RECORD")
    assert row["record"]["data"] == {"a": "with s3cret!pass it failed"}
    said = [message for message in found if message is not row]
    assert len(said) == 4
    assert all(MASKED in json.dumps(message) for message in said)
    assert "s3cret" not in json.dumps(said)
