"""The Postgres destination, as the vendor's from 3.0 on: a table a stream, with a typed column a property.

Tables are `<schema>.<stream>`; the schema, which is the namespace of the stream or else the configured one, is made
where it is missing. Names are the vendor's: what is no ASCII letter, digit or underscore becomes an underscore, and
what is longer than 63 is cut. A NUL, which PostgreSQL has no place for, becomes U+FFFD in texts and in JSON, and an
integer beyond 64 bits turns its column into a decimal. Decimals are as precise as need be, whatever
`unconstrained_number` says. `raw_data_schema` and `cdc_deletion_mode` are taken and make no difference here.
"""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from airbyte_local.connectors.destinations.naming import postgres_name, quoted
from airbyte_local.connectors.destinations.tables import (
    EXTRACTED_AT,
    GENERATION,
    META,
    RAW_ID,
    Dialect,
    Kind,
    Table,
    kinds_by_type,
)
from airbyte_local.connectors.destinations.typed import open_tables, remove_doubles, upsert_by_deleting
from airbyte_local.connectors.destinations.writer import Writer
from airbyte_local.connectors.protocol import (
    ConnectorCrashed,
    ConnectorFailed,
    Destination,
    Surroundings,
    Target,
    imported,
)
from airbyte_local.connectors.specifications import Specified
from airbyte_local.model.json_values import Json

if TYPE_CHECKING:
    from psycopg import Connection

SECONDS = 30
CERTIFICATES = {"ca_certificate": "sslrootcert", "client_certificate": "sslcert", "client_key": "sslkey"}
SETTINGS = "SET TIME ZONE 'UTC'; SET client_encoding TO 'UTF8'; SET DateStyle TO 'ISO'"
# Classes of SQLSTATE. What is in none of them may pass by itself. https://www.postgresql.org/docs/current/errcodes-appendix.html
OF_VALUES = ("22", "23")  # whose messages quote them
OF_CONFIGURATION = ("0A", "28", "2B", "3D", "3F", "42")
TYPES = {  # as the catalog calls them
    Kind.TEXT: "character varying",
    Kind.INTEGER: "bigint",
    Kind.NUMBER: "numeric",
    Kind.BOOLEAN: "boolean",
    Kind.DATE: "date",
    Kind.TIMESTAMP: "timestamp without time zone",
    Kind.TIMESTAMP_TZ: "timestamp with time zone",
    Kind.TIME: "time without time zone",
    Kind.TIME_TZ: "time with time zone",
    Kind.UNION: "jsonb",
    Kind.JSON: "jsonb",
}
DIALECT = Dialect(
    types=TYPES,
    meta={RAW_ID: "varchar", EXTRACTED_AT: "timestamp with time zone", META: "jsonb", GENERATION: "bigint"},
    required=(RAW_ID, EXTRACTED_AT, META),
    meta_first=True,
    row="ctid",
    reserved=("tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"),
    # numeric(38,9) is what the vendor's may make: not any number goes in, but any integer.
    synonyms={**kinds_by_type(TYPES), "text": Kind.TEXT, "numeric(38,9)": Kind.INTEGER},
    wider={Kind.INTEGER: Kind.NUMBER},
    exact_numbers=True,
    holds_nul=False,
    union_is_json=True,
    folds_case=False,
    column_name=postgres_name,
    # Arrays, because null = null within them, and because they can be hashed, as IS NOT DISTINCT FROM cannot.
    same=lambda left, right: f"ARRAY[{left}] = ARRAY[{right}]",
    ordered=lambda expression, kind: f'{expression} COLLATE "C"' if kind is Kind.TEXT else expression,
)
TURN = 0x61697262797465  # "airbyte": the advisory lock that transactions of all jobs in one database take
COLUMNS = """
SELECT attname, format_type(atttypid, atttypmod), relkind::text
FROM pg_class LEFT JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped
WHERE relname = %s AND relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = %s)
"""
TABLE_KINDS = ("r", "p")


class Postgres(Specified, Destination):
    image = "destination-postgres"

    def check(self, configuration: Json, _around: Surroundings, /) -> None:
        """Make a table in the schema and write to it; and then nothing has happened."""
        schema = postgres_name(configuration["schema"])
        try:
            with closing(_engine(configuration)) as engine, engine.guarded():
                engine.try_out(schema)
        except ConnectorCrashed as error:
            raise ConnectorFailed(str(error)) from error

    def open(self, configuration: Json, targets: Sequence[Target], around: Surroundings, /) -> Writer:
        default: str = configuration["schema"]
        places = [(postgres_name(target.namespace or default), postgres_name(target.name)) for target in targets]
        return open_tables(_engine(configuration), targets, places, around)


def _engine(configuration: Json) -> _Engine:
    return _Engine(
        connect(configuration), cascade=bool(configuration.get("drop_cascade")), secrets=secrets_of(configuration)
    )


class _Engine:
    def __init__(self, connection: Connection[Any], *, cascade: bool, secrets: Sequence[str]) -> None:
        self.dialect = replace(DIALECT, drop_suffix=" CASCADE") if cascade else DIALECT
        self._connection = connection
        self._secrets = secrets

    def guarded(self) -> AbstractContextManager[None]:
        return guarded(self._secrets)

    def columns(self, table: Table) -> dict[str, str] | None:
        found = self._connection.execute(COLUMNS, [table.name, table.schema]).fetchall()
        if any(kind not in TABLE_KINDS for _, _, kind in found):
            raise ConnectorFailed(f"Stream {table.target.name!r}: {table.quoted} is there already and is no table")
        return {name: type_name for name, type_name, _ in found if name} if found else None

    @property
    def database(self) -> str:
        return ""

    def make_schema(self, table: Table) -> None:
        self._make_schema(table.schema)

    def execute(self, statement: str) -> None:
        self._connection.execute(statement.encode())

    def has_rows(self, query: str) -> bool:
        return self._connection.execute(query.encode()).fetchone() is not None

    def load(self, stage: str, columns: Mapping[str, str], rows: bytes, longest: int) -> None:
        del longest
        names = ", ".join(quoted(name) for name in columns)
        with (
            self._connection.cursor() as cursor,
            cursor.copy(f"COPY {stage} ({names}) FROM STDIN (FORMAT csv)".encode()) as copy,
        ):
            copy.write(rows)

    def upsert(self, table: Table, stage: str, *, rows: int, settled: bool) -> None:
        del rows
        if not settled:
            remove_doubles(table, self)
        upsert_by_deleting(table, stage, self)

    def transact(self, act: Callable[[], None]) -> None:
        with self._connection.transaction():
            self.execute(f"SELECT pg_advisory_xact_lock({TURN})")
            act()

    def interrupt(self) -> None:
        self._connection.cancel()

    def _make_schema(self, name: str) -> None:
        """CREATE SCHEMA IF NOT EXISTS would ask for the right to make it even where it is there."""
        if not self._connection.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", [name]).fetchone():
            self.execute(f"CREATE SCHEMA {quoted(name)}")

    def try_out(self, schema: str) -> None:
        """Make a table in *schema* and write to it; and then nothing has happened."""
        table = quoted(schema, f"_airbyte_tmp_{secrets.token_hex(8)}")
        with self._connection.transaction(force_rollback=True):
            self._make_schema(schema)
            self.execute(f"CREATE TABLE {table} (id bigint)")
            self.execute(f"INSERT INTO {table} VALUES (1)")

    def close(self) -> None:
        with suppress(Exception):
            self._connection.close()


def connect(configuration: Json) -> Connection[Any]:
    """Raises:
    ConnectorFailed: it asks for what is not done here.
    ConnectorCrashed: the server does not let us in, or is not there.
    """
    psycopg: Any = imported("psycopg", "postgres")
    _require_possible(configuration)
    # The one of the driver's parameters that libpq knows too.
    asked = dict(parse_qsl(configuration.get("jdbc_url_params") or "")).get("connectTimeout", "")
    with guarded(secrets_of(configuration)), tempfile.TemporaryDirectory(prefix="airbyte-local-") as folder:
        connection = psycopg.connect(
            host=configuration["host"],
            port=configuration["port"],
            dbname=configuration["database"],
            user=configuration["username"],
            password=configuration.get("password"),
            application_name="airbyte-local",
            autocommit=True,
            connect_timeout=int(asked) if asked.isdecimal() else SECONDS,
            **_ssl(configuration, Path(folder)),
        )
        try:
            connection.execute(SETTINGS)
        except BaseException:
            connection.close()
            raise
        return connection


@contextmanager
def guarded(secrets: Iterable[str]) -> Generator[None]:
    """Within the block an error of PostgreSQL is raised as ConnectorFailed or ConnectorCrashed."""
    psycopg: Any = imported("psycopg", "postgres")
    try:
        yield
    except psycopg.Error as error:
        raise _explained(error, secrets) from error
    except OSError as error:
        raise ConnectorCrashed(f"Cannot write to PostgreSQL: {error.strerror or error}") from error


def secrets_of(configuration: Json) -> list[str]:
    ssl: Json = configuration.get("ssl_mode") or {}
    found = [configuration.get("password"), *(value for name, value in ssl.items() if name != "mode")]
    return [secret for secret in found if isinstance(secret, str) and secret]


def _explained(error: Any, secrets: Iterable[str]) -> Exception:
    state: str = error.sqlstate or ""
    if state.startswith(OF_VALUES):
        about = ".".join(filter(None, (error.diag.schema_name, error.diag.table_name, error.diag.column_name)))
        told = f"PostgreSQL refused a row{f' of {about}' if about else ''}: {type(error).__name__} ({state})"
    else:
        lines = (error.diag.message_primary or str(error), error.diag.message_hint)
        told = ". ".join(line.strip() for line in lines if line)
    for secret in secrets:
        told = told.replace(secret, "***")
    failed = state.startswith(OF_VALUES) or state.startswith(OF_CONFIGURATION)
    return (ConnectorFailed if failed else ConnectorCrashed)(told)


def _require_possible(configuration: Json) -> None:
    method: Json = configuration.get("tunnel_method") or {}
    if (tunnel := method.get("tunnel_method", "NO_TUNNEL")) != "NO_TUNNEL":
        raise ConnectorFailed(f"The local Postgres destination opens no SSH tunnel ({tunnel}); use NO_TUNNEL")
    if configuration.get("disable_type_dedupe"):
        raise ConnectorFailed(
            "The local Postgres destination writes typed tables alone; turn off disable_type_dedupe"
        )


def _ssl(configuration: Json, folder: Path) -> dict[str, str]:
    """Certificates as files, since libpq takes nothing else; they last as long as the connecting does."""
    asked: Json = configuration.get("ssl_mode") or {"mode": "require" if configuration.get("ssl") else "prefer"}
    found = {"sslmode": str(asked["mode"])}
    for field, parameter in CERTIFICATES.items():
        if asked.get(field):
            path = folder / field
            path.touch(mode=0o600)
            path.write_text(asked[field])
            found[parameter] = str(path)
    if asked.get("client_key_password"):
        found["sslpassword"] = asked["client_key_password"]
    return found
