"""The File source: one file as one stream, from `/local`, from the web or from a store in the cloud."""

from __future__ import annotations

from collections.abc import Generator

from airbyte_local.connectors.files.opening import opened
from airbyte_local.connectors.messages import now_ms, record, stream_status
from airbyte_local.connectors.protocol import ConnectorCrashed, ConnectorFailed, Surroundings
from airbyte_local.connectors.schema import boolean, choice, fields, secret, specification, text
from airbyte_local.model.json_values import Json

FORMATS = ("csv", "json", "jsonl", "excel", "excel_binary", "fwf", "feather", "parquet", "yaml")
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
        try:
            with opened(configuration, around) as table:
                schema = table.schema()
        except ConnectorCrashed as crashed:  # nobody tries a second time here, so it is said as the reason
            raise ConnectorFailed(str(crashed)) from crashed
        return [
            {
                "name": configuration["dataset_name"],
                "jsonSchema": schema,
                "supportedSyncModes": ["full_refresh"],
                "sourceDefinedCursor": False,
                "defaultCursorField": [],
                "sourceDefinedPrimaryKey": [],
                "isResumable": False,
                "isFileBased": False,
            }
        ]

    def read(
        self, configuration: Json, catalog: Json, _state: list[Json], around: Surroundings, /
    ) -> Generator[Json]:
        for configured in catalog["streams"]:
            stream: Json = configured["stream"]
            name: str = stream["name"]
            if name != configuration["dataset_name"]:
                raise ConnectorFailed(
                    f"There is no stream {name!r} here: the file is {configuration['dataset_name']!r}"
                )
            yield stream_status(name, "STARTED")
            try:
                yield from _records(configuration, stream, around)
            except (ConnectorFailed, ConnectorCrashed):
                yield stream_status(name, "INCOMPLETE")
                raise
            yield stream_status(name, "COMPLETE")


def _records(configuration: Json, stream: Json, around: Surroundings) -> Generator[Json]:
    name: str = stream["name"]
    running = False
    with opened(configuration, around) as table:
        for chunk in table.chunks(stream.get("json_schema", {}).get("properties", {}).keys()):
            around.cancellation.raise_if_requested()
            now = now_ms()
            for row in chunk:
                if not running:
                    running = True
                    yield stream_status(name, "RUNNING")
                yield record(name, row, now)
