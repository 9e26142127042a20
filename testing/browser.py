"""What the tests of the pages look at: connections, names nobody should have to read, and every page there is."""

from __future__ import annotations

import json
from typing import Any

import httpx
from airbyte_local import LocalAirbyte
from airbyte_local.model.errors import MAX_NAME

PHONE = {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True}
FEED = {
    "type": "CONTINUOUS_FEED",
    "max_messages": 3,
    "mock_catalog": {
        "type": "SINGLE_STREAM",
        "stream_name": "users",
        "stream_schema": json.dumps({"type": "object", "properties": {"id": {"type": "integer"}}}),
    },
}
SLOW = {**FEED, "max_messages": 10_000, "message_interval_ms": 5}
FAILING = {"type": "EXCEPTION_AFTER_N", "throw_after_n_records": 3}
HOSTILE = ["x" * 10_000, "y" * 300 + " " + "z" * 300, "<b onclick=x>" * 50, "\u202e\u05d0" * 200]


def connect(local: LocalAirbyte, name: str = "users to json", **configuration: Any) -> str:
    """The id of a connection of an E2E Testing source to Local JSON."""
    return local.seed(
        sources=[{"name": f"source of {name}", "type": "E2E Testing", "configuration": configuration or FEED}],
        destinations=[{"name": f"destination of {name}"}],
        connections=[{"name": name, "source": f"source of {name}", "destination": f"destination of {name}"}],
    )["connections"][0]


def shown(page: Any, text: str) -> None:
    """Waits until *text* is there to be seen."""
    page.get_by_text(text, exact=False).first.wait_for()


def is_wide(page: Any) -> bool:
    """Whether it must be moved sideways to be read."""
    return page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")


def filled(local: LocalAirbyte, *names: str) -> None:
    """Something on every page, of which some has those names."""
    for name in ("plain", *names):
        connection = connect(local, name[: MAX_NAME - len("destination of ")])
        with local.world.store.transaction() as session:
            for status in ("succeeded", "failed", "cancelled", "pending"):
                job = session.jobs.add(connection, "sync", at=1, details={"streams": [{"name": "users"}]})
                session.jobs.set_status(job.id, status, at=2)
    change = {"kind": "source", "name": names[0] if names else "s"}
    fields = [{"path": ["a", *names[:1]], "before": 1, "after": [*names]}]
    changes = [
        {**change, "action": action, "fields": fields} for action in ("create", "update", "replace", "delete")
    ]
    place = {"place": "here", "changes": changes, "consequences": [{**change, "text": "lost", "destructive": True}]}
    put(local, {"module": "m", "document": {"version": 1, "places": [place]}, "in_sync": [change]})


def everything(local: LocalAirbyte) -> list[str]:
    with local.world.store.transaction() as session:
        (workspace,) = session.workspaces.all()
        connections = session.connections.ids([workspace.id])
        sources = session.actors.ids("source", [workspace.id])
    details = [*(f"/connections/{each}" for each in connections), *(f"/sources/{each}" for each in sources)]
    return ["/", "/sources", "/destinations", "/definitions", "/diff", "/?q=nothing", *details]


def put(local: LocalAirbyte, body: dict[str, Any]) -> None:
    httpx.put(f"{local.url}/_local/diff", json=body, trust_env=False).raise_for_status()
