"""Values go into the history and come out again; nothing else ever does."""

from __future__ import annotations

import json
from typing import Any

import pytest
from dagster_managed_elements.airbyte import (
    EXCLUDED,
    AirbyteDestinationNamespace,
    AirbyteSchedule,
    AirbyteSyncMode,
)
from dagster_managed_elements.engine.errors import DeclarationError
from dagster_managed_elements.engine.secrets import EnvVar, Secret
from dagster_managed_elements.engine.values import ABSENT, Key, Later, Masked, Named, Ref
from dagster_managed_elements.state import markers
from dagster_managed_elements.state.fingerprints import reference_of

AIRBYTE = "dagster_managed_elements.airbyte"
VALUES = [
    None,
    True,
    5,
    1.5,
    "text \u202e \ud800",
    {"a": {"b": [1, {"$secret": "no secret at all"}]}, "$key": 1},
    Masked(),
    ABSENT,
    Key("source", "shop"),
    Named("0c1f", "Postgres"),
    AirbyteSchedule.manual(),
    AirbyteSchedule.basic(6, "hours"),
    AirbyteSchedule.cron("0 0 5 * * ?", "Europe/Berlin"),
    AirbyteSyncMode.FULL_REFRESH_OVERWRITE,
    AirbyteSyncMode.incremental_append_dedup("at", [["a", "b"], ["c"]]),
    AirbyteDestinationNamespace.SAME_AS_SOURCE,
    EXCLUDED,
]


def sign(secret: Secret) -> str:
    return reference_of(secret, None)


def kept(value: Any) -> Any:
    return json.loads(json.dumps(markers.written(value, sign, {Ref("source", "7"): Key("source", "shop")})))


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_a_value_comes_out_as_it_went_in(value: Any) -> None:
    found = markers.read(kept({"at": [value]}), AIRBYTE)["at"][0]
    assert found is value if value is ABSENT or value is EXCLUDED else found == value


def test_a_pointer_is_kept_by_name_and_what_is_settled_later_as_what_it_was_shown_as() -> None:
    assert markers.read(kept(Ref("source", "7"))) == Key("source", "shop")
    assert markers.read(kept(Ref("source", "8"))) == Ref("source", "8")
    assert markers.read(kept(Later(Key("source", "a"), {"x": 1}))) == {"x": 1}


def test_of_a_secret_only_where_it_comes_from_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "5432")
    secrets = [EnvVar("PORT", int), Secret.literal("hunter2hunter2"), Secret.file("/run/hunter2hunter2")]
    for form in (kept(secrets), markers.shown(Later(Key("a", "b"), secrets), sign)):
        assert "5432" not in json.dumps(form)
        assert "hunter2" not in json.dumps(form)
    variable, literal, _ = markers.read(kept(secrets))
    assert variable.read() == 5432
    with pytest.raises(DeclarationError, match="has to be declared"):
        literal.read()


@pytest.mark.parametrize(
    "hostile",
    [
        {"$value": "AirbyteInstance", "of": ["http://evil"]},
        {"$value": "AirbyteSource", "of": ["a", "b"]},
        {"$value": "existing", "of": ["source", "a"]},
        {"$value": "AirbyteSchedule.mro", "of": []},
        {"$value": "AirbyteSchedule.__init_subclass__", "of": []},
        {"$value": "AirbyteSchedule.cron", "of": ["no expression"]},
        {"$value": "AirbyteSchedule.cron.__globals__"},
        {"$value": "type", "of": ["X", [], {}]},
        {"$value": "", "of": []},
        {"$value": 5},
        {"$key": ["source"]},
        {"$lost": "Thing"},
        {"$unheard": 1},
    ],
    ids=str,
)
def test_nothing_but_a_value_is_ever_made_of_what_a_file_says(hostile: Any) -> None:
    with pytest.raises(markers.Unkept):
        markers.read({"at": [hostile]}, AIRBYTE)
