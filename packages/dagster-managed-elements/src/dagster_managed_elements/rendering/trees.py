"""A plan or a diff as a tree of signed lines: what text and Markdown are made of. Knows no kind and no colour."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, TypeAlias, cast

from dagster_managed_elements.engine.changes import FieldChange
from dagster_managed_elements.engine.planning import Plan
from dagster_managed_elements.engine.presentation import Entry, labels
from dagster_managed_elements.engine.secrets import Secret
from dagster_managed_elements.engine.values import ABSENT
from dagster_managed_elements.rendering.sections import Difference, Section
from dagster_managed_elements.rendering.values import escape, inline, inline_sides, visible

Sign: TypeAlias = Literal["+", "-", "~", "!"]
_SIGNS: Final[Mapping[str, Sign]] = {"create": "+", "delete": "-", "update": "~", "replace": "~"}


@dataclass(frozen=True, slots=True)
class Node:
    """A line, and the lines under it. A line with *inner* ones, or without *text*, is a heading."""

    sign: Sign
    label: str
    text: str | None = None
    inner: tuple[Node, ...] = ()

    @property
    def is_block(self) -> bool:
        return self.text is None


@dataclass(frozen=True, slots=True)
class Line:
    depth: int
    sign: Sign
    text: str


def tree(section: Section) -> tuple[Node, ...]:
    if section.plan is not None:
        return of_plan(section.plan)
    return of_diff(section.diff) if section.diff is not None else ()


def of_plan(plan: Plan) -> tuple[Node, ...]:
    """One block an entry, in the order of the plan."""
    named = zip(plan.entries, labels(plan.entries), strict=True)
    return tuple(_entry(entry, label) for entry, label in named)


def _entry(entry: Entry, label: str) -> Node:
    note = entry.aside
    heading = escape(f"{label} ({note})" if note else label)
    return Node(
        _SIGNS.get(entry.action, "~"),
        heading,
        inner=_nodes(part for changed in entry.fields for part in changed.parts),
    )


def _nodes(changes: Iterable[FieldChange]) -> tuple[Node, ...]:
    """Scalars before blocks, and otherwise the order given."""
    groups: dict[str, list[FieldChange]] = {}
    for change in changes:
        groups.setdefault(change.path[0] if change.path else "", []).append(change)
    nodes = [node for name, group in groups.items() for node in _group(escape(name), group)]
    return _scalars_first(nodes)


def _group(label: str, group: Sequence[FieldChange]) -> Iterator[Node]:
    yield from (_leaf(label, change) for change in group if len(change.path) <= 1)
    if deeper := [replace(change, path=change.path[1:]) for change in group if len(change.path) > 1]:
        yield _block(label, _nodes(deeper))


def _block(label: str, inner: tuple[Node, ...]) -> Node:
    mixed = len({node.sign for node in inner}) != 1
    return Node("~" if mixed else inner[0].sign, label, inner=inner)


def _leaf(label: str, change: FieldChange) -> Node:
    if change.after is ABSENT:
        return _value("-", label, visible(change.before))
    if change.before is ABSENT:
        return _value("+", label, visible(change.after))
    before, after = inline_sides(change.before, change.after)
    return Node("~", label, f"{before} -> {after}{_because(change)}")


def _because(change: FieldChange) -> str:
    """Of a secret, whose sides look alike: who changed it."""
    match change.why, change.after:
        case "changed-on-server", _:
            return " (changed on the server)"
        case "unconfirmed", _:
            return " (an apply was cut off while it was sent)"
        case "sent-along", _:
            return " (sent along as declared)"
        case "changed-in-code", Secret(reference=reference):
            return f" ({_CHANGED.get(reference.partition(':')[0], 'changed in the code')})"
        case _:
            return ""


_CHANGED: Final = {
    "env": "changed in the environment",
    "file": "changed in its file",
    "call": "has another reference",
}


def _value(sign: Sign, label: str, value: Any) -> Node:
    if isinstance(value, Mapping) and value:
        fields = cast("Mapping[Any, Any]", value)
        return Node(sign, label, inner=_scalars_first(_value(sign, inline(k), v) for k, v in fields.items()))
    return Node(sign, label, inline(value))


def _scalars_first(nodes: Iterable[Node]) -> tuple[Node, ...]:
    return tuple(sorted(nodes, key=lambda node: node.is_block))


def of_diff(diff: Iterable[Difference]) -> tuple[Node, ...]:
    """A third party's diff, scalars before blocks."""
    return _scalars_first(_difference(difference) for difference in diff)


def _difference(difference: Difference) -> Node:
    label = escape(difference.key)
    if difference.inside:
        return _block(label, of_diff(difference.inside))
    return _leaf(label, FieldChange((difference.key,), difference.before, difference.after))


def flattened(nodes: Iterable[Node], depth: int = 0) -> Iterator[Line]:
    """The lines of a tree from top to bottom: `key:`, `key: value` or `key: before -> after`."""
    for node in nodes:
        yield Line(depth, node.sign, f"{node.label}: {node.text or ''}".rstrip())
        yield from flattened(node.inner, depth + 1)
