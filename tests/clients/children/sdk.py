"""The `airbyte-api` SDK, used as its users use it. Chapters are named in the command; what each saw goes to stdout.

A chapter asserts nothing: it says what the SDK's own response classes made of the answers.
"""

import json
import sys
from typing import Any

import loopback  # noqa: F401 - before the client
import sdk_actors
import sdk_connections
import sdk_jobs
import sdk_rest
from airbyte_api import AirbyteAPI, models

CHAPTERS = {
    "workspaces": sdk_rest.workspaces,
    "sources": sdk_actors.sources,
    "destinations": sdk_actors.destinations,
    "connections": sdk_connections.connections,
    "jobs": sdk_jobs.jobs,
    "refusals": sdk_rest.refusals,
    "coordinates": sdk_rest.coordinates,
    "definitions": sdk_rest.definitions,
    "low code": sdk_rest.low_code,
    "pages": sdk_rest.pages,
    "tags": sdk_rest.tags,
}


def opened(way: dict[str, Any]) -> AirbyteAPI:
    credentials = models.SchemeClientCredentials(
        client_id=way["client_id"],
        client_secret=way["client_secret"],
        token_url=f"{way['public_url']}/applications/token",
    )
    basic = models.SchemeBasicAuth(username=way["username"], password=way["password"])
    security = {
        "none": None,
        "basic": models.Security(basic_auth=basic),
        "client": models.Security(client_credentials=credentials),
    }
    return AirbyteAPI(server_url=way["public_url"], security=security[way["auth"]])


way = json.load(sys.stdin)
client = opened(way)
json.dump({name: CHAPTERS[name](client, way["workspace_id"]) for name in sys.argv[1:]}, sys.stdout)
