"""What a user decided about connectors, kept as JSON beside the environments: which real ones, which commands."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from airbyte_local.model.json_values import Json, is_object


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


class JsonFile:
    """Read again only where it was written since; another process may have done that."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: tuple[tuple[int, int], Json] = ((0, 0), {})

    def read(self) -> Json:
        try:
            found = self._path.stat()
        except OSError:
            return {}
        version = (found.st_mtime_ns, found.st_ino)
        if version != self._known[0]:
            self._known = (version, _parse(self._path))
        return self._known[1]

    def write(self, content: Json) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, aside = tempfile.mkstemp(dir=self._path.parent, prefix=f".{self._path.name}.")
        with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123 - a descriptor, no path
            json.dump(content, file, indent=2)
        os.replace(aside, self._path)  # noqa: PTH105


def _parse(path: Path) -> Json:
    try:
        found: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if is_object(found) else {}
