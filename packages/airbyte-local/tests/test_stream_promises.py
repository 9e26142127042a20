"""The cursors, keys and fields that the Public API checks, message by message."""

from __future__ import annotations

import pytest

EVERYWHERE = ("0.50", "1.5", "1.6", "1.8", "2.0", "cloud")


@pytest.mark.parametrize("version", EVERYWHERE)
def test_a_cursor_is_given_where_one_is_needed_and_is_a_field_of_the_stream(serve, connect_ends, version):
    api = serve(version)
    own, free = connect_ends(api), connect_ends(api, "free")
    append = {"syncMode": "incremental_append"}
    assert own.told({"name": "users", **append, "cursorField": ["created_at"]}) == (
        "Cursor Field [created_at] is already defined by source for stream: users. "
        "Do not include a cursor field configuration for this stream."
    )
    assert own.made({"name": "users", **append, "cursorField": ["updated_at"]})
    assert free.told({"name": "free", **append, "cursorField": ["nope"]}) == (
        "Invalid cursor field for stream: free. The list of valid cursor fields include: [[id], [at], [at, x]]."
    )
    assert free.told({"name": "free", **append}) == (
        "No default cursor field for stream: free. Please include a cursor field configuration for this stream."
    )
    (stream,) = free.made({"name": "free", **append, "cursorField": ["at", "x"]})["configurations"]["streams"]
    assert stream["cursorField"] == ["at", "x"]


@pytest.mark.parametrize("version", EVERYWHERE)
def test_a_primary_key_is_given_where_one_is_needed_and_made_of_fields_of_the_stream(serve, connect_ends, version):
    api = serve(version)
    own, free = connect_ends(api), connect_ends(api, "free")
    dedup = {"syncMode": "incremental_deduped_history"}
    assert own.told({"name": "users", **dedup, "primaryKey": [["name"]]}) == (
        "Primary key for stream: users is already pre-defined. "
        "Please remove the primaryKey or provide the value as [[id]]."
    )
    assert own.made({"name": "users", **dedup, "primaryKey": [["id"]]})
    mine = {"name": "free", **dedup, "cursorField": ["at"]}
    assert free.told(mine) == (
        "No default primary key for stream: free. Please include a primary key configuration for this stream."
    )
    assert free.told({**mine, "primaryKey": [["nope"]]}) == (
        "Invalid primary key for stream: free. The list of valid primary keys fields: [[id], [at], [at, x]]."
    )
    assert free.told({**mine, "primaryKey": [["id"], ["id"]]}) == (
        "Duplicate primary key detected for stream: free, "
        "please don't provide the same column more than once. Key: [id]"
    )
    (stream,) = free.made({**mine, "primaryKey": [["id"]]})["configurations"]["streams"]
    assert stream["primaryKey"] == [["id"]]


def fields(*paths):
    return [{"fieldPath": list(path)} for path in paths]


SELECTIONS = [
    ([], "No fields selected for stream free. The list of valid field names includes: [id, at]."),
    ([{}], "Selected field path cannot be empty for stream:  free."),
    (fields("x", ("at", "x")), "Nested field selection not supported for stream free."),
    (fields(["id"], ["id"]), "Duplicate fields selected in configuration for stream: free."),
    (fields(["z"]), "Invalid fields selected for stream free. The list of valid field names includes: [id, at]."),
    (
        fields(["at"]),
        (
            "Primary key fields are not selected properly for stream: free. "
            "Please include primary key(s) in the configuration for this stream."
        ),
    ),
    (
        fields(["id"]),
        (
            "Cursor field is not selected properly for stream: free. "
            "Please include the cursor field in selected fields for this stream."
        ),
    ),
]


@pytest.mark.parametrize("version", ["1.5", "1.6", "1.8", "2.0", "cloud"])
def test_selected_fields_are_those_of_the_stream_with_its_key_and_cursor(serve, connect_ends, version):
    ends = connect_ends(serve(version), "free")
    stream = {
        "name": "free",
        "syncMode": "incremental_deduped_history",
        "cursorField": ["at"],
        "primaryKey": [["id"]],
    }
    for selected, told in SELECTIONS:
        assert ends.told({**stream, "selectedFields": selected}) == told
    everything = ends.made(stream)["configurations"]["streams"][0]
    assert everything["selectedFields"] == []  # so an answer cannot be sent again as it is
    some = ends.made({"name": "free", "selectedFields": fields(["id"])})["configurations"]["streams"][0]
    assert some["selectedFields"] == fields(["id"])
