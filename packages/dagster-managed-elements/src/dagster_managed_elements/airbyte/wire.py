"""JSON of Airbyte's APIs made typed, here and nowhere else. Unknown fields are ignored, every enum is open.

A null, an empty list and nothing are one and the same: servers differ in which of them they send.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, TypeVar, cast

import msgspec

from dagster_managed_elements.engine.errors import ServerFault, Unclear
from dagster_managed_elements.engine.values import DEEPEST, nests_too_deep

if TYPE_CHECKING:
    from dagster_managed_elements.definitions.ports import JobStatus

Side: TypeAlias = Literal["source", "destination"]
Json: TypeAlias = Mapping[str, Any]


class WireStruct(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Fields by Airbyte's camelCase names; what a server adds is ignored."""


class Workspace(WireStruct, frozen=True, kw_only=True):
    workspace_id: str
    name: str
    organization_id: str | None = None


LOW_CODE_IMAGE: Final = "airbyte/source-declarative-manifest"


class Normalization(WireStruct, frozen=True, kw_only=True):
    """Whether Airbyte normalizes what a destination was written; it did so before 1.0."""

    supported: bool = False


class Definition(WireStruct, frozen=True, kw_only=True):
    """A connector type. `id` is the source or destination definition id, by which everything refers to it.

    *normalization_config* is of destinations before 1.0. *custom* is None where nobody says whether it is one that
    users added.
    """

    id: str
    name: str
    docker_repository: str = ""
    docker_image_tag: str = ""
    documentation_url: str = ""
    custom: bool | None = None
    normalization_config: Normalization | None = None

    @property
    def is_low_code(self) -> bool:
        """Whether it is made of a manifest, as the Builder makes them: all of those are run by one image."""
        return self.docker_repository == LOW_CODE_IMAGE


class Specification(WireStruct, frozen=True, kw_only=True):
    """What a connector says of its configuration: a JSON Schema in which `airbyte_secret` marks secrets.

    A *partial* one says only where secrets are: nothing can be validated against it. *docker_repository* says of
    which image it is, *supports_normalization* whether an Airbyte before 1.0 normalizes what it writes, and
    *advanced_auth* what Airbyte's own OAuth puts into a configuration.
    """

    connection_specification: dict[str, Any] = {}
    supported_destination_sync_modes: list[str] = []
    is_partial: bool = False
    docker_repository: str = ""
    supports_normalization: bool | None = None
    advanced_auth: dict[str, Any] = {}

    @property
    def is_unknown(self) -> bool:
        """Whether nothing is known of the connector, not even where its secrets are."""
        return self.is_partial and not self.connection_specification


class Actor(WireStruct, frozen=True, kw_only=True):
    """A source or a destination; its secrets are masked. *breaking_changes* are those that await its connector."""

    id: str
    definition_id: str
    name: str
    configuration: dict[str, Any] | None = None
    is_version_override_applied: bool = False
    breaking_changes: Any = None


class Tag(WireStruct, frozen=True, kw_only=True):
    """*color* is six hexadecimal digits."""

    tag_id: str
    name: str
    color: str = ""


class Stream(WireStruct, frozen=True, kw_only=True):
    """A stream as discovered. *raw* is all the server said of it, sent back untouched.

    Of a *sketch* only the name is known: an API that shows how a stream is configured, not what it is. It is
    *ambiguous* where there are others that nothing tells from it: an API that does not tell namespaces. *possible
    modes* are the pairs that the source and the destination can do together, none where nobody tells.
    """

    name: str
    namespace: str | None = None
    supported_sync_modes: list[str] = []
    possible_modes: list[tuple[str, str]] = []
    source_defined_cursor: bool = False
    default_cursor_field: list[str] = []
    source_defined_primary_key: list[list[str]] = []
    is_sketch: bool = False
    is_ambiguous: bool = False
    raw: dict[str, Any] = {}


class StreamConfig(WireStruct, frozen=True, kw_only=True):
    """How a connection reads and writes a stream. *raw* holds the parts this library does not manage."""

    sync_mode: str = ""
    destination_sync_mode: str = ""
    cursor_field: list[str] = []
    primary_key: list[list[str]] = []
    selected: bool | None = None
    raw: dict[str, Any] = {}


class ConfiguredStream(WireStruct, frozen=True, kw_only=True):
    stream: Stream
    config: StreamConfig


class Catalog(WireStruct, frozen=True, kw_only=True):
    streams: list[ConfiguredStream] = []
    catalog_id: str | None = None


class Connection(WireStruct, frozen=True, kw_only=True):
    """A connection with its selected streams. *fields* are those of `connection_fields`, by label.

    *settings* are in the API's own words what one that replaces it takes over: nobody declared it, so it stays.
    *lost* says what of it cannot be taken over, by the label of the field, "" where it is none.
    """

    connection_id: str
    name: str
    source_id: str
    destination_id: str
    status: str = "active"
    source_catalog_id: str | None = None
    sync_catalog: Catalog = Catalog()
    fields: dict[str, Any] = {}
    settings: dict[str, Any] = {}
    lost: dict[str, str] = {}

    @property
    def operations(self) -> list[str]:
        """The ids of what it does after a sync."""
        listed = self.settings.get("operationIds")
        return cast("list[str]", listed) if isinstance(listed, list) else []


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A row that is not what Airbyte promises: what can be told of it, "" for what cannot, and what is wrong.

    *id* is that of the object, or else made of all that the row holds, so that it can be told from other rows.
    """

    id: str
    name: str
    status: str
    fault: ServerFault


class Job(WireStruct, frozen=True, kw_only=True):
    """How a check or discovery went; *failure* is the connector's own words."""

    succeeded: bool = True
    failure: str = ""


Wire = TypeVar("Wire", bound=msgspec.Struct)
Read = TypeVar("Read")


def read_workspace(body: Any, at: str) -> Workspace:
    """*body* typed; as all of these, ServerFault naming *at* and the path in it where its shape is wrong."""
    return convert(body, Workspace, at)


def read_definition(side: Side, body: Any, at: str) -> Definition:
    return convert(renamed(body, at, {f"{side}DefinitionId": "id"}), Definition, at)


def read_specification(body: Any, at: str) -> Specification:
    return convert(body, Specification, at)


def read_actor(side: Side, body: Any, at: str) -> Actor:
    names = {
        f"{side}Id": "id",
        f"{side}DefinitionId": "definitionId",
        "connectionConfiguration": "configuration",
    }
    actor = convert(renamed(body, at, names), Actor, at)
    if nests_too_deep(actor.configuration):
        raise _misshapen(at, f"its configuration nests more than {DEEPEST} levels deep")
    return actor


def read_row(read: Callable[[Any, str], Read], id_name: str, row: Any, at: str) -> Read | Unreadable:
    """One of many rows: that one is malformed is no reason to read none."""
    try:
        return read(row, at)
    except ServerFault as fault:
        fields = cast("Json", row) if isinstance(row, Mapping) else dict[str, Any]()
        texts = {name: value for name, value in fields.items() if isinstance(value, str)}
        own = texts.get(id_name) or sha256(msgspec.json.encode(row)).hexdigest()
        return Unreadable(id=own, name=texts.get("name", ""), status=texts.get("status", ""), fault=fault)


def identity(read: Actor | Connection | Workspace | Unreadable) -> str:
    match read:
        case Connection():
            return read.connection_id
        case Workspace():
            return read.workspace_id
        case _:
            return read.id


def read_connection(body: Any, at: str, settings: Sequence[str] = ()) -> Connection:
    """*settings* names what is kept of it as that."""
    fields = object_in(body, at)
    catalog = read_catalog(fields.get("syncCatalog"), f"{at}.syncCatalog")
    typed = {name: value for name, value in fields.items() if name not in {"syncCatalog", "settings", "fields"}}
    kept = {name: fields[name] for name in settings if name != "syncCatalog" and fields.get(name) is not None}
    return msgspec.structs.replace(convert(typed, Connection, at), sync_catalog=catalog, settings=kept)


def read_tag(body: Any, at: str) -> Tag:
    return convert(body, Tag, at)


def read_catalog(body: Any, at: str, catalog_id: str | None = None) -> Catalog:
    """*body* is `{streams: [{stream, config}]}`; null is a catalog without streams."""
    rows = read_optional_list(body, "streams", at) if body is not None else ()
    streams = [_configured(row, f"{at}.streams[{number}]") for number, row in enumerate(rows)]
    return Catalog(streams=streams, catalog_id=catalog_id)


def read_operator_type(body: Any, at: str) -> str:
    """What kind of an operation it is, such as `normalization`."""
    return read_optional_text(read_optional(body, "operatorConfiguration", at), "operatorType", at)


def read_job(body: Any, at: str) -> Job:
    """The `jobInfo` of an answer; one without says nothing, so it succeeded."""
    if body is None:
        return Job()
    fields = object_in(body, at)
    reason = fields.get("failureReason")
    told = object_in(reason if reason is not None else {}, f"{at}.failureReason")
    words = (told.get("externalMessage"), told.get("internalMessage"))
    failure = next((word for word in words if isinstance(word, str) and word.strip()), "")
    return Job(succeeded=fields.get("succeeded") is not False, failure=failure)


def read_list(body: Any, name: str, at: str) -> Sequence[Any]:
    """The list called *name* in *body*; an answer without it, or with null there, is no empty list."""
    rows = object_in(body, at).get(name)
    if not isinstance(rows, list):
        raise _misshapen(at, f"expected a list at `{name}`")
    return cast("list[Any]", rows)


def read_optional_list(body: Any, name: str, at: str) -> Sequence[Any]:
    """A list inside of a thing that is there, which is empty where it is null or missing."""
    return () if object_in(body, at).get(name) is None else read_list(body, name, at)


def read_text(body: Any, name: str, at: str) -> str:
    """The text called *name* in *body*, such as the id a create answers with."""
    value = object_in(body, at).get(name)
    if not isinstance(value, str):
        raise _misshapen(at, f"expected a text at `{name}`")
    return value


def read_answered(body: Any, name: str, at: str, expected: str | None = None) -> str:
    """The id called *name* that a write is answered with, *expected* where it is known. Unclear without: that the
    server took it for what it was is then for a read to tell.
    """
    try:
        answered = read_text(body, name, at)
    except ServerFault as error:
        raise Unclear(str(error)) from None
    if expected is not None and answered != expected:
        raise Unclear(f"{at}: the answer is of another object ({answered})")
    return answered


def read_optional_text(body: Any, name: str, at: str) -> str:
    """The text called *name* in *body*; "" where it is null or missing."""
    value = object_in(body, at).get(name)
    return "" if value is None else read_text(body, name, at)


def read_optional(body: Any, name: str, at: str) -> Any:
    """What is called *name* in *body*, whatever it is; None where it is missing."""
    return object_in(body, at).get(name)


def read_count(body: Json, name: str) -> int | None:
    """The number called *name* in *body*; None where there is none."""
    value = body.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def job_status(word: str) -> JobStatus:
    """Both APIs have the same words. One that is incomplete is tried again; a word of tomorrow is no end."""
    if word in {"succeeded", "failed", "cancelled"}:
        return cast("JobStatus", word)
    return "pending" if word in {"pending", "queued"} else "running"


def _configured(body: Any, at: str) -> ConfiguredStream:
    fields = object_in(body, at)
    stream, config = fields.get("stream"), fields.get("config")
    return ConfiguredStream(
        stream=_with_raw(stream, Stream, f"{at}.stream"),
        config=_with_raw(dict[str, Any]() if config is None else config, StreamConfig, f"{at}.config"),
    )


def _with_raw(body: Any, kind: type[Wire], at: str) -> Wire:
    said = object_in(body, at)
    return convert({**said, "raw": said}, kind, at)


def renamed(body: Any, at: str, names: Mapping[str, str]) -> Json:
    """*body* with Airbyte's names for a side of a connection replaced by the ones both sides share."""
    fields = object_in(body, at)
    if missing := [name for name in names if name.endswith("Id") and not isinstance(fields.get(name), str)]:
        raise _misshapen(at, f"expected a text at `{missing[0]}`")
    return {names.get(name, name): value for name, value in fields.items()}


def convert(body: Any, kind: type[Wire], at: str) -> Wire:
    present = {name: value for name, value in object_in(body, at).items() if value is not None}
    try:
        return msgspec.convert(present, kind)
    except msgspec.ValidationError as error:
        raise _misshapen(at, str(error)) from None


def object_in(body: Any, at: str) -> Json:
    if not isinstance(body, (dict, Mapping)):
        raise _misshapen(at, f"expected an object, got {type(body).__name__}")
    return cast("Json", body)


def _misshapen(at: str, problem: str) -> ServerFault:
    return ServerFault(f"{at}: the answer is not what Airbyte promises: {problem}")
