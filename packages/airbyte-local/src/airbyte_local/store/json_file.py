"""A JSON object in a file that processes share: replaced whole, for its owner alone."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from airbyte_local.model.json_values import Json, is_object


class JsonFile:
    """Read again only where it was written since; another process may have done that."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: tuple[tuple[int, int], Json] = ((0, 0), {})

    def read(self) -> Json:
        """Empty where there is none, or none that can be read."""
        try:
            found = self._path.stat()
            version = (found.st_mtime_ns, found.st_ino)
            if version != self._known[0]:
                content: Any = json.loads(self._path.read_bytes())
                self._known = (version, content if is_object(content) else {})
        except (OSError, ValueError):
            return {}
        return self._known[1]

    def write(self, content: Json) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, aside = tempfile.mkstemp(dir=self._path.parent, prefix=f".{self._path.name}.")
        with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123 - a descriptor, no path
            json.dump(content, file, indent=2)
        os.replace(aside, self._path)  # noqa: PTH105
