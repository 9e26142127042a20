"""Schedules that fire. What is due is a question of the store and the clock; hardly anything else is remembered."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field

from airbyte_local.errors import Refusal
from airbyte_local.jobs.requesting import request_sync
from airbyte_local.json_values import Json
from airbyte_local.quartz import quartz
from airbyte_local.store import Job
from airbyte_local.world import World

LOGGER = logging.getLogger(__name__)
LOOK_SECONDS = 1.0
# As the vendor counts them: https://docs.airbyte.com/platform/using-airbyte/core-concepts/sync-schedules
UNIT_SECONDS = {"minutes": 60, "hours": 3600, "days": 86_400, "weeks": 604_800, "months": 30 * 86_400}


@dataclass(slots=True)
class Schedules:
    """A cron schedule counts from when it was first seen: what was missed while no server ran stays missed."""

    _seen: dict[str, tuple[Json, int]] = field(default_factory=dict[str, "tuple[Json, int]"])
    _end: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def begin(self, world: World) -> None:
        self._end.clear()
        self._thread = threading.Thread(target=self._work, args=(world,), name="schedules", daemon=True)
        self._thread.start()

    def end(self) -> None:
        self._end.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def fire(self, world: World) -> list[Job]:
        """Ask for a sync of every connection that is due, and has none."""
        with world.store.transaction() as session:
            scheduled = session.connections.scheduled()
            newest = session.jobs.newest() if scheduled else {}
        now = world.now()
        self._seen = {each: self._first_seen(each, data, now) for each, data in scheduled.items()}
        due = [each for each, data in scheduled.items() if self._due(each, data, newest.get(each), now)]
        return [job for each in due if (job := _requested(world, each)) is not None]

    def _first_seen(self, connection_id: str, data: Json, now: int) -> tuple[Json, int]:
        before = self._seen.get(connection_id)
        return before if before is not None and before[0] == data else (data, now)

    def _due(self, connection_id: str, data: Json, newest: Job | None, now: int) -> bool:
        if newest is not None and not newest.ended:
            return False
        if "basicSchedule" in data:
            basic = data["basicSchedule"]
            pause = basic["units"] * UNIT_SECONDS[basic["timeUnit"]]
            return newest is None or newest.created_at + pause <= now
        since = max(self._seen[connection_id][1], newest.created_at if newest else 0)
        at = quartz(data["cron"]["cronExpression"]).next_after(since, data["cron"]["cronTimeZone"])
        return at is not None and at <= now

    def _work(self, world: World) -> None:
        while not self._end.wait(LOOK_SECONDS):
            self._look(world)

    def _look(self, world: World) -> None:
        try:
            self.fire(world)
        except Exception:
            LOGGER.exception("schedules")  # a bug of ours; the next look may go well


def _requested(world: World, connection_id: str) -> Job | None:
    try:
        return request_sync(world, connection_id, scheduled=True)
    except Refusal:
        return None  # paused, deleted or synced in between
