"""A value as a reader may see it: references by name, secrets masked, nothing that could steer a terminal.

The one place that masks. Every text, table and document of this library takes its values from here.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from dagster_managed_elements.engine.elements import SECRET_MASK, Key, Later, Masked, Named, Ref, Secret
from dagster_managed_elements.engine.planning import Entry

EMPTY: Final = '""'


def visible(value: Any) -> Any:
    """*value* as plain JSON, without a marker in it and without a secret."""
    match value:
        case Later():
            return visible(value.value)
        case Mapping():
            fields = cast("Mapping[Any, Any]", value)
            return {str(_named(key)): visible(inner) for key, inner in fields.items()}
        case list() | tuple():
            return [visible(inner) for inner in cast("list[Any]", value)]
        case _:
            return _scalar(_named(value))


def _named(value: Any) -> Any:
    match value:
        case Secret() | Masked():
            return SECRET_MASK
        case Key():
            return value.name
        case Named():
            return value.label
        case Ref():
            return value.id
        case _:
            return value


def _scalar(value: Any) -> Any:
    if value is None or type(value) in {bool, int} or (type(value) is float and math.isfinite(value)):
        return value
    # A subclass of str (an enumeration, the name of a variable) may print as something else than it is.
    return str.__str__(value) if isinstance(value, str) else str(value)


def inline(value: Any) -> str:
    """*value* on one line, as it stands after `key: `; strings as they are, lists and maps as JSON."""
    shown = visible(value)
    if isinstance(shown, (list, dict)):
        return escape(json.dumps(shown, ensure_ascii=False))
    return escape(str(shown))


def escape(text: str) -> str:
    r"""*text* with every character that is not printable as `\n`, `\x1b`, `\u202e` ...

    Names and values come from servers: none may begin a line, colour a terminal or reverse the text after it.
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else _escaped(each) for each in text)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def labels(entries: Sequence[Entry]) -> list[str]:
    """A name for each entry: its own, with its kind where two kinds share it, with its id where even that
    leaves two alike.
    """
    names = Counter(entry.key.name for entry in entries)
    keys = Counter(entry.key for entry in entries)

    def label(entry: Entry) -> str:
        if names[entry.key.name] == 1:
            return entry.key.name
        return f"{entry.key.name} ({entry.key.kind}{f' {entry.id}' if keys[entry.key] > 1 else ''})"

    return [label(entry) for entry in entries]


def aside(entry: Entry) -> str:
    """What is said behind the name of an entry: whether it is replaced, and on whose account."""
    if entry.action == "replace":
        return f"replaced with {entry.cause.name}" if entry.cause else "replaced"
    return f"deleted with {entry.cause.name}" if entry.cause else ""
