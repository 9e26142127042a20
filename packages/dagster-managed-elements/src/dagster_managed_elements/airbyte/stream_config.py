"""How one stream of a connection is declared: by its modes alone, or by all that can be chosen of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, TypeAlias, cast

from dagster_managed_elements.airbyte.mappers import Mapper, block_of
from dagster_managed_elements.airbyte.stream_names import StreamName, label_of
from dagster_managed_elements.airbyte.syncmodes import AirbyteSyncMode
from dagster_managed_elements.engine.errors import DeclarationError
from dagster_managed_elements.engine.values import UNSET, Unset

FieldName: TypeAlias = str | Sequence[str]
"""A field's name, or the path to a nested one."""


class Excluded(Enum):
    """The type of `EXCLUDED`."""

    EXCLUDED = "excluded"

    def __repr__(self) -> str:
        return "EXCLUDED"

    def __str__(self) -> str:
        return "excluded"


EXCLUDED: Final = Excluded.EXCLUDED
"""In the place of a mode: this stream, or each that this pattern fits, is left out of what a wider one takes in."""


@dataclass(frozen=True, slots=True)
class AirbyteStream:
    """A stream of a connection, with more than its modes. What is left UNSET is not managed, and stays as it is.

    Args:
        sync_mode: How it is read and written.
        namespace: Tells streams of one name apart, as the key `(namespace, name)` does.
        cursor_field: The field by which new rows are told, or the path to a nested one; may stand in *sync_mode*.
        primary_key: A field, a list of fields, or a list of paths; may stand in *sync_mode*.
        fields: The columns that are synced.
        exclude_fields: Those that are not, while every other one of the connection's catalog is; `[]` is no choice
            at all.
        mappers: Those of `airbyte.mappers`, in order; `[]` is none.
        include_files: Whether the files of a file-based stream are copied too.
        destination_object_name: The object a destination of data activation writes it to, "" for none.

    Raises:
        DeclarationError: Where a value is of another type, or two of them contradict each other.
    """

    sync_mode: AirbyteSyncMode
    namespace: str | Unset | None = field(default=UNSET, kw_only=True)
    cursor_field: FieldName | Unset | None = field(default=UNSET, kw_only=True)
    primary_key: FieldName | Sequence[FieldName] | Unset | None = field(default=UNSET, kw_only=True)
    fields: Sequence[FieldName] | Unset | None = field(default=UNSET, kw_only=True)
    exclude_fields: Sequence[FieldName] | Unset | None = field(default=UNSET, kw_only=True)
    mappers: Sequence[Mapper | Mapping[str, Any]] | Unset | None = field(default=UNSET, kw_only=True, repr=False)
    include_files: bool | Unset | None = field(default=UNSET, kw_only=True)
    destination_object_name: str | Unset | None = field(default=UNSET, kw_only=True)

    def __post_init__(self) -> None:
        if not isinstance(cast("object", self.sync_mode), AirbyteSyncMode):
            raise _wants("sync_mode", "an AirbyteSyncMode", self.sync_mode)
        for name, (kinds, wanted) in _WANTED.items():
            value = cast("object", getattr(self, name))
            if value is None:
                object.__setattr__(self, name, UNSET)  # None is the same as not given
            elif not isinstance(value, (*kinds, Unset)) or (isinstance(value, str) and str not in kinds):
                raise _wants(name, wanted, value)
        self._refuse_contradictions()
        self.block()  # what is in the lists is found here, where it was written

    def _refuse_contradictions(self) -> None:
        if self.fields and self.exclude_fields != UNSET:
            raise DeclarationError(
                "fields= and exclude_fields= both say which columns are synced; give one of them."
            )
        if self.fields != UNSET and not self.fields:
            raise DeclarationError("fields= wants one column at least; a stream that is not synced is left out.")
        for name in ("fields", "exclude_fields"):
            listed = _given(getattr(self, name), _field)
            if listed is not UNSET and any(listed.count(column) > 1 for column in listed):
                raise DeclarationError(f"{name}= names a column twice.")
        chosen = self._chosen()
        for name in ("cursor_field", "primary_key"):
            own, other = getattr(self.sync_mode, name), getattr(chosen, name)
            if own is not None and getattr(self, name) != UNSET and own != other:
                raise DeclarationError(f"{name}= and the sync mode's own {name} are two; give one of them.")

    def _chosen(self) -> AirbyteSyncMode:
        """Its modes with its own cursor and key."""
        given = {"cursorField": self.cursor_field, "primaryKey": self.primary_key}
        known = {name: value for name, value in given.items() if value != UNSET}
        return AirbyteSyncMode.from_json({**self.sync_mode.to_json(), **known})

    def block(self) -> dict[str, Any]:
        """What is declared of it, by the labels it is shown and compared under."""
        shown = {
            "fields": _given(self.fields, _field),
            "excluded fields": _given(self.exclude_fields, _field),
            "mappers": _given(self.mappers, block_of),
            "include files": self.include_files,
            "destination object name": self.destination_object_name,
        }
        return {
            **_chosen_block(self._chosen()),
            **{label: value for label, value in shown.items() if value != UNSET},
        }


StreamConfig: TypeAlias = Mapping[StreamName, AirbyteSyncMode | AirbyteStream | Excluded]
"""`stream_config` of a connection, by a name, by `(namespace, name)`, or by a pattern such as `"raw_*"`."""


def streams_block(config: Mapping[StreamName, Any]) -> dict[str, Any]:
    """*config* as it is compared: one line a stream where only its modes are declared, a block where more is.

    Raises DeclarationError where a value is none of those, and where one stream is declared twice.
    """
    block: dict[str, Any] = {}
    for name, value in config.items():
        label = label_of(_full_name(name, value))
        if label in block:
            raise DeclarationError(f"{label} is declared twice")
        block[label] = _value(label_of(name), value)
    return block


def _value(label: str, value: object) -> Any:
    if isinstance(value, Excluded):
        return value
    if not isinstance(value, (AirbyteSyncMode, AirbyteStream)):
        wanted = "wants an AirbyteSyncMode, an AirbyteStream or EXCLUDED"
        raise DeclarationError(f"stream_config of {label} {wanted}, not {type(value).__name__}")
    mode = value if isinstance(value, AirbyteSyncMode) else value.sync_mode
    if (unknown := mode.unknown) is not None:
        raise DeclarationError(f"{label}: {unknown}")
    block = _chosen_block(value) if isinstance(value, AirbyteSyncMode) else value.block()
    return block if len(block) > 1 else block["mode"]


def _full_name(name: StreamName, value: object) -> StreamName:
    if not isinstance(value, AirbyteStream) or isinstance(value.namespace, (Unset, type(None))):
        return name
    if not isinstance(name, str) and name[0] != value.namespace:
        raise DeclarationError(f"{label_of(name)} has the namespace {value.namespace!r} beside the one in its key")
    return (value.namespace, name if isinstance(name, str) else name[1])


def _chosen_block(mode: AirbyteSyncMode) -> dict[str, Any]:
    block: dict[str, Any] = {"mode": mode.bare}
    if mode.cursor_field is not None:
        block["cursor"] = list(mode.cursor_field)
    if mode.primary_key is not None:
        block["primary key"] = [list(path) for path in mode.primary_key]
    return block


def _given(values: Any, read: Any) -> Any:
    return UNSET if isinstance(values, Unset) or values is None else [read(value) for value in values]


def _field(name: object) -> str | list[str]:
    """A path of one step is a name."""
    path = list(cast("Sequence[object]", name)) if isinstance(name, (list, tuple)) else [name]
    if not path or not all(isinstance(step, str) and step for step in path):
        raise DeclarationError(f"a column is a name or a list of names, not {name!r}.")
    texts = cast("list[str]", path)
    return texts[0] if len(texts) == 1 else texts


def _wants(name: str, wanted: str, value: object) -> DeclarationError:
    return DeclarationError(f"AirbyteStream: {name}= wants {wanted}, not {type(value).__name__}.")


_LIST: Final = ((Sequence,), "a list")
_WANTED: Final[Mapping[str, tuple[tuple[type[Any], ...], str]]] = {
    "namespace": ((str,), "a text"),
    "cursor_field": ((str, Sequence), "a field or the path to one"),
    "primary_key": ((str, Sequence), "a field, or a list of fields or paths"),
    "fields": _LIST,
    "exclude_fields": _LIST,
    "mappers": _LIST,
    "include_files": ((bool,), "True or False"),
    "destination_object_name": ((str,), "a text"),
}
