"""Which local secrets cannot be read; what is dear is never fetched to find out."""

from __future__ import annotations

from pathlib import Path

import pytest
from dagster_managed_elements.engine.elements import EnvVar, Secret
from dagster_managed_elements.engine.secrets import unreadable


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
    assert list(unreadable(fields)) == [
        (("a", "0", "b.c"), "The environment variable NOWHERE is not set."),
        (("d",), f"The secret file {tmp_path / 'none'} cannot be read: No such file or directory."),
    ]
