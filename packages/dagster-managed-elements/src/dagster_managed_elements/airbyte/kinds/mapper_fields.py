"""Which fields a stream's mappers read and make, each after those before it have had their way, and their keys.

Airbyte refuses a mapper of a field that is not there by then, one that makes a field that is, and a key with which
it cannot encrypt. What a mapper of an unknown type does, nobody knows.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final, cast

from dagster_managed_elements.airbyte.kinds.field_paths import names_told
from dagster_managed_elements.airbyte.near_names import NearNames
from dagster_managed_elements.engine.errors import DeclarationError
from dagster_managed_elements.engine.secrets import Secret

_RENAMING = frozenset({"hashing", "encryption"})
_HEX: Final = r"[0-9a-fA-F]"
_KEYS: Final = {
    "key": (rf"{_HEX}{{32}}({_HEX}{{16}}){{0,2}}", "a key of 32, 48 or 64 hexadecimal digits"),
    "publicKey": (rf"({_HEX}{{2}})+", "a public key in hexadecimal digits"),
}


def wrong_keys(mappers: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Of each mapper that encrypts why it cannot, as far as its key may be read at every check."""
    for configuration in (mapper["encryption"] for mapper in mappers if "encryption" in mapper):
        for name, (pattern, wanted) in _KEYS.items():
            key = _readable(configuration.get(name))
            if key is not None and not re.fullmatch(pattern, str(key)):
                yield f"its mapper encryption wants {wanted}"


def _readable(key: Any) -> Any:
    """None where it is not there, or not to be read now; one that should be there is a problem of its own."""
    if not isinstance(key, Secret):
        return key if isinstance(key, str) else None
    try:
        return key.read() if key.cheap else None
    except DeclarationError:
        return None


def unusable(mappers: Sequence[Mapping[str, Any]], columns: Collection[str]) -> Iterator[str]:
    """Of the first mapper that cannot do it why: what it reads is none of *columns*, as they are by then (with what
    comes nearest), or what it makes is one already.
    """
    there = dict.fromkeys(columns)
    for kind, configuration in ((kind, own) for mapper in mappers for kind, own in mapper.items()):
        for name in _read(kind, configuration):
            if name not in there:
                near = NearNames(there).near(name)
                told = f"; it has {', '.join(near)}" if near else names_told(there)
                yield f"its mapper {kind} has no field {name} to read{told}"
                return
        if kind in _RENAMING or kind == "field-renaming":
            (old,) = _read(kind, configuration)
            new = str(configuration.get("newFieldName", f"{old}{configuration.get('fieldNameSuffix', '')}"))
            del there[old]
            if not new or new in there:
                yield f"its mapper {kind} makes {new!r} of {old}, {'which is there already' if new else 'no name'}"
                return
            there[new] = None
        elif kind == "field-filtering":
            del there[configuration["targetField"]]
        elif kind != "row-filtering":
            return


def _read(kind: str, configuration: Mapping[str, Any]) -> Iterator[str]:
    if kind == "row-filtering":
        yield from _compared(configuration.get("conditions"))
    elif kind == "field-renaming":
        yield str(configuration.get("originalFieldName"))
    elif kind in _RENAMING or kind == "field-filtering":
        yield str(configuration.get("targetField"))


def _compared(condition: Any) -> Iterator[str]:
    """The fields that a condition compares, however deep."""
    if isinstance(condition, Mapping):
        own = cast("Mapping[str, Any]", condition)
        if isinstance(name := own.get("fieldName"), str):
            yield name
        for inner in cast("Sequence[Any]", own.get("conditions") or ()):
            yield from _compared(inner)
