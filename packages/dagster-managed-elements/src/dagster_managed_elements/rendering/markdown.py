"""Sections as a pull-request comment: a summary table, the lines folded away, short enough for GitHub.

Names and values stand only in `<code>` with entities or in a fence longer than any in them: none can become a link,
a mention, a heading or HTML.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from dagster_managed_elements.rendering.documents import Verb
from dagster_managed_elements.rendering.sections import Section, in_sync, partial
from dagster_managed_elements.rendering.text import totals
from dagster_managed_elements.rendering.trees import Line, Node, flattened, tree
from dagster_managed_elements.rendering.values import escape

_MOST_ROWS: Final = 50
_MOST_CELL: Final = 120
_LONGEST: Final = 60_000
"""Of a comment, in characters: GitHub refuses one of more than 65,536."""
_NOTHING: Final = {
    "check": "in sync",
    "apply": "no changes applied",
    "destroy": "nothing to destroy",
    "undo": "nothing to undo",
}
_WORDS: Final = ("create", "update", "replace", "delete")


def comment(verb: Verb, sections: Sequence[Section]) -> str:
    """The comment; its first line marks it, so that a later run can find it and write over it."""
    parts = [f"<!-- dagster-me {verb} -->", f"### {_title(verb, sections)}"]
    parts += [block for section in sections for block in _section(section)]
    head = "\n\n".join(parts)
    if len(head) > _LONGEST:
        return "\n\n".join([*parts[:2], "Too long for a comment: `--output json` has all of it."])
    return "\n\n".join([head, *_details(sections, _LONGEST - len(head))])


def _title(verb: Verb, sections: Sequence[Section]) -> str:
    if in_sync(sections):
        return f"dagster-me {verb}: {_NOTHING[verb]}"
    failed = sum(section.error is not None for section in sections)
    said = [_counted(sections)] if any(not section.is_empty for section in sections) else []
    said += [f"{failed} failed"] if failed else []
    return f"dagster-me {verb}: {', '.join(said)}"


def _counted(sections: Iterable[Section]) -> str:
    planned = [entry.action for section in sections if section.plan for entry in section.plan.entries]
    third_party = ["update" for section in sections if section.diff for _ in tree(section)]
    counts = Counter([*planned, *third_party])
    return ", ".join(f"{counts[word]} to {word}" for word in _WORDS if counts[word])


def _section(section: Section) -> Iterator[str]:
    if section.plan is not None and section.plan.entries:
        yield _table(section)
    if section.plan is not None and (said := partial(section.plan)):
        yield f"Only a part is planned: {said}."
    if section.plan is not None and section.plan.consequences:
        texts = (f"> - {_code(consequence.text)}" for consequence in section.plan.consequences)
        yield "\n".join(["> [!WARNING]", "> What this brings with it:", *texts])
    if section.plan is not None and section.plan.undeclared:
        rows = [(_code(undeclared.key.name), _code(undeclared.key.kind)) for undeclared in section.plan.undeclared]
        summary = f"<summary>Not declared, and left as it is: {len(rows)}</summary>"
        yield f"<details>{summary}\n\n{_rows(('Element', 'Kind'), rows)}\n\n</details>"
    if section.report is not None and not section.report.ok:
        rows = [
            (outcome.status, _code(str(outcome.step)), _code(outcome.reason))
            for outcome in section.report.outcomes
            if outcome.status != "done"
        ]
        yield f"**{totals([section.report])}**"
        yield _rows(("Outcome", "Operation", "Reason"), rows)
    if section.error is not None:
        lines = "\n".join(f"> {_code(line)}  " for line in str(section.error).splitlines())
        yield f"> [!CAUTION]\n{lines or '> ' + type(section.error).__name__}"


def _table(section: Section) -> str:
    entries = section.plan.entries if section.plan else ()
    rows = [
        (entry.action, _code(entry.key.name), _code(entry.key.kind), _fields(node))
        for entry, node in zip(entries, tree(section), strict=True)
    ]
    return _rows(("", "Element", "Kind", "Fields"), rows)


def _fields(node: Node) -> str:
    shown = ", ".join(inner.label for inner in node.inner)
    return _code(shown)


def _rows(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows[:_MOST_ROWS]]
    table = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
    return table if len(rows) <= _MOST_ROWS else f"{table}\n\nand {len(rows) - _MOST_ROWS} more."


def diff_block(sections: Iterable[Section]) -> str:
    """What differs alone, fenced: for a reader of Markdown that shows no HTML."""
    lines = [line for section in sections for line in flattened(tree(section))]
    return _fenced([f"{line.sign} {'  ' * line.depth}{line.text}" for line in lines], _LONGEST)


def list_block(texts: Iterable[str]) -> str:
    """A line for each of *texts*, fenced: none of them can become anything but text."""
    return _fenced([escape(" ".join(text.split())) for text in texts], _LONGEST, language="")


def _details(sections: Iterable[Section], room: int) -> Iterator[str]:
    lines = [_drawn(line) for section in sections for line in flattened(tree(section))]
    if lines:
        summary = f"<summary>{len(lines)} {'line' if len(lines) == 1 else 'lines'} of changes</summary>"
        yield f"<details>{summary}\n\n{_fenced(lines, room)}\n\n</details>"


def _fenced(lines: Sequence[str], room: int, language: str = "diff") -> str:
    """As many of *lines* as there is *room* for, and how many are left out."""
    kept, size = 0, 0
    while kept < len(lines) and size + len(lines[kept]) < room:
        size += len(lines[kept]) + 1
        kept += 1
    body = "\n".join(lines[:kept])
    longest = max((len(run) for run in re.findall("`+", body)), default=0)
    fence = "`" * max(3, longest + 1)
    more = f"\n\n{len(lines) - kept} more lines are left out." if kept < len(lines) else ""
    return f"{fence}{language}\n{body}\n{fence}{more}"


def _drawn(line: Line) -> str:
    """The sign goes to the edge, where GitHub colours it; a change is `!` there, in orange."""
    sign = "!" if line.sign == "~" else line.sign
    return f"{sign} {'  ' * line.depth}{line.text}"


def _code(text: str) -> str:
    shown = escape(" ".join(text.split()))
    if not shown:
        return ""
    shown = shown if len(shown) <= _MOST_CELL else f"{shown[:_MOST_CELL]} ..."
    safe = "".join(letter if letter.isalnum() or letter in " -" else f"&#{ord(letter)};" for letter in shown)
    return f"<code>{safe}</code>"
