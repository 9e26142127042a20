"""What users declare and the markers a field may hold: what they become, and that no secret is ever shown."""

from __future__ import annotations

import copy
import dataclasses
import json
import pickle
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import dagster
import pytest
from dagster_managed_elements.engine.elements import Element, plain
from dagster_managed_elements.engine.errors import DeclarationError
from dagster_managed_elements.engine.secrets import EnvVar, Secret, reveal
from dagster_managed_elements.engine.values import UNSET, Key, Masked, Named, Unset

VALUE = "hunter2-the-value"


@dataclass(frozen=True)
class Thing(Element):
    kind: ClassVar[str] = "thing"
    size: int | Unset = UNSET
    near: Any = None
    more: Any = UNSET


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELF_PASSWORD", VALUE)
    monkeypatch.setenv("SHELF_PORT", "8000")
    monkeypatch.delenv("SHELF_NOWHERE", raising=False)


def secrets() -> list[Secret]:
    return [Secret.literal(VALUE), EnvVar("SHELF_PASSWORD"), Secret.call(lambda: VALUE, reference="vault/1")]


@pytest.mark.parametrize("show", [repr, ascii, lambda s: f"{s!r:>20}", "{!r}".format])
@pytest.mark.parametrize("secret", secrets())
def test_a_secret_prints_as_a_mask_by_itself_and_in_what_holds_it(
    secret: Secret, show: Callable[[Any], str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert show(secret).strip() == "**********"
    print([secret], {"password": secret}, Thing("a", near=secret))
    assert VALUE not in (printed := capsys.readouterr().out)
    assert printed.count("**********") == 3


@pytest.mark.parametrize(
    "make_text",
    [
        str,
        format,
        lambda s: f"password={s}",
        lambda s: f"{s:>20}",
        "password=%s".__mod__,
        "password={}".format,
        lambda s: "password=" + s,
        print,
    ],
)
@pytest.mark.parametrize("secret", secrets())
def test_no_text_can_be_made_of_a_secret_since_the_mask_would_be_stored(
    secret: Secret, make_text: Callable[[Any], Any]
) -> None:
    with pytest.raises((DeclarationError, TypeError)) as error:
        make_text(secret)
    assert VALUE not in str(error.value)
    assert isinstance(error.value, TypeError) or 'Secret.format("ssl=true&password={}"' in str(error.value)


@pytest.mark.parametrize("secret", [*secrets(), dagster.EnvVar("SHELF_PASSWORD")])
def test_a_text_around_a_secret_is_a_secret(secret: Any) -> None:
    text = Secret.format("{user}:{}@host/{{x}}", secret, user="me")
    assert repr(text) == "**********"
    assert text.read() == f"me:{VALUE}@host/{{x}}"
    assert text.cheap is getattr(secret, "cheap", True)
    assert VALUE not in text.reference
    assert "host" not in text.reference


VARIABLE = EnvVar("A")


def test_two_texts_around_a_secret_are_equal_where_nothing_in_them_differs() -> None:
    def text(template: str = "a={}", secret: Any = VARIABLE, *more: Any) -> Secret:
        return Secret.format(template, secret, *more)

    assert text() == text()
    assert text() != text("b={}")
    assert text() != text(secret=EnvVar("B"))
    assert text(secret=Secret.literal("x")) == text(secret=Secret.literal("x"))
    assert text(secret=Secret.literal("x")) != text(secret=Secret.literal("y"))
    assert text("{}{}", EnvVar("A"), 1) != text("{}{}", EnvVar("A"), 2)


@pytest.mark.parametrize(
    ("template", "values", "named"),
    [
        ("hush", [1], {}),
        ("hush {} {}", [1], {}),
        ("hush {a}", [1], {}),
        ("hush {}", [1], {"b": 2}),
        ("hush {", [1], {}),
        ('{"hush": {}}', [1], {}),
        ("hush {0.x}", [1], {}),
        ("hush {:d}", [1], {}),
        ("hush", [], {}),
    ],
)
def test_a_text_whose_places_are_not_those_of_its_values_is_refused_where_it_is_declared(
    template: str, values: list[Any], named: dict[str, Any]
) -> None:
    with pytest.raises(DeclarationError, match="one place") as error:
        Secret.format(template, *values, **named)
    assert "hush" not in str(error.value)
    assert error.value.__context__ is None


@pytest.mark.parametrize("secret", secrets())
def test_a_secret_is_not_in_what_a_dataclass_with_one_becomes(secret: Secret) -> None:
    thing = Thing("a", near={"password": secret})
    assert VALUE not in repr(thing)
    assert VALUE not in repr(dataclasses.asdict(thing))
    assert VALUE not in repr(dataclasses.astuple(thing))
    assert VALUE not in repr(thing.fields())
    with pytest.raises(TypeError):
        json.dumps(thing.fields())


def test_a_literal_secret_cannot_be_pickled() -> None:
    with pytest.raises((pickle.PicklingError, AttributeError)) as error:
        pickle.dumps(Secret.literal(VALUE))
    assert VALUE not in str(error.value)


def test_a_secret_survives_a_deep_copy() -> None:
    assert [copy.deepcopy(secret).read() for secret in secrets()] == [VALUE] * 3


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (Secret.literal("a"), Secret.literal("a"), True),
        (Secret.literal("a"), Secret.literal("b"), False),
        (EnvVar("A"), EnvVar("A"), True),
        (EnvVar("A"), EnvVar("B"), False),
        (EnvVar("SHELF_PASSWORD"), Secret.literal(VALUE), False),
        (Secret.call(lambda: 1, reference="x"), Secret.call(lambda: 2, reference="x"), True),
        (Secret.call(lambda: 1, reference="x"), Secret.call(lambda: 1, reference="y"), False),
        (Secret.literal("a"), "a", False),
        (Secret.literal("a"), Masked(), False),
    ],
)
def test_secrets_are_compared_by_reference_and_literals_by_value(one: Any, other: Any, equal: bool) -> None:
    assert (one == other) is equal
    assert (one != other) is not equal
    if equal:
        assert hash(one) == hash(other)


def test_a_callable_is_not_called_to_compare_hash_or_print_it() -> None:
    def never() -> str:
        raise AssertionError("called")

    one, other = (Secret.call(never, reference="vault/1") for _ in "12")
    assert one == other
    assert len({one, other}) == 1
    assert repr(one) == "**********"


@pytest.mark.parametrize("variable", [EnvVar("SHELF_PASSWORD"), dagster.EnvVar("SHELF_PASSWORD")])
def test_a_variable_is_sent_by_its_value_never_by_its_name(variable: Any) -> None:
    sent = json.dumps(reveal(plain({"a": [{"password": variable}]})))
    assert sent == json.dumps({"a": [{"password": VALUE}]})
    assert "SHELF_PASSWORD" not in sent


@pytest.mark.parametrize("variable", [EnvVar("SHELF_PASSWORD"), dagster.EnvVar("SHELF_PASSWORD")])
def test_a_variable_made_a_secret_once_more_is_that_variables(variable: Any) -> None:
    assert Secret.literal(variable) == EnvVar("SHELF_PASSWORD")
    held = Secret.literal({"a": [variable]})
    assert held == Secret.holding({"a": [EnvVar("SHELF_PASSWORD")]})
    assert reveal(held) == {"a": [VALUE]}


def test_dagsters_number_from_a_variable_is_sent_as_a_number() -> None:
    assert reveal(plain({"port": dagster.EnvVar.int("SHELF_PORT")})) == {"port": 8000}


def test_dagsters_variables_are_recognised_wherever_an_element_holds_them() -> None:
    thing = Thing("a", near=dagster.EnvVar("SHELF_PASSWORD"), more=(dagster.EnvVar("SHELF_PASSWORD"), {"x": 1}))
    assert reveal(thing.fields()) == {"near": VALUE, "more": [VALUE, {"x": 1}]}


@pytest.mark.parametrize("variable", [EnvVar("SHELF_NOWHERE"), plain(dagster.EnvVar("SHELF_NOWHERE"))])
def test_a_variable_that_is_not_set_is_named(variable: Secret) -> None:
    with pytest.raises(DeclarationError, match=r"^The environment variable SHELF_NOWHERE is not set\.$"):
        variable.read()


def test_a_variable_that_is_no_number_is_named_and_its_value_is_not() -> None:
    with pytest.raises(DeclarationError) as error:
        Secret.env("SHELF_PASSWORD", int).read()
    assert str(error.value) == "The environment variable SHELF_PASSWORD does not hold a valid int."
    assert error.value.__context__ is None


@pytest.mark.parametrize(
    ("stored", "read"),
    [
        (b"-----\nkey\n-----\n", "-----\nkey\n-----"),
        (b"a\r\nb\r\n", "a\r\nb"),
        (b"a\rb\n\n", "a\rb\n"),
        (b"\xef\xbb\xbfa\n", "a"),
        (b"a\xef\xbb\xbf", "a\ufeff"),
        (b" a\t \n", " a\t "),
        (b" ", " "),
    ],
)
def test_a_secret_file_is_read_byte_for_byte_but_for_its_mark_and_last_line_break(
    stored: bytes, read: str, tmp_path: Path
) -> None:
    (tmp_path / "key").write_bytes(stored)
    assert Secret.file(tmp_path / "key").read() == read
    assert Secret.file(tmp_path / "key", optional=True).read() == read


@pytest.mark.parametrize("stored", [b"", b"\n", b"\r\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n"])
def test_a_secret_that_is_there_and_empty_is_refused_in_one_line(
    stored: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "key"
    path.write_bytes(stored)
    monkeypatch.setenv("SHELF_EMPTY", "")
    said = {
        Secret.file(path): f"The secret file {path} is empty; ",
        EnvVar("SHELF_EMPTY"): "The environment variable SHELF_EMPTY is set and empty; ",
        plain(dagster.EnvVar("SHELF_EMPTY")): "The environment variable SHELF_EMPTY is set and empty; ",
        EnvVar("SHELF_EMPTY", as_type=int): "The environment variable SHELF_EMPTY is set and empty; ",
    }
    for secret, sentence in said.items():
        with pytest.raises(DeclarationError) as error:
            secret.read()
        assert str(error.value) == f"{sentence}optional=True leaves out what may be missing."


def test_an_optional_secret_that_is_not_there_is_as_if_nobody_had_declared_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHELF_EMPTY", "")
    (tmp_path / "empty").write_bytes(b"\n")
    missing = [
        EnvVar("SHELF_NOWHERE", optional=True),
        EnvVar("SHELF_EMPTY", int, optional=True),
        Secret.file(tmp_path / "nowhere", optional=True),
        Secret.file(tmp_path / "empty", optional=True),
        Secret.format("a={}&b={}", EnvVar("SHELF_PASSWORD"), EnvVar("SHELF_NOWHERE", optional=True)),
    ]
    assert plain({"x": missing}) == {"x": [None] * len(missing)}
    there = EnvVar("SHELF_PASSWORD", optional=True)
    assert plain([there]) == [there]
    broken = [EnvVar("SHELF_PASSWORD", int, optional=True), Secret.file(tmp_path, optional=True)]
    assert plain(broken) == broken
    with pytest.raises(DeclarationError, match="not set"):
        Secret.format("a={}&b={}", EnvVar("SHELF_NOWHERE"), EnvVar("SHELF_EMPTY", optional=True)).read()


@pytest.mark.parametrize(
    ("text", "as_type", "value"),
    [
        ("5432", int, 5432),
        ("0.5", float, 0.5),
        ("true", bool, True),
        ("False", bool, False),
        ("0", bool, False),
        ('["a"]', json.loads, ["a"]),
    ],
)
def test_a_variable_is_read_as_the_type_it_is_declared_to_have(
    text: str, as_type: Callable[[str], Any], value: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHELF_TYPED", text)
    assert EnvVar("SHELF_TYPED", as_type=as_type).read() == value
    assert type(Secret.env("SHELF_TYPED", as_type=as_type).read()) is type(value)


@pytest.mark.parametrize("as_type", [int, float, bool, json.loads])
def test_a_variable_that_is_not_of_its_type_is_named_and_its_value_is_not(as_type: Callable[[str], Any]) -> None:
    with pytest.raises(DeclarationError, match="SHELF_PASSWORD does not hold a valid") as error:
        EnvVar("SHELF_PASSWORD", as_type=as_type).read()
    assert VALUE not in str(error.value)
    assert error.value.__context__ is None


def test_a_secret_file_that_cannot_be_read_is_named_and_its_text_is_not(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(VALUE.encode() + b"\xff")
    for name, reason in {"nowhere": "No such file or directory", "binary": "it is not UTF-8"}.items():
        path = tmp_path / name
        with pytest.raises(DeclarationError) as error:
            Secret.file(path).read()
        assert str(error.value) == f"The secret file {path} cannot be read: {reason}."


@pytest.mark.parametrize(
    ("thing", "fields"),
    [
        (Thing("a"), {"near": None}),
        (Thing("a", size=1, protect=True, ignore=("size",), renamed_from="b"), {"size": 1, "near": None}),
        (Thing("a", near=Thing("b")), {"near": Key("thing", "b")}),
        (Thing("a", near=(Thing("b"), [Thing("c")])), {"near": [Key("thing", "b"), [Key("thing", "c")]]}),
        (Thing("a", near={"x": Thing("b")}), {"near": {"x": Key("thing", "b")}}),
        (Thing("a", near={1: (2, 3)}), {"near": {"1": [2, 3]}}),
    ],
)
def test_fields_are_what_is_compared_with_elements_as_keys_and_unset_left_out(
    thing: Thing, fields: dict[str, Any]
) -> None:
    assert thing.fields() == fields


def test_parts_are_the_elements_it_refers_to_wherever_they_stand() -> None:
    b, c, d = Thing("b"), Thing("c"), Thing("d")
    assert Thing("a", near=(b, [c]), more={"x": [d]}).parts() == (b, c, d)


def test_unset_is_one_value_however_it_is_copied() -> None:
    assert copy.deepcopy(UNSET) is UNSET
    assert copy.copy(UNSET) is UNSET
    assert pickle.loads(pickle.dumps(UNSET)) is UNSET
    assert not UNSET
    assert repr(UNSET) == "UNSET"


def test_a_choice_is_equal_by_id_and_shown_by_label() -> None:
    assert Named("1", "File") == Named("1", "File (CSV, JSON)")
    assert Named("1", "File") != Named("2", "File")
    assert str(Named("1", "File")) == "File"


def fails() -> str:
    raise ValueError(f"cannot parse {VALUE}")


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (fails, "its function raised ValueError; call it by itself to see why"),
        (lambda: None, "its function returned NoneType, not text or another JSON value"),
        (VALUE.encode, "its function returned bytes, not text or another JSON value"),
        (lambda: {"keys": [VALUE.encode()]}, "its function returned dict, not text or another JSON value"),
    ],
)
def test_that_a_function_gives_no_secret_is_said_without_its_words(function: Callable[[], Any], said: str) -> None:
    with pytest.raises(DeclarationError) as refused:
        reveal({"password": Secret.call(function, reference="vault/1")})
    assert str(refused.value) == f"The secret vault/1 cannot be read: {said}."
    assert VALUE not in "".join(traceback.format_exception(refused.value))


def test_a_function_may_give_any_json() -> None:
    given = {"user": "u", "ports": [1, 2.5, True, None]}
    assert Secret.call(lambda: given, reference="vault/1").read() == given
