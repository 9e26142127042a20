"""A door that opens to this machine only."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send


class LoopbackOnly:
    """Refuses foreign Host and Origin: else any web page could reach in by DNS rebinding."""

    def __init__(self, app: ASGIApp, allowed_hosts: Collection[str]) -> None:
        self._app = app
        self._allowed = {host.lower() for host in allowed_hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        asked = [f"//{headers.get(b'host', '')}"]
        if b"origin" in headers:
            asked.append(headers[b"origin"])
        if all(self._near(url) for url in asked):
            await self._app(scope, receive, send)
        else:
            text = "This answers to this machine only; see --allow-host\n"
            await PlainTextResponse(text, status_code=403)(scope, receive, send)

    def _near(self, url: str) -> bool:
        try:
            host = (urlsplit(url).hostname or "").lower()
        except ValueError:
            return False
        if host == "localhost" or host in self._allowed:
            return True
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return False
