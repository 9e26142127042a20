"""What the pages can do: start and cancel jobs, log in and out. Forms that POST, from these very pages alone."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from airbyte_local.jobs.requesting import cancel_job, request_sync
from airbyte_local.model.errors import Refusal
from airbyte_local.pages.access import SESSION_SECONDS, FormLogin, TooManyTries, cookie_name, is_own
from airbyte_local.pages.renderer import LOGIN, Renderer, said
from airbyte_local.pages.views import find_connection
from airbyte_local.store import Job

MOST = 20_000
"""Bytes of a form."""
FOREIGN = "This form does not come from a page of this server."
STALE = "The server was started again since this page was made. Go back and reload it."


class Actions:
    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer

    def routes(self) -> list[Route]:
        always = [
            Route("/connections/{id}/sync", self._sync, methods=["POST"]),
            Route("/jobs/{job:int}/cancel", self._cancel, methods=["POST"]),
        ]
        if not isinstance(self._renderer.login, FormLogin):
            return always
        return [
            *always,
            Route(LOGIN, self._ask),
            Route(LOGIN, partial(self._log_in, self._renderer.login), methods=["POST"]),
            Route("/logout", partial(self._log_out, self._renderer.login), methods=["POST"]),
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

    async def _ask(self, request: Request) -> Response:
        return await self._login_page(request, request.query_params.get("next", "/"))

    async def _log_in(self, login: FormLogin, request: Request) -> Response:
        form = await _form(request)
        if refused := await self._refused(request, form):
            return refused
        wanted = form.get("next", "/")
        try:
            session = login.log_in(form.get("client_id", ""), form.get("client_secret", ""))
        except TooManyTries as error:
            headers = {"retry-after": str(error.seconds)}
            return await self._login_page(request, wanted, notice=str(error), status=429, headers=headers)
        if session is None:
            notice = "That is not the client id and secret of this server. It said them when it started."
            return await self._login_page(request, wanted, notice=notice, status=403)
        answer = RedirectResponse(_local(wanted), 303)
        answer.set_cookie(
            cookie_name(request), session, max_age=SESSION_SECONDS, path="/", httponly=True, samesite="strict"
        )
        return answer

    async def _log_out(self, login: FormLogin, request: Request) -> Response:
        if refused := await self._refused(request, await _form(request)):
            return refused
        login.log_out(request)
        answer = RedirectResponse(LOGIN, 303)
        answer.delete_cookie(cookie_name(request), path="/", httponly=True, samesite="strict")
        return answer

    async def _login_page(
        self,
        request: Request,
        wanted: str,
        *,
        notice: str | None = None,
        status: int = 200,
        headers: dict[str, str] | None = None,
    ) -> Response:
        context = {"next": _local(wanted), "notice": notice}
        answer = await self._renderer.show(request, "login.html", lambda: context, status=status)
        answer.headers.update(headers or {})
        return answer

    async def _refused(self, request: Request, form: dict[str, str]) -> Response | None:
        if not is_own(request):
            return await self._renderer.message(request, 403, "Refused", FOREIGN)
        if not self._renderer.token.matches(form.get("token")):
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


def _local(wanted: str) -> str:
    """An address of this server; what leads anywhere else leads home."""
    safe = wanted.startswith("/") and wanted[1:2] not in {"/", "\\"} and wanted.isprintable() and "\\" not in wanted
    return wanted if safe else "/"
