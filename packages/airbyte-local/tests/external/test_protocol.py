"""What a program says becomes what a connector says: answers, messages, failures in its own words."""

from __future__ import annotations

import pytest
from airbyte_local.connectors.external.sources import read_specification
from airbyte_local.connectors.protocol import ConnectorCrashed, ConnectorFailed, Source

TRACE_ERROR = 'say("TRACE", type="ERROR", emitted_at=1.5, error={"message": "the key is wrong"})'


def test_it_is_a_source(fake):
    assert isinstance(fake(""), Source)


def test_a_specification_is_its_schema(fake):
    said = fake('say("SPEC", connectionSpecification={"type": "object", "properties": {"a": {}}})')
    assert read_specification(said.program) == {"type": "object", "properties": {"a": {}}}


def test_a_configuration_arrives_as_it_was_given(fake, around):
    configuration = {"name": "ä \ud800", "big": 2**70, "nested": {"a": [1, None]}}
    source = fake(f"""
        status = "SUCCEEDED" if given("config") == {configuration!r} else "FAILED"
        say("CONNECTION_STATUS", status=status, message=repr(sys.argv))
    """)
    assert source.check(configuration, around) is None


@pytest.mark.parametrize(
    ("body", "error", "message"),
    [
        (f"{TRACE_ERROR}; sys.exit(1)", ConnectorFailed, "the key is wrong"),
        (
            'say("TRACE", type="ERROR", error={"message": "Something went wrong", "internal_message": "401"})',
            ConnectorFailed,
            "Something went wrong (401)",
        ),
        ("", ConnectorCrashed, "The connector ended with 0 without a word."),
        (
            "sys.stderr.write('first\\nImportError: no pandas\\n'); sys.exit(3)",
            ConnectorCrashed,
            "The connector ended with 3 and said:\nfirst\nImportError: no pandas",
        ),
        (
            'say("LOG", level="FATAL", message="out of luck"); sys.exit(1)',
            ConnectorCrashed,
            "The connector ended with 1 and said:\nout of luck",
        ),
        ("os.kill(os.getpid(), 9)", ConnectorCrashed, "The connector was killed by signal 9 without a word."),
    ],
    ids=["traced", "phrase", "silent", "stderr", "logged", "killed"],
)
@pytest.mark.parametrize("word", ["check", "discover"])
def test_what_went_wrong_is_said_in_its_own_words(fake, around, body, error, message, word):
    with pytest.raises(error) as raised:
        getattr(fake(body), word)({}, around)
    assert str(raised.value) == message


def test_a_check_that_failed_says_why_whatever_the_exit_code(fake, around):
    for code in (0, 1):
        body = f'say("CONNECTION_STATUS", status="FAILED", message="no such file"); sys.exit({code})'
        with pytest.raises(ConnectorFailed, match=r"^no such file$"):
            fake(body).check({}, around)


def test_a_program_that_is_not_there_is_named(fakes, around):
    source = fakes.source("")
    (fakes.folder / "source-fake").unlink()
    with pytest.raises(ConnectorCrashed, match=r"source-fake: No such file or directory"):
        source.check({}, around)


def test_streams_are_discovered_in_the_words_of_the_server(fake, around):
    source = fake("""
        say("CATALOG", streams=[
            {"name": "plain", "json_schema": {"type": "object"}, "supported_sync_modes": ["full_refresh"]},
            {"name": "rich", "namespace": "public", "json_schema": {}, "is_resumable": True, "is_file_based": True,
             "supported_sync_modes": ["full_refresh", "incremental"], "source_defined_cursor": True,
             "default_cursor_field": ["at"], "source_defined_primary_key": [["a"], ["b", "c"]]},
        ])
    """)
    assert source.discover({}, around) == [
        {
            "name": "plain",
            "jsonSchema": {"type": "object"},
            "supportedSyncModes": ["full_refresh"],
            "sourceDefinedCursor": False,
            "defaultCursorField": [],
            "sourceDefinedPrimaryKey": [],
            "isResumable": False,
            "isFileBased": False,
        },
        {
            "name": "rich",
            "namespace": "public",
            "jsonSchema": {},
            "supportedSyncModes": ["full_refresh", "incremental"],
            "sourceDefinedCursor": True,
            "defaultCursorField": ["at"],
            "sourceDefinedPrimaryKey": [["a"], ["b", "c"]],
            "isResumable": True,
            "isFileBased": True,
        },
    ]


@pytest.mark.parametrize("streams", ["None", "7", '[{"json_schema": {}}]'])
def test_a_catalog_of_nonsense_is_a_crash(fake, around, streams):
    with pytest.raises(ConnectorCrashed, match="CATALOG"):
        fake(f'say("CATALOG", streams={streams})').discover({}, around)


def test_a_reading_gives_every_message_in_order_and_gets_its_files(fake, around, catalog):
    state = [{"type": "STREAM", "stream": {"stream_descriptor": {"name": "things"}, "stream_state": {"at": 7}}}]
    source = fake("""
        assert command == "read"
        say("LOG", level="INFO", message="begun")
        record(catalog=given("catalog"), state=given("state"))
        say("STATE", type="STREAM", stream={"stream_descriptor": {"name": "things"}, "stream_state": {"at": 9}})
        say("TRACE", type="STREAM_STATUS", stream_status={"status": "COMPLETE"})
    """)
    found = list(source.read({}, catalog, state, around))
    assert [message["type"] for message in found] == ["LOG", "RECORD", "STATE", "TRACE"]
    assert found[1]["record"] == {"stream": "things", "data": {"catalog": catalog, "state": state}, "emitted_at": 1}


def test_without_state_no_state_is_given(fake, around, catalog):
    (found,) = fake('record(state="--state" in sys.argv)').read({}, catalog, [], around)
    assert found["record"]["data"] == {"state": False}


def test_numbers_beyond_64_bits_stay_what_they_are(fake, around, catalog):
    (found,) = fake("record(big=2**80 + 1, small=0.1)").read({}, catalog, [], around)
    assert found["record"]["data"] == {"big": 2**80 + 1, "small": 0.1}


def test_a_reading_that_failed_and_said_why_ends_with_that(fake, around, catalog):
    found = list(fake(f"record(a=1); {TRACE_ERROR}; sys.exit(1)").read({}, catalog, [], around))
    assert [message["type"] for message in found] == ["RECORD", "TRACE"]


@pytest.mark.parametrize("ending", ["sys.exit(1)", "os.kill(os.getpid(), 15)"])
def test_a_reading_that_failed_without_saying_why_is_a_crash(fake, around, catalog, ending):
    messages = fake(f"record(a=1); sys.stderr.write('no memory\\n'); {ending}").read({}, catalog, [], around)
    types = set()
    with pytest.raises(ConnectorCrashed, match=r"said:\nno memory$"):
        types.update(message["type"] for message in messages)
    assert types == {"RECORD", "LOG"}


def test_what_is_no_message_becomes_a_log(fake, around, catalog):
    source = fake("""
        print("warming up")
        print('{"no": "type"}')
        print('{"type": "DEBUG", "message": "of the vendor, for developers"}')
        print("[1, 2]")
        print('{"type": 7}', flush=True)
        sys.stdout.buffer.write(b"\\xff\\xfe not text\\n")
        sys.stdout.flush()
        record(a=1)
    """)
    found = list(source.read({}, catalog, [], around))
    assert [message["log"]["message"] for message in found if message["type"] == "LOG"] == [
        "warming up",
        '{"no": "type"}',
        "[1, 2]",
        '{"type": 7}',
        "\ufffd\ufffd not text",
    ]
    assert [message["type"] for message in found][-1] == "RECORD"


@pytest.mark.parametrize(
    "line",
    [
        '{"type": "RECORD", "record": {"stream": "things", "data": {"a": ',
        '{"type":"RECORD","record":{"stream":"things","data":{"a":NaN},"emitted_at":1}}',
        '{"type": "RECORD"}',
        '{"type": "RECORD", "record": {"stream": "things"}}',
        '{"type": "RECORD", "record": {"data": {}}}',
        '{"type": "STATE", "state": "later"}',
        '{"type": "STATE", "state": {',
    ],
)
def test_no_row_and_no_state_is_passed_over_as_garbage(fake, around, catalog, line):
    with pytest.raises(ConnectorCrashed, match=r"RECORD|STATE"):
        list(fake(f"print({line!r})").read({}, catalog, [], around))


def test_a_configuration_that_comes_back_is_not_handed_on(fake, around, catalog):
    body = 'say("CONTROL", connectorConfig={"config": {"password": "renewed"}})'
    assert list(fake(body).read({}, catalog, [], around)) == [{"type": "CONTROL"}]
