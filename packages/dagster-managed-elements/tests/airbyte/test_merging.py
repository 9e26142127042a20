import pytest
from dagster_managed_elements.airbyte.config_api.merging import merge, refuse_lost_masks
from dagster_managed_elements.engine.errors import DeclarationError
from dagster_managed_elements.engine.values import SECRET_MASK


@pytest.mark.parametrize(
    ("there", "changed", "merged"),
    [
        ({}, {"a": 1}, {"a": 1}),
        ({"a": 1}, {}, {"a": 1}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 3}}, {"a": {"b": 3, "c": 2}}),
        ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}),
        ({"a": {"b": 1}}, {"a": 2}, {"a": 2}),
        ({"a": 2}, {"a": {"b": 1}}, {"a": {"b": 1}}),
    ],
)
def test_what_changes_is_laid_over_what_is_there(there, changed, merged):
    assert merge(there, changed) == merged


def test_a_secret_that_a_whole_update_would_lose_is_not_touched():
    refuse_lost_masks("source", "s", {"a": {"password": SECRET_MASK}, "list": ["x"]})
    with pytest.raises(DeclarationError, match="lose the secret that stands in a list"):
        refuse_lost_masks("source", "s", {"a": {"keys": [{"key": SECRET_MASK}]}})
