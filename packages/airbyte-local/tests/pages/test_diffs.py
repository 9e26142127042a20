"""`/_local/diff`: what somebody else compared, kept and shown."""

from __future__ import annotations

import json

import pytest

DOCUMENT = {
    "version": 1,
    "command": "check",
    "places": [
        {
            "place": "http://localhost:8000 workspace Default",
            "reconcilers": ["mine:reconciler"],
            "changes": [
                {
                    "action": "update",
                    "kind": "source",
                    "name": "cereals",
                    "id": "0c1f",
                    "cause": None,
                    "fields": [
                        {"path": ["provider", "user_agent"], "before": True, "after": False},
                        {"path": ["password"], "before": "**********", "after": "**********", "secret": True},
                        {"path": ["note"], "before": None, "after": ""},
                    ],
                },
                {
                    "action": "create",
                    "kind": "connection",
                    "name": "download",
                    "id": None,
                    "cause": {"kind": "source", "name": "cereals"},
                    "fields": [{"path": ["streams"], "after": {"a": "OVERWRITE", "b": ["x", 1]}}],
                },
                {"action": "delete", "kind": None, "name": "old", "id": "x", "fields": []},
            ],
            "consequences": [
                {"kind": None, "name": "old", "code": "reset", "text": "its rows go", "destructive": True}
            ],
            "notices": [
                {"kind": "connection", "name": "download", "path": [], "code": "later", "text": "verified then"}
            ],
            "error": None,
        }
    ],
}
BODY = {"module": "mine:reconciler", "document": DOCUMENT, "in_sync": [{"kind": "destination", "name": "lake"}]}


def put(api, body):
    return api.client.put("/_local/diff", json=body)


def test_a_diff_is_kept_and_read_again_also_after_a_restart(api):
    assert api.client.get("/_local/diff").status_code == 404
    kept = put(api, BODY).json()
    assert kept["document"] == DOCUMENT
    assert kept["computed_at"] > 1_700_000_000
    api.server.restart()
    assert api.client.get("/_local/diff").json() == kept
    assert api.client.delete("/_local/diff").status_code == 204
    assert api.client.delete("/_local/diff").status_code == 204
    assert api.client.get("/_local/diff").status_code == 404


def test_a_reset_forgets_it(api):
    put(api, BODY)
    api.server.reset()
    assert api.client.get("/_local/diff").status_code == 404


def test_the_page_shows_it_element_by_element(api, read):
    put(api, BODY)
    said = read.text("/diff")
    assert "mine:reconciler , compared" in said
    assert "1 to create 1 to change 1 to delete 1 in sync" in said
    assert "To change source cereals provider.user_agent true → becomes false" in said
    assert "password ********** → becomes **********" in said
    assert "note null → becomes (empty)" in said
    assert "To create connection download because of cereals verified then" in said
    assert 'streams.a OVERWRITE streams.b ["x", 1]' in said
    assert "To delete old its rows go" in said
    assert "destination lake" in said


def test_the_page_says_that_everything_is_in_sync(api, read):
    put(api, {"module": "mine", "document": {"version": 1, "places": []}, "in_sync": BODY["in_sync"]})
    assert "In sync. What is declared is here" in read.text("/diff")


def test_the_page_says_why_nothing_could_be_compared(api, read):
    put(api, {"module": "mine", "error": "mine.py, line 3: NameError: no such name"})
    said = read.text("/diff")
    assert "It could not be compared. mine.py, line 3: NameError: no such name" in said
    assert "In sync" not in said
    error = {
        "type": "DeclarationError",
        "message": "2 problems",
        "problems": [{"name": "a", "message": "is wrong"}],
    }
    place = {"place": "there", "changes": [], "error": error}
    put(api, {"module": "mine", "document": {"version": 1, "places": [place]}})
    said = read.text("/diff")
    assert "there could not be compared. 2 problems a: is wrong" in said
    assert "In sync" not in said


def test_of_a_large_diff_the_beginning_is_shown(api, read):
    changes = [
        {
            "action": "create",
            "kind": "source",
            "name": f"s{n}",
            "fields": [{"path": [f"f{m}"], "after": "x" * 5_000} for m in range(3)],
        }
        for n in range(500)
    ]
    assert (
        put(
            api, {"module": "m", "document": {"version": 1, "places": [{"place": "p", "changes": changes}]}}
        ).status_code
        == 200
    )
    page = read.get("/diff").text
    assert "and 200 more elements" in page
    assert "500</b> to create" in page
    assert len(page) < 4_000_000


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        {"module": {}},
        {"module": "m", "document": []},
        {"module": "m", "document": {"version": 2, "places": []}},
        {"module": "m", "document": {"version": 1}},
        {"module": "m", "document": {"version": 1, "places": [{"place": "p"}]}},
        {"module": "m", "document": {"version": 1, "places": [{"place": "p", "changes": [{"name": "n"}]}]}},
        {"module": "m", "in_sync": [{}]},
    ],
    ids=json.dumps,
)
def test_what_is_no_diff_is_refused_and_changes_nothing(api, body):
    before = put(api, BODY).json()
    refused = put(api, body)
    assert (refused.status_code, list(refused.json())) == (400, ["message"])
    assert api.client.get("/_local/diff").json() == before


@pytest.mark.parametrize("content", [b"", b"{", b"[" * 100_000, b'{"module": "\\ud800", "error": "\\ud800"}'])
def test_bytes_that_are_hard_to_read_break_nothing(api, read, content):
    answer = api.client.put("/_local/diff", content=content)
    assert answer.status_code in {200, 400}
    assert read.get("/diff").status_code == 200


def test_a_diff_that_is_too_large_is_refused(api):
    refused = api.client.put("/_local/diff", content=b" " * (10 * 1024 * 1024 + 1))
    assert (refused.status_code, "10,485,760 bytes" in refused.json()["message"]) == (413, True)


def test_the_revision_changes_with_what_users_write_and_not_with_jobs(api, past):
    def revision() -> str:
        return api.client.get("/_local/revision").json()["revision"]

    seen = [revision()]
    source = api.source()["sourceId"]
    seen.append(revision())
    api.ok("sources/partial_update", sourceId=source, name="other")
    seen.append(revision())
    made = api.connection(source)
    seen.append(revision())
    api.ok("connections/update", connectionId=made["connectionId"], name="other")
    seen.append(revision())
    api.ok("connections/delete", connectionId=made["connectionId"])
    seen.append(revision())
    assert len(set(seen)) == len(seen)
    past.job(made["connectionId"], "succeeded")
    api.ok("sources/discover_schema", sourceId=source, disable_cache=True)
    assert revision() == seen[-1]
