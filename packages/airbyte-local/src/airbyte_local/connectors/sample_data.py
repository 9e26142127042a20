"""The Sample Data source: its specification and streams. Making the records is for whoever runs syncs."""

from __future__ import annotations

from airbyte_local.connectors.protocol import Surroundings
from airbyte_local.connectors.schema import boolean, fields, integer, specification, stream
from airbyte_local.json_values import Json

SPECIFICATION = specification(
    "Sample Data source",
    fields(
        count=integer(title="Users to make", minimum=1, default=1000),
        seed=integer(title="Random seed, -1 for a new one each time", default=-1),
        records_per_slice=integer(title="Records between two checkpoints", minimum=1, default=1000),
        always_updated=boolean(title="Change updated_at on every run", default=True),
        parallelism=integer(title="Workers", minimum=1, default=4),
    ),
)
STREAMS = (
    stream(
        "users",
        key="id",
        cursor="updated_at",
        id="integer!",
        created_at="string:date-time",
        updated_at="string:date-time",
        name="string",
        title="string",
        age="integer",
        email="string",
        telephone="string",
        gender="string",
        language="string",
        academic_degree="string",
        nationality="string",
        occupation="string",
        height="string",
        blood_type="string",
        weight="integer",
    ),
    stream(
        "products",
        key="id",
        cursor="updated_at",
        id="integer!",
        make="string",
        model="string",
        year="integer",
        price="number",
        created_at="string:date-time",
        updated_at="string:date-time",
    ),
    stream(
        "purchases",
        key="id",
        cursor="updated_at",
        id="integer!",
        created_at="string:date-time",
        updated_at="string:date-time",
        user_id="integer",
        product_id="integer",
        added_to_cart_at="string:date-time",
        purchased_at="string:date-time",
        returned_at="string:date-time",
    ),
)


class SampleData:
    def spec(self) -> Json:
        return SPECIFICATION

    def check(self, configuration: Json, around: Surroundings, /) -> None:
        """Nothing can be wrong that the specification does not already refuse."""

    def discover(self, _configuration: Json, _around: Surroundings, /) -> list[Json]:
        return list(STREAMS)
