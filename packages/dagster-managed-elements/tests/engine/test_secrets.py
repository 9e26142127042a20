"""Which local secrets cannot be read; what is dear is never fetched to find out."""

from __future__ import annotations

from pathlib import Path

import pytest
from dagster_managed_elements.engine.errors import DeclarationError
from dagster_managed_elements.engine.secrets import EnvVar, Secret, faults, masked_beside, sounds_secret
from dagster_managed_elements.engine.values import ABSENT, Masked


def test_each_cheap_secret_that_cannot_be_read_is_said_with_its_path(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("NOWHERE", raising=False)
    monkeypatch.setenv("SOMEWHERE", "x")

    def never() -> str:
        raise AssertionError("a callable was called in a check")

    fields = {
        "a": [{"b.c": EnvVar("NOWHERE")}, EnvVar("SOMEWHERE"), Secret.literal(1)],
        "d": Secret.file(tmp_path / "none"),
        "e": Secret.call(never, reference="vault"),
    }
    assert list(faults(fields)) == [
        (("a", "0", "b.c"), "The environment variable NOWHERE is not set."),
        (("d",), f"The secret file {tmp_path / 'none'} cannot be read: No such file or directory."),
    ]


MASK = "**********"


def test_the_mask_within_a_text_is_told_wherever_it_stands_and_alone_is_left_to_who_knows_what_it_means(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PASTED", MASK)
    monkeypatch.setenv("ASTERISKS", MASK[:-1])
    fields = {
        "a": {"b": [f"ssl=true&password={MASK}"], "c": f"{MASK}*", "d": MASK, "e": MASK[:-1]},
        "f": EnvVar("PASTED"),
        "g": Secret.format("password={}", EnvVar("PASTED")),
        "h": EnvVar("ASTERISKS"),
        "i": Secret.literal({"j": f"x{MASK}"}),
    }
    told = dict(faults(fields))
    assert list(told) == [("a", "b", "0"), ("a", "c"), ("f",), ("g",), ("i",)]
    assert 'Secret.format("...{}...", EnvVar("NAME"))' in told["a", "c"]
    assert "give the secret itself" in told["f",]


def test_what_is_declared_a_secret_is_veiled_in_a_list_the_server_shows_wherever_it_stood() -> None:
    now = [{"name": "a", "value": Secret.literal("new")}, {"name": "b", "value": 1}]
    then = [{"name": "b", "value": "old-1"}, {"name": "a", "value": "old-2"}, "old-3"]
    assert masked_beside(then, now) == [{"name": "b", "value": Masked()}, {"name": "a", "value": Masked()}, "old-3"]
    assert masked_beside(["old", "x"], [Secret.literal("new")]) == [Masked(), Masked()]
    assert masked_beside(["old", "x"], ["new"]) == ["old", "x"]
    assert masked_beside(ABSENT, Secret.literal("new")) is ABSENT


class Incomparable:
    """As a column of numbers is: it cannot say whether it equals something else."""

    def __eq__(self, other: object) -> bool:
        raise ValueError("ambiguous")

    __hash__ = None


@pytest.mark.parametrize("returned", [Incomparable(), [Incomparable()], {"a": Incomparable()}, {1: {}}, b"x"])
def test_a_function_that_returns_no_json_is_said_whatever_it_returns(returned: object) -> None:
    secret = Secret.call(lambda: returned, reference="vault/1")
    with pytest.raises(DeclarationError, match="not text or another JSON value"):
        secret.read()


@pytest.mark.parametrize("returned", [{}, [], {"a": []}, {"a": {"b": [1, 2.5, None, True]}}, ""])
def test_a_function_may_return_any_json(returned: object) -> None:
    assert Secret.call(lambda: returned, reference="vault/1").read() == returned


@pytest.mark.parametrize(
    "key",
    ["db_passwd", "API_KEY", "apiKey", "api-key", "clientSecret", "access_token", "aws_secret_access_key",
     "aws_access_key_id", "private_key", "sshKey", "credentials_json", "pat", "pwd", "key", "connection_string",
     "openai_key", "pineconeKey", "api_key_2", "shared_access_signature", "google_application_credentials"],
)  # fmt: skip
def test_a_key_that_sounds_secret_is_known_however_it_is_written(key: str) -> None:
    assert sounds_secret(key)


@pytest.mark.parametrize(
    "key",
    ["host", "port", "credentials", "primary_key", "key_column", "keyspace", "path", "pattern", "compass", "author",
     "auth_type", "username", "monkey", "database", "start_date", "sort-key", "partitionKey",
     "tls_certificate", "keys", "id"],
)  # fmt: skip
def test_a_key_that_names_no_secret_is_shown(key: str) -> None:
    assert not sounds_secret(key)
