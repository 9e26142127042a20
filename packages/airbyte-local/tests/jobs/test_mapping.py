"""What mappers and field selection do to rows, schema, cursor and key."""

from __future__ import annotations

import hashlib

import pytest
from airbyte_local.jobs.failures import AttemptFailed
from airbyte_local.jobs.streams import row_mapping

PROPERTIES = {"id": {"type": "integer"}, "email": {"type": "string"}, "age": {"type": "integer"}}
ROW = {"id": 1, "email": "a@b.c", "age": 7}
HASHED = hashlib.sha256(b"a@b.c").hexdigest()


def mapped(row=ROW, **config):
    found = row_mapping({"name": "users", "jsonSchema": {"properties": PROPERTIES}}, config)
    change = found.change()
    return (row if change is None else change(row)), list(found.properties), found


def mapper(kind, **configuration):
    return {"type": kind, "mapperConfiguration": configuration}


def test_without_mappers_a_row_is_not_touched():
    row, properties, found = mapped()
    assert row is ROW
    assert (properties, found.change()) == (["id", "email", "age"], None)


@pytest.mark.parametrize(
    ("config", "row", "properties"),
    [
        (
            {"fieldSelectionEnabled": True, "selectedFields": [{"fieldPath": ["id"]}]},
            {"id": 1},
            ["id"],
        ),
        ({"fieldSelectionEnabled": False, "selectedFields": [{"fieldPath": ["id"]}]}, ROW, ["id", "email", "age"]),
        (
            {"mappers": [mapper("hashing", targetField="email", method="SHA-256", fieldNameSuffix="_h")]},
            {"id": 1, "age": 7, "email_h": HASHED},
            ["id", "email_h", "age"],
        ),
        (
            {"hashedFields": [{"fieldPath": ["email"]}]},
            {"id": 1, "age": 7, "email_hashed": HASHED},
            ["id", "email_hashed", "age"],
        ),
        (
            {"mappers": [mapper("field-renaming", originalFieldName="age", newFieldName="years")]},
            {"id": 1, "email": "a@b.c", "years": 7},
            ["id", "email", "years"],
        ),
        (
            {"mappers": [mapper("field-filtering", targetField="age")]},
            {"id": 1, "email": "a@b.c"},
            ["id", "email"],
        ),
        (
            {
                "mappers": [
                    mapper("field-renaming", originalFieldName="email", newFieldName="mail"),
                    mapper("hashing", targetField="mail", method="SHA-256", fieldNameSuffix="_h"),
                    mapper("field-filtering", targetField="age"),
                ]
            },
            {"id": 1, "mail_h": HASHED},
            ["id", "mail_h"],
        ),
    ],
)
def test_rows_and_schema_change_alike(config, row, properties):
    assert mapped(**config)[:2] == (row, properties)


def test_the_row_that_came_is_left_as_it_was():
    row = dict(ROW)
    mapped(row, mappers=[mapper("hashing", targetField="email", method="MD5", fieldNameSuffix="_h")])
    assert row == ROW


@pytest.mark.parametrize(
    ("value", "expected"), [(None, None), (5, hashlib.sha256(b"5").hexdigest()), ("", hashlib.sha256().hexdigest())]
)
def test_what_is_no_text_is_hashed_as_its_json_and_nothing_stays_nothing(value, expected):
    mappers = [mapper("hashing", targetField="email", method="SHA-256", fieldNameSuffix="_h")]
    assert mapped({"email": value}, mappers=mappers)[0] == {"email_h": expected}
    assert mapped({"id": 1}, mappers=mappers)[0] == {"id": 1}


def test_a_key_goes_with_its_field():
    mappers = [mapper("hashing", targetField="email", method="SHA-256", fieldNameSuffix="_h")]
    assert mapped(mappers=mappers)[2].path(["email", "x"]) == ("email_h", "x")
    assert mapped(mappers=mappers)[2].path(["id"]) == ("id",)


def test_a_key_goes_with_its_field_through_every_mapper():
    mappers = [
        mapper("field-renaming", originalFieldName="email", newFieldName="mail"),
        mapper("hashing", targetField="mail", method="SHA-256", fieldNameSuffix="_h"),
        mapper("field-renaming", originalFieldName="age", newFieldName="email"),
    ]
    found = mapped(mappers=mappers)[2]
    assert [found.path([name]) for name in ("email", "age", "id")] == [("mail_h",), ("email",), ("id",)]


@pytest.mark.parametrize("writing", ["append_dedup", "overwrite_dedup"])
def test_a_key_that_is_left_out_is_refused_before_a_row(stream, entry, writing):
    left_out = [mapper("field-filtering", targetField="id")]
    with pytest.raises(AttemptFailed, match="Stream users: its primary key id is left out by a mapper"):
        stream(entry(writing=writing, primaryKey=[["id"]], mappers=left_out))
    kept = stream(entry(writing="append", primaryKey=[["id"]], cursorField=["id"], mappers=left_out)).target
    assert (kept.primary_key, kept.cursor) == ((), ())


@pytest.mark.parametrize(
    "unknown",
    [mapper("encryption", algorithm="AES"), mapper("hashing", targetField="email", method="ROT13")],
)
def test_what_is_not_known_here_is_refused_before_a_row(unknown):
    with pytest.raises(AttemptFailed, match="not known here"):
        mapped(mappers=[unknown])
