"""What differs between versions of Airbyte, as data. A further version is one more row here, not one more `if`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from airbyte_local.model.json_values import Json

Fields = Mapping[str, frozenset[str]]
AuthName = Literal["none", "basic", "client"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    name: str
    version: str
    auths: tuple[AuthName, ...] = ("none", "basic", "client")
    proxied: bool = False  # HTTP Basic is asked for by a proxy, not by the server
    edition: str = "community"
    config_api: bool = True
    unpromised: frozenset[str] = frozenset()  # routes of the Config API that answer where it is not offered
    public_prefix: str = "/api/public/v1/"
    error_bodies: Literal["error-id", "exception"] = "error-id"
    problems: Literal["with-data", "detail-only"] = "with-data"
    unknown_ids: Literal["not-found", "forbidden"] = "not-found"  # forbidden: for those who are no administrator
    wrong_credentials: Literal[400, 401] = 400
    token_seconds: int = 900
    default_page_size: int = 20
    cursor_page_size: int | None = 20  # None: sources/list and friends are not paged
    streams_answer: Literal["array", "object"] = "array"
    structured_logs: bool = True  # False: logs of jobs are lines of text
    crons_by_second: bool = False  # True: one that fires more than once a minute is not refused
    status_flags: bool = False  # True: how a connection is doing is told in flags, not in a word
    coordinates: Literal["shown", "masked"] = "shown"
    destination_sync_modes: tuple[str, ...] = (
        *("append", "overwrite", "append_dedup", "overwrite_dedup"),
        *("update", "soft_delete"),
    )
    public_sync_modes: tuple[str, ...] = (
        *("full_refresh_overwrite", "full_refresh_overwrite_deduped", "full_refresh_append"),
        *("full_refresh_update", "full_refresh_soft_delete", "incremental_append"),
        *("incremental_deduped_history", "incremental_update", "incremental_soft_delete"),
    )
    absent: frozenset[str] = frozenset()  # routes that this version has not, or no longer
    lacks: Fields = field(default_factory=dict[str, frozenset[str]])
    """Form of an object -> properties that this version does not know."""
    adds: Mapping[str, Json] = field(default_factory=dict[str, Json])
    """Form of an object -> properties that are there in this version, whatever the handlers say; a value may be a
    function of the object."""
    bare: Mapping[str, str] = field(default_factory=dict[str, str])
    """Form of an object -> the one property that this version sends in the place of the whole object."""
    kinds: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    """Form of a body -> properties that this version reads otherwise, in the words of `bodies`."""

    @property
    def is_cloud(self) -> bool:
        return self.edition == "cloud"


def _together(*tables: Fields) -> Fields:
    """All properties of all *tables*: a version lacks what came with any later one."""
    found: dict[str, frozenset[str]] = {}
    for table in tables:
        for form, names in table.items():
            found[form] = found.get(form, frozenset()) | names
    return found


PROPERTIES: Json = json.loads(Path(__file__).with_name("properties.json").read_text(encoding="utf-8"))
# What 1.7 brought is among those of 1.8: nobody here has met a 1.7.
PROPERTIES_OF_1_8, PROPERTIES_OF_1_6, PROPERTIES_OF_1_5 = (
    {form: frozenset(names.split()) for form, names in PROPERTIES["came with"][version].items()}
    for version in ("1.8", "1.6", "1.5")
)
# A version that does not exist: words that no client can know, in every place where the vendor may add some.
OF_THE_FUTURE: Mapping[str, Json] = PROPERTIES["of the future"]


def _geography(connection: Json) -> str:
    return connection.get("geography", connection.get("dataResidency", "auto"))


# What was there, and went away with 1.7.
GEOGRAPHIES: Mapping[str, Json] = {
    "workspace": {"defaultGeography": "auto"},
    "connection": {"geography": _geography},
    "web_connection": {"geography": _geography},
    "public_connection": {"dataResidency": _geography},
}


def _normalization(definition: Json) -> Json:
    return {"supported": str(definition["dockerRepository"]).endswith("-postgres")}


OF_0_50: Mapping[str, Json] = {
    **GEOGRAPHIES,
    "instance": {"webappUrl": "http://localhost:8000"},  # as its configuration has it, not as it is reached
    "organization": {"orgLevelBilling": False, "pba": False},
    "destination_definition": {"supportsDbt": False, "normalizationConfig": _normalization},
}
# What a version says it also takes: clients send streams back as they came.
WORDS_OF_THE_FUTURE: Mapping[str, Mapping[str, list[str]]] = {
    "stream": {"supportedSyncModes": ["full_refresh|incremental|change_feed"]},
}
GONE_WITH_1_6 = frozenset({"sources/clone", "destinations/clone"})
GONE_WITH_1_7 = GONE_WITH_1_6 | {"workspaces/list", "workspaces/list_all_paginated"}
CAME_WITH_1_8 = frozenset({"web_backend/connections/status_counts"})
CAME_WITH_1_6 = frozenset(
    {"tags", "tags/{tagId}"}
    | {
        f"workspaces/{{workspaceId}}/definitions/{kind}{rest}"
        for kind in ("sources", "destinations", "declarative_sources")
        for rest in ("", "/{definitionId}")
    }
)
CAME_WITH_1_5 = frozenset(
    {"tags/list", "tags/create", "tags/update", "tags/delete", "connector_definitions", "organizations"}
    | {"connections/clear", "connections/clear/stream", "connections/refresh"}
)
JOB_TYPES_OF_0_50 = (
    "check_connection_source|check_connection_destination|discover_schema|get_spec|sync|reset_connection"
)
MODES_OF_0_50 = (
    "full_refresh_overwrite",
    "full_refresh_append",
    "incremental_append",
    "incremental_deduped_history",
)
MODES_OF_1_6 = (*MODES_OF_0_50, "full_refresh_overwrite_deduped")


GEOGRAPHY: Mapping[str, Mapping[str, Any]] = {
    form: {"geography": "text"} for form in ("connection_body", "web_connection_create", "web_connection_body")
} | {"public_connection_body": {"dataResidency": "text"}}


def _words(into: str, public: tuple[str, ...]) -> Mapping[str, Mapping[str, Any]]:
    """The enums of a version before 1.8, in its requests."""
    return {
        "stream_config": {"destinationSyncMode!": into},
        "mapper": {"type!": "hashing|field-renaming|row-filtering|encryption"},
        "public_stream_configuration": {"syncMode": "|".join(public)},
    }


V_0_50 = Profile(
    name="0.50",
    version="0.50.54",
    auths=("none", "basic"),
    proxied=True,
    error_bodies="exception",
    structured_logs=False,
    crons_by_second=True,
    status_flags=True,
    problems="detail-only",
    cursor_page_size=None,
    streams_answer="object",
    destination_sync_modes=("append", "overwrite", "append_dedup"),
    public_sync_modes=MODES_OF_0_50,
    absent=CAME_WITH_1_8 | CAME_WITH_1_6 | CAME_WITH_1_5,
    lacks=_together(PROPERTIES_OF_1_8, PROPERTIES_OF_1_6, PROPERTIES_OF_1_5),
    adds=OF_0_50,
    bare={"stream_update": "fieldTransforms"},
    kinds={
        **_words("append|overwrite|append_dedup", MODES_OF_0_50),
        **GEOGRAPHY,
        "workspace_create": {"organizationId": "uuid"},
        "public_workspace_patch": {"name!": "text"},
        "public_streams_of": {"destinationId!": "uuid"},
        "public_job_create": {"jobType!": "sync|reset"},
        "jobs_of": {"configTypes!": [JOB_TYPES_OF_0_50]},
    },
)
V_1_5 = Profile(
    name="1.5",
    version="1.5.0",
    structured_logs=False,
    error_bodies="exception",
    token_seconds=180,
    cursor_page_size=None,
    destination_sync_modes=("append", "overwrite", "append_dedup", "overwrite_dedup"),
    public_sync_modes=MODES_OF_0_50,
    absent=CAME_WITH_1_8 | CAME_WITH_1_6,
    lacks=_together(PROPERTIES_OF_1_8, PROPERTIES_OF_1_6),
    adds=GEOGRAPHIES,
    kinds={
        **_words("append|overwrite|append_dedup|overwrite_dedup", MODES_OF_0_50),
        **GEOGRAPHY,
        "public_workspace_patch": {"name!": "text"},
    },
)
V_1_6 = Profile(
    name="1.6",
    version="1.6.0",
    error_bodies="exception",
    cursor_page_size=None,
    destination_sync_modes=("append", "overwrite", "append_dedup", "overwrite_dedup"),
    public_sync_modes=MODES_OF_1_6,
    absent=CAME_WITH_1_8 | GONE_WITH_1_6,
    lacks=PROPERTIES_OF_1_8,
    adds=GEOGRAPHIES,
    kinds={**_words("append|overwrite|append_dedup|overwrite_dedup", MODES_OF_1_6), **GEOGRAPHY},
)
V_1_8 = Profile(name="1.8", version="1.8.0", error_bodies="exception", absent=GONE_WITH_1_7)
V_2_0 = Profile(name="2.0", version="2.0.0", absent=GONE_WITH_1_7)
CLOUD = Profile(
    name="cloud",
    version="cloud",
    auths=("client",),
    edition="cloud",
    config_api=False,
    unpromised=frozenset({"connections/get"}),  # Dagster's AirbyteCloudWorkspace lives on it
    public_prefix="/v1/",
    unknown_ids="forbidden",
    wrong_credentials=401,
    coordinates="masked",
)
FUTURE = Profile(name="9.9", version="9.9.0", absent=GONE_WITH_1_7, adds=OF_THE_FUTURE, kinds=WORDS_OF_THE_FUTURE)
PROFILES = {profile.name: profile for profile in (V_0_50, V_1_5, V_1_6, V_1_8, V_2_0, CLOUD, FUTURE)}
LATEST = V_2_0
