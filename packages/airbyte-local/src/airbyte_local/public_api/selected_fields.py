"""The fields that a request selects of one stream. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from airbyte_local.model.json_values import Json
from airbyte_local.public_api.problems import bad_request


def checked_selection(
    stream: Json, selected: Sequence[Json], *, cursor: list[str], key: list[list[str]]
) -> list[Json]:
    """*selected* again. *cursor* and *key* are those that must be in it; an answer's own `[]` is refused.

    Raises:
        Problem: 400, about the first thing that does not fit.
    """
    name = stream["name"]
    valid = list(stream.get("jsonSchema", {}).get("properties", {}))
    names = f"The list of valid field names includes: [{', '.join(valid)}]."
    if not selected:
        raise bad_request(f"No fields selected for stream {name}. {names}")
    paths = [entry.get("fieldPath", []) for entry in selected]
    if not all(paths):
        raise bad_request(f"Selected field path cannot be empty for stream:  {name}.")
    if any(len(path) > 1 for path in paths):
        raise bad_request(f"Nested field selection not supported for stream {name}.")
    found = [path[0] for path in paths]
    if len(set(found)) < len(found):
        raise bad_request(f"Duplicate fields selected in configuration for stream: {name}.")
    if not set(found) <= set(valid):
        raise bad_request(f"Invalid fields selected for stream {name}. {names}")
    if any(path[0] not in found for path in key):
        text = (
            f"Primary key fields are not selected properly for stream: {name}. "
            "Please include primary key(s) in the configuration for this stream."
        )
        raise bad_request(text)
    if cursor and cursor[0] not in found:
        text = (
            f"Cursor field is not selected properly for stream: {name}. "
            "Please include the cursor field in selected fields for this stream."
        )
        raise bad_request(text)
    return list(selected)
