"""Tags: the one thing whose names are unique in a workspace."""

from __future__ import annotations

import re
from dataclasses import replace

from airbyte_local.handlers.connections import tag_read
from airbyte_local.jobs.world import Call, new_id
from airbyte_local.model.errors import NotFound, named_problem
from airbyte_local.model.json_values import Json
from airbyte_local.model.records import Tag
from airbyte_local.store.database import Session

MAX_NAME = 30
MAX_TAGS = 100


def list_of_workspace(call: Call) -> list[Json]:
    return [tag_read(tag) for tag in call.session.tags.of_workspace(call.body["workspaceId"])]


def get(call: Call) -> Json:
    return tag_read(find_tag(call))


def create(call: Call) -> Json:
    workspace_id = call.body["workspaceId"]
    if len(call.session.tags.of_workspace(workspace_id)) >= MAX_TAGS:
        raise named_problem(
            400, "tag-limit-for-workspace-reached", "This workspace has as many tags as it may have."
        )
    tag = Tag(id=new_id(), workspace_id=workspace_id, name=call.body["name"], color=call.body["color"])
    return _save(call.session, tag)


def update(call: Call) -> Json:
    return _save(call.session, replace(find_tag(call), name=call.body["name"], color=call.body["color"]))


def delete(call: Call) -> Json:
    tag = find_tag(call)
    call.session.tags.delete(tag.id)
    return tag_read(tag)


def find_tag(call: Call) -> Tag:
    tag = call.session.tags.get(call.body["tagId"])
    if tag is None or tag.workspace_id != call.body.get("workspaceId", tag.workspace_id):
        raise NotFound(type="TAG", id=call.body["tagId"])
    return tag


def _save(session: Session, tag: Tag) -> Json:
    if not re.fullmatch("[0-9A-Fa-f]{6}", tag.color):
        raise named_problem(400, "tag-invalid-hex-color", "A tag's color is six hexadecimal digits.")
    if len(tag.name) > MAX_NAME:
        raise named_problem(400, "tag-name-too-long", f"A tag's name has at most {MAX_NAME} characters.")
    if any(other.name == tag.name and other.id != tag.id for other in session.tags.of_workspace(tag.workspace_id)):
        raise named_problem(
            409, "tag-already-exists", "This workspace has a tag of this name.", title="Tag already exists"
        )
    session.tags.save(tag)
    return tag_read(tag)
