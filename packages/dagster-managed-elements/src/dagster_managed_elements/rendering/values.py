"""A value as a reader may see it: references by name, secrets masked, nothing that could steer a terminal.

The one place that masks what is shown: every text, table and document of this library takes its values from here.
What is kept is masked by who keeps it, before it is kept.
"""

from __future__ import annotations

import json
import math
from typing import Any, Final

from dagster_managed_elements.engine.secrets import Secret
from dagster_managed_elements.engine.values import (
    SECRET_MASK,
    Key,
    Later,
    Masked,
    Named,
    Ref,
    mapped,
    replaced,
    walk,
)

EMPTY: Final = '""'

SANITIZE_KEY_KEYWORDS: Final = ["password", "token", "secret", "ssh_key", "credentials_json", "access_key_id"]
SANITIZE_KEY_EXACT_MATCHES: Final = ["pat"]


def is_key_secret(key: str) -> bool:
    """Whether a key sounds like a secret's. Only diffs that come without a specification are masked by it.

    Args:
        key: That of a setting.
    """
    return key in SANITIZE_KEY_EXACT_MATCHES or any(word in key for word in SANITIZE_KEY_KEYWORDS)


def masked_by_name(key: str, value: Any) -> Any:
    """*value* as it may be printed under *key*: masked where the key, or one inside the value, sounds secret."""
    shown = {key: visible(value)}
    steps = ((path[: depth + 1], step) for path, _ in walk(shown) for depth, step in enumerate(path))
    return replaced(shown, {path: SECRET_MASK for path, step in steps if is_key_secret(step)})[key]


def visible(value: Any) -> Any:
    """*value* as plain JSON, without a marker in it and without a secret."""
    return mapped(value, _visible_leaf, key=lambda key: str(_unmarked(key)))


def _visible_leaf(leaf: Any) -> Any:
    return visible(leaf.value) if isinstance(leaf, Later) else _scalar(_unmarked(leaf))


def _unmarked(value: Any) -> Any:
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


def inline_sides(before: Any, after: Any) -> tuple[str, str]:
    """Two different values, each on one line; where they look alike ("5" and 5), the text of them in quotes."""
    sides = (inline(before) or EMPTY, inline(after) or EMPTY)
    if sides[0] != sides[1] or SECRET_MASK in sides:
        return sides
    quoted = (escape(json.dumps(side, ensure_ascii=False)) for side in (visible(before), visible(after)))
    return next(quoted), next(quoted)


def escape(text: str) -> str:
    r"""*text* with every character that is not printable as `\n`, `\x1b`, `\u202e` ...

    Names and values come from servers: none may begin a line, colour a terminal or reverse the text after it.
    """
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else _escaped(letter) for letter in text)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
