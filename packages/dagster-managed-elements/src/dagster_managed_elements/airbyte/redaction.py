"""What of an answer of Airbyte's may be kept: not what is secret, also where a server shows it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, cast

from dagster_managed_elements.airbyte.mappers import is_secret
from dagster_managed_elements.engine.secrets import sounds_secret
from dagster_managed_elements.engine.values import SECRET_MASK, Path, mapped_at

_CONFIGURATIONS: Final = frozenset({"connectionConfiguration", "configuration"})


def redacted(answer: Any) -> Any:
    """*answer* with the mask in the place of every text that is secret, or by its key sounds so.

    Walked by hand down to configurations: whole objects are taken out of it, not leaves alone.
    """
    if isinstance(answer, Mapping):
        fields = cast("Mapping[str, Any]", answer)
        if "stateType" in fields:  # a sync state has values of rows
            return {"stateType": fields["stateType"]}
        return {key: _redacted(key, value, fields) for key, value in fields.items()}
    return [redacted(row) for row in cast("list[Any]", answer)] if isinstance(answer, list) else answer


def _redacted(key: str, value: Any, beside: Mapping[str, Any]) -> Any:
    if key in _CONFIGURATIONS:
        return _masked(value, sounds_secret)
    if key == "mapperConfiguration":
        return _masked(value, partial(is_secret, str(beside.get("type"))))
    if key == "jobInfo" and isinstance(value, Mapping):  # another one each time, and a connector's own words
        return {name: inner for name, inner in cast("Mapping[str, Any]", value).items() if name == "succeeded"}
    if key == "webhook" and isinstance(value, str) and value:
        return SECRET_MASK
    return redacted(value)


def _masked(value: Any, secret: Callable[[str], bool]) -> Any:
    def masked(path: Path, leaf: Any) -> Any:
        is_text = isinstance(leaf, (str, int, float)) and not isinstance(leaf, bool) and leaf != ""
        return SECRET_MASK if is_text and any(map(secret, path)) else leaf

    return mapped_at(value, masked)
