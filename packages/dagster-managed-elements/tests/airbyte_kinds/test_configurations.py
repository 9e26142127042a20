"""What is sent of a changed configuration is valid as the server sees it, and holds no secret without need."""

from __future__ import annotations

from typing import Any

import pytest
from dagster_managed_elements.airbyte.config_api.merging import merge
from dagster_managed_elements.airbyte.kinds.configurations import patch, resent
from dagster_managed_elements.airbyte.sending import revealed
from dagster_managed_elements.airbyte.specs.specifications import mask, trim, validate, wrap
from dagster_managed_elements.airbyte.wire import Specification
from dagster_managed_elements.engine.changes import Declared, FieldChange, Observed, Update
from dagster_managed_elements.engine.secrets import Secret
from dagster_managed_elements.engine.values import Key

STAND_INS = ("**********", "secret_placeholder")

FREE = [
    ({"type": "string"}, "hush"),
    ({"type": ["string", "null"], "title": "t"}, "hush"),
    ({"type": "string", "minLength": 10, "maxLength": 18}, "hush-hush-hush"),
    ({"pattern": "^[a-z_*]+$"}, "hush"),
    ({}, "hush"),
]
STRICT = [
    ({"type": "string", "pattern": "^sk_"}, "sk_1"),
    ({"type": "string", "minLength": 11}, "hush-hush-hush"),
    ({"type": "string", "minLength": 30}, "h" * 30),
    ({"type": "string", "maxLength": 9}, "hush"),
    ({"type": "string", "maxLength": 17}, "hush"),
    ({"type": "string", "enum": ["hush", "other"]}, "hush"),
    ({"const": "hush"}, "hush"),
    ({"type": "string", "format": "date"}, "2026-01-01"),
    ({"type": "integer"}, 12345),
    ({"type": "object", "properties": {"a": {"type": "string"}}}, {"a": "hush"}),
    ({"type": "array"}, ["hush"]),
    ({"anyOf": [{"type": "integer"}, {"pattern": "^h"}]}, "hush"),
]


def alone(secret: dict[str, Any], value: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    return {"properties": {"secret": secret}}, {"secret": value}


def nested(secret: dict[str, Any], value: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    return {"properties": {"a": {"properties": {"secret": secret}}}}, {"a": {"secret": value, "c": 1}}


def in_a_branch(secret: dict[str, Any], value: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    forms = [
        {"properties": {"form": {"const": "other"}, "secret": {"airbyte_secret": True}}, "required": ["form"]},
        {"properties": {"form": {"const": "mine"}, "secret": secret}, "required": ["form"]},
    ]
    return {"properties": {"a": {"type": "object", "oneOf": forms}}}, {"a": {"form": "mine", "secret": value}}


def in_a_list(secret: dict[str, Any], value: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    items = {"type": "object", "properties": {"secret": secret}}
    return {"properties": {"a": {"type": "array", "items": items}}}, {"a": [{"n": 1}, {"secret": value}]}


PLACES = [alone, nested, in_a_branch, in_a_list]


def sent_for(schema: dict[str, Any], configuration: dict[str, Any]) -> tuple[dict[str, Any], list[Any]]:
    """What is merged where only a field beside the secret changed, and what of it is sent again."""
    schema = {"type": "object", **schema}
    raw = mask(configuration, schema)
    declared = Declared(
        key=Key("source", "s"), fields={"type": "t", "configuration": wrap({**configuration, "other": 2}, schema)}
    )
    observed = Observed(
        kind="source", name="s", id="1", fields={"type": "t", "configuration": trim(raw, {}, schema)}
    )
    change = Update(declared, observed, (FieldChange(("configuration", "other"), 1, 2),))
    sent = patch(change, raw, Specification(connection_specification=schema))
    assert not sent.whole
    return revealed(sent.configuration).body, list(resent(change, sent))


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("restriction", "value"), STRICT, ids=repr)
def test_a_secret_goes_with_a_changed_field_where_what_stands_in_for_it_is_refused(restriction, value, place):
    schema, configuration = place({**restriction, "airbyte_secret": True}, value)
    assert validate(configuration, schema) == []
    body, paths = sent_for(schema, configuration)
    assert len(paths) == 1
    assert body.pop("other") == 2
    for stand_in in STAND_INS:
        _, seen_by_the_server = place({}, stand_in)
        assert validate(merge(seen_by_the_server, body), schema) == []


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("restriction", "value"), FREE, ids=repr)
def test_no_secret_goes_with_a_changed_field_where_something_can_stand_in_for_it(restriction, value, place):
    schema, configuration = place({**restriction, "airbyte_secret": True}, value)
    body, paths = sent_for(schema, configuration)
    assert body == {"other": 2}
    assert paths == []


def test_what_a_user_wrapped_and_the_server_does_not_mask_is_not_sent_again():
    schema = {"properties": {"host": {"type": "string", "pattern": "^db"}}}
    assert sent_for(schema, {"host": Secret.literal("db1")}) == ({"other": 2}, [])


FORMS = [
    {"properties": {"form": {"const": form}, "secret": {"airbyte_secret": True}}, "required": ["form"]}
    for form in ("old", "new")
]
CHOSEN = {"type": "object", "properties": {"a": {"type": "object", "oneOf": FORMS}, "b": {"type": "integer"}}}
UNTOLD = {"properties": {"a": {"properties": {"secret": {"airbyte_secret": True}}}}}


def sent_after(changed: tuple[str, ...], *, partial: bool) -> tuple[dict[str, Any], list[Any]]:
    """What is merged where the choice in `a`, or `b` beside it, changed, and what of it is sent again."""
    schema = UNTOLD if partial else CHOSEN
    before = {"a": {"form": "old", "secret": "hush"}, "b": 1}
    after = {"a": {"form": "new" if changed[0] == "a" else "old", "secret": "hush"}, "b": 2}
    declared = Declared(key=Key("source", "s"), fields={"type": "t", "configuration": wrap(after, schema)})
    raw = mask(before, schema)
    observed = Observed(kind="source", name="s", id="1", fields={"type": "t", "configuration": raw})
    change = Update(declared, observed, (FieldChange(("configuration", *changed), "x", "y"),))
    sent = patch(change, raw, Specification(connection_specification=schema, is_partial=partial))
    assert not sent.whole
    return revealed(sent.configuration).body, list(resent(change, sent))


@pytest.mark.parametrize("partial", [False, True])
def test_a_secret_goes_with_another_branch_of_its_choice_where_a_merge_would_keep_that_of_the_old_one(partial):
    assert sent_after(("a", "form"), partial=partial) == (
        {"a": {"form": "new", "secret": "hush"}},
        [("a", "secret")],
    )


@pytest.mark.parametrize("partial", [False, True])
def test_a_secret_in_a_choice_stays_where_something_beside_the_choice_changes(partial):
    assert sent_after(("b",), partial=partial) == ({"b": 2}, [])
