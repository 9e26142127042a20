"""The specification functions over every connector of Airbyte's registry, with drawn configurations."""

import copy

import pytest
from dagster_managed_elements.airbyte.specs.compiling import compiled
from dagster_managed_elements.airbyte.specs.specifications import mask, mask_allowed, trim, validate, wrap
from dagster_managed_elements.airbyte.specs.validation import fits
from dagster_managed_elements.engine.secrets import Secret
from dagster_managed_elements.engine.values import SECRET_MASK, Masked, at, walk
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

CANARY = "c4n4ry-hush"
PLAIN = settings(
    max_examples=100,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)

NAMES = st.sampled_from(["surprise", "host", "url", "__injected_components_py", "a.b", ""])
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 70000), st.floats(0, 9), st.sampled_from(["", "x", "HTTPS"])
)


def typed(schema):
    kind = schema.get("type")
    kinds = kind if isinstance(kind, list) else [kind]
    return next((kind for kind in kinds if kind != "null"), None)


@st.composite
def values(draw, schema, *, secret=False):
    """Something a user may well give for *schema*: mostly what it asks for, now and then anything."""
    secret = secret or schema.get("airbyte_secret", False) is not False
    if draw(st.integers(0, 19)) == 0 and not secret:
        return draw(SCALARS)
    if schema.get("oneOf"):
        branch = draw(st.sampled_from(schema["oneOf"]))
        common = draw(values({key: value for key, value in schema.items() if key != "oneOf"}, secret=secret))
        chosen = draw(values(branch, secret=secret))
        return {**common, **chosen} if isinstance(common, dict) and isinstance(chosen, dict) else chosen
    if "const" in schema:
        return schema["const"]
    if typed(schema) == "object" or "properties" in schema:
        named = schema.get("properties", {})
        given = {key: draw(values(inner, secret=secret)) for key, inner in named.items() if draw(st.integers(0, 3))}
        return {**given, **draw(st.dictionaries(NAMES, SCALARS, max_size=1))}
    if typed(schema) == "array":
        items = schema.get("items")
        return draw(st.lists(values(items if isinstance(items, dict) else {}, secret=secret), max_size=3))
    if secret:
        return f"{CANARY}-{draw(st.integers(0, 99))}"
    if isinstance(schema.get("enum"), list):
        return draw(st.sampled_from(schema["enum"]))
    drawn = {"integer": st.integers(0, 70000), "number": st.floats(0, 9), "boolean": st.booleans()}
    return draw(drawn.get(typed(schema), st.sampled_from(["2024-01-01", "2024-01-01T00:00:00Z", "some text"])))


def configurations(schema):
    return values(schema).filter(lambda drawn: isinstance(drawn, dict))


def masked_by_airbyte(value, schemas):
    """What the server shows: written again from its description, to hold ours against. Nulls are not kept."""
    inner = [part for schema in schemas for part in flattened(schema)]
    if any("airbyte_secret" in part for part in inner):
        return SECRET_MASK
    if isinstance(value, dict):
        return {
            key: masked_by_airbyte(
                each, [part["properties"][key] for part in inner if key in part.get("properties", {})]
            )
            for key, each in value.items()
            if each is not None
        }
    if isinstance(value, list):
        items = [part["items"] for part in inner if isinstance(part.get("items"), dict)]
        return [masked_by_airbyte(part, items) for part in value]
    return value


def flattened(schema):
    yield schema
    for word in ("oneOf", "anyOf", "allOf"):
        for branch in schema.get(word, []):
            yield from flattened(branch)


def differs(declared, observed):
    """As the engine compares them: a secret is never told from a masked one."""
    if isinstance(declared, (Secret, Masked)) or isinstance(observed, (Secret, Masked)):
        return not (isinstance(declared, (Secret, Masked)) and isinstance(observed, Masked))
    if isinstance(declared, dict) and isinstance(observed, dict):
        return declared.keys() != observed.keys() or any(differs(declared[key], observed[key]) for key in declared)
    if isinstance(declared, list) and isinstance(observed, list):
        return len(declared) != len(observed) or any(map(differs, declared, observed))
    return declared != observed or type(declared) is not type(observed)


def secret_paths(value, path=()):
    if isinstance(value, Secret):
        yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in inner:
        yield from secret_paths(part, (*path, str(key)))


@PLAIN
@given(data=st.data())
def test_an_unchanged_configuration_never_differs_from_what_the_server_masks(corpus, data):
    schema = data.draw(st.sampled_from(corpus), label="connector")["spec"]
    configuration = data.draw(configurations(schema))
    declared = wrap(configuration, schema)
    observed = mask(masked_by_airbyte(configuration, [schema]), schema)
    assert not differs(declared, observed)
    assert not differs(declared, trim(observed, declared, schema))


@PLAIN
@given(data=st.data())
def test_no_secret_is_in_any_message_or_repr(corpus, data):
    schema = data.draw(st.sampled_from(corpus), label="connector")["spec"]
    configuration = data.draw(configurations(schema))
    before = copy.deepcopy(configuration)
    declared = wrap(configuration, schema)
    shown = f"{declared!r} {validate(declared, schema)!r} {mask(configuration, schema)!r}"
    assert CANARY not in shown
    assert configuration == before


@PLAIN
@given(data=st.data())
def test_a_configuration_the_schema_accepts_has_no_problem_and_another_has_one(corpus, data):
    schema = data.draw(st.sampled_from(corpus), label="connector")["spec"]
    configuration = {key: value for key, value in data.draw(configurations(schema)).items() if value is not None}
    validator = compiled(schema)
    assume(validator is not None)
    declared = wrap(configuration, schema)
    assume(not nulls_in(configuration))
    assert bool(validate(declared, schema)) is not validator.is_valid(configuration)


def nulls_in(value):
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return value is None or any(nulls_in(part) for part in inner)


@pytest.mark.slow
@PLAIN
@given(data=st.data())
def test_a_mask_is_never_sent_back_through_a_list_or_where_it_was_not_returned(corpus, data):
    schema = data.draw(st.sampled_from(corpus), label="connector")["spec"]
    configuration = data.draw(configurations(schema))
    declared = wrap(configuration, schema)
    observed = masked_by_airbyte(configuration, [schema])
    for path in secret_paths(declared):
        allowed = mask_allowed(path, observed, declared, schema)
        assert not (allowed and any(step.isdecimal() for step in path))
        assert not mask_allowed(path, {}, declared, schema)
        assert not mask_allowed(path, configuration, declared, schema)


def test_no_setting_of_any_connector_is_one_that_no_value_can_have_for_its_format(corpus):
    """Of each dated setting some spelling of a day is taken, or else one that its pattern names."""
    spellings = ("2020-01-31", "2020-01-31T00:00:00Z", "2020-01-31T00:00:00.000Z", "2020-01-31T00:00:00.000000Z")
    dated = [
        at(entry["spec"], path[:-1])
        for entry in corpus
        for path, leaf in walk(entry["spec"])
        if path[-1:] == ("format",) and leaf in {"date", "date-time"}
    ]
    assert len(dated) > 250
    refused = [schema for schema in dated if not any(fits(day, schema) for day in spellings)]
    assert all(fits("31-01-2020", schema) for schema in refused)
    assert len(refused) == 2


def test_every_specification_compiles(corpus):
    assert [entry["name"] for entry in corpus if compiled(entry["spec"]) is None] == []


def test_the_corpus_has_the_secrets_it_is_known_to_have(corpus):
    """So that the tests above are known to draw some: nearly all connectors have a secret."""

    def count(schema):
        below = [*schema.get("properties", {}).values(), *schema.get("oneOf", [])]
        items = [schema["items"]] if isinstance(schema.get("items"), dict) else []
        return ("airbyte_secret" in schema) + sum(count(part) for part in (*below, *items))

    counts = [count(entry["spec"]) for entry in corpus]
    assert sum(map(bool, counts)) > 600
    assert sum(counts) > 1100


@pytest.mark.parametrize("missing", ["url", "format", "provider", "dataset_name"])
def test_the_file_connector_misses_what_it_requires(corpus, missing):
    schema = next(entry["spec"] for entry in corpus if entry["repository"] == "airbyte/source-file")
    whole = {
        "url": "https://a.example/cereals.csv",
        "format": "csv",
        "dataset_name": "cereals",
        "provider": {"storage": "HTTPS", "user_agent": False},
    }
    assert validate(wrap(whole, schema), schema) == []
    partial = {key: value for key, value in whole.items() if key != missing}
    assert validate(wrap(partial, schema), schema) == [((missing,), "is required")]
