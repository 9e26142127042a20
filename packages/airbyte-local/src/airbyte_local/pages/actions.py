"""What the pages can do: start and cancel jobs. Forms that POST, from these very pages alone."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from airbyte_local.jobs.requesting import cancel_job, request_sync
from airbyte_local.model.errors import Refusal
from airbyte_local.model.records import Job
from airbyte_local.pages.renderer import Renderer, said
from airbyte_local.pages.views import find_connection, with_log

OWN = frozenset({"same-origin", "none"})
"""What browsers call requests from this origin, and those that the user made by hand (Sec-Fetch-Site)."""
MOST = 20_000
"""Bytes of a form."""
OTHER_ORIGIN = "This form does not come from a page of this server."
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
        if not _is_own(request):
            return await self._renderer.message(request, 403, "Refused", OTHER_ORIGIN)
        if not hmac.compare_digest(form.get("token", "").encode(), self._renderer.token.encode()):
            return await self._renderer.message(request, 403, "Refused", STALE)
        try:
            await self._renderer.thread(act)
        except Refusal as refusal:
            more = {"notice": said(refusal), "path": f"/connections/{connection_id}"}
            find = with_log(self._renderer.world, self._renderer.found(find_connection, {}, connection_id))
            return await self._renderer.show(request, "connection.html", lambda: {**find(), **more}, status=409)
        return RedirectResponse(f"/connections/{connection_id}", 303)


async def _form(request: Request) -> dict[str, str]:
    """Empty where it is larger than any of ours."""
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > MOST:
            return {}
    pairs = parse_qsl(content.decode("utf-8", "replace"), keep_blank_values=True)
    return dict(pairs)


def _is_own(request: Request) -> bool:
    """Whether a browser says that the request comes from a page of this server, or says nothing of it."""
    headers = request.headers
    if headers.get("sec-fetch-site", "same-origin") not in OWN:
        return False
    origin = headers.get("origin")
    if origin is None:
        return True
    try:
        # Without the scheme: in front of the server there may be one that speaks TLS.
        return urlsplit(origin).netloc == headers.get("host", "")
    except ValueError:
        return False
