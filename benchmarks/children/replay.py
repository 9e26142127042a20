"""Sends the requests of a file with httpx, so many at a time, reads each answer and does nothing with it."""

import json
import sys
from pathlib import Path

import anyio
import httpx


async def replay(url: str, requests: list[dict[str, object]], in_flight: int) -> None:
    limiter = anyio.CapacityLimiter(in_flight)
    limits = httpx.Limits(max_connections=in_flight)
    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=600, limits=limits) as http:

        async def send(request: dict[str, object]) -> None:
            async with limiter:
                answer = await http.request(str(request["method"]), str(request["path"]), json=request["request"])
            answer.raise_for_status().json()

        async with anyio.create_task_group() as group:
            for request in requests:
                group.start_soon(send, request)


if __name__ == "__main__":
    url, file, in_flight = sys.argv[1:]
    anyio.run(replay, url, json.loads(Path(file).read_text()), int(in_flight))
