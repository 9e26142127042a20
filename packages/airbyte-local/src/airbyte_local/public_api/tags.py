"""Tags by their ids alone; a list of them is not paged."""

from __future__ import annotations

from airbyte_local.handlers import tags
from airbyte_local.handlers.connections import tag_read
from airbyte_local.jobs.world import Call
from airbyte_local.model.json_values import Json
from airbyte_local.public_api.answers import workspace_ids


def list_all(call: Call) -> Json:
    found = [tag for workspace in workspace_ids(call) for tag in call.session.tags.of_workspace(workspace)]
    return {"data": [tag_read(tag) for tag in found]}


def get(call: Call) -> Json:
    return tag_read(tags.find_tag(call))


def delete(call: Call) -> None:
    tags.delete(call)
