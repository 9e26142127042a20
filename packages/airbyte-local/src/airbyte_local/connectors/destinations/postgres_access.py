"""A connection to PostgreSQL as a configuration of the vendor's describes it, and its errors without any secret."""

from __future__ import annotations

import tempfile
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from airbyte_local.connectors.extras import imported
from airbyte_local.connectors.protocol import ConnectorCrashed, ConnectorFailed
from airbyte_local.model.json_values import Json

if TYPE_CHECKING:
    from psycopg import Connection

SECONDS = 30
CERTIFICATES = {"ca_certificate": "sslrootcert", "client_certificate": "sslcert", "client_key": "sslkey"}
SETTINGS = "SET TIME ZONE 'UTC'; SET client_encoding TO 'UTF8'; SET DateStyle TO 'ISO'"
# Classes of SQLSTATE. What is in none of them may pass by itself. https://www.postgresql.org/docs/current/errcodes-appendix.html
OF_VALUES = ("22", "23")  # whose messages quote them
OF_CONFIGURATION = ("0A", "28", "2B", "3D", "3F", "42")


def connect(configuration: Json) -> Connection[Any]:
    """Raises:
    ConnectorFailed: it asks for what is not done here.
    ConnectorCrashed: the server does not let us in, or is not there.
    """
    psycopg: Any = imported("psycopg", "postgres")
    _require_possible(configuration)
    with guarded(secrets_of(configuration)), tempfile.TemporaryDirectory(prefix="airbyte-local-") as folder:
        connection = psycopg.connect(
            host=configuration["host"],
            port=configuration["port"],
            dbname=configuration["database"],
            user=configuration["username"],
            password=configuration.get("password"),
            application_name="airbyte-local",
            autocommit=True,
            **_timeout(configuration),
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


def _timeout(configuration: Json) -> dict[str, int]:
    """The one of the driver's parameters that libpq knows too."""
    parameters = dict(parse_qsl(configuration.get("jdbc_url_params") or ""))
    asked = parameters.get("connectTimeout", "")
    return {"connect_timeout": int(asked) if asked.isdecimal() else SECONDS}


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
