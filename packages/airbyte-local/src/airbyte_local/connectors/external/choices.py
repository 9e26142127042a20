"""What a user decided about connectors, kept as JSON beside the environments: which real ones, which commands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from airbyte_local.model.json_values import Json
from airbyte_local.store.json_file import JsonFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A command that acts as an image, with the specification it gave when it was registered."""

    image: str
    command: tuple[str, ...]
    specification: Json


class Choices:
    def __init__(self, folder: Path) -> None:
        self._chosen = JsonFile(folder / "chosen.json")
        self._commands = JsonFile(folder / "commands.json")

    def prefers(self, image: str) -> bool:
        """Whether the real connector is to run where one is built in."""
        return image in self._chosen.read()

    def prefer(self, image: str, version: str) -> None:
        self._chosen.write({**self._chosen.read(), image: version})

    def command(self, image: str) -> Registered | None:
        return next((registered for registered in self.commands() if registered.image == image), None)

    def commands(self) -> list[Registered]:
        return [
            Registered(image=image, command=tuple(entry["command"]), specification=entry["specification"])
            for image, entry in self._commands.read().items()
        ]

    def register(self, image: str, command: Sequence[str], specification: Json) -> None:
        entry = {"command": list(command), "specification": specification}
        self._commands.write({**self._commands.read(), image: entry})

    def forget(self, image: str) -> bool:
        """Whether there was anything to forget."""
        found = False
        for file in (self._chosen, self._commands):
            kept = file.read()
            if image in kept:
                found = True
                file.write({key: value for key, value in kept.items() if key != image})
        return found
