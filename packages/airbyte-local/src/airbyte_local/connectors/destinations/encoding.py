"""Values as JSON text and as text that databases take: what is no JSON is refused, never changed in silence."""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any, cast

from airbyte_local.connectors.protocol import ConnectorFailed
from airbyte_local.model.json_values import Json, is_list, is_object, mapped

REPLACEMENT = "\ufffd"  # Unicode's own sign for a character that could not be kept
UUIDS_AT_ONCE = 256
to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False, check_circular=False).encode
"""Compact JSON text. Raises ValueError for NaN, TypeError for what is no JSON, RecursionError for deep nesting."""
NO_JSON = (ValueError, TypeError, RecursionError)
KINDS = {bool: "a boolean", int: "an integer", float: "a number", str: "a text", list: "a list", dict: "an object"}


class Misfit(Exception):
    """A value that its column cannot hold. The text is of the kind of the value, and never the value itself."""


def described(value: Any) -> str:
    """The kind of a JSON value in words that may be shown."""
    if isinstance(value, float) and value - value != 0:
        return "NaN or an infinity"
    return "null" if value is None else KINDS.get(cast(Any, type(value)), "what is no JSON")


def json_text(value: Any) -> str:
    """As `to_json`.

    Raises:
        Misfit: JSON has no such value.
    """
    try:
        return to_json(value)
    except RecursionError as error:
        raise Misfit(f"{described(value)} nested too deeply") from error
    except (ValueError, TypeError) as error:
        inner = (
            "" if not (is_object(value) or is_list(value)) else " that holds NaN, an infinity or what is no JSON"
        )
        raise Misfit(f"{described(value)}{inner}") from error


def misfit(stream: str, column: str, error: Misfit, kind: str = "JSON") -> ConnectorFailed:
    return ConnectorFailed(f"Stream {stream!r}, column {column!r}: {error} does not fit {kind}")


def no_json(stream: str, data: Json) -> ConnectorFailed:
    """What to say of a row that `to_json` has refused."""
    for column, value in data.items():
        try:
            json_text(value)
        except Misfit as error:  # noqa: PERF203 - once a job
            return misfit(stream, column, error)
    return ConnectorFailed(f"Stream {stream!r}: a row nested too deeply")


def to_bytes(text: str) -> bytes:
    """JSON text in UTF-8: half a surrogate pair, which UTF-8 does not have, becomes its JSON escape."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace")


def in_quotes(text: str) -> str:
    """As a cell of CSV."""
    return '"' + text.replace('"', '""') + '"'


def without(text: str, *, nul: bool) -> str:
    """*text* with U+FFFD for half surrogate pairs and, where *nul*, for U+0000."""
    found = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return found.replace("\0", REPLACEMENT) if nul else found


def deeply_without(value: Any, *, nul: bool) -> Any:
    """As `without`, for every text in a JSON value."""
    text = functools.partial(without, nul=nul)
    return mapped(value, lambda leaf: text(leaf) if isinstance(leaf, str) else leaf, key=text)


def raw_ids() -> Iterator[str]:
    """Random UUIDs (version 4) without end: one call to the system for many, a quarter of the time of `uuid4`."""
    while True:
        digits = os.urandom(16 * UUIDS_AT_ONCE).hex()
        for at in range(0, len(digits), 32):
            yield (
                f"{digits[at : at + 8]}-{digits[at + 8 : at + 12]}-4{digits[at + 13 : at + 16]}-"
                f"{'89ab'[int(digits[at + 16], 16) & 3]}{digits[at + 17 : at + 20]}-{digits[at + 20 : at + 32]}"
            )


@functools.lru_cache(maxsize=16)
def moment_text(at: int) -> str:
    """Milliseconds since 1970 as ISO text in UTC; a source says the same one many times over."""
    seconds, rest = divmod(at, 1000)
    moment = datetime.fromtimestamp(seconds, timezone.utc).replace(microsecond=rest * 1000)
    return moment.isoformat(timespec="milliseconds")
