import math

import pytest
from dagster_managed_elements.airbyte.specs.formats import contradiction
from dagster_managed_elements.airbyte.specs.specifications import remarks, validate, wrap
from dagster_managed_elements.engine.secrets import EnvVar, Secret
from dagster_managed_elements.engine.values import Masked

HTTPS = {
    "type": "object",
    "required": ["storage"],
    "properties": {"storage": {"const": "HTTPS"}, "user_agent": {"type": "boolean"}},
}
S3 = {
    "type": "object",
    "required": ["storage", "key"],
    "properties": {"storage": {"const": "S3"}, "key": {"type": "string", "airbyte_secret": True, "minLength": 3}},
}
SCHEMA = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "type": "object",
    "required": ["url", "format"],
    "additionalProperties": False,
    "properties": {
        "url": {"type": "string", "pattern": "^[^ ]+$"},
        "format": {"type": "string", "enum": ["csv", "json"]},
        "port": {"type": "integer", "minimum": 1, "maximum": 9},
        "start": {"type": "string", "format": "date-time"},
        "provider": {"type": "object", "oneOf": [HTTPS, S3]},
        "names": {"type": "array", "items": {"type": "string"}, "minItems": 1},
        "either": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
    },
}
HALF = "half a character in it"
GOOD = {"url": "u", "format": "csv"}


def problems(configuration, schema=SCHEMA):
    return validate(wrap(configuration, schema), schema)


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({}, []),
        ({"port": 0}, [(("port",), "must be at least 1")]),
        ({"port": "1"}, [(("port",), "must be a whole number")]),
        ({"port": True}, [(("port",), "must be a whole number")]),
        ({"port": 2.0}, []),
        ({"format": "tsv"}, [(("format",), "must be 'csv' or 'json'")]),
        ({"url": "a b"}, [(("url",), "must match the pattern ^[^ ]+$")]),
        ({"names": ["a", 1]}, [(("names", "1"), "must be text")]),
        ({"names": []}, [(("names",), "must have at least 1 items")]),
        ({"names": ("a",)}, []),
        ({"fromat": "csv"}, [(("fromat",), "is not a setting of this connector; did you mean 'format'?")]),
        ({"zzz": 1}, [(("zzz",), "is not a setting of this connector")]),
        (
            {"provider": {"storage": "HTTPS", "user_agent": "no"}},
            [(("provider", "user_agent"), "must be True or False")],
        ),
        ({"provider": {"storage": "S3"}}, [(("provider", "key"), "is required")]),
        ({"provider": {"storage": "GCS"}}, [(("provider", "storage"), "must be 'HTTPS' or 'S3'")]),
        ({"provider": {}}, [(("provider", "storage"), "is required: 'HTTPS' or 'S3'")]),
        ({"provider": "HTTPS"}, [(("provider",), "must be an object")]),
        ({"either": 5}, [(("either",), "must be text")]),
        ({"start": "2026-01-01"}, []),
        ({"start": "2026-01-01T00:00:00Z"}, []),
        ({"start": ""}, []),
        ({"start": "yesterday"}, [(("start",), "must be a date-time")]),
        ({"url": {1}}, [(("url",), "is no JSON value (set)")]),
        ({"port": math.nan}, [(("port",), "is no number that JSON has (NaN or infinite)")]),
        ({"url": "a\ud800"}, [(("url",), f"has {HALF} (a lone surrogate), which no request can carry")]),
        (
            {"\udfff": 1},
            [((), f"has a key with {HALF}: '\\udfff'"), (("\\udfff",), "is not a setting of this connector")],
        ),
        ({"url": "\U0001f600\ue000"}, []),
    ],
)
def test_a_problem_has_its_path_and_says_what_should_be_there(given, found):
    assert problems({**GOOD, **given}) == found


def test_every_problem_is_told_at_once():
    found = problems({"fromat": "csv", "port": "x", "provider": {"storage": "S3"}})
    assert [path for path, _ in found] == [("url",), ("format",), ("port",), ("provider", "key"), ("fromat",)]


def test_a_misspelt_required_setting_is_recognised():
    found = dict(problems({"url": "u", "fromat": "csv"}))
    assert found["format",] == "is required; there is 'fromat': did you mean 'format'?"


def test_unknown_settings_are_allowed_unless_the_schema_forbids_them():
    assert problems({"anything": 1}, {"type": "object", "properties": {}}) == []


def test_a_secret_that_is_not_read_is_never_a_problem():
    vault = Secret.call(lambda: pytest.fail("it was read"), reference="vault")
    for secret in (vault, EnvVar("NOT_SET_ANYWHERE"), Masked()):
        assert problems({**GOOD, "provider": {"storage": "S3", "key": secret}}) == []
        assert problems({**GOOD, "url": secret, "port": secret, "format": secret, "provider": secret}) == []


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("hu", "must have at least 3 characters"),
        (12345, "must be text"),
        ({"k": "hush"}, "must be text"),
        (["hush"], "must be text"),
    ],
)
def test_a_literal_secret_is_checked_and_not_shown(value, wanted):
    found = problems({**GOOD, "provider": {"storage": "S3", "key": value}})
    assert found == [(("provider", "key"), f"its value, a secret, {wanted}")]


ASIDE = "hush hush"
NOWHERE_VALID = {
    "port": {"type": "integer"},
    "ratio": {"type": "number"},
    "on": {"type": "boolean"},
    "object": {"type": "object", "oneOf": [HTTPS, S3]},
    "list": {"type": "array", "items": {"type": "string"}},
    "enum": {"enum": ["a", "b"]},
    "const": {"const": "a"},
    "pattern": {"type": "string", "pattern": "^x"},
    "shortest": {"type": "string", "minLength": 20},
    "longest": {"type": "string", "maxLength": 3},
    "date": {"type": "string", "format": "date"},
    "either": {"anyOf": [{"type": "integer"}, {"type": "boolean"}]},
    "not": {"not": {"type": "string"}},
}


@pytest.mark.parametrize("is_secret", [True, False])
@pytest.mark.parametrize("source", ["variable", "file", "text"])
@pytest.mark.parametrize("setting", NOWHERE_VALID)
def test_what_may_be_read_at_a_check_is_refused_where_a_literal_is_and_never_shown(
    setting, source, is_secret, monkeypatch, tmp_path
):
    monkeypatch.setenv("ASIDE", ASIDE)
    (tmp_path / "aside").write_text(ASIDE)
    secret = {
        "variable": EnvVar("ASIDE"),
        "file": Secret.file(tmp_path / "aside"),
        "text": Secret.format("{} {}", "hush", Secret.literal("hush")),
    }[source]
    flagged = {"airbyte_secret": True} if is_secret else {}
    schema = {"type": "object", "properties": {setting: {**NOWHERE_VALID[setting], **flagged}}}
    found = problems({setting: secret}, schema)
    assert {path for path, _ in found} == {path for path, _ in problems({setting: ASIDE}, schema)} == {(setting,)}
    assert not any("hush" in message for _, message in found)
    assert found[0][1].startswith("its value, a secret, ")


@pytest.mark.parametrize(("setting", "made"), [("port", "int"), ("ratio", "float"), ("on", "bool")])
def test_a_text_in_place_of_another_type_is_told_how_a_variable_is_read_as_one(setting, made, monkeypatch):
    monkeypatch.setenv("ASIDE", "1")
    schema = {"type": "object", "properties": {setting: NOWHERE_VALID[setting]}}
    ((_, message),) = problems({setting: EnvVar("ASIDE")}, schema)
    assert message.endswith(f"; of a variable EnvVar(..., as_type={made}) makes one")
    as_type = {"int": int, "float": float, "bool": bool}[made]
    assert problems({setting: EnvVar("ASIDE", as_type=as_type)}, schema) == []


def test_a_secret_that_is_no_json_is_not_shown_either():
    found = problems({**GOOD, "provider": {"storage": "S3", "key": {"hush"}}})
    assert found == [(("provider", "key"), "is no JSON value (set)")]


def test_what_fits_two_forms_must_say_which_is_meant():
    forms = {"properties": {"a": {"oneOf": [{"type": "integer"}, {"minimum": 1}]}}}
    assert problems({"a": 3}, forms) == [(("a",), "fits several of the forms allowed here; say which one is meant")]
    assert problems({"a": EnvVar("A")}, forms) == []


@pytest.mark.parametrize("name", ["draft-04", "draft-06", "draft-07"])
def test_the_named_draft_is_honoured(name):
    schema = {"$schema": f"http://json-schema.org/{name}/schema#", "properties": {"n": {"type": "integer"}}}
    assert bool(problems({"n": 1.0}, schema)) is (name == "draft-04")


@pytest.mark.parametrize(
    "broken",
    [
        {"pattern": "["},
        {"pattern": "(?P<a>"},
        {"required": ["a", "a"]},
        {"type": "strin"},
        {"enum": "a"},
        {"minimum": "1"},
        {"oneOf": {}},
        {"oneOf": []},
        {"$ref": "https://nowhere.example/schema.json"},
        {"properties": {"x": None}},
        {"items": "string"},
        {"format": 3},
    ],
)
def test_what_does_not_compile_is_left_out_and_the_rest_still_counts(broken):
    schema = {"properties": {"b": broken, "port": {"type": "integer"}}, "required": ["a"]}
    assert problems({"b": "text", "port": "x"}, schema) == [
        (("port",), "must be a whole number"),
        (("a",), "is required"),
    ]


@pytest.mark.parametrize("schema", [{"$schema": "http://x.example/"}, {"properties": 3}, {"$ref": "#/none"}, {}])
def test_a_schema_that_says_nothing_usable_asserts_nothing(schema):
    assert problems({"a": 1}, schema) == []


def test_a_reference_within_the_schema_is_followed():
    schema = {"definitions": {"n": {"type": "integer"}}, "properties": {"a": {"$ref": "#/definitions/n"}}}
    assert problems({"a": "x"}, schema) == [(("a",), "must be a whole number")]


GERMAN = {"type": "string", "format": "date", "pattern": "^[0-9]{2}-[0-9]{2}-[0-9]{4}$"}
OPEN = {
    "type": "object",
    "required": ["host"],
    "properties": {
        "host": {"type": "string"},
        "schemas": {"type": "array", "items": {"type": "string"}},
        "start_date": GERMAN,
        "provider": {"type": "object", "oneOf": [HTTPS, S3]},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}, "properties": {"name": {}}},
        "rows": {"type": "array", "items": {"type": "object", "properties": {"column": {}, "kind": {}}}},
    },
}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, []),
        ({"schemas": ["a"], "note": "mine"}, []),
        ({"schema": ["a"]}, [(("schema",), "schemas")]),
        ({"Schemas": ["a"]}, [(("Schemas",), "schemas")]),
        ({"schemas": [], "schema": []}, []),
        ({"provider": {"storage": "HTTPS", "user_agnt": True}}, [(("provider", "user_agnt"), "user_agent")]),
        ({"labels": {"nam": "x"}}, []),
        ({"rows": [{"column": 1}, {"colum": 1}]}, [(("rows", "1", "colum"), "column")]),
        ({"schema": Secret.literal("hush")}, [(("schema",), "schemas")]),
    ],
)
def test_a_key_that_is_allowed_and_like_a_setting_is_remarked_on(given, said):
    configuration = wrap({"host": "h", **given}, OPEN)
    assert validate(configuration, OPEN) == []
    found = list(remarks(configuration, OPEN))
    assert [(path, code) for path, code, _ in found] == [(path, "misspelt") for path, _ in said]
    assert [text.rpartition("did you mean ")[2] for _, _, text in found] == [f"{name!r}?" for _, name in said]


def test_of_two_demands_that_no_value_meets_the_pattern_counts_and_that_is_said():
    assert problems({"host": "h", "start_date": "31-01-2026"}, OPEN) == []
    assert problems({"host": "h", "start_date": "2026-01-31"}, OPEN) == [
        (("start_date",), f"must match the pattern {GERMAN['pattern']}")
    ]
    ((path, code, text),) = remarks({"host": "h", "start_date": "31-01-2026"}, OPEN)
    assert (path, code) == (("start_date",), "contradiction")
    assert text == (
        f"the connector's specification asks for a date here and for the pattern {GERMAN['pattern']}, which no "
        "date is; only the latter is held to"
    )


@pytest.mark.parametrize("form", ["date", "date-time"])
@pytest.mark.parametrize(
    ("beside", "contradicts"),
    [
        ({}, False),
        ({"pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}, False),
        ({"pattern": "^$|^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z$"}, False),
        ({"pattern": r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(\.\d+)?Z?$"}, False),
        ({"pattern": "("}, False),
        ({"pattern": ""}, False),
        ({"pattern": "^[0-9]{2}/[0-9]{2}/[0-9]{4}$"}, True),
        ({"pattern": "^$|^[0-9]{8}$"}, True),
        ({"enum": ["yesterday", "today"]}, True),
        ({"enum": ["2020-01-01", "today"]}, False),
        ({"const": "latest"}, True),
        ({"enum": 5}, False),
        ({"format": ["date"]}, False),
    ],
)
def test_what_contradicts_a_date_is_what_no_spelling_of_one_meets(form, beside, contradicts):
    assert bool(contradiction({"format": form, **beside})) is contradicts
    assert contradiction({"format": "uri", **beside}) is None
    assert contradiction(beside) is None
