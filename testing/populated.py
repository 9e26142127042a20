"""A workspace as somebody made it by hand over years, by requests: sources with secrets and without, connections of
every schedule, namespace and setting, active and paused, and names that no identifier could be.
"""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import airbyte_local

HOSTILE = (
    'it\'s "quoted"',
    "two\nlines\r\t",
    '"""\nimport os\n"""',
    "{braces} %s \\ back\\slash",
    "# a comment\x0c\x85\u2028",
    "Umsätze – 売上 🛒",
    "\u202eright to left",
    "2024 sales",
    "class",
    "…",
    "n" * 200 + "é" * 56,
)
SECRET = "do-not-show-this-one"


class Populated:
    """Makes things at *server*, of *version*, and remembers their ids by kind and name."""

    def __init__(self, server: airbyte_local.LocalAirbyte, version: str) -> None:
        self.server, self.version = server, version
        self.ids: dict[tuple[str, str], str] = {}
        self._definitions = {
            side: {
                row["name"]: row[f"{side}DefinitionId"]
                for row in self.call(f"{side}_definitions/list_for_workspace", workspaceId=server.workspace_id)[
                    f"{side}Definitions"
                ]
            }
            for side in ("source", "destination")
        }

    def call(self, path: str, **body: Any) -> Any:
        request = urllib.request.Request(
            f"{self.server.url}/api/v1/{path}", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read() or "null")

    def actor(self, side: str, name: str, connector: str, configuration: dict[str, Any]) -> str:
        made = self.call(
            f"{side}s/create",
            workspaceId=self.server.workspace_id,
            name=name,
            connectionConfiguration=configuration,
            **{f"{side}DefinitionId": self._definitions[side][connector]},
        )
        return self.ids.setdefault((side, name), made[f"{side}Id"])

    def connection(self, name: str, source: str, destination: str, *streams: dict[str, Any], **more: Any) -> str:
        made = self.call(
            "connections/create",
            name=name,
            sourceId=self.ids["source", source],
            destinationId=self.ids["destination", destination],
            syncCatalog={"streams": list(streams)},
            **{"scheduleType": "manual", "status": "active", "namespaceDefinition": "destination", **more},
        )
        return self.ids.setdefault(("connection", name), made["connectionId"])

    @property
    def has_tags(self) -> bool:
        return self.version >= "1.6"

    def tag(self, name: str, color: str) -> dict[str, Any]:
        return self.call("tags/create", workspaceId=self.server.workspace_id, name=name, color=color)


def stream(name: str, namespace: str | None = None, modes: str = "full_refresh overwrite", **config: Any) -> Any:
    """A stream of a catalog, as it is configured."""
    sync_mode, destination_mode = modes.split()
    properties = {"id": {"type": "integer"}, "at": {"type": "string"}, "email": {"type": "string"}}
    return {
        "stream": {
            "name": name,
            "jsonSchema": {"type": "object", "properties": properties},
            "supportedSyncModes": ["full_refresh", "incremental"],
            "sourceDefinedCursor": False,
            "defaultCursorField": [],
            "sourceDefinedPrimaryKey": [],
            **({"namespace": namespace} if namespace else {}),
        },
        "config": {
            "syncMode": sync_mode,
            "destinationSyncMode": destination_mode,
            "cursorField": [],
            "primaryKey": [],
            "selected": True,
            "aliasName": name,
            **config,
        },
    }


def sources_of(place: Populated, number: int) -> list[str]:
    """*number* sources of several connectors; two of three have secrets. The first names are hostile."""
    names: list[str] = []
    for count in range(number):
        kind = ("Postgres", "Stripe", "Sample Data", "S3", "Postgres", "File (CSV, JSON, Excel, Feather, Parquet)")
        connector = kind[count % len(kind)]
        name = HOSTILE[count] if count < len(HOSTILE) else f"{connector.partition(' (')[0]} {count}"
        place.actor("source", name, connector, _configuration(connector, count))
        names.append(name)
    return names


def _configuration(connector: str, count: int) -> dict[str, Any]:
    match connector:
        case "Postgres":
            tunnel = {
                "tunnel_method": "SSH_PASSWORD_AUTH",
                "tunnel_host": "h",
                "tunnel_port": 22,
                "tunnel_user": "u",
            }
            return {
                "host": f"db{count}.example",
                "port": 5432,
                "database": "shop",
                "username": "airbyte",
                "password": f"{SECRET}-{count}",
                "schemas": ["public"] if count % 4 else ["public", 'odd "one"'],
                "tunnel_method": {**tunnel, "tunnel_user_password": f"{SECRET}-tunnel-{count}"}
                if count % 3 == 0
                else {"tunnel_method": "NO_TUNNEL"},
            }
        case "Stripe":
            return {"account_id": f"acct_{count}", "client_secret": f"{SECRET}-{count}", "lookback_window_days": 3}
        case "S3":
            streams = [{"name": "orders", "format": {"filetype": "csv"}, "globs": ["**/*.csv"]}]
            keys = {"aws_access_key_id": f"{SECRET}-id", "aws_secret_access_key": f"{SECRET}-{count}"}
            return {"bucket": "shop", "streams": streams, **keys}
        case "Sample Data":
            return {"count": 1000 + count, "seed": -1}
        case _:
            where = {"storage": "HTTPS", "user_agent": False}
            return {"dataset_name": "c", "format": "csv", "url": "https://c.example/c.csv", "provider": where}


def populate(place: Populated, *, sources: int = 50, connections: int = 43) -> None:
    names = sources_of(place, sources)
    base = {"host": "h", "port": 5432, "database": "d", "schema": "public", "username": "u"}
    place.actor("destination", "Warehouse", "Postgres", {**base, "password": f"{SECRET}-warehouse"})
    place.actor("destination", "lake", "Local JSON", {"destination_path": "/local/lake"})
    tags = [place.tag("critical", "FF0000"), place.tag('of "finance"', "00ff7f")] if place.has_tags else []
    for count in range(connections):
        source = names[count % len(names)]
        name = f"{source} → {count}"[:256] if count % 5 else f"sync {count}"
        destination = ("Warehouse", "lake")[count % 2]
        place.connection(name, source, destination, *_streams(place, count), **_settings(place, count, tags))


def _streams(place: Populated, count: int) -> list[dict[str, Any]]:
    plain = stream("orders", ("public", None, 'sales "EU"')[count % 3])
    if count % 2:
        return [plain, stream("users", "public", "incremental append", cursorField=["at"])]
    keyed = stream("users", None, "incremental append_dedup", cursorField=["at"], primaryKey=[["id"], ["email"]])
    if count % 4 or place.version < "1.5":
        return [plain, keyed]
    hashing = {"targetField": "email", "method": "SHA-256", "fieldNameSuffix": "_hashed"}
    secret = {"algorithm": "AES", "targetField": "at", "key": "00112233445566778899aabbccddeeff", "mode": "GCM"}
    keyed["config"] |= {
        "primaryKey": [["id"]],
        "cursorField": ["at"],
        "mappers": [
            {"type": "hashing", "mapperConfiguration": hashing},
            {
                "type": "encryption",
                "mapperConfiguration": {**secret, "padding": "NoPadding", "fieldNameSuffix": "_encrypted"},
            },
        ],
    }
    return [plain, keyed, stream("three", None, fieldSelectionEnabled=True, selectedFields=[{"fieldPath": ["id"]}])]


def _settings(place: Populated, count: int, tags: list[dict[str, Any]]) -> dict[str, Any]:
    cron = {"cronExpression": "0 30 6 ? * MON-FRI", "cronTimeZone": "Europe/Berlin" if count % 2 else "UTC"}
    schedules: list[dict[str, Any]] = [
        {"scheduleType": "manual"},
        {
            "scheduleType": "basic",
            "scheduleData": {"basicSchedule": {"units": 1 + count, "timeUnit": "hours"}},
        },
        {"scheduleType": "cron", "scheduleData": {"cron": cron}},
    ]
    namespaces: list[dict[str, Any]] = [
        {"namespaceDefinition": "destination"},
        {"namespaceDefinition": "source"},
        {"namespaceDefinition": "customformat", "namespaceFormat": "raw_${SOURCE_NAMESPACE}"},
    ]
    more: dict[str, Any] = {"prefix": "p_"} if count % 4 == 0 else {}
    more |= {"status": "inactive"} if count % 3 == 1 else {}
    more |= {"nonBreakingChangesPreference": "propagate_columns"} if count % 6 == 2 else {}
    more |= {"tags": tags[: 1 + count % 2]} if tags and count % 5 == 0 else {}
    return {**schedules[count % 3], **namespaces[(count // 2) % 3], **more}
