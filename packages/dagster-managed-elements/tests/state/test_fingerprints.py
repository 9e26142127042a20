"""The key: where it comes from, and that it is refused where others have it too."""

from __future__ import annotations

from pathlib import Path

import pytest
from dagster_managed_elements.engine.errors import DeclarationError
from dagster_managed_elements.engine.secrets import EnvVar, Secret
from dagster_managed_elements.state.fingerprints import FingerprintKey, find_key, reference_of

ONE, OTHER = FingerprintKey("1" * 64), FingerprintKey("2" * 64)


def test_a_fingerprint_depends_on_the_key_the_place_and_the_value_and_on_nothing_else() -> None:
    found = ONE.digest("place", "source", "1", ("password",), "value")
    assert found == FingerprintKey("1" * 64).digest("place", "source", "1", ("password",), "value")
    others = [
        OTHER.digest("place", "source", "1", ("password",), "value"),
        ONE.digest("place", "source", "2", ("password",), "value"),
        ONE.digest("place", "source", "1", ("token",), "value"),
        ONE.digest("place", "source", "1", ("password",), "Value"),
        ONE.digest("place", "source", "1", ("password",), ["value"]),
    ]
    assert len({found, *others}) == 6
    assert ONE.digest({"a": 1, "b": 2}) == ONE.digest({"b": 2, "a": 1})
    assert ONE.digest(5) != ONE.digest("5")
    assert ONE.check == FingerprintKey("1" * 64).check != OTHER.check


def test_a_key_prints_nothing_of_itself() -> None:
    assert "1111" not in repr(FingerprintKey("1" * 64))


def test_without_a_key_there_is_none() -> None:
    assert find_key({}) is None
    assert find_key({"DAGSTER_ME_STATE_KEY": ""}) is None


def test_a_key_is_taken_from_the_environment_or_from_a_file_of_ones_own(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("1" * 64 + "\n")
    file.chmod(0o600)
    for environment in ({"DAGSTER_ME_STATE_KEY": "1" * 64}, {"DAGSTER_ME_STATE_KEY_FILE": str(file)}):
        key = find_key(environment)
        assert key is not None
        assert key.check == ONE.check


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o620])
def test_a_key_file_of_others_is_refused(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "key"
    file.write_text("1" * 64)
    file.chmod(mode)
    with pytest.raises(DeclarationError, match=f"can be read by others; run `chmod 600 {file}`"):
        find_key({"DAGSTER_ME_STATE_KEY_FILE": str(file)})


@pytest.mark.parametrize(
    ("content", "said"), [(b"short", "too short"), (b"\n", "is empty"), (b"\xff" * 64, "is no text")]
)
def test_a_key_that_is_none_is_refused_and_not_shown(tmp_path: Path, content: bytes, said: str) -> None:
    file = tmp_path / "key"
    file.write_bytes(content)
    file.chmod(0o600)
    with pytest.raises(DeclarationError, match=said) as raised:
        find_key({"DAGSTER_ME_STATE_KEY_FILE": str(file)})
    assert "short'" not in str(raised.value)
    assert "openssl rand -hex 32" in str(raised.value)


def test_two_keys_are_one_too_many(tmp_path: Path) -> None:
    both = {"DAGSTER_ME_STATE_KEY": "1" * 64, "DAGSTER_ME_STATE_KEY_FILE": str(tmp_path / "key")}
    with pytest.raises(DeclarationError, match="set one of them"):
        find_key(both)
    with pytest.raises(DeclarationError, match="cannot be read: No such file"):
        find_key({"DAGSTER_ME_STATE_KEY_FILE": str(tmp_path / "key")})


def test_a_reference_names_the_variable_and_nothing_of_what_is_made_of_it() -> None:
    template = "postgres://shop:hunter2-in-clear-text@db/{}"
    made = Secret.format(template, EnvVar("SHOP"))
    called = Secret.call(lambda: "x", reference="vault/shop:3")
    assert [reference_of(secret, ONE) for secret in (EnvVar("SHOP"), called, Secret.literal("x"))] == [
        "env:SHOP",
        "call:vault/shop:3",
        "literal",
    ]
    assert reference_of(Secret.file("/home/anna/key"), ONE) == "file"
    assert reference_of(made, None) == "format env:SHOP"
    assert reference_of(made, ONE) != reference_of(Secret.format(f"{template}?", EnvVar("SHOP")), ONE)
    assert reference_of(made, ONE) != reference_of(made, OTHER)
    assert made.reference.split()[0].partition(":")[2] not in reference_of(made, ONE)
