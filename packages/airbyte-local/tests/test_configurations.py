"""Masking, splitting and keeping of secrets, as properties over invented specifications and configurations."""

from __future__ import annotations

from airbyte_local.model.configurations import MASK, hydrate, keep_masked, mask, split
from hypothesis import given
from hypothesis import strategies as st

NAMES = st.sampled_from("abcd")
LEAVES = st.fixed_dictionaries({"type": st.just("string")}, optional={"airbyte_secret": st.just(True)})


def objects(inner):
    properties = st.dictionaries(NAMES, inner, max_size=3)
    plain = st.builds(lambda p: {"type": "object", "properties": p}, properties)
    choice = st.builds(lambda b: {"type": "object", "oneOf": b}, st.lists(plain, min_size=1, max_size=2))
    array = st.builds(lambda i: {"type": "array", "items": i}, inner)
    return plain | choice | array


SCHEMAS = st.builds(
    lambda p: {"type": "object", "properties": p},
    st.dictionaries(NAMES, st.recursive(LEAVES, objects, max_leaves=8)),
)
SCALARS = st.text(min_size=1, max_size=3).filter(lambda text: "*" not in text)
CONFIGURATIONS = st.dictionaries(
    NAMES,
    st.recursive(
        SCALARS, lambda inner: st.dictionaries(NAMES, inner, max_size=3) | st.lists(inner, max_size=2), max_leaves=8
    ),
)


class Vault:
    def __init__(self):
        self.values = {}

    def write(self, value, _before):
        coordinate = f"c{len(self.values)}_v1"
        self.values[coordinate] = value
        return coordinate


@given(SCHEMAS, CONFIGURATIONS)
def test_what_is_split_comes_back_whole(schema, configuration):
    vault = Vault()
    assert hydrate(split(schema, configuration, None, vault.write), vault.values.get) == configuration


@given(SCHEMAS, CONFIGURATIONS)
def test_a_mask_hides_what_was_split_and_nothing_else(schema, configuration):
    vault = Vault()
    stored = split(schema, configuration, None, vault.write)
    assert mask(schema, stored) == mask(schema, configuration)
    assert hydrate(stored, lambda _: MASK) == mask(schema, configuration)


@given(SCHEMAS, CONFIGURATIONS)
def test_masking_twice_is_masking_once(schema, configuration):
    once = mask(schema, configuration)
    assert mask(schema, once) == once


@given(SCHEMAS, CONFIGURATIONS)
def test_keeping_changes_nothing_where_no_mask_was_sent(schema, configuration):
    assert keep_masked(schema, configuration, configuration) == configuration


def test_nothing_is_masked_in_a_schema_without_properties():
    schema = {"type": "string", "airbyte_secret": True}
    assert mask(schema, {"a": "b"}) == {"a": "b"}


def test_a_secret_that_is_no_text_becomes_the_mask_too():
    schema = {"properties": {"a": {"type": "integer", "airbyte_secret": True}}}
    assert mask(schema, {"a": 5}) == {"a": MASK}


def test_an_absent_secret_stays_absent_and_a_null_one_null():
    schema = {"properties": {"a": {"airbyte_secret": True}, "b": {"airbyte_secret": True}}}
    assert mask(schema, {"b": None}) == {"b": None}


def test_a_mask_is_kept_only_where_the_old_object_had_the_secret():
    schema = {"properties": {"a": {"airbyte_secret": True}, "b": {"airbyte_secret": True}}}
    assert keep_masked(schema, {"a": "old"}, {"a": MASK, "b": MASK}) == {"a": "old", "b": MASK}
