"""Which of the two APIs a request is for."""

from __future__ import annotations

from airbyte_local import config_api, public_api
from airbyte_local.answers import Answer, Request, unknown_route
from airbyte_local.world import World


def answer(world: World, request: Request) -> Answer:
    """Blocking: it runs in a thread."""
    if request.path.startswith(world.profile.public_prefix):
        return public_api.answer(world, request)
    if request.path.startswith(config_api.PREFIX):
        route = request.path.removeprefix(config_api.PREFIX)
        if world.profile.config_api or route in world.profile.unpromised:
            return config_api.answer(world, request)
    return unknown_route()
