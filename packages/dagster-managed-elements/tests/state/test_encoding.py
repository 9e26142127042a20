"""The document: the same back, readable, and refused where it is not what it should be."""

from __future__ import annotations

import json

import pytest
from dagster_managed_elements.engine.errors import StateError
from dagster_managed_elements.engine.secrets import SecretRecord
from dagster_managed_elements.engine.values import Key, Ref
from dagster_managed_elements.state.documents import Document, Known, PlaceState, Tombstone
from dagster_managed_elements.state.encoding import decode, encode, pointer

URL = "file:///state.json"
WHOLE = Document(
    serial=7,
    places={
        "http://airbyte 1": PlaceState(
            key="abc",
            objects={
                Ref("source", "1"): Known(
                    name="shop \u2192 lake",
                    owners=frozenset({"team b", "team a"}),
                    protected=True,
                    secrets={
                        ("configuration", "a/b~c.d"): SecretRecord(reference="env:X", fingerprint="f", version="v"),
                        ("configuration", "e"): SecretRecord(reference="", confirmed=False),
                    },
                ),
                Ref("source", "2"): Known(name=""),
            },
            begun=frozenset({Key("source", "crm"), Key("tag", "x")}),
            tombstones=(Tombstone(key=Key("source", "old"), reason="moved to dlt", on="2026-11-30"),),
        ),
        "http://other 2": PlaceState(),
    },
)


def test_what_is_written_is_read_back_whole() -> None:
    assert decode(encode(WHOLE), URL) == WHOLE
    assert decode(encode(Document()), URL) == Document()


def test_a_person_can_read_it_and_the_same_content_has_the_same_bytes() -> None:
    text = encode(WHOLE).decode()
    assert text.endswith("}\n")
    assert '"name": "shop \u2192 lake"' in text
    assert '"/configuration/a~1b~0c.d": {' in text
    assert text == json.dumps(json.loads(text), indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    other_order = Document(serial=7, places=dict(reversed(WHOLE.places.items())))
    assert encode(other_order) == encode(WHOLE)


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"format": "dagster-me state"}',
        b'{"format": "dagster-me state", "version": 1}',
        b'{"format": "dagster-me state", "version": 1, "serial": 1, "places": {"x": {"objects": {"a": "s3cr3t"}}}}',
        b'{"format": "dagster-me state", "version": 1, "serial": 1, "places": []}',
        encode(WHOLE)[:-40],
    ],
)
def test_what_is_damaged_is_refused_and_not_quoted(damage: bytes) -> None:
    with pytest.raises(StateError, match="it is damaged") as raised:
        decode(damage, URL)
    assert "s3cr3t" not in str(raised.value)


def test_a_later_version_is_refused_whatever_it_holds() -> None:
    later = b'{"format": "dagster-me state", "version": 2, "serial": "new", "anything": []}'
    with pytest.raises(StateError, match="of version 2, and this dagster-me knows 1 at most"):
        decode(later, URL)


def test_something_else_is_no_state() -> None:
    with pytest.raises(StateError, match="no state of dagster-me"):
        decode(b'{"format": "terraform", "version": 4}', URL)


def test_what_a_later_writer_of_this_version_adds_is_overlooked() -> None:
    added = {**json.loads(encode(WHOLE)), "history": "elsewhere"}
    assert decode(json.dumps(added).encode(), URL) == WHOLE


def test_a_path_is_a_json_pointer() -> None:
    assert pointer(("a", "b/c", "~", "d.e")) == "/a/b~1c/~0/d.e"
