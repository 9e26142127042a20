"""The comment for a pull request."""

from __future__ import annotations

from dagster_managed_elements.engine.errors import DeclarationError
from dagster_managed_elements.rendering.markdown import comment, diff_block, list_block


def test_a_plan_is_a_table_its_consequences_and_its_lines_folded_away(make):
    section = make.section(
        make.entry("create", "a", make.field("url", after="x")),
        make.entry("update", "b|c", make.field("s/t", before=1, after=2), make.field("gone", before=3)),
        consequences=[make.consequence("b goes")],
    )
    assert comment("check", [section]).split("\n") == [
        "<!-- dagster-me check -->",
        "",
        "### dagster-me check: 1 to create, 1 to update",
        "",
        "|  | Element | Kind | Fields |",
        "| --- | --- | --- | --- |",
        "| create | <code>a</code> | <code>source</code> | <code>url</code> |",
        "| update | <code>b&#124;c</code> | <code>source</code> | <code>gone&#44; s</code> |",
        "",
        "> [!WARNING]",
        "> What this brings with it:",
        "> - <code>b goes</code>",
        "",
        "<details><summary>6 lines of changes</summary>",
        "",
        "```diff",
        "+ a:",
        "+   url: x",
        "! b|c:",
        "-   gone: 3",
        "!   s:",
        "!     t: 1 -> 2",
        "```",
        "",
        "</details>",
    ]


def test_nothing_to_do_is_one_line(make):
    assert comment("check", [make.section()]).splitlines()[2:] == ["### dagster-me check: in sync"]
    assert comment("apply", [make.section()]).splitlines()[2:] == ["### dagster-me apply: no changes applied"]


def test_a_fence_is_longer_than_any_in_the_values(make):
    said = comment("check", [make.section(make.entry("create", "a", make.field("x", after="````\n</details>")))])
    assert "\n`````diff\n" in said
    assert said.count("\n`````\n") == 1


def test_failures_and_their_reasons_are_in_it(make):
    report = make.report(("create", "a", "done", ""), ("create", "b", "failed", "no <b>way</b>"))
    failed = make.section(make.entry("create", "a"), report=report)
    said = comment("apply", [failed, make.section(error=DeclarationError("one\ntwo"))])
    assert "**Applied: 1 done, 1 failed.**" in said
    assert (
        "| failed | <code>create b &#40;source&#41;</code> | <code>no &#60;b&#62;way&#60;&#47;b&#62;</code> |"
        in said
    )
    assert "> [!CAUTION]\n> <code>one</code>  \n> <code>two</code>  " in said


def test_a_plan_of_any_size_fits_into_a_comment(make):
    many = [make.entry("create", f"{n}" * 30, make.field("x" * 90, after="y" * 900)) for n in range(300)]
    said = comment("check", [make.section(*many)])
    assert len(said) < 65_536
    assert "and 250 more." in said
    assert "more lines are left out." in said
    odd = [make.entry("create", "|" * 120, make.field("|" * 120, after=1)) for _ in range(50)]
    assert len(comment("check", [make.section(*odd)] * 3)) < 65_536


def test_a_reader_without_html_is_shown_fences_alone(make):
    section = make.section(make.entry("update", "shop", make.field("host", "a```b", "<b>")))
    assert diff_block([section]) == "````diff\n~ shop:\n~   host: a```b -> <b>\n````"
    assert list_block(["[x](y)", "two\nlines"]) == "```\n[x](y)\ntwo lines\n```"
