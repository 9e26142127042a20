"""Expressions as lines, laid out as ruff and black lay them out, so that neither changes one. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

WIDTH: Final = 88
"""Characters of a line; wider settings of a formatter leave what was written narrower alone."""

_INDENT: Final = "    "


@dataclass(frozen=True, slots=True)
class Bracketed:
    """`opening item, item closing`; an opening may have a name before its bracket."""

    opening: str
    items: Sequence[Item]
    closing: str
    is_tuple: bool = False


@dataclass(frozen=True, slots=True)
class Labelled:
    """`label=value` in a call, or `label: value` in a dict, by its *sign*."""

    label: Expression
    sign: str
    value: Expression


Expression: TypeAlias = "str | Bracketed"
Item: TypeAlias = "Expression | Labelled"


def flat(item: Item) -> str:
    """On one line, however long."""
    match item:
        case str():
            return item
        case Labelled(label, sign, value):
            return f"{flat(label)}{sign}{flat(value)}"
        case Bracketed(opening, items, closing, is_tuple):
            comma = "," if is_tuple and len(items) == 1 else ""
            return f"{opening}{', '.join(map(flat, items))}{comma}{closing}"


def assigned(name: str, value: Expression) -> str:
    """`name = value`, in as many lines as it takes."""
    return "\n".join(_lines(value, f"{name} = ", "", ""))


def _lines(item: Item, before: str, after: str, indent: str) -> Iterator[str]:
    """*item* behind *before*, which is indented already, with *after* at its end."""
    whole = f"{before}{flat(item)}{after}"
    if len(whole) <= WIDTH or isinstance(item, str):
        yield whole
    elif isinstance(item, Labelled):
        yield from _labelled(item, before, after, indent)
    elif not item.items:
        yield whole
    else:
        yield from _broken(item, before, after, indent)


def _broken(item: Bracketed, before: str, after: str, indent: str) -> Iterator[str]:
    """One line an item, or more."""
    yield f"{before}{item.opening}"
    for inner in item.items:
        yield from _lines(inner, f"{indent}{_INDENT}", ",", f"{indent}{_INDENT}")
    yield f"{indent}{item.closing}{after}"


def _labelled(item: Labelled, before: str, after: str, indent: str) -> Iterator[str]:
    value, label = item.value, flat(item.label)
    breaks = isinstance(value, Bracketed) and value.items
    first = f"{before}{label}{item.sign}{value.opening if isinstance(value, Bracketed) and breaks else flat(value)}"
    if isinstance(item.label, str) or len(first if breaks else f"{first}{after}") <= WIDTH:
        yield from _lines(value, f"{before}{label}{item.sign}", after, indent)
        return
    *opened, closing = _broken(item.label, before, "", indent)
    yield from opened
    yield from _lines(value, f"{closing}{item.sign}", after, indent)
