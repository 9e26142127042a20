"""How a stream is read and written: every pair of modes Airbyte has, by the names of two generations of users.

`AirbyteSyncMode.FULL_REFRESH_OVERWRITE` and `AirbyteSyncMode.full_refresh_overwrite()` are equal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, Final, TypeAlias, cast

from dagster_managed_elements.engine.adoption import Spelled
from dagster_managed_elements.engine.errors import DeclarationError

FieldPath: TypeAlias = tuple[str, ...]

_PAIRS: Final = {
    "full_refresh": ("append", "overwrite", "append_dedup", "overwrite_dedup", "update", "soft_delete"),
    "incremental": ("append", "overwrite", "append_dedup", "update", "soft_delete"),
}
_WRITTEN: Final = tuple(dict.fromkeys(mode for modes in _PAIRS.values() for mode in modes))


@dataclass(frozen=True, slots=True)
class AirbyteSyncMode:
    """A source's and a destination's sync mode; with a cursor and a primary key where the stream lets one choose.

    What is left None is not managed: the source's own cursor and key, or those chosen in the UI, stay.

    Args:
        sync_mode: How the source is read: `"full_refresh"` or `"incremental"`.
        destination_sync_mode: How the destination is written: `"append"`, `"overwrite"`, `"append_dedup"` ...
        cursor_field: The path of the field by which new rows are told.
        primary_key: The paths of the fields by which rows are told apart.

    Raises:
        DeclarationError: Where a mode, a cursor or a key is of another type.
    """

    sync_mode: str
    destination_sync_mode: str
    cursor_field: FieldPath | None = None
    primary_key: tuple[FieldPath, ...] | None = None

    FULL_REFRESH_APPEND: ClassVar[AirbyteSyncMode]
    FULL_REFRESH_OVERWRITE: ClassVar[AirbyteSyncMode]
    FULL_REFRESH_APPEND_DEDUP: ClassVar[AirbyteSyncMode]
    FULL_REFRESH_OVERWRITE_DEDUP: ClassVar[AirbyteSyncMode]
    FULL_REFRESH_UPDATE: ClassVar[AirbyteSyncMode]
    FULL_REFRESH_SOFT_DELETE: ClassVar[AirbyteSyncMode]
    INCREMENTAL_APPEND: ClassVar[AirbyteSyncMode]
    INCREMENTAL_OVERWRITE: ClassVar[AirbyteSyncMode]
    INCREMENTAL_APPEND_DEDUP: ClassVar[AirbyteSyncMode]
    INCREMENTAL_UPDATE: ClassVar[AirbyteSyncMode]
    INCREMENTAL_SOFT_DELETE: ClassVar[AirbyteSyncMode]

    def __post_init__(self) -> None:
        """Raises DeclarationError where a mode, a cursor or a key is of another type."""
        if not all(isinstance(cast("object", mode), str) for mode in self.value):
            raise DeclarationError(f"A sync mode is made of two texts, not of {self.value!r}.")
        cursor, keys = cast("tuple[object, object]", (self.cursor_field, self.primary_key))
        are_keys = isinstance(keys, tuple) and all(map(_is_path, cast("tuple[object, ...]", keys)))
        if not ((cursor is None or _is_path(cursor)) and (keys is None or are_keys)):
            raise DeclarationError(f"{self.name}: a cursor and a primary key are made of names of fields.")

    @property
    def unknown(self) -> str | None:
        """What of the pair Airbyte has no such mode of; None where it has both."""
        if self.sync_mode not in _PAIRS:
            return f"{self.sync_mode!r} is no sync mode of a source; they are {', '.join(_PAIRS)}"
        if self.destination_sync_mode not in _WRITTEN:
            return (
                f"{self.destination_sync_mode!r} is no sync mode of a destination; they are {', '.join(_WRITTEN)}"
            )
        return None

    @property
    def name(self) -> str:
        """`FULL_REFRESH_OVERWRITE`; also for a pair this library does not know."""
        return f"{self.sync_mode}_{self.destination_sync_mode}".upper()

    def __str__(self) -> str:
        return self.name

    @property
    def bare(self) -> AirbyteSyncMode:
        """The pair of modes alone, without a cursor or a key."""
        return bare_mode(self.sync_mode, self.destination_sync_mode)

    @property
    def value(self) -> tuple[str, str]:
        """Both modes."""
        return (self.sync_mode, self.destination_sync_mode)

    def spelled(self) -> Spelled:
        """By its name where there is one of it."""
        if self == getattr(AirbyteSyncMode, self.name, None):
            return Spelled(f"AirbyteSyncMode.{self.name}")
        return Spelled("AirbyteSyncMode", (*self.value, self.cursor_field, self.primary_key))

    @classmethod
    def full_refresh_append(cls) -> AirbyteSyncMode:
        """Read all of it at each sync, and add it to what is there."""
        return cls("full_refresh", "append")

    @classmethod
    def full_refresh_overwrite(cls) -> AirbyteSyncMode:
        """Read all of it at each sync, in place of what is there."""
        return cls("full_refresh", "overwrite")

    @classmethod
    def full_refresh_overwrite_dedup(cls, primary_key: _Keys = None) -> AirbyteSyncMode:
        """Read all of it at each sync, in place of what is there, each key once.

        Args:
            primary_key: A field, a list of fields, or a list of paths into nested fields; where it is not given,
                the source's own or the one chosen in the UI.
        """
        return cls("full_refresh", "overwrite_dedup", None, _paths(primary_key))

    @classmethod
    def incremental_append(cls, cursor_field: _Cursor = None) -> AirbyteSyncMode:
        """Read what is new, and add it to what is there.

        Args:
            cursor_field: The field by which new rows are told, or the path to it; where it is not given, the
                source's own or the one chosen in the UI.
        """
        return cls("incremental", "append", _path(cursor_field))

    @classmethod
    def incremental_append_dedup(cls, cursor_field: _Cursor = None, primary_key: _Keys = None) -> AirbyteSyncMode:
        """Read what is new, and keep the newest row of each key.

        Args:
            cursor_field: The field by which new rows are told, or the path to it; where it is not given, the
                source's own or the one chosen in the UI.
            primary_key: A field, a list of fields, or a list of paths into nested fields; where it is not given,
                the source's own or the one chosen in the UI.
        """
        return cls("incremental", "append_dedup", _path(cursor_field), _paths(primary_key))

    @classmethod
    def incremental_update(cls, cursor_field: _Cursor = None, primary_key: _Keys = None) -> AirbyteSyncMode:
        """Read what is new, and update the rows that are there; of the few destinations that do.

        Args:
            cursor_field: The field by which new rows are told, or the path to it; where it is not given, the
                source's own or the one chosen in the UI.
            primary_key: A field, a list of fields, or a list of paths into nested fields; where it is not given,
                the source's own or the one chosen in the UI.
        """
        return cls("incremental", "update", _path(cursor_field), _paths(primary_key))

    @classmethod
    def incremental_soft_delete(cls, cursor_field: _Cursor = None, primary_key: _Keys = None) -> AirbyteSyncMode:
        """Read what is new, and mark what was deleted; of the few destinations that do.

        Args:
            cursor_field: The field by which new rows are told, or the path to it; where it is not given, the
                source's own or the one chosen in the UI.
            primary_key: A field, a list of fields, or a list of paths into nested fields; where it is not given,
                the source's own or the one chosen in the UI.
        """
        return cls("incremental", "soft_delete", _path(cursor_field), _paths(primary_key))

    @property
    def json_repr(self) -> dict[str, Any]:
        """The same as `to_json()`, by upstream's name."""
        return self.to_json()

    def to_json(self) -> dict[str, Any]:
        """As Airbyte's Config API writes it: syncMode, destinationSyncMode, cursorField, primaryKey."""
        json: dict[str, Any] = {"syncMode": self.sync_mode, "destinationSyncMode": self.destination_sync_mode}
        if self.cursor_field is not None:
            json["cursorField"] = list(self.cursor_field)
        if self.primary_key is not None:
            json["primaryKey"] = [list(path) for path in self.primary_key]
        return json

    @classmethod
    def from_json(cls, json: dict[str, Any]) -> AirbyteSyncMode:
        """The other way round.

        Args:
            json: As `to_json` writes it.
        """
        return cls(
            json.get("syncMode", ""),
            json.get("destinationSyncMode", ""),
            _path(json.get("cursorField")),
            _paths(json.get("primaryKey")),
        )


@cache
def bare_mode(sync_mode: str, destination_sync_mode: str) -> AirbyteSyncMode:
    """The pair of modes alone, made once: thousands of streams have the same few."""
    return AirbyteSyncMode(sync_mode, destination_sync_mode)


def _is_path(value: object) -> bool:
    return isinstance(value, tuple) and all(isinstance(step, str) for step in cast("tuple[object, ...]", value))


_Cursor: TypeAlias = str | Sequence[str] | None
_Keys: TypeAlias = str | Sequence[str] | Sequence[Sequence[str]] | None


def _path(value: _Cursor) -> FieldPath | None:
    if value is None:
        return None
    return (value,) if isinstance(value, str) else tuple(value)


def _paths(value: _Keys) -> tuple[FieldPath, ...] | None:
    if value is None:
        return None
    if isinstance(value, str):
        return ((value,),)
    return tuple(cast("FieldPath", _path(key)) for key in value)


for _sync_mode, _written in _PAIRS.items():
    for _destination_sync_mode in _written:
        _mode = AirbyteSyncMode(_sync_mode, _destination_sync_mode)
        setattr(AirbyteSyncMode, _mode.name, _mode)
