"""docs/reference-json.md shows a real document."""

from __future__ import annotations

from pathlib import Path

from dagster_managed_elements.engine.changes import FieldChange
from dagster_managed_elements.engine.findings import Consequence, Notice
from dagster_managed_elements.engine.planning import Plan, Step
from dagster_managed_elements.engine.presentation import Entry
from dagster_managed_elements.engine.reports import Outcome, Report
from dagster_managed_elements.engine.values import Key, Later, Masked
from dagster_managed_elements.rendering.documents import document
from dagster_managed_elements.rendering.sections import Section

PAGE = Path(__file__).parents[4] / "docs" / "reference-json.md"
SOURCE, CONNECTION = Key("source", "cereals-csv"), Key("connection", "download-cereals")


def test_the_page_shows_what_is_written(make):
    url = make.field("url", before="http://old", after="http://new")
    password = FieldChange(("password",), Masked(), make.secret, "forced")
    streams = make.field("streams", after=Later(SOURCE, {"cereals": "FULL_REFRESH_OVERWRITE"}))
    plan = Plan(
        place="http://localhost:8000",
        entries=(
            Entry("update", SOURCE, "0c1f", (url, password)),
            Entry("create", CONNECTION, None, (streams,)),
        ),
        notices=(Notice(CONNECTION, ("streams",), "later", "verified once cereals-csv (source) is changed"),),
        consequences=(Consequence(CONNECTION, "reset", "cereals is read again from the beginning"),),
    )
    reason = "streams.cereals: the source has no such stream"
    outcomes = (
        Outcome(step=Step("update", SOURCE, "0c1f"), status="done", id="0c1f"),
        Outcome(step=Step("create", CONNECTION), status="failed", reason=reason),
    )
    section = Section(
        of=("pipelines.airbyte:reconciler",),
        place=plan.place,
        plan=plan,
        report=Report(place=plan.place, outcomes=outcomes),
    )
    shown = PAGE.read_text().partition("```json\n")[2].partition("\n```")[0]
    assert document("apply", [section], 3) == shown
