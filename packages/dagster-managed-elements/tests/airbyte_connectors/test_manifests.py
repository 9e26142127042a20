"""Manifests in files that anybody may have written: read as JSON would be, bounded, or refused in one line."""

from __future__ import annotations

import pytest
from dagster_managed_elements.airbyte import (
    AirbyteDestinationDefinition,
    AirbyteLowCodeConnector,
    AirbyteSource,
    AirbyteSourceDefinition,
    existing,
)
from dagster_managed_elements.airbyte.manifests import LARGEST, read_manifest, specification, stream_names
from dagster_managed_elements.engine.errors import DeclarationError

LAUGHS = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{new}: &{new} [{','.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


def test_a_manifest_is_read_as_json_would_be(tmp_path):
    path = tmp_path / "m.yaml"
    path.write_text(
        "version: 6.48.0\nfrom: 2020-01-01\non: yes\nempty:\nflag: true\ncount: 3\nrate: 1.5e3\ncode: 010\n"
        "base: &base {url: https://x.example}\nagain: *base\nquoted: '3'\n",
        encoding="utf-8",
    )
    assert read_manifest(path) == {
        "version": "6.48.0",
        "from": "2020-01-01",
        "on": "yes",
        "empty": None,
        "flag": True,
        "count": 3,
        "rate": 1500.0,
        "code": "010",
        "base": {"url": "https://x.example"},
        "again": {"url": "https://x.example"},
        "quoted": "3",
    }
    assert AirbyteLowCodeConnector("m", manifest=path) == AirbyteLowCodeConnector("m", manifest=str(path))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a: [", "is no YAML that can be used: "),
        (b"a: !!python/object/apply:os.system [echo]", "could not determine a constructor for the tag"),
        (b"a: \x00", "is no YAML that can be used: "),
        (b"\xff\xfe\x00", "is no text in UTF-8"),
        (b"- a", "holds no mapping"),
        (b"", "holds no mapping"),
        (b"a: 1\na: 2", r"has the key 'a' twice \(line 2\)"),
        (b"1: a", r"has a key that is no text \(line 1\)"),
        (b"{[1]: a}", r"has a key that is no text \(line 1\)"),
        (b"b: &b {x: 1}\nc:\n  <<: *b", r"has a merge key \(<<\) \(line 3\)"),
        (b"a: " + b"[" * 5_000, r"nests more than 100 levels deep \(line 1\)"),
        (b"a: &a [*a]", "comes to more than 200,000 values"),
        (LAUGHS.encode(), "comes to more than 200,000 values"),
        (b"a: " + b"9" * 5_000, "holds a number that cannot be read"),
        (b"a: " + b"x" * LARGEST, "has more than 2,000,000 bytes"),
    ],
)  # fmt: skip
def test_a_hostile_file_is_refused_in_one_line(tmp_path, content, said):
    path = tmp_path / "m.yaml"
    path.write_bytes(content)
    with pytest.raises(DeclarationError, match=said) as caught:
        read_manifest(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("path", ["nowhere.yaml", ".", "\0"])
def test_a_file_that_cannot_be_read_is_said(path):
    with pytest.raises(DeclarationError, match="cannot be read"):
        AirbyteLowCodeConnector("m", manifest=path)


def test_references_inside_a_manifest_are_followed_and_circles_end():
    schema = {"type": "object"}
    manifest = {
        "spec": {"$ref": "#/definitions/spec"},
        "streams": [{"$ref": "#/definitions/things"}, "#/definitions/things", {"$ref": "#/nowhere"}],
        "definitions": {"spec": {"connection_specification": schema}, "things": {"name": "things"}},
    }
    found = specification(manifest)
    assert found is not None
    assert found.connection_specification == schema
    assert stream_names(manifest) == ["things", "things"]
    assert specification({"spec": "#/a", "a": "#/b", "b": "#/a"}) is None


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "it needs a manifest, or the active_version"),
        ({"manifest": 7}, "manifest wants a Mapping or a str or a PathLike, not int"),
        ({"active_version": 0}, "active_version is a number from 1 on, not 0"),
        ({"active_version": True}, "active_version is a number from 1 on, not True"),
    ],
)
def test_what_cannot_be_a_low_code_connector_is_said_where_it_is_written(given, said):
    with pytest.raises(DeclarationError, match=said):
        AirbyteLowCodeConnector("m", **given)


@pytest.mark.parametrize("made", [AirbyteSourceDefinition, AirbyteDestinationDefinition])
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "docker_image_tag says which version of the connector; it cannot be left out"),
        ({"docker_image_tag": 1}, "docker_image_tag wants a str, not int"),
        ({"docker_image_tag": ""}, "docker_image_tag is empty; it says which version of the connector"),
        ({"docker_image_tag": "1", "docker_repository": " "}, "docker_repository is empty; leave it out"),
    ],
)
def test_what_cannot_be_a_connector_of_an_image_is_said_where_it_is_written(made, given, said):
    with pytest.raises(DeclarationError, match=said):
        made("m", **given)


def test_only_what_can_be_referred_to_is_and_where_it_belongs():
    with pytest.raises(DeclarationError, match=r"existing\(\) knows source, destination"):
        existing("connection", "c")  # pyright: ignore[reportArgumentType]
    with pytest.raises(DeclarationError, match="wants the name of one"):
        existing("source", " ")
    with pytest.raises(DeclarationError, match="source_type wants a source definition or a low-code connector"):
        AirbyteSource("s", existing("destination", "d"))
