"""Names and values come from servers and from users: none shows a secret, forges a line or steers a terminal."""

from __future__ import annotations

import json
import re

from dagster_managed_elements.rendering import notices, text
from dagster_managed_elements.rendering.documents import document
from dagster_managed_elements.rendering.markdown import comment
from dagster_managed_elements.rendering.trees import flattened, tree
from dagster_managed_elements.rendering.values import inline, inline_sides
from dagster_managed_elements.types import to_diff
from hypothesis import given, settings
from hypothesis import strategies as st


@settings(max_examples=40)
@given(data=st.data())
def test_text_has_as_many_lines_as_there_is_to_say_and_each_can_be_printed(data, sections, make):
    section = data.draw(sections)
    lines = list(text.headed([section], several=True))
    planned = len(list(flattened(tree(section)))) + len(section.plan.consequences)
    assert len(lines) == (planned + 1 if section.plan.entries else 0)
    reported = [*text.outcomes(section.report), *notices.summarised([section])]
    for line in [*lines, *reported]:
        assert line.isprintable()
        assert make.secret_text not in line
    assert all(re.match(r"(  )*[-+~] |! |# ", f"{line} ") for line in lines)


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"])),
)


def spellings(scalar):
    """What is written of another type in a way that looks like *scalar*."""
    return st.sampled_from([str(scalar), json.dumps(scalar), inline(scalar)])


@settings(max_examples=100)
@given(data=st.data(), before=SCALARS)
def test_two_sides_that_differ_look_different(data, before):
    after = data.draw(st.one_of(SCALARS, spellings(before)))
    if json.dumps(before) != json.dumps(after):
        shown, beside = inline_sides(before, after)
        assert shown != beside
        assert shown.isprintable()


@settings(max_examples=30)
@given(data=st.data())
def test_json_is_ascii_that_reads_back_without_a_secret(data, sections, make):
    drawn = data.draw(st.lists(sections, max_size=2))
    said = document("check", drawn, 0)
    assert said.isascii()
    assert make.secret_text not in said
    assert len(json.loads(said)["places"]) == len(drawn)


@settings(max_examples=30)
@given(data=st.data())
def test_markdown_keeps_everything_in_code(data, sections, make):
    section = data.draw(sections)
    said = comment("check", [section])
    assert make.secret_text not in said
    assert all(line.isprintable() for line in said.split("\n"))
    outside, _, folded = said.partition("<details>")
    bare = re.sub(r"<code>([\w\s-]|&#\d+;)*</code>", "", outside)
    for wrong in ("<script", "</details", "](", "@everyone", "`"):
        assert wrong not in bare
    if folded:
        fence = re.search(r"^(`+)diff$", folded, re.MULTILINE)[1]
        assert folded.count(f"\n{fence}\n") == 1
        body = folded.partition(f"{fence}diff\n")[2].partition(f"\n{fence}")[0]
        assert all(line[:2] in {"+ ", "- ", "! "} for line in body.split("\n"))


@settings(max_examples=30)
@given(data=st.data())
def test_the_diff_of_a_plan_is_empty_only_where_the_plan_is_and_shows_no_secret(data, sections, make):
    section = data.draw(sections)
    diff = to_diff(section.plan.entries)
    assert diff.is_empty() == (not section.plan.entries)
    assert make.secret_text not in str(diff) + repr(diff)
    assert all(line.isprintable() for line in str(diff).split("\n"))
