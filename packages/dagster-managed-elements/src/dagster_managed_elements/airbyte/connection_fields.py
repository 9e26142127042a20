"""The fields of a connection beside its ends and its streams: one row each, and nowhere else.

A row says what the field is called in a declaration and on the screen, what may be declared, and how each of
Airbyte's APIs reads and writes it. A further field is a further row, and an attribute of `AirbyteConnection`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any, Final, Literal, TypeAlias, cast

from dagster_managed_elements.airbyte.schedules import AirbyteSchedule
from dagster_managed_elements.airbyte.servers.api_roots import USE_CONFIG
from dagster_managed_elements.airbyte.servers.versions import REGION_LEFT
from dagster_managed_elements.airbyte.wire import (
    Json,
    object_in,
    read_optional,
    read_optional_list,
    read_optional_text,
)
from dagster_managed_elements.engine.elements import Element, key_of
from dagster_managed_elements.engine.errors import DeclarationError
from dagster_managed_elements.engine.values import UNSET, Key, Named

Api: TypeAlias = Literal["config", "public"]


class AirbyteDestinationNamespace(Enum):
    """Where a connection's tables go: the namespace they have at the source, or the destination's default."""

    SAME_AS_SOURCE = "source"
    DESTINATION_DEFAULT = "destination"

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class AirbyteResourceRequirements:
    """What a connection's syncs ask of Kubernetes and may take at most, in its quantities: `"500m"`, `"1Gi"`.

    What is None is left to the instance's own settings.

    Args:
        cpu_request: Of the processor, what each sync is sure to get.
        cpu_limit: Of the processor, what each may take at most.
        memory_request: Of memory, what each is sure to get.
        memory_limit: Of memory, what each may take at most.

    Raises:
        DeclarationError: For what is no quantity.
    """

    cpu_request: str | None = None
    cpu_limit: str | None = None
    memory_request: str | None = None
    memory_limit: str | None = None

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            text = value if isinstance(value, str) else ""
            if value is not None and not re.fullmatch(r"\d+(\.\d+)?(m|k|[KMGTPE]i?)?", text):
                raise DeclarationError(f"{name}= wants a quantity such as '500m' or '1Gi', not {value!r}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionField:
    """One row. *attribute* is that of `AirbyteConnection`, *label* what is shown and compared under.

    *words* are the properties it has in each API, the first of which tells whether a version takes it; an API that
    is not among them neither shows nor takes it. *declare* makes of what is declared what is compared, or raises
    DeclarationError. *read* takes an answer of an API, and where it stands; what the server leaves out is the
    field's default there. *write* gives what an API is sent.

    *initial* is what a new connection has where nobody declares it; with *is_sent* it is told so. What Airbyte
    heeds *by_update* alone is sent once more after a create. *refuses* says why an API cannot be sent a value,
    *versions* which have the field and which not. *adopt* makes of what was read what is declared for it.
    """

    attribute: str
    label: str
    words: Mapping[Api, tuple[str, ...]]
    declare: Callable[[Any], Any]
    read: Callable[[Json, str, Api], Any]
    write: Callable[[Any, Api], Json]
    initial: Any = None
    is_sent: bool = False
    by_update: bool = False
    refuses: Callable[[Any, Api], str | None] = lambda _value, _api: None
    versions: str = ""
    adopt: Callable[[Any], Any] = lambda value: value

    def is_initial(self, value: Any) -> bool:
        """Whether a new connection has it; a text that is empty is none."""
        return bool(value == self.initial) or (value == "" and self.initial is None)

    def declared(self, value: object) -> Any:
        """*value* as it is compared; UNSET stays. DeclarationError that names the attribute."""
        try:
            return value if value is UNSET else self.declare(value)
        except DeclarationError as error:
            raise DeclarationError(f"{self.attribute}: {error}") from None


def _refuse(value: object, wanted: str) -> DeclarationError:
    given = repr(value) if value is None or isinstance(value, str) else type(value).__name__
    return DeclarationError(f"wants {wanted}, not {given}.")


def _one_of(*known: str) -> Callable[[Any], str]:
    def declare(value: Any) -> str:
        if value not in known:
            raise _refuse(value, f"{', '.join(map(repr, known[:-1]))} or {known[-1]!r}")
        return value

    return declare


def _text(value: Any) -> str:
    if not (isinstance(value, str) and value):
        raise _refuse(value, "a text")
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _refuse(value, "True or False")
    return value


_CUSTOM: Final[Mapping[Api, str]] = {"config": "customformat", "public": "custom_format"}


def _declare_namespace(namespace: Any) -> Any:
    """None is the same as not declared, as it was upstream: there is no namespace of none."""
    if not (namespace is None or isinstance(namespace, (AirbyteDestinationNamespace, str))):
        raise _refuse(namespace, "an AirbyteDestinationNamespace or a text")
    return namespace


def _read_namespace(answer: Json, at: str, _api: Api) -> AirbyteDestinationNamespace | str:
    """Airbyte takes none at all for that of the source. A word of tomorrow is shown as it is."""
    definition = read_optional_text(answer, "namespaceDefinition", at) or "source"
    if definition in _CUSTOM.values():
        return read_optional_text(answer, "namespaceFormat", at)
    known = {namespace.value: namespace for namespace in AirbyteDestinationNamespace}
    return known.get(definition, definition)


def _write_namespace(namespace: AirbyteDestinationNamespace | str, api: Api) -> Json:
    if isinstance(namespace, AirbyteDestinationNamespace):
        return {"namespaceDefinition": namespace.value}
    return {"namespaceDefinition": _CUSTOM[api], "namespaceFormat": namespace}


def _declare_prefix(prefix: Any) -> str:
    """None is no prefix, which Airbyte keeps as ""."""
    if not (prefix is None or isinstance(prefix, str)):
        raise _refuse(prefix, "a text or None")
    return prefix or ""


def _declare_schedule(schedule: Any) -> AirbyteSchedule:
    if isinstance(schedule, str):
        return AirbyteSchedule.cron(schedule)
    if not isinstance(schedule, AirbyteSchedule):
        raise _refuse(schedule, "an AirbyteSchedule or a cron expression")
    return schedule


def _read_schedule(answer: Json, at: str, api: Api) -> AirbyteSchedule:
    """Beside the newer words older servers have `schedule` alone; the Public API says a basic one in prose."""
    if api == "public":
        said = object_in(answer.get("schedule") or dict[str, Any](), f"{at}.schedule")
        basic = re.fullmatch(r"(?i)every (\d{1,9}) (\w+)", read_optional_text(said, "basicTiming", at))
        if basic is not None:
            return AirbyteSchedule("basic", every=int(basic[1]), unit=basic[2].lower())
        cron = read_optional_text(said, "cronExpression", at)
        return AirbyteSchedule.of_server(cron) if cron else AirbyteSchedule.manual()
    data = object_in(answer.get("scheduleData") or dict[str, Any](), f"{at}.scheduleData")
    if cron := data.get("cron"):
        expression = read_optional_text(cron, "cronExpression", f"{at}.scheduleData.cron")
        return AirbyteSchedule.of_server(expression, read_optional_text(cron, "cronTimeZone", at) or "UTC")
    if basic := data.get("basicSchedule") or answer.get("schedule"):
        every = read_optional(basic, "units", f"{at}.scheduleData.basicSchedule")
        unit = read_optional_text(basic, "timeUnit", f"{at}.scheduleData.basicSchedule")
        return AirbyteSchedule("basic", every=every if isinstance(every, int) else 0, unit=unit)
    return AirbyteSchedule.manual()


def _adopt_schedule(schedule: AirbyteSchedule) -> AirbyteSchedule:
    """DeclarationError for one that Airbyte has and would not take."""
    if schedule.kind == "cron":
        return AirbyteSchedule.cron(schedule.text, schedule.time_zone)
    return AirbyteSchedule.basic(schedule.every, cast("Any", schedule.unit)) if schedule.every else schedule


def _write_schedule(schedule: AirbyteSchedule, api: Api) -> Json:
    """A manual one is told without the data of the one before: with them Airbyte fails."""
    if api == "public":
        cron = {"cronExpression": schedule.text} if schedule.kind == "cron" else {}
        return {"schedule": {"scheduleType": schedule.kind, **cron}}
    data = {
        "manual": None,
        "basic": {"basicSchedule": {"units": schedule.every, "timeUnit": schedule.unit}},
        "cron": {"cron": {"cronExpression": schedule.text, "cronTimeZone": schedule.time_zone}},
    }
    return {"scheduleType": schedule.kind, "scheduleData": data[schedule.kind]}


_DISABLE: Final[Mapping[Api, str]] = {"config": "disable", "public": "disable_connection"}


def _read_non_breaking(answer: Json, at: str, api: Api) -> str:
    word = read_optional_text(answer, _NON_BREAKING[api][0], at) or "ignore"
    return "disable_connection" if word == _DISABLE[api] else word


def _write_non_breaking(value: str, api: Api) -> Json:
    return {_NON_BREAKING[api][0]: _DISABLE[api] if value == "disable_connection" else value}


_NON_BREAKING: Final[Mapping[Api, tuple[str, ...]]] = {
    "config": ("nonBreakingChangesPreference",),
    "public": ("nonBreakingSchemaUpdatesBehavior",),
}


_REGION: Final[Mapping[Api, tuple[str, ...]]] = {"config": ("geography",), "public": ("dataResidency",)}


def _declare_resources(resources: Any) -> dict[str, str]:
    """None is none: those of the instance. Airbyte keeps an empty object for it, and takes null as unchanged."""
    if not (resources is None or isinstance(resources, AirbyteResourceRequirements)):
        raise _refuse(resources, "AirbyteResourceRequirements or None")
    declared = cast("dict[str, str | None]", asdict(resources) if resources else {})
    return {name: value for name, value in declared.items() if value is not None}


def _read_resources(answer: Json, at: str, _api: Api) -> dict[str, Any]:
    told = object_in(answer.get("resourceRequirements") or dict[str, Any](), f"{at}.resourceRequirements")
    return {name: value for name, value in told.items() if value not in (None, "")}


def _adopt_resources(resources: Json) -> AirbyteResourceRequirements:
    try:
        return AirbyteResourceRequirements(**resources)
    except TypeError:
        raise DeclarationError("Airbyte has more of them than can be declared.") from None


def _declare_tags(tags: Any) -> list[Key]:
    """References, each once; None is none."""
    if not (tags is None or isinstance(tags, (list, tuple))):
        raise _refuse(tags, "a list of AirbyteTag and names of tags")
    return list(dict.fromkeys(_tag(tag) for tag in cast("Sequence[object]", tags or ())))


def _tag(tag: object) -> Key:
    if isinstance(tag, Element) and tag.kind == TAG:
        return key_of(tag)
    if isinstance(tag, str) and tag:
        return Key(TAG, tag)
    if isinstance(tag, Key) and tag.kind == TAG:
        return tag
    raise _refuse(tag, "an AirbyteTag or the name of a tag in it")


def _read_tags(answer: Json, at: str, _api: Api) -> list[Named]:
    """By id, and no pointers: a tag that goes takes no connection with it."""
    rows = read_optional_list(answer, "tags", at)
    return [Named(str(read_optional(row, "tagId", at)), str(read_optional(row, "name", at))) for row in rows]


TAG: Final = "tag"


def _flag_of(attribute: str, label: str, word: str, **more: Any) -> ConnectionField:
    """A yes or no that the Config API alone has."""
    return ConnectionField(
        attribute=attribute,
        label=label,
        words={"config": (word,)},
        declare=_flag,
        read=lambda answer, at, _api: read_optional(answer, word, at) is True,
        write=lambda value, _api: {word: value},
        initial=False,
        **more,
    )


FIELDS: Final = (
    ConnectionField(
        attribute="destination_namespace",
        label="destination namespace",
        words=dict.fromkeys(("config", "public"), ("namespaceDefinition", "namespaceFormat")),
        declare=_declare_namespace,
        read=_read_namespace,
        write=_write_namespace,
        initial=AirbyteDestinationNamespace.DESTINATION_DEFAULT,
        is_sent=True,  # the APIs' own defaults are two different ones
    ),
    ConnectionField(
        attribute="prefix",
        label="prefix",
        words=dict.fromkeys(("config", "public"), ("prefix",)),
        declare=_declare_prefix,
        read=lambda answer, at, _api: read_optional_text(answer, "prefix", at),
        write=lambda prefix, _api: {"prefix": prefix},
    ),
    ConnectionField(
        attribute="schedule",
        label="schedule",
        words={"config": ("scheduleType", "scheduleData"), "public": ("schedule",)},
        declare=_declare_schedule,
        read=_read_schedule,
        write=_write_schedule,
        initial=AirbyteSchedule.manual(),
        is_sent=True,
        refuses=lambda schedule, api: schedule.not_public if api == "public" else None,
        adopt=_adopt_schedule,
    ),
    ConnectionField(
        attribute="status",
        label="status",
        words=dict.fromkeys(("config", "public"), ("status",)),
        declare=_one_of("active", "inactive"),
        read=lambda answer, at, _api: read_optional_text(answer, "status", at) or "active",
        write=lambda status, _api: {"status": status},
        initial="active",
        is_sent=True,  # one without is in no list
    ),
    ConnectionField(
        attribute="non_breaking_changes",
        label="non-breaking changes",
        words=_NON_BREAKING,
        declare=_one_of("ignore", "disable_connection", "propagate_columns", "propagate_fully"),
        read=_read_non_breaking,
        write=_write_non_breaking,
        initial="ignore",
    ),
    _flag_of("notify_schema_changes", "notify schema changes", "notifySchemaChanges"),
    _flag_of(
        "notify_schema_changes_by_email",
        "notify schema changes by email",
        "notifySchemaChangesByEmail",
        by_update=True,  # its createConnection does not read it
        versions="since 0.50",
    ),
    ConnectionField(
        attribute="backfill",
        label="backfill",
        words={"config": ("backfillPreference",)},
        declare=_flag,
        read=lambda answer, at, _api: read_optional_text(answer, "backfillPreference", at) == "enabled",
        write=lambda value, _api: {"backfillPreference": "enabled" if value else "disabled"},
        initial=False,
        versions="since 0.63, and late versions of 0.50",
    ),
    ConnectionField(
        attribute="resource_requirements",
        label="resource requirements",
        words={"config": ("resourceRequirements",)},
        declare=_declare_resources,
        read=_read_resources,
        write=lambda resources, _api: {"resourceRequirements": resources},
        adopt=_adopt_resources,
        initial=dict[str, Any](),
    ),
    ConnectionField(
        attribute="region",
        label="region",
        words=_REGION,
        declare=_text,
        read=lambda answer, at, api: read_optional_text(answer, _REGION[api][0], at) or "auto",
        write=lambda region, api: {_REGION[api][0]: region},
        initial="auto",
        versions=REGION_LEFT,
    ),
    ConnectionField(
        attribute="tags",
        label="tags",
        words=dict.fromkeys(("config", "public"), ("tags",)),
        declare=_declare_tags,
        read=_read_tags,
        write=lambda tags, _api: {"tags": tags},
        initial=list[Any](),
        versions="since 1.6",
    ),
)

Rows: TypeAlias = Sequence[ConnectionField]


def declared_fields(element: object, rows: Rows = FIELDS) -> dict[str, Any]:
    """What of *element* is declared, by label; what is UNSET is not managed. DeclarationError for a wrong value."""
    values = {row.label: row.declared(getattr(element, row.attribute)) for row in rows}
    return {label: value for label, value in values.items() if value is not UNSET}


def read_fields(answer: Json, at: str, api: Api, rows: Rows = FIELDS) -> dict[str, Any]:
    """Every field by label, as *api* answered it. ServerFault where one has another shape than promised."""
    return {row.label: row.read(answer, at, api) for row in rows if api in row.words}


def written_fields(fields: Mapping[str, Any], api: Api, rows: Rows = FIELDS) -> dict[str, Any]:
    """What *api* is sent for *fields*, by label; None is left to the server."""
    sent: dict[str, Any] = {}
    for row in rows:
        if (value := fields.get(row.label)) is not None:
            sent |= row.write(value, api)
    return sent


def words_of(api: Api, rows: Rows = FIELDS) -> list[str]:
    """The properties of a connection in *api* that the fields are kept in."""
    return [word for row in rows for word in row.words.get(api, ())]


def initial_fields(api: Api, rows: Rows = FIELDS) -> dict[str, Any]:
    """What *api* is sent for a new connection of which nothing is declared: the same for all, in its own words."""
    return written_fields({row.label: row.initial for row in rows if row.is_sent}, api, rows)


def initial_values(rows: Rows = FIELDS) -> dict[str, Any]:
    """What a new connection begins with, by label."""
    return {row.label: row.initial for row in rows}


def overlooked(created: Json, api: Api, rows: Rows = FIELDS) -> dict[str, Any]:
    """What of the body of a create the server takes from an update alone, where it is another than the initial."""
    words = [row.words.get(api, ()) for row in rows if row.by_update]
    return {word: created[word] for listed in words for word in listed if created.get(word)}


def refusals(
    fields: Mapping[str, Any], api: Api, taken: Collection[str] | None = None, rows: Rows = FIELDS
) -> dict[str, str]:
    """Which of *fields*, by label, cannot be sent through *api* to a server that takes the words *taken*, and why.
    None: it takes all there are.
    """
    said = {row.label: _refusal(row, fields[row.label], api, taken) for row in rows if row.label in fields}
    return {label: why for label, why in said.items() if why is not None}


def _refusal(row: ConnectionField, value: Any, api: Api, taken: Collection[str] | None) -> str | None:
    if value is None:
        return None
    if api not in row.words:
        return f"Airbyte's Public API neither shows nor takes it; leave {row.attribute} out, or {USE_CONFIG}"
    if taken is not None and row.words[api][0] not in taken:
        return f"a connection of this Airbyte has no {row.label} ({row.versions}); leave {row.attribute} out"
    return row.refuses(value, api)
