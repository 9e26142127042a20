"""Blanks secrets out of what a server said: servers echo what they were sent."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable
from functools import reduce
from typing import Final
from urllib.parse import quote, quote_plus

MASK: Final = "**********"


def redact(text: str, secrets: Iterable[str]) -> str:
    """*text* with each of *secrets* replaced by the mask, in every spelling a server may give it back in."""
    spellings = {spelling for secret in secrets for spelling in _spellings(secret)}
    ordered = sorted(spellings - {"", MASK}, key=lambda spelling: (-len(spelling), spelling))
    return reduce(lambda cleaned, spelling: cleaned.replace(spelling, MASK), ordered, text)


def _spellings(secret: str) -> Iterable[str]:
    """As it is, its long lines, quoted in JSON (once, and within quoted JSON), in a URL, in HTML."""
    yield secret
    yield from (line for line in secret.splitlines() if len(line) >= _LINE)
    for ascii_only in (True, False):
        quoted = _inside(secret, ascii_only=ascii_only)
        yield quoted
        yield _inside(quoted, ascii_only=ascii_only)
    yield from (quote(secret, safe=""), quote_plus(secret), html.escape(secret))


def _inside(text: str, *, ascii_only: bool) -> str:
    return json.dumps(text, ensure_ascii=ascii_only)[1:-1]


_LINE: Final = 8
"""A line of a longer secret (a private key) is secret from this length on; shorter ones are like `}`."""
