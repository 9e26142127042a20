"""Connection checks: HTTP is 200 whatever comes of them; the answer says what did."""

from __future__ import annotations

from dataclasses import dataclass

from airbyte_local.handlers.actors import validated
from airbyte_local.handlers.synchronous import job_read
from airbyte_local.jobs.discovery import Runnable, check, offered_runnable, stored_runnable
from airbyte_local.jobs.world import Errand
from airbyte_local.model.json_values import Json, bean
from airbyte_local.model.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckHandlers:
    words: Vocabulary

    def check(self, errand: Errand) -> Json:
        with errand.world.store.transaction() as session:
            actor = session.actors.find(self.words, errand.body[self.words.id])
            runnable = stored_runnable(errand.world, session, actor)
        return self._answer(errand, runnable)

    def check_for_update(self, errand: Errand) -> Json:
        """The configuration that was sent, not its merge with the stored one."""
        with errand.world.store.transaction() as session:
            runnable = offered_runnable(errand.world, session, self.words, errand.body)
        validated(runnable.definition, errand.body["connectionConfiguration"])
        return self._answer(errand, runnable)

    def check_offered(self, errand: Errand) -> Json:
        with errand.world.store.transaction() as session:
            runnable = offered_runnable(errand.world, session, self.words, errand.body)
        return self._answer(errand, runnable)

    def _answer(self, errand: Errand, runnable: Runnable) -> Json:
        outcome = check(errand.world, runnable)
        status = None if outcome.crashed else ("failed" if outcome.failure else "succeeded")
        crash = outcome.failure if outcome.crashed else None
        config_type, ran = f"check_connection_{self.words.kind}", runnable.definition.id
        return bean(
            status=status,
            message=None if outcome.crashed else outcome.failure,
            jobInfo=job_read(config_type, at=errand.world.now(), definition_id=ran, failure=crash),
        )
