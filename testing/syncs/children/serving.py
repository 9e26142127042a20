"""A local Airbyte as a process: `serving.py DATA` says where it is, and serves until it is killed or left alone."""

import json
import sys
from pathlib import Path

from airbyte_local import server

with server(Path(sys.argv[1]), retry_seconds=(), log_bodies=False) as running:
    told = {"url": running.url, "public_url": running.public_url, "workspace_id": running.workspace_id}
    print(json.dumps(told), flush=True)
    sys.stdin.read()
