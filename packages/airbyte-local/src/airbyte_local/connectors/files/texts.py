"""A stream of bytes as text, in blocks and in lines, never more in memory than one row may have."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import BinaryIO

from airbyte_local.connectors.cancelling import Cancellation
from airbyte_local.connectors.protocol import ConnectorFailed

BLOCK = 1 << 20
LONGEST = 64_000_000  # characters of one row, or of one JSON value


class Text:
    """The characters of a file. `taken` counts those handed out, `ended` that there is no more to come."""

    def __init__(self, stream: BinaryIO, encoding: str, cancellation: Cancellation) -> None:
        self.encoding = encoding
        self.taken = 0
        self.ended = False
        self.line = ""  # the last that was handed out
        self.mark = 0  # where, in `taken`, the row under way began at the latest
        self._cancellation = cancellation
        try:
            self._text = io.TextIOWrapper(stream, encoding)
        except (LookupError, ValueError) as error:  # none of its name, or no name
            raise ConnectorFailed(f"The file is not {encoding} text: {error}") from error

    def blocks(self) -> Iterator[str]:
        """Raises ConnectorFailed where the file is no text of that encoding."""
        while True:
            self._cancellation.raise_if_requested()
            try:
                block = self._text.read(BLOCK)
            except UnicodeError as error:
                place = f"after {self.taken} characters"
                raise ConnectorFailed(f"The file is not {self.encoding} text: {error} ({place})") from error
            if not block:
                return
            if "\0" in block:
                raise ConnectorFailed(f"The file holds NUL characters: it is not {self.encoding} text")
            if not self.taken:
                block = block.removeprefix("\ufeff")
            self.taken += len(block)
            yield block

    def lines(self) -> Iterator[str]:
        """With their ends, each a newline. Whoever makes rows of them sets `mark` where one ends."""
        rest: list[str] = []
        for block in self.blocks():
            complete, end, beginning = block.rpartition("\n")
            if end:
                # Unlike str.splitlines it knows no other ends of lines.
                for self.line in io.StringIO("".join([*rest, complete, end]), newline="\n"):
                    yield self.line
                rest.clear()
            rest.append(beginning)
            if self.taken - self.mark > LONGEST:
                raise ConnectorFailed(f"A row is longer than {LONGEST // 1_000_000} million characters")
        if last := "".join(rest):
            self.line = last
            yield last
        self.ended = True


def shown(url: str) -> str:
    """*url* without what may be secret in it: who asks, and the query, where signatures are."""
    scheme, mark, address = url.rpartition("://")
    host, slash, path = address.partition("?")[0].partition("/")
    return f"{scheme}{mark}{host.rpartition('@')[2]}{slash}{path}"
