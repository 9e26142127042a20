"""Imitated databases: the vendor's configuration keys and secret marks, in specifications of ours."""

from __future__ import annotations

from collections.abc import Iterable

from airbyte_local.connectors.imitated import Imitated
from airbyte_local.connectors.schema import (
    boolean,
    choice,
    fields,
    integer,
    items,
    secret,
    specification,
    stream,
    text,
)
from airbyte_local.model.json_values import Json

TUNNEL = choice(
    "tunnel_method",
    {
        "NO_TUNNEL": fields(),
        "SSH_KEY_AUTH": fields(
            "tunnel_host tunnel_port tunnel_user ssh_key",
            tunnel_host=text(),
            tunnel_port=integer(default=22, minimum=0, maximum=65536),
            tunnel_user=text(),
            ssh_key=secret(multiline=True),
        ),
        "SSH_PASSWORD_AUTH": fields(
            "tunnel_host tunnel_port tunnel_user tunnel_user_password",
            tunnel_host=text(),
            tunnel_port=integer(default=22, minimum=0, maximum=65536),
            tunnel_user=text(),
            tunnel_user_password=secret(),
        ),
    },
)
CERTIFICATES = fields(
    "ca_certificate",
    ca_certificate=secret(multiline=True),
    client_certificate=secret(multiline=True),
    client_key=secret(multiline=True),
    client_key_password=secret(),
)


def ssl_modes(plain: Iterable[str], checked: Iterable[str]) -> Json:
    return choice("mode", {mode: fields() for mode in plain} | dict.fromkeys(checked, CERTIFICATES))


def port(number: int) -> Json:
    return integer(default=number, minimum=0, maximum=65536)


def _tables(configuration: Json) -> list[Json]:
    """Two tables in each schema; with CDC or xmin the source brings its own cursor."""
    method = configuration.get("replication_method", {}).get("method", "Standard")
    cursors = {"CDC": "_ab_cdc_lsn", "Xmin": "xmin"}
    cursor = cursors.get(method)
    return [
        stream(
            name,
            key="id",
            cursor=cursor,
            source_defined=cursor is not None,
            namespace=schema,
            id="integer!",
            updated_at="string:date-time",
            note="string",
        )
        for schema in configuration.get("schemas", ["public"])
        for name in ("customers", "orders")
    ]


def _mysql_tables(configuration: Json) -> list[Json]:
    return _tables({**configuration, "schemas": [configuration.get("database", "test")]})


POSTGRES_SOURCE = Imitated(
    specification=specification(
        "Postgres source, imitated",
        fields(
            "host port database username",
            host=text(order=0),
            port=port(5432),
            database=text(),
            schemas=items(text(), default=["public"], uniqueItems=True),
            username=text(),
            password=secret(),
            jdbc_url_params=text(),
            ssl_mode=ssl_modes(("disable", "allow", "prefer", "require"), ("verify-ca", "verify-full")),
            replication_method=choice(
                "method",
                {
                    "CDC": fields(
                        "replication_slot publication",
                        replication_slot=text(),
                        publication=text(),
                        plugin=text(enum=["pgoutput"], default="pgoutput"),
                        initial_waiting_seconds=integer(default=1200),
                        queue_size=integer(default=10000),
                    ),
                    "Xmin": fields(),
                    "Standard": fields(),
                },
            ),
            tunnel_method=TUNNEL,
        ),
    ),
    streams=_tables,
)
MYSQL_SOURCE = Imitated(
    specification=specification(
        "MySQL source, imitated",
        fields(
            "host port database username replication_method",
            host=text(),
            port=port(3306),
            database=text(),
            username=text(),
            password=secret(),
            jdbc_url_params=text(),
            ssl_mode=ssl_modes(("preferred", "required"), ("verify_ca", "verify_identity")),
            replication_method=choice("method", {"STANDARD": fields(), "CDC": fields(server_timezone=text())}),
            tunnel_method=TUNNEL,
            check_privileges=boolean(default=True),
        ),
    ),
    streams=_mysql_tables,
)
SNOWFLAKE_DESTINATION = Imitated(
    specification=specification(
        "Snowflake destination, imitated",
        fields(
            "host role warehouse database schema username",
            host=text(),
            role=text(),
            warehouse=text(),
            database=text(),
            schema=text(),
            username=text(),
            credentials=choice(
                "auth_type",
                {
                    "Key Pair Authentication": fields(
                        "private_key", private_key=secret(multiline=True), private_key_password=secret()
                    ),
                    "Username and Password": fields("password", password=secret()),
                },
            ),
            jdbc_url_params=text(),
        ),
    ),
)
BIGQUERY_DESTINATION = Imitated(
    specification=specification(
        "BigQuery destination, imitated",
        fields(
            "project_id dataset_location dataset_id",
            project_id=text(),
            dataset_location=text(),
            dataset_id=text(),
            loading_method=choice(
                "method",
                {
                    "Standard": fields(),
                    "GCS Staging": fields(
                        "gcs_bucket_name gcs_bucket_path credential",
                        gcs_bucket_name=text(),
                        gcs_bucket_path=text(),
                        credential=choice(
                            "credential_type",
                            {
                                "HMAC_KEY": fields(
                                    "hmac_key_access_id hmac_key_secret",
                                    hmac_key_access_id=secret(),
                                    hmac_key_secret=secret(),
                                )
                            },
                        ),
                    ),
                },
            ),
            credentials_json=secret(),
            transformation_priority=text(enum=["interactive", "batch"], default="interactive"),
        ),
    ),
)
