"""What a user declares of the workspace itself: its name, its email, and whom it tells of what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from dagster_managed_elements.airbyte.requiring import refusal, require, require_filled
from dagster_managed_elements.airbyte.workspace_settings import EVENTS
from dagster_managed_elements.engine.elements import Element, plain
from dagster_managed_elements.engine.secrets import Secret
from dagster_managed_elements.engine.values import UNSET, Fields, Unset


@dataclass(frozen=True, kw_only=True)
class AirbyteNotification:
    """How Airbyte tells of an event. What is not given is left as it is.

    Args:
        email: Whether it does by mail.
        webhook: The address where it does, of Slack; None for none. It is a secret: whoever has it can write there.
    """

    email: bool | Unset = UNSET
    webhook: str | Secret | Unset | None = field(default=UNSET, repr=False)


@dataclass(frozen=True)
class AirbyteWorkspace(Element):
    """The workspace that an instance points at. It is never created or deleted: only changed, its name too.

    Args:
        email: Where its mails go.
        notifications: An `AirbyteNotification` by event: failure, success, connection_update,
            connection_update_action_required, sync_disabled, sync_disabled_warning, breaking_change_warning and
            breaking_change_syncs_disabled. Those that are not declared are left alone.
        region: The id of the region (dataplane group) where its connections run; since Airbyte 1.8, through the
            Config API.

    Raises:
        DeclarationError: For an event that there is not, a value of another type, or an empty webhook or region.
    """

    kind: ClassVar[str] = "workspace"

    email: str | Unset = UNSET
    notifications: Mapping[str, AirbyteNotification] | Unset = UNSET
    region: str | Unset = UNSET

    def __post_init__(self) -> None:
        require(self, "email", self.email, str, Unset)
        require(self, "notifications", self.notifications, Mapping, Unset)
        require(self, "region", self.region, str, Unset)
        require_filled(self, "region", self.region, "leave it out")
        given = {} if isinstance(self.notifications, Unset) else dict(self.notifications)
        for event, notification in given.items():
            if event not in EVENTS:
                raise refusal(self, f"there is no notification of {event!r}, only of {', '.join(EVENTS)}")
            require(self, f"notifications of {event}", notification, AirbyteNotification)
            require(self, f"{event}: email", notification.email, bool, Unset)
            webhook = notification.webhook
            told = webhook.read() if isinstance(webhook, Secret) and webhook.is_literal else webhook
            if told is not None:
                require(self, f"{event}: webhook", told, str, Secret, Unset)
                require_filled(self, f"{event}: webhook", told, "for none write webhook=None")

    def fields(self) -> Fields:
        given = {"email": self.email, "region": self.region}
        told: dict[str, Any] = {name: value for name, value in given.items() if not isinstance(value, Unset)}
        if not isinstance(self.notifications, Unset):
            told["notifications"] = {event: _channels(channels) for event, channels in self.notifications.items()}
        return told


def _channels(notification: AirbyteNotification) -> dict[str, Any]:
    webhook = plain(notification.webhook)
    channels = {
        "email": notification.email,
        "webhook": Secret.literal(webhook) if isinstance(webhook, str) else webhook,
    }
    return {name: value for name, value in channels.items() if value is not UNSET}
