"""Imported before a client is: from then on this process reaches the machine it runs on, and nothing else."""

import sys
from typing import Any

HERE = ("127.0.0.1", "::1")


def refuse_others(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.getaddrinfo":
        asked = arguments[0]
    elif event == "socket.connect" and isinstance(arguments[1], tuple):
        asked = arguments[1][0]
    else:
        return
    name = asked.decode() if isinstance(asked, bytes) else asked
    if name not in HERE:
        raise ConnectionRefusedError(f"this process may not ask for {name}")


sys.addaudithook(refuse_others)
