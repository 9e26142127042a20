"""The environment variables of a connector, and those of its installer: never what the server itself was told."""

from __future__ import annotations

import os
from collections.abc import Mapping

PASSED = frozenset(
    {"PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "TZ"}
    | {"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"}
    | {"SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "AWS_CA_BUNDLE"}
    | {"GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"}
    | {"AIRBYTE_ENABLE_UNSAFE_CODE"}  # the vendor's own switch: only who starts the server can set it
)
OURS = "AIRBYTE_LOCAL_"
STEERING = ("PYTHON", "VIRTUAL_ENV", "CONDA_PREFIX")


def connector_environment(outer: Mapping[str, str] | None = None) -> dict[str, str]:
    """*outer*: what to take from; absent: this process' own. Its temporary files go to its private folder."""
    given = os.environ if outer is None else outer
    kept = {name: value for name, value in given.items() if name.upper() in PASSED or name.startswith("LC_")}
    # PYTHONUTF8: in its image a connector has a locale of UTF-8, whatever there is here.
    return {**kept, "DO_NOT_TRACK": "true", "PYTHONUTF8": "1"}


def installer_environment(outer: Mapping[str, str] | None = None) -> dict[str, str]:
    """The user's own, indexes and all, but for what steers another Python or was meant for the server."""
    given = os.environ if outer is None else outer
    return {name: value for name, value in given.items() if not name.startswith((OURS, *STEERING))}
