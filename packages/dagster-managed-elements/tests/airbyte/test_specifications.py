import pytest
from dagster_managed_elements.airbyte.specs.specifications import mask, mask_allowed, trim, wrap
from dagster_managed_elements.engine.secrets import EnvVar, Secret
from dagster_managed_elements.engine.values import SECRET_MASK, Masked

SECRET = {"type": "string", "airbyte_secret": True}
KEY = {
    "type": "object",
    "title": "Key",
    "required": ["method", "key"],
    "properties": {"method": {"type": "string", "const": "key"}, "key": SECRET},
}
OPEN = {
    "type": "object",
    "title": "Open",
    "required": ["method"],
    "properties": {
        "method": {"type": "string", "const": "open"},
        "user_agent": {"type": "boolean", "default": False},
        "retries": {"type": "integer", "default": 3},
    },
}
SCHEMA = {
    "type": "object",
    "required": ["host"],
    "properties": {
        "host": {"type": "string"},
        "port": {"type": "integer", "default": 5432},
        "password": SECRET,
        "tenant": {"type": "string", "airbyte_secret": False},
        "account": {"type": "object", "airbyte_secret": True},
        "auth": {"type": "object", "oneOf": [OPEN, KEY]},
        "preset": {"type": "object", "default": {"method": "key"}, "oneOf": [OPEN, KEY]},
        "limits": {"type": "object", "properties": {"rows": {"type": "integer", "default": 10}}},
        "keys": {"type": "array", "items": {"type": "object", "properties": {"name": {}, "key": SECRET}}},
        "names": {"type": "array", "items": SECRET},
        "headers": {"type": "object", "additionalProperties": SECRET},
        "note": {"type": ["string", "null"]},
    },
}


def shown(value):
    """A configuration with its secrets as they print, to compare the shape of it."""
    if isinstance(value, dict):
        return {key: shown(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [shown(inner) for inner in value]
    return HIDDEN if isinstance(value, (Secret, Masked)) else value


HIDDEN = f"<{SECRET_MASK}>"
CONFIGURATION = {
    "host": "h",
    "password": "hush",
    "tenant": "t",
    "account": {"user": "hush", "list": ["hush"]},
    "auth": {"method": "key", "key": "hush"},
    "keys": [{"name": "a", "key": "hush"}, {"name": "b", "key": "hush"}],
    "names": ["hush", "hush"],
    "headers": {"X": "hush"},
    "surprise": 1,
    "note": None,
}


def test_every_secret_of_the_specification_is_wrapped_wherever_it_stands():
    wrapped = wrap(CONFIGURATION, SCHEMA)
    assert shown(wrapped) == {
        "host": "h",
        "password": HIDDEN,
        "tenant": HIDDEN,
        "account": HIDDEN,
        "auth": {"method": "key", "key": HIDDEN},
        "keys": [{"name": "a", "key": HIDDEN}, {"name": "b", "key": HIDDEN}],
        "names": [HIDDEN, HIDDEN],
        "headers": {"X": HIDDEN},
        "surprise": 1,
    }
    assert "hush" not in repr(wrapped)
    assert wrapped["account"].read() == CONFIGURATION["account"]


def test_a_secret_of_another_branch_is_wrapped_too_since_airbyte_masks_by_path():
    assert shown(wrap({"auth": {"method": "open", "key": "hush"}}, SCHEMA))["auth"]["key"] == HIDDEN


def test_a_secret_the_user_wrapped_stays_what_it_is():
    own = EnvVar("PASSWORD")
    wrapped = wrap({"host": own, "password": own}, SCHEMA)
    assert wrapped["host"] is own
    assert wrapped["password"] is own


def test_a_secret_inside_a_secret_object_is_read_only_with_it(monkeypatch):
    monkeypatch.setenv("USER_NAME", "jane")
    vault = Secret.call(lambda: "dear", reference="vault")
    wrapped = wrap({"account": {"user": EnvVar("USER_NAME"), "key": vault, "n": 1}}, SCHEMA)["account"]
    assert [part.reference for part in wrapped.parts] == ["env:USER_NAME", "call:vault"]
    assert wrapped.cheap is False
    assert wrapped.read() == {"user": "jane", "key": "dear", "n": 1}


def test_a_declared_mask_means_keep_what_is_there():
    assert wrap({"password": SECRET_MASK}, SCHEMA) == {"password": Masked()}


def test_ten_asterisks_elsewhere_are_just_that():
    assert wrap({"host": SECRET_MASK}, SCHEMA) == {"host": SECRET_MASK}


def test_neither_side_is_altered():
    before = {"auth": {"key": "hush", "method": "key"}, "note": None}
    wrap(before, SCHEMA)
    mask(before, SCHEMA)
    trim(before, {}, SCHEMA)
    assert before == {"auth": {"key": "hush", "method": "key"}, "note": None}


def test_what_the_server_masks_is_masked():
    observed = {"password": SECRET_MASK, "tenant": SECRET_MASK, "account": SECRET_MASK, "host": "h"}
    assert mask(observed, SCHEMA) == {
        "password": Masked(),
        "tenant": Masked(),
        "account": Masked(),
        "host": "h",
    }


def test_a_secret_a_server_fails_to_mask_is_not_shown_either():
    assert mask({"password": "hush", "keys": [{"key": "hush"}]}, SCHEMA) == {
        "password": Masked(),
        "keys": [{"key": Masked()}],
    }


def test_what_is_flagged_as_no_secret_and_comes_unmasked_can_be_compared():
    assert mask({"tenant": "t"}, SCHEMA) == {"tenant": "t"}


@pytest.mark.parametrize(
    ("observed", "declared", "kept"),
    [
        ({"host": "h", "port": 5432}, {"host": "h"}, {"host": "h"}),
        ({"host": "h", "port": 1}, {"host": "h"}, {"host": "h", "port": 1}),
        ({"port": 5432}, {"port": 5432}, {"port": 5432}),
        ({"host": "h", "note": None}, {}, {"host": "h"}),
        ({"__injected_declarative_manifest": {"a": 1}}, {}, {}),
        ({"surprise": 1}, {}, {"surprise": 1}),
        ({"limits": {"rows": 10}}, {}, {}),
        ({"limits": {"rows": 11}}, {}, {"limits": {"rows": 11}}),
        ({"limits": {"rows": 10, "x": 1}}, {}, {"limits": {"x": 1, "rows": 10}}),
        ({"limits": {"rows": 10, "x": 1}}, {"limits": {"x": 1}}, {"limits": {"x": 1}}),
        (
            {"auth": {"method": "open", "user_agent": False, "retries": 3}},
            {"auth": {"method": "open"}},
            {"auth": {"method": "open"}},
        ),
        (
            {"auth": {"method": "open", "user_agent": True}},
            {"auth": {"method": "open"}},
            {"auth": {"method": "open", "user_agent": True}},
        ),
        ({"auth": {"method": "open"}}, {}, {"auth": {"method": "open"}}),
        ({"auth": {"method": "open"}}, {"auth": {}}, {"auth": {"method": "open"}}),
        ({"auth": {"method": "open"}}, {"auth": {"retries": 5}}, {"auth": {"method": "open"}}),
        ({"preset": {"method": "key"}}, {}, {}),
        ({"preset": {"method": "open", "retries": 3}}, {}, {"preset": {"method": "open", "retries": 3}}),
        ({"keys": [{"name": "a", "note": None}]}, {"keys": [{"name": "a"}]}, {"keys": [{"name": "a"}]}),
        ({"keys": []}, {}, {"keys": []}),
        ({"port": True}, {}, {"port": True}),
    ],
)
def test_only_what_somebody_chose_is_kept_of_the_observed(observed, declared, kept):
    assert trim(observed, declared, SCHEMA) == kept


AT_KEY = ("auth", "key")
KEPT = {"auth": {"method": "key", "key": SECRET_MASK}, "password": SECRET_MASK}
SENT = {"auth": {"method": "key", "key": Secret.literal("hush")}, "password": Secret.literal("hush")}


def test_a_mask_the_server_just_returned_may_be_sent_back():
    assert mask_allowed(("password",), KEPT, SENT, SCHEMA)
    assert mask_allowed(AT_KEY, KEPT, SENT, SCHEMA)


@pytest.mark.parametrize(
    ("path", "observed", "declared"),
    [
        pytest.param((), KEPT, SENT, id="nowhere"),
        pytest.param(("password",), {}, SENT, id="nothing there yet"),
        pytest.param(("password",), {"password": "shown"}, SENT, id="not masked"),
        pytest.param(("password",), KEPT, {}, id="not declared"),
        pytest.param(("host",), {"host": SECRET_MASK}, {"host": "h"}, id="not a secret"),
        pytest.param(("tenant",), {"tenant": SECRET_MASK}, {"tenant": "t"}, id="flagged false"),
        pytest.param(("account",), {"account": SECRET_MASK}, {"account": {}}, id="mask of the wrong type"),
        pytest.param(("unknown",), {"unknown": SECRET_MASK}, {"unknown": "u"}, id="not in the schema"),
        pytest.param(("headers", "X"), {"headers": {"X": SECRET_MASK}}, {"headers": {"X": "x"}}, id="not by name"),
        pytest.param(("names", "0"), {"names": [SECRET_MASK]}, {"names": ["n"]}, id="in an array"),
        pytest.param(
            ("keys", "0", "key"), {"keys": [{"key": SECRET_MASK}]}, {"keys": [{"key": "k"}]}, id="in its items"
        ),
        pytest.param(AT_KEY, {"auth": {"method": "open", "key": SECRET_MASK}}, SENT, id="another branch before"),
        pytest.param(AT_KEY, KEPT, {"auth": {"method": "open", "key": "k"}}, id="another branch after"),
        pytest.param(AT_KEY, KEPT, {"auth": "key"}, id="no object any more"),
    ],
)
def test_a_mask_is_not_sent_where_it_would_be_stored(path, observed, declared):
    assert not mask_allowed(path, observed, declared, SCHEMA)


@pytest.mark.parametrize(
    ("leaf", "allowed"),
    [
        ({"pattern": "^.*$"}, True),
        ({"pattern": "^sk_"}, False),
        ({"minLength": 10}, True),
        ({"minLength": 11}, False),
        ({"maxLength": 9}, False),
        ({"enum": ["a", "b"]}, False),
        ({"const": "a"}, False),
        ({"format": "date"}, False),
        ({"type": ["string", "null"]}, True),
        ({"type": "integer"}, False),
    ],
)
def test_a_mask_is_sent_only_where_it_is_valid(leaf, allowed):
    schema = {"properties": {"password": {**SECRET, **leaf}}}
    assert mask_allowed(("password",), KEPT, SENT, schema) is allowed


@pytest.mark.parametrize("schema", [{}, {"properties": []}, {"properties": {"a": None}}, {"oneOf": {}}])
def test_a_broken_schema_knows_no_secret_and_no_default(schema):
    configuration = {"a": {"b": ["c"]}}
    assert wrap(configuration, schema) == mask(configuration, schema) == configuration
    assert trim(configuration, {}, schema) == configuration
