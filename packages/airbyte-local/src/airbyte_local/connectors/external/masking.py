"""Takes the secrets of a configuration out of what a connector says."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, quote_plus

from airbyte_local.model.configurations import MASK, split
from airbyte_local.model.json_values import Json, leaves, mapped

ANYWHERE = 6
"""Characters from which on a secret is masked also within a longer word; a shorter one only where it stands alone.

The vendor's own masking takes single letters out of every word. Those are not masked here: what is that short is no
secret, and the text would not be one either.
"""
SHORTEST = 2


class Masking:
    """Made for one configuration and its specification; takes text, or JSON with texts in it."""

    def __init__(self, specification: Json, configuration: Json) -> None:
        found: list[Any] = []
        split(specification, configuration, None, lambda value, _coordinate: found.append(value) or "")
        values = {form for text in _texts(found) for form in _forms(text) if len(form) >= SHORTEST}
        # The longest first: of two secrets, one of which begins with the other, nothing is left over.
        patterns = [_pattern(value) for value in sorted(values, key=len, reverse=True)]
        self._pattern = re.compile("|".join(patterns)) if patterns else None

    def text(self, text: str) -> str:
        return self._pattern.sub(MASK, text) if self._pattern else text

    def texts(self, value: Any) -> Any:
        """As `text`, in every text within *value*; keys stay."""
        mask = self.text
        return mapped(value, lambda leaf: mask(leaf) if isinstance(leaf, str) else leaf) if self._pattern else value


def _pattern(value: str) -> str:
    return re.escape(value) if len(value) >= ANYWHERE else rf"(?<!\w){re.escape(value)}(?!\w)"


def _texts(value: Any) -> Iterator[str]:
    """Every text and number within, also those of a JSON text, as keys of service accounts are."""
    for leaf in leaves(value):
        if isinstance(leaf, str | int | float) and not isinstance(leaf, bool):
            yield str(leaf)
        if isinstance(leaf, str) and leaf.lstrip().startswith("{"):
            with contextlib.suppress(ValueError):
                yield from (text for text in _texts(json.loads(leaf)) if len(text) >= ANYWHERE)


def _forms(text: str) -> Iterator[str]:
    """As programs print it: as it is, quoted, in an address; and line by line, for that is how it is read."""
    yield text
    yield json.dumps(text)[1:-1]
    yield repr(text)[1:-1]
    yield quote(text, safe="")
    yield quote_plus(text)
    if "\n" in text:
        yield from (line.strip() for line in text.splitlines() if len(line.strip()) > ANYWHERE)
