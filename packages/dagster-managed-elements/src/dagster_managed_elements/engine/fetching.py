"""Where a secret's value comes from: a variable, a file, a function. No error of these holds what was read."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

from dagster_managed_elements.engine.errors import DeclarationError, ManagedElementsError


def from_environment(variable: str, convert: Callable[[str], Any]) -> Any:
    if (text := os.environ.get(variable)) is None:
        raise DeclarationError(f"The environment variable {variable} is not set.")
    try:
        return convert(text)
    except ValueError:
        wanted = getattr(convert, "__name__", "value")
    # Raised out here, since the error of a conversion quotes what it could not convert.
    raise DeclarationError(f"The environment variable {variable} does not hold a valid {wanted}.")


def from_file(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").removesuffix("\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise DeclarationError(f"The secret file {path} cannot be read: {reason}.") from None


def from_call(function: Callable[[], Any], reference: str) -> Any:
    """What *function*, which is the user's own, returns: that it fails is no fault of an integration."""
    try:
        value = function()
    except ManagedElementsError:
        raise
    except Exception as error:  # noqa: BLE001 - raised below, out of reach of its text
        trouble = f"its function raised {type(error).__name__}; call it by itself to see why"
    else:
        if value is not None and _is_json(value):
            return value
        trouble = f"its function returned {type(value).__name__}, not text or another JSON value"
    raise DeclarationError(f"The secret {reference} cannot be read: {trouble}.")


def _is_json(value: Any) -> bool:
    """Bytes are none: they would be sent, and kept, in another spelling."""
    if isinstance(value, Mapping):
        fields = cast("Mapping[Any, Any]", value)
        return all(isinstance(key, str) and _is_json(inner) for key, inner in fields.items())
    if isinstance(value, (list, tuple)):
        return all(_is_json(inner) for inner in cast("list[Any]", value))
    return value is None or isinstance(value, (str, int, float))
