"""Pages as the Public API has them: no total, no order, and a `next` that leads where the operator said."""

from __future__ import annotations

from urllib.parse import urlencode

from airbyte_local.jobs.world import Call
from airbyte_local.model.json_values import Json


def workspace_ids(call: Call) -> list[str]:
    """The workspaces that a listing is about; all there are, where none were named."""
    named: list[str] = call.body.get("workspaceIds", [])
    return named or [workspace.id for workspace in call.session.workspaces.all() if not workspace.tombstone]


def pagination(call: Call) -> Json:
    return {"pageSize": call.body.get("limit", 20), "rowOffset": call.body.get("offset", 0)}


def listed(call: Call, path: str, rows: list[Json], query: list[tuple[str, str]] | None = None) -> Json:
    """`next` is there whenever the page is not empty, so the end shows in an empty page alone.

    *query*: what the way to the next page says again, if not what most listings are filtered by.
    """
    limit, offset = call.body.get("limit", 20), call.body.get("offset", 0)
    again = _filters(call) if query is None else query
    return {
        "previous": _url(call, path, again, limit, max(offset - limit, 0)) if offset else "",
        "next": _url(call, path, again, limit, offset + limit) if rows else "",
        "data": rows,
    }


def _filters(call: Call) -> list[tuple[str, str]]:
    query = [(name, each) for name in ("workspaceIds", "tagIds") for each in call.body.get(name, [])]
    return [*query, ("includeDeleted", str(call.body.get("includeDeleted", False)).lower())]


def _url(call: Call, path: str, query: list[tuple[str, str]], limit: int, offset: int) -> str:
    return f"{call.world.api_host}/v1/{path}?{urlencode([*query, ('limit', limit), ('offset', offset)])}"
