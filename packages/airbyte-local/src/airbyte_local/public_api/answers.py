"""What the Public API says in a way of its own: pages without a total or an order, and problems."""

from __future__ import annotations

from urllib.parse import urlencode

from airbyte_local.jobs.world import Call
from airbyte_local.model.errors import Broken, Crashed, Invalid, Known, NotFound, Problem, Refusal
from airbyte_local.model.json_values import Json
from airbyte_local.versions.profiles import Profile

REFERENCE = "https://reference.airbyte.com/reference/errors"
# title -> (status, detail). The details are ours: whoever reads them rather than `data` reads the wrong property.
TITLES = {
    "bad-request": (400, "The request cannot be served as it is."),
    "value-not-found": (400, "The submitted value could not be found."),
    "forbidden": (403, "The caller may not do this."),
    "resource-not-found": (404, "The requested resource could not be found."),
    "state-conflict": (409, "The state of the resource does not allow this."),
    "try-again-later": (409, "The resource is busy."),
    "unprocessable-entity": (422, "The request cannot be processed."),
    "unexpected-problem": (500, "An unexpected problem has occurred."),
}
OWNED = {"SOURCE_CONNECTION", "DESTINATION_CONNECTION", "STANDARD_SYNC", "STANDARD_WORKSPACE", "TAG"}


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
    query = [(name, id_) for name in ("workspaceIds", "tagIds") for id_ in call.body.get(name, [])]
    return [*query, ("includeDeleted", str(call.body.get("includeDeleted", False)).lower())]


def _url(call: Call, path: str, query: list[tuple[str, str]], limit: int, offset: int) -> str:
    return f"{call.world.api_host}/v1/{path}?{urlencode([*query, ('limit', limit), ('offset', offset)])}"


def problem(title: str, data: Json | None = None) -> Problem:
    status, detail = TITLES[title]
    return Problem(
        status=status,
        type=f"{REFERENCE}#{title}",
        title=title,
        detail=f"{detail} What it is about is told by the data of this problem.",
        data=data,
    )


def bad_request(message: str) -> Problem:
    return problem("bad-request", {"message": message})


def translated(refusal: Refusal, profile: Profile) -> Refusal:
    """What the caller of the Public API gets to see of a refusal that a shared handler raised."""
    if profile.unknown_ids == "forbidden" and _about_an_unknown_id(refusal):
        message = "Caller does not have the required permissions to access the resource(s)."
        return problem("forbidden", {"message": message})
    match refusal:
        case NotFound():
            return problem("resource-not-found", {"resourceType": refusal.type, "resourceId": refusal.id})
        case Invalid():
            return problem("unprocessable-entity", {"message": refusal.reason.partition("\nSchema:")[0]})
        case Known():
            return problem("unexpected-problem", {"message": refusal.message})
        case Broken() if not isinstance(refusal, Crashed):
            is_state = refusal.exception == "IllegalStateException"
            told = "Could not fulfill request" if is_state else refusal.text
            return problem("state-conflict" if is_state else "unexpected-problem", {"message": told})
        case _:
            return refusal


def _about_an_unknown_id(refusal: Refusal) -> bool:
    """Whether the role check of a caller who is no administrator would have ended here."""
    if isinstance(refusal, NotFound):
        return refusal.type in OWNED
    return isinstance(refusal, Broken) and "STANDARD_WORKSPACE" in refusal.message
