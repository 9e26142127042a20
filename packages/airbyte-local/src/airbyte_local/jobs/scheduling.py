"""Schedules that fire. What is due is a question of the store and the clock; hardly anything else is remembered."""

from __future__ import annotations

import functools
import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from airbyte_local.jobs.requesting import request_sync
from airbyte_local.jobs.world import World
from airbyte_local.model.errors import Refusal
from airbyte_local.model.json_values import Json
from airbyte_local.model.records import Job, JobLine
from airbyte_local.model.schedules import Quartz

LOGGER = logging.getLogger(__name__)
LOOK_SECONDS = 1.0
# As the vendor counts them: https://docs.airbyte.com/platform/using-airbyte/core-concepts/sync-schedules
UNIT_SECONDS = {"minutes": 60, "hours": 3600, "days": 86_400, "weeks": 604_800, "months": 30 * 86_400}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """When one connection is due: worked out once, and again when its schedule changes or it gets another job."""

    data: Json
    seen: int  # since when it has this schedule, as far as anybody here knows
    newest: JobLine | None
    at: float | None  # None: not before something changes


@dataclass(slots=True)
class Schedules:
    """A cron schedule counts from when it was first seen: what was missed while no server ran stays missed."""

    _plans: dict[str, Plan] = field(default_factory=dict[str, Plan])
    _changes: int = -1
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
        """Ask for a sync of every connection that is due and has none."""
        now = world.now()
        with world.store.transaction() as session:
            changes, before = session.changes(), self._changes
            news = None if changes == before else (session.connections.scheduled(), session.jobs.newest())
        self._changes = changes
        if news is not None:
            self._plans = self._planned(*news, now)
        due = [key for key, plan in self._plans.items() if plan.at is not None and plan.at <= now]
        return [job for connection_id in due if (job := self._requested(world, connection_id)) is not None]

    def _planned(self, scheduled: Mapping[str, Json], newest: Mapping[str, JobLine], now: int) -> dict[str, Plan]:
        found: dict[str, Plan] = {}
        for connection_id, data in scheduled.items():
            before, job = self._plans.get(connection_id), newest.get(connection_id)
            if before is not None and before.data == data and before.newest == job:
                found[connection_id] = before
            else:
                seen = before.seen if before is not None and before.data == data else now
                found[connection_id] = Plan(data=data, seen=seen, newest=job, at=_next(data, job, seen))
        return found

    def _requested(self, world: World, connection_id: str) -> Job | None:
        """None: it was paused, deleted or synced in between."""
        try:
            return request_sync(world, connection_id, scheduled=True)
        except Refusal:
            return None
        except Exception:
            LOGGER.exception("the schedule of %s", connection_id)  # a bug of ours; others are due too
            self._plans[connection_id] = replace(self._plans[connection_id], at=None)
            return None

    def _work(self, world: World) -> None:
        while not self._end.wait(LOOK_SECONDS):
            try:
                self.fire(world)
            except Exception:  # noqa: PERF203 - once a second
                LOGGER.exception("schedules")  # a bug of ours; the next look may go well


def _next(data: Json, newest: JobLine | None, seen: int) -> float | None:
    """A job that runs puts it off. A schedule that cannot be read (no such zone on this machine) stops no other."""
    if newest is not None and not newest.ended:
        return None
    if "basicSchedule" in data:
        basic = data["basicSchedule"]
        pause = max(basic["units"] * UNIT_SECONDS[basic["timeUnit"]], UNIT_SECONDS["minutes"])
        return seen if newest is None else newest.created_at + pause
    since = max(seen, newest.created_at if newest else 0)
    try:
        return _cron_after(data["cron"]["cronExpression"], data["cron"]["cronTimeZone"], since)
    except (KeyError, ValueError) as error:
        LOGGER.warning("the schedule %s cannot be kept: %s", data["cron"], error)
        return None


@functools.lru_cache(maxsize=4096)
def _cron_after(expression: str, zone: str, since: int) -> float | None:
    """Many connections have one schedule, and are seen for the first time together."""
    return Quartz(expression).next_after(since, zone)
