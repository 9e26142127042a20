"""A workspace's own settings in one form, and the names that each of Airbyte's APIs has for its events. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

from dagster_managed_elements.airbyte.wire import Json, object_in, read_optional_text

EVENTS: Final[Mapping[str, tuple[str, str | None]]] = {
    "failure": ("sendOnFailure", "failure"),
    "success": ("sendOnSuccess", "success"),
    "connection_update": ("sendOnConnectionUpdate", "connectionUpdate"),
    "connection_update_action_required": (
        "sendOnConnectionUpdateActionRequired",
        "connectionUpdateActionRequired",
    ),
    "sync_disabled": ("sendOnSyncDisabled", "syncDisabled"),
    "sync_disabled_warning": ("sendOnSyncDisabledWarning", "syncDisabledWarning"),
    "breaking_change_warning": ("sendOnBreakingChangeWarning", None),
    "breaking_change_syncs_disabled": ("sendOnBreakingChangeSyncsDisabled", None),
}
"""What the Config API calls an event, and what the Public API does; None: it has none."""

_EMAIL, _WEBHOOK = "customerio", "slack"
"""What Airbyte calls the two ways of telling."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceSettings:
    """What can be told of a workspace. *email* is None where this API does not tell it, *notifications* where it
    has none, *region* where nobody can change it; *webhooks* are the names of those it has for other ends (dbt
    Cloud), None where they are not told.
    """

    name: str
    email: str | None = None
    notifications: Mapping[str, Mapping[str, Any]] | None = None
    webhooks: tuple[str, ...] | None = None
    region: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceChange:
    """What is to become another: None and what is left out are not. *notifications* are as declared."""

    name: str
    email: str | None = None
    notifications: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]], repr=False)
    region: str | None = None


def read_config_settings(body: Any, at: str, *, has_region: bool = False) -> WorkspaceSettings:
    """*has_region*: this version takes another region for it; 1.6 shows one, and takes none."""
    settings = _object(object_in(body, at).get("notificationSettings"), at)
    configs = object_in(body, at).get("webhookConfigs")
    rows = cast("list[Any]", configs) if isinstance(configs, list) else []
    return WorkspaceSettings(
        name=read_optional_text(body, "name", at),
        email=read_optional_text(body, "email", at),
        notifications={
            event: _of_setting(_object(settings.get(key), at), at) for event, (key, _) in EVENTS.items()
        },
        webhooks=tuple(read_optional_text(row, "name", at) or "unnamed" for row in rows),
        region=read_optional_text(body, "dataplaneGroupId", at) if has_region else None,
    )


def _of_setting(setting: Json, at: str) -> Json:
    kinds, slack = setting.get("notificationType") or (), _object(setting.get("slackConfiguration"), at)
    return {"email": _EMAIL in kinds, "webhook": slack.get("webhook") if _WEBHOOK in kinds else None}


def config_settings(body: Any, at: str, changed: Mapping[str, Json]) -> dict[str, Any]:
    """The whole of what the Config API is sent of notifications: it replaces what is there."""
    settings: dict[str, Any] = dict(_object(object_in(body, at).get("notificationSettings"), at))
    for event, channels in changed.items():
        key = EVENTS[event][0]
        setting = dict(_object(settings.get(key), at))
        wanted = {**_of_setting(setting, at), **channels}
        kinds = [kind for kind in setting.get("notificationType") or () if kind not in {_EMAIL, _WEBHOOK}]
        kinds += [kind for kind, on in ((_EMAIL, wanted["email"]), (_WEBHOOK, wanted["webhook"])) if on]
        setting["notificationType"] = kinds
        if wanted["webhook"]:
            setting["slackConfiguration"] = {"webhook": wanted["webhook"]}
        else:
            setting.pop("slackConfiguration", None)
        settings[key] = setting
    return settings


def read_public_settings(body: Any, at: str) -> WorkspaceSettings:
    told = object_in(body, at).get("notifications")
    known = None if told is None else _object(told, at)
    return WorkspaceSettings(
        name=read_optional_text(body, "name", at),
        notifications=None
        if known is None
        else {event: _of_public(_object(known.get(key), at), at) for event, (_, key) in EVENTS.items() if key},
    )


def _of_public(told: Json, at: str) -> Json:
    email, webhook = _object(told.get("email"), at), _object(told.get("webhook"), at)
    is_on = webhook.get("enabled") is True
    return {"email": email.get("enabled") is True, "webhook": webhook.get("url") if is_on else None}


def public_notifications(changed: Mapping[str, Json]) -> dict[str, Any]:
    """What the Public API is sent: it merges."""
    sent: dict[str, Any] = {}
    for event, channels in changed.items():
        body: dict[str, Any] = {}
        if "email" in channels:
            body["email"] = {"enabled": channels["email"]}
        if "webhook" in channels:
            url = channels["webhook"]
            body["webhook"] = {"enabled": True, "url": url} if url else {"enabled": False}
        sent[cast("str", EVENTS[event][1])] = body
    return sent


def _object(value: Any, at: str) -> Json:
    return object_in({} if value is None else value, at)
