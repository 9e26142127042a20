"""Imitated object stores, sheets and file destinations: the vendor's keys and secret marks, words of ours."""

from __future__ import annotations

from airbyte_local.connectors.imitated import Imitated, always
from airbyte_local.connectors.schema import (
    boolean,
    choice,
    fields,
    integer,
    items,
    secret,
    specification,
    start_date,
    stream,
    text,
)
from airbyte_local.model.json_values import Json


def _configured_streams(configuration: Json) -> list[Json]:
    return [
        {
            **stream(
                entry["name"],
                cursor="_ab_source_file_last_modified",
                data="string",
                _ab_source_file_last_modified="string:date-time",
                _ab_source_file_url="string",
            ),
            "isFileBased": True,
        }
        for entry in configuration.get("streams", [])
    ]


S3_SOURCE = Imitated(
    specification=specification(
        "S3 source, imitated",
        fields(
            "streams bucket",
            streams=items(
                fields(
                    "name format",
                    name=text(),
                    globs=items(text(), default=["**"]),
                    format=choice(
                        "filetype", {"csv": fields(delimiter=text()), "jsonl": fields(), "parquet": fields()}
                    ),
                    schemaless=boolean(default=False),
                )
            ),
            bucket=text(),
            aws_access_key_id=secret(),
            aws_secret_access_key=secret(),
            role_arn=text(),
            endpoint=text(default=""),
            region_name=text(),
            start_date=text(),
        ),
    ),
    streams=_configured_streams,
)
GOOGLE_SHEETS_SOURCE = Imitated(
    specification=specification(
        "Google Sheets source, imitated",
        fields(
            "spreadsheet_id credentials",
            spreadsheet_id=text(),
            batch_size=integer(default=1000000),
            names_conversion=boolean(default=False),
            credentials=choice(
                "auth_type",
                {
                    "Client": fields(
                        "client_id client_secret refresh_token",
                        client_id=secret(),
                        client_secret=secret(),
                        refresh_token=secret(),
                    ),
                    "Service": fields("service_account_info", service_account_info=secret()),
                },
            ),
        ),
    ),
    streams=always(stream("Sheet1", a="string", b="string")),
)
SLACK = Imitated(
    specification=specification(
        "Slack source, imitated",
        fields(
            "start_date lookback_window join_channels",
            start_date=start_date(),
            lookback_window=integer(minimum=0, maximum=365, default=0),
            join_channels=boolean(default=True),
            include_private_channels=boolean(default=False),
            channel_filter=items(text(), default=[]),
            credentials=choice(
                "option_title",
                {
                    "Default OAuth2.0 authorization": fields(
                        "client_id client_secret access_token",
                        client_id=text(),
                        client_secret=secret(),
                        access_token=secret(),
                    ),
                    "API Token Credentials": fields("api_token", api_token=secret()),
                },
            ),
        ),
    ),
    streams=always(
        stream("channels", key="id", id="string", name="string"),
        stream("users", key="id", id="string", name="string"),
        stream("channel_messages", cursor="float_ts", float_ts="number", text="string"),
    ),
)
S3_DESTINATION = Imitated(
    specification=specification(
        "S3 destination, imitated",
        fields(
            "s3_bucket_name s3_bucket_path s3_bucket_region format",
            access_key_id=secret(),
            secret_access_key=secret(),
            role_arn=text(),
            s3_bucket_name=text(),
            s3_bucket_path=text(),
            s3_bucket_region=text(default=""),
            s3_endpoint=text(default=""),
            s3_path_format=text(),
            file_name_pattern=text(),
            format=choice(
                "format_type",
                {
                    "CSV": fields("flattening", flattening=text(enum=["No flattening", "Root level flattening"])),
                    "JSONL": fields(),
                    "Parquet": fields(page_size_kb=integer(default=1024)),
                },
            ),
        ),
    ),
)
WEAVIATE = Imitated(  # a secret inside an array, deep down
    specification=specification(
        "Weaviate destination, imitated",
        fields(
            "embedding processing indexing",
            embedding=choice(
                "mode",
                {"no_embedding": fields(), "openai": fields("openai_key", openai_key=secret()), "fake": fields()},
            ),
            processing=fields("chunk_size", chunk_size=integer(minimum=1, maximum=8191)),
            indexing=fields(
                "host auth",
                host=text(),
                auth=choice(
                    "mode",
                    {
                        "token": fields("token", token=secret()),
                        "username_password": fields("username password", username=text(), password=secret()),
                        "no_auth": fields(),
                    },
                ),
                additional_headers=items(fields("header_key value", header_key=text(), value=secret()), default=[]),
            ),
        ),
    ),
)
