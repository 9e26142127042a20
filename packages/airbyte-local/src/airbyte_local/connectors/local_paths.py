"""`/local/...` of a configuration as a path under the data folder, and nothing else."""

from __future__ import annotations

import contextlib
from pathlib import Path, PurePosixPath

from airbyte_local.connectors.protocol import ConnectorFailed

MOUNT = PurePosixPath("/local")
SHOWN = 200
"""Characters of a path that leads nowhere."""


def below(root: Path, path: PurePosixPath) -> Path:
    """*path*, relative to *root*, with every symbolic link on the way followed and found inside *root*.

    Raises:
        ConnectorFailed: where it leads out, or nowhere.
    """
    real_root = root.resolve()
    try:
        real = (real_root / path).resolve()
        with contextlib.suppress(FileNotFoundError, NotADirectoryError, PermissionError):
            real.stat()
    except (OSError, RuntimeError, ValueError) as error:  # links in a circle, names without an end, NULs
        raise ConnectorFailed(f"{str(MOUNT / path)[:SHOWN]!r} is no path that can be followed") from error
    if not real.is_relative_to(real_root):
        raise ConnectorFailed(f"{MOUNT / path} leads outside the {MOUNT} directory")
    return real


def readable(root: Path, url: str) -> Path:
    """The file that a source means by `/local/...`."""
    path = PurePosixPath(url)
    if not path.is_relative_to(MOUNT) or ".." in path.parts:
        raise ConnectorFailed(f"{url!r} is not inside the {MOUNT} directory; put the file into {root}")
    real = below(root, path.relative_to(MOUNT))
    if not real.is_file():
        raise ConnectorFailed(f"{url!r} does not exist; {MOUNT} is {root}")
    return real


def writable(root: Path, destination_path: str) -> Path:
    """The folder that a destination means. The vendor puts a path from elsewhere below `/local`."""
    path = PurePosixPath(destination_path)
    if ".." in path.parts or "\0" in destination_path:
        raise ConnectorFailed(f"Destination file should be inside the {MOUNT} directory, not {destination_path!r}")
    relative = (
        path.relative_to(MOUNT) if path.is_relative_to(MOUNT) else PurePosixPath(*path.parts[path.is_absolute() :])
    )
    return below(root, relative)
