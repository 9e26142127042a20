"""Real connectors for slow tests: installed once, from the package index, into a folder that every run shares."""

from __future__ import annotations

from pathlib import Path

from airbyte_local.connectors.external.pins import find_pin
from airbyte_local.connectors.external.workshop import Workshop

FOLDER = Path(__file__).resolve().parents[1] / ".venv-clients" / "connectors"


def installed(*names: str) -> Path:
    """The folder for `server(connectors=...)`, with these connectors in it: `installed("faker", "file")`.

    A definition that is built in or chosen otherwise still comes first: a custom definition with the image of the
    real one, as in `airbyte/source-faker`, gets the real one.
    """
    workshop = Workshop(FOLDER)
    try:
        for name in names:
            pin = find_pin(name)
            assert pin is not None, name
            workshop.install(pin, say=lambda _: None)
    finally:
        workshop.close()
    return FOLDER
