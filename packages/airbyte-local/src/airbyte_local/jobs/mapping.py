"""What happens to the rows of one stream on their way: fields selected, hashed, renamed, left out. Pure.

The mappers are the vendor's (https://docs.airbyte.com/platform/using-airbyte/mappings). Those that this cannot do
are refused before a row is read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from airbyte_local.jobs.failures import AttemptFailed, Failure
from airbyte_local.model.json_values import Json, dumps

Change = Callable[[Json], Json]
HASHES = {
    "MD5": "md5",
    "SHA-1": "sha1",
    "SHA-224": "sha224",
    "SHA-256": "sha256",
    "SHA-384": "sha384",
    "SHA-512": "sha512",
}


@dataclass(slots=True)
class RowMapping:
    """Changes to the rows of one stream, in their order, and what they make of its fields."""

    properties: Json
    changes: list[Change] = field(default_factory=list[Change])
    names: dict[str, str | None] = field(default_factory=dict[str, "str | None"])
    """Where a field of the source went: another name, or None where it is left out."""

    def change(self) -> Change | None:
        """All changes as one; None where a row stays as it is."""
        if not self.changes:
            return None
        if len(self.changes) == 1:
            return self.changes[0]
        return partial(_apply, tuple(self.changes))

    def path(self, path: Iterable[str]) -> tuple[str, ...] | None:
        """A cursor or key under the name that its field has at the destination; None: it does not get there."""
        first, *rest = path
        name = self.names.get(first, first)
        return None if name is None else (name, *rest)

    def follow(self, old: str, new: str | None) -> None:
        """What is called *old* by now, whatever it was called at first, goes on as *new*."""
        before = [first for first, name in self.names.items() if name == old]
        if not before and old not in self.names:
            before = [old]
        self.names.update(dict.fromkeys(before, new))


def row_mapping(stream: Json, config: Json) -> RowMapping:
    """Raises:
    AttemptFailed: a mapper that is not known here.
    """
    properties = dict(stream.get("jsonSchema", {}).get("properties") or {})
    found = RowMapping(properties=properties)
    if config.get("fieldSelectionEnabled"):
        _select(found, {each["fieldPath"][0] for each in config.get("selectedFields", []) if each.get("fieldPath")})
    for hashed in config.get("hashedFields", []):
        _hash(found, {"targetField": hashed["fieldPath"][0], "method": "SHA-256", "fieldNameSuffix": "_hashed"})
    for mapper in config.get("mappers", []):
        act = MAPPERS.get(mapper["type"])
        if act is None:
            known = ", ".join(MAPPERS)
            message = f"Stream {stream['name']}: mapper {mapper['type']} is not known here, only {known}."
            raise AttemptFailed(Failure(origin="replication", kind="config_error", message=message))
        act(found, mapper["mapperConfiguration"])
    return found


def _apply(changes: tuple[Change, ...], row: Json) -> Json:
    for change in changes:
        row = change(row)
    return row


def _select(mapping: RowMapping, selected: set[str]) -> None:
    mapping.properties = {name: each for name, each in mapping.properties.items() if name in selected}
    mapping.changes.append(lambda row: {name: value for name, value in row.items() if name in selected})


def _hash(mapping: RowMapping, configuration: Json) -> None:
    field_name: str = configuration["targetField"]
    method = str(configuration.get("method", "SHA-256"))
    name = HASHES.get(method)
    if name is None:
        message = f"Hashing by {method} is not known here, only {', '.join(HASHES)}."
        raise AttemptFailed(Failure(origin="replication", kind="config_error", message=message))
    target = f"{field_name}{configuration.get('fieldNameSuffix') or '_hashed'}"
    _move(mapping, field_name, target, {"type": "string"})
    mapping.changes.append(partial(_hashed, field_name, target, name))


def _hashed(field_name: str, target: str, method: str, row: Json) -> Json:
    if field_name not in row:
        return row
    value = row[field_name]
    found = {name: each for name, each in row.items() if name != field_name}
    text = value if isinstance(value, str) else dumps(value)
    digest = hashlib.new(method, text.encode("utf-8", "surrogatepass"), usedforsecurity=False)
    found[target] = None if value is None else digest.hexdigest()
    return found


def _rename(mapping: RowMapping, configuration: Json) -> None:
    old: str = configuration["originalFieldName"]
    new: str = configuration["newFieldName"]
    _move(mapping, old, new, mapping.properties.get(old, {}))
    mapping.changes.append(
        lambda row: {new if name == old else name: value for name, value in row.items()} if old in row else row
    )


def _leave_out(mapping: RowMapping, configuration: Json) -> None:
    left_out: str = configuration["targetField"]
    mapping.properties.pop(left_out, None)
    mapping.follow(left_out, None)
    mapping.changes.append(lambda row: {name: value for name, value in row.items() if name != left_out})


def _move(mapping: RowMapping, old: str, new: str, schema: Json) -> None:
    if old in mapping.properties:
        mapping.properties = {
            new if name == old else name: schema if name == old else each
            for name, each in mapping.properties.items()
        }
    mapping.follow(old, new)


MAPPERS: dict[str, Callable[[RowMapping, Any], None]] = {
    "hashing": _hash,
    "field-renaming": _rename,
    "field-filtering": _leave_out,
}
