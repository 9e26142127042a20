"""Plain values as Python literals. Pure. What a text holds stays a text: quotes, line breaks, anything unprintable
and anything that changes the direction of reading are escaped.
"""

from __future__ import annotations

import math
import re


def text_literal(text: str) -> str:
    """In double quotes, unless that takes more escapes, as formatters have it."""
    quote = '"' if text.count('"') <= text.count("'") else "'"
    return f"{quote}{''.join(_escaped(character, quote) for character in text)}{quote}"


def _escaped(character: str, quote: str) -> str:
    if character in ("\\", quote):
        return f"\\{character}"
    return character if character in "'\"" else repr(character)[1:-1]


def number_literal(number: float) -> str:
    """As formatters have it: no sign in an exponent that needs none. ValueError for what is no number of JSON."""
    if isinstance(number, float) and not math.isfinite(number):
        raise ValueError("it is no number that JSON has")
    return re.sub(r"e\+?(-?)0*(?=\d)", r"e\1", repr(number))


def comment_text(text: str) -> str:
    """*text* on one line, of which nothing can be taken for code."""
    return "".join(letter if letter.isprintable() else _escaped(letter, "") for letter in text).rstrip()
