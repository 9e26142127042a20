"""The File source: reads a CSV, JSON or JSON-lines file from `/local` or from the web, and infers its schema.

Only the beginning of a file is read. A web address is always asked over https, as the vendor's does, but for
loopback hosts, where `http://` is honoured: so the server's own `/_local/files/` can be a source.
"""

from __future__ import annotations

import json

from airbyte_local.connectors.fetching import Sample, fetch_sample
from airbyte_local.connectors.inference import csv_properties, json_properties
from airbyte_local.connectors.local_paths import readable
from airbyte_local.connectors.protocol import ConnectorFailed, Surroundings
from airbyte_local.connectors.schema import DRAFT, boolean, choice, fields, secret, specification, text
from airbyte_local.json_values import Json, is_object

FORMATS = ("csv", "json", "jsonl", "excel", "excel_binary", "fwf", "feather", "parquet", "yaml")
READ_HERE = ("csv", "json", "jsonl")
SAMPLE_BYTES = 4_000_000
SHELL = fields("user host", user=text(), host=text(), password=secret(), port=text(default="22"))
SPECIFICATION = specification(
    "File source",
    fields(
        "dataset_name format url provider",
        dataset_name=text(title="Name of the stream"),
        format=text(enum=list(FORMATS), default="csv"),
        reader_options=text(title='Options for the reader, as a JSON object: {"sep": ";"}'),
        url=text(title="Where the file is"),
        provider=choice(
            "storage",
            {
                "HTTPS": fields(user_agent=boolean(default=False)),
                "GCS": fields(service_account_json=secret()),
                "S3": fields(aws_access_key_id=text(), aws_secret_access_key=secret()),
                "AzBlob": fields(
                    "storage_account", storage_account=text(), sas_token=secret(), shared_key=secret()
                ),
                "SSH": SHELL,
                "SCP": SHELL,
                "SFTP": SHELL,
                "local": fields(),
            },
        ),
    ),
)


class File:
    def spec(self) -> Json:
        return SPECIFICATION

    def check(self, configuration: Json, around: Surroundings, /) -> None:
        self.discover(configuration, around)

    def discover(self, configuration: Json, around: Surroundings, /) -> list[Json]:
        form: str = configuration["format"]
        if form not in READ_HERE:
            raise ConnectorFailed(f"The local File source reads {', '.join(READ_HERE)}; {form} is not among them")
        options = _options(configuration)
        sample = _sample(configuration, around)
        properties = (
            csv_properties(sample, options) if form == "csv" else json_properties(sample, lines=form == "jsonl")
        )
        return [
            {
                "name": configuration["dataset_name"],
                "jsonSchema": {"$schema": DRAFT, "type": "object", "properties": properties},
                "supportedSyncModes": ["full_refresh"],
                "sourceDefinedCursor": False,
                "defaultCursorField": [],
                "sourceDefinedPrimaryKey": [],
                "isResumable": False,
                "isFileBased": False,
            }
        ]


def _options(configuration: Json) -> Json:
    try:
        options = json.loads(configuration.get("reader_options") or "{}")
    except ValueError as error:
        raise ConnectorFailed(f"reader_options is no valid JSON: {error}") from error
    if not is_object(options):
        raise ConnectorFailed("reader_options must be a JSON object")
    return options


def _sample(configuration: Json, around: Surroundings, /) -> Sample:
    provider: Json = configuration["provider"]
    url: str = configuration["url"]
    match provider["storage"]:
        case "local":
            with readable(around.local_root, url).open("rb") as file:
                content = file.read(SAMPLE_BYTES + 1)
            return Sample(content=content[:SAMPLE_BYTES], whole=len(content) <= SAMPLE_BYTES)
        case "HTTPS":
            return fetch_sample(url, limit=SAMPLE_BYTES, user_agent=bool(provider.get("user_agent")))
        case storage:
            raise ConnectorFailed(f"The local File source reads from HTTPS and local; {storage} is not among them")
