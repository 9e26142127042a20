"""The JSON document, whole."""

from __future__ import annotations

import json
from dataclasses import replace

from dagster_managed_elements.engine.errors import DeclarationError, Unauthorized
from dagster_managed_elements.engine.findings import Problem
from dagster_managed_elements.engine.values import Key, Masked
from dagster_managed_elements.rendering import text
from dagster_managed_elements.rendering.documents import document
from dagster_managed_elements.rendering.markdown import comment
from dagster_managed_elements.rendering.sections import Section
from dagster_managed_elements.third_party import differences
from dagster_managed_elements.types import ManagedElementDiff as Diff


def read(*sections, verb="check", code=0):
    return json.loads(document(verb, sections, code))


def test_a_plan_is_written_with_every_field_and_absent_sides_left_out(make):
    section = make.section(
        make.entry(
            "update",
            "s",
            make.field("a/b.c", before=1, after=None),
            make.field("password", before=Masked(), after=make.secret),
            make.field("gone", before={"x": [1]}),
            id_="id1",
        ),
        make.entry("delete", "c", kind="connection", id_="id2", cause=Key("source", "s")),
        notices=[make.notice("s", "p", "later", "said")],
        consequences=[make.consequence("c goes")],
    )
    assert read(section, code=1) == {
        "version": 1,
        "command": "check",
        "exit_code": 1,
        "in_sync": False,
        "summary": {"create": 0, "update": 1, "replace": 0, "delete": 1},
        "places": [
            {
                "place": "here",
                "reconcilers": ["mine:a"],
                "changes": [
                    {
                        "action": "update",
                        "kind": "source",
                        "name": "s",
                        "id": "id1",
                        "cause": None,
                        "fields": [
                            {"path": ["a", "b.c"], "before": 1, "after": None},
                            {"path": ["password"], "before": "**********", "after": "**********", "secret": True},
                            {"path": ["gone"], "before": {"x": [1]}},
                        ],
                    },
                    {
                        "action": "delete",
                        "kind": "connection",
                        "name": "c",
                        "id": "id2",
                        "cause": {"kind": "source", "name": "s"},
                        "fields": [],
                    },
                ],
                "left_out": 0,
                "consequences": [
                    {"kind": "source", "name": "s", "code": "delete", "text": "c goes", "destructive": True}
                ],
                "notices": [{"kind": "connection", "name": "s", "path": ["p"], "code": "later", "text": "said"}],
                "undeclared": [],
                "report": None,
                "error": None,
            }
        ],
    }


def test_nothing_to_do_is_in_sync_and_an_error_is_not(make):
    assert read(make.section())["in_sync"] is True
    assert read(make.section(error=Unauthorized("no")))["in_sync"] is False


def test_a_report_is_written_outcome_by_outcome(make):
    report = make.report(("create", "a", "failed", "why"), interrupted=True)
    (place,) = read(make.section(make.entry("create", "a"), report=report), verb="apply", code=3)["places"]
    assert place["report"] == {
        "interrupted": True,
        "counts": {"failed": 1},
        "outcomes": [
            {"action": "create", "kind": "source", "name": "a", "id": None, "status": "failed", "reason": "why"}
        ],
    }


def test_errors_carry_what_machines_ask_for(make):
    problem = Problem(Key("source", "s"), ("a", "b"), "wrong")
    errors = [DeclarationError(problems=[problem]), Unauthorized("no", status=401), ValueError("odd")]
    places = read(*(make.section(error=error) for error in errors))["places"]
    assert [place["error"] for place in places] == [
        {
            "type": "DeclarationError",
            "message": "s.a.b: wrong",
            "problems": [{"kind": "source", "name": "s", "path": ["a", "b"], "message": "wrong"}],
        },
        {"type": "Unauthorized", "message": "no", "status": 401},
        {"type": "ValueError", "message": "odd"},
    ]


def test_a_third_partys_diff_has_the_shape_of_ours(make):
    diff = (
        Diff()
        .add("a", 1)
        .with_nested("b", Diff().delete("c", 2).with_nested("d", Diff().delete("token", make.secret_text)))
        .with_nested("e", Diff().add("f", 3).modify("g", 4, 5))
    )
    (place,) = read(Section(of=("m:x",), place="m:x", diff=tuple(differences(diff))))["places"]
    assert [
        (change["action"], change["kind"], change["name"], change["fields"]) for change in place["changes"]
    ] == [
        ("create", None, "a", [{"path": [], "after": 1}]),
        ("delete", None, "b", [{"path": ["c"], "before": 2}, {"path": ["d", "token"], "before": "**********"}]),
        ("update", None, "e", [{"path": ["f"], "after": 3}, {"path": ["g"], "before": 4, "after": 5}]),
    ]
    assert {frozenset(change) for change in place["changes"]} == {
        frozenset({"action", "kind", "name", "id", "cause", "fields"})
    }


def test_a_secret_that_goes_along_with_its_list_is_said_in_every_format(make):
    whole = make.field("x", before=[{"y": 1, "p": Masked()}], after=[{"y": 2, "p": make.secret}])
    section = make.section(
        make.entry("update", "n", replace(whole, within=((("0", "y"), ""), (("0", "p"), "sent-along"))))
    )
    (place,) = read(section)["places"]
    assert place["changes"][0]["fields"] == [
        {"path": ["x", "0", "y"], "before": 1, "after": 2},
        {
            "path": ["x", "0", "p"],
            "before": "**********",
            "after": "**********",
            "secret": True,
            "why": "sent-along",
        },
    ]
    line = "p: ********** -> ********** (sent along as declared)"
    assert list(text.changes(section))[-1].strip() == f"~ {line}"
    assert line in comment("check", [section])
