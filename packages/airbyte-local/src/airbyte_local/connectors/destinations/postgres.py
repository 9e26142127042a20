"""The Postgres destination, as the vendor's from 3.0 on: a table a stream, with a typed column a property.

Tables are `<schema>.<stream>`; the schema, which is the namespace of the stream or else the configured one, is made
where it is missing. Names are the vendor's: what is no ASCII letter, digit or underscore becomes an underscore, and
what is longer than 63 is cut. A NUL, which PostgreSQL has no place for, becomes U+FFFD in texts and in JSON, and an
integer beyond 64 bits turns its column into a decimal. Decimals are as precise as need be, whatever
`unconstrained_number` says. `raw_data_schema` and `cdc_deletion_mode` are taken and make no difference here.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from airbyte_local.connectors.databases import TUNNEL, port, ssl_modes
from airbyte_local.connectors.destinations.naming import postgres_name
from airbyte_local.connectors.destinations.opening import open_tables
from airbyte_local.connectors.destinations.postgres_access import connect, secrets_of
from airbyte_local.connectors.destinations.postgres_engine import PostgresEngine
from airbyte_local.connectors.destinations.typed_sink import TypedSink
from airbyte_local.connectors.protocol import ConnectorCrashed, ConnectorFailed, Surroundings, Target
from airbyte_local.connectors.schema import boolean, fields, secret, specification, text
from airbyte_local.model.json_values import Json

SPECIFICATION = specification(
    "Postgres destination",
    fields(
        "host port database schema username",
        host=text(),
        port=port(5432),
        database=text(),
        schema=text(default="public", title="Schema for streams without a namespace"),
        username=text(),
        password=secret(),
        ssl=boolean(),
        ssl_mode=ssl_modes(("disable", "allow", "prefer", "require"), ("verify-ca", "verify-full")),
        jdbc_url_params=text(title="Of these, connectTimeout is obeyed"),
        raw_data_schema=text(),
        disable_type_dedupe=boolean(default=False),
        drop_cascade=boolean(default=False, title="Drop what depends on a table that is written anew"),
        unconstrained_number=boolean(default=False),
        cdc_deletion_mode=text(enum=["Hard delete", "Soft delete"], default="Hard delete"),
        tunnel_method=TUNNEL,
    ),
)


class Postgres:
    def spec(self) -> Json:
        return SPECIFICATION

    def check(self, configuration: Json, _around: Surroundings, /) -> None:
        """Make a table in the schema and write to it; and then nothing has happened."""
        schema = postgres_name(configuration["schema"])
        try:
            with contextlib.closing(_engine(configuration)) as engine, engine.guarded():
                engine.try_out(schema)
        except ConnectorCrashed as error:
            raise ConnectorFailed(str(error)) from error

    def discover(self, _configuration: Json, _around: Surroundings, /) -> list[Json]:
        raise ConnectorFailed("A destination has no streams of its own")

    def open(self, configuration: Json, targets: Sequence[Target], around: Surroundings, /) -> TypedSink:
        default: str = configuration["schema"]
        places = [(postgres_name(target.namespace or default), postgres_name(target.name)) for target in targets]
        return open_tables(_engine(configuration), targets, places, around)


def _engine(configuration: Json) -> PostgresEngine:
    return PostgresEngine(
        connect(configuration),
        cascade=bool(configuration.get("drop_cascade")),
        secrets=secrets_of(configuration),
    )
