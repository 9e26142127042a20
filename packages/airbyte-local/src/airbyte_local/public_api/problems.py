"""The Public API's problems: those it raises itself, and what it makes of the refusals of the shared handlers."""

from __future__ import annotations

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


def problem(title: str, data: Json | None = None) -> Problem:
    status, detail = TITLES[title]
    return Problem(status=status, type=REFERENCE, title=title, detail=detail, data=data)


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
            return _crash(refusal)
        case _:
            return refusal


def _about_an_unknown_id(refusal: Refusal) -> bool:
    """Whether the role check of a caller who is no administrator would have ended here."""
    if isinstance(refusal, NotFound):
        return refusal.type in OWNED
    return isinstance(refusal, Broken) and "STANDARD_WORKSPACE" in refusal.message


def _crash(refusal: Broken) -> Problem:
    if refusal.exception == "IllegalStateException":
        return problem("state-conflict", {"message": "Could not fulfill request"})
    return problem("unexpected-problem", {"message": refusal.text})
