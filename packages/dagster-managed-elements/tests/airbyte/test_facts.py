"""What is known of connectors where the API tells nothing: which values are secret, and which masks may go back."""

import pytest
from dagster_managed_elements.airbyte.specs.facts import known_definitions, known_secrets
from dagster_managed_elements.airbyte.specs.specifications import mask, mask_allowed, wrap
from dagster_managed_elements.engine.secrets import Secret
from dagster_managed_elements.engine.values import SECRET_MASK, Masked

MARKED = [
    ("destination", "destination-convex", "access_key", True),  # by the text "true"
    ("source", "source-auth0", "start_date", False),  # by false: Airbyte masks it all the same
    ("source", "source-postgres", "password", True),
]


def schema_of(side: str, image: str):
    (identity,) = [one.id for one in known_definitions(side) if one.docker_repository == f"airbyte/{image}"]
    return known_secrets(side, identity).connection_specification


@pytest.mark.parametrize(("side", "image", "setting", "restored"), MARKED)
def test_whatever_airbyte_masks_is_hidden_and_goes_back_as_the_mask_only_where_it_is_a_secret(
    side, image, setting, restored
):
    schema = schema_of(side, image)
    declared = wrap({setting: "hush"}, schema)
    assert isinstance(declared[setting], Secret)
    assert mask({setting: SECRET_MASK}, schema) == {setting: Masked()}
    assert mask_allowed((setting,), {setting: SECRET_MASK}, declared, schema) is restored
