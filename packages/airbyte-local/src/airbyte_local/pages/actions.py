"""What the pages can do: start and cancel jobs. Forms that POST, from these very pages alone."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from airbyte_local.jobs.requesting import cancel_job, request_sync
from airbyte_local.model.errors import Refusal
from airbyte_local.model.records import Job
from airbyte_local.pages.access import is_own
from airbyte_local.pages.renderer import Renderer, said
from airbyte_local.pages.views import find_connection

MOST = 20_000
"""Bytes of a form."""
FOREIGN = "This form does not come from a page of this server."
STALE = "The server was started again since this page was made. Go back and reload it."


class Actions:
    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer

    def routes(self) -> list[Route]:
        return [
            Route("/connections/{id}/sync", self._sync, methods=["POST"]),
            Route("/jobs/{job:int}/cancel", self._cancel, methods=["POST"]),
        ]

    async def _sync(self, request: Request) -> Response:
        connection_id: str = request.path_params["id"]
        return await self._act(request, partial(request_sync, self._renderer.world, connection_id), connection_id)

    async def _cancel(self, request: Request) -> Response:
        job_id: int = request.path_params["job"]

        def find() -> Job | None:
            with self._renderer.world.store.transaction() as session:
                return session.jobs.get(job_id)

        job = await self._renderer.thread(find)
        if job is None:
            return await self._renderer.message(request, 404, "There is no such job", "It may have been deleted.")
        return await self._act(request, partial(cancel_job, self._renderer.world, job_id), job.connection_id)

    async def _act(self, request: Request, act: Callable[[], Any], connection_id: str) -> Response:
        form = await _form(request)
        if refused := await self._refused(request, form):
            return refused
        try:
            await self._renderer.thread(act)
        except Refusal as refusal:
            told = said(refusal)

            def find() -> dict[str, Any]:
                found = find_connection(self._renderer.world, {}, connection_id, lines=True)
                return {**found, "notice": told, "path": f"/connections/{connection_id}"}

            return await self._renderer.show(request, "connection.html", find, status=409)
        return RedirectResponse(f"/connections/{connection_id}", 303)

    async def _refused(self, request: Request, form: dict[str, str]) -> Response | None:
        if not is_own(request):
            return await self._renderer.message(request, 403, "Refused", FOREIGN)
        if not hmac.compare_digest(form.get("token", "").encode(), self._renderer.token.encode()):
            return await self._renderer.message(request, 403, "Refused", STALE)
        return None


async def _form(request: Request) -> dict[str, str]:
    """Empty where it is larger than any of ours."""
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > MOST:
            return {}
    pairs = parse_qsl(content.decode("utf-8", "replace"), keep_blank_values=True)
    return dict(pairs)
