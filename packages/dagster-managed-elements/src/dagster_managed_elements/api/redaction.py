"""Blanks secrets out of what a server said: servers echo what they were sent, in whatever spelling suits them.

Spellings are not listed, since each may be spelled again. The text is read, and what was read is read again, one
layer of escapes deeper each time (JSON, HTML, URLs, Python's repr), until nothing is left to be read. The secret is
looked for in each layer, and what it was read from is blanked in the text itself. Only what cannot be read back
letter by letter (base64, another order of keys) is made beforehand, once a secret.
"""

from __future__ import annotations

import html
import json
import re
import sys
from base64 import b64decode, b64encode
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, cast

MASK: Final = "**********"

_SHORTEST: Final = 4
"""A secret of fewer characters is part of many a word: blanks in a text would give it away, so the whole text goes.
A line of a secret, or a text in it, that is as short is like `}`."""

_SOLID: Final = 8
"""Without its white space a text has words that nobody wrote; nothing shorter is looked for in it."""

_DEEPEST: Final = 8
"""How many layers are read. What a server echoes has two or three."""


_LONGEST: Final = 65_536
"""How many characters of a text are read; nobody is shown as much."""


def redact(text: str, secrets: Iterable[str]) -> str:
    """*text* with each of *secrets*, and whatever is part of one, replaced by the mask, however it is spelled.

    Where a secret of one to three characters stands in it, be it in base64, nothing of the text is left. An endless
    text is cut, and what a secret at the cut could have left there with it.
    """
    wanted = [secret for secret in secrets if secret.strip("*")]
    if not text or not wanted:
        return text
    layers = list(_layers(text[:_LONGEST], indexed=len(wanted) > _FEW))
    short = [secret for secret in wanted if len(secret) < _SHORTEST]
    if short and any(secret in read for read in _read_out(layers) for secret in short):
        return MASK
    layers.append(_above(layers[-1], _SPACE) or layers[-1])
    spans = [span for secret in wanted if secret not in short for span in _found(_wanted(secret), layers)]
    if len(text) > _LONGEST:
        return f"{_blanked(text[: max((end for _, end in spans), default=_LONGEST // 2)], sorted(spans))}..."
    return _blanked(text, sorted(spans))


_FEW: Final = 16
"""Of more secrets than these a text is first asked whether it has their first letters at all."""


def _blanked(text: str, spans: list[tuple[int, int]]) -> str:
    """*text* with one mask for all *spans* that touch each other."""
    pieces: list[str] = []
    done = 0
    for start, end in spans:
        if start > done or not pieces:
            pieces += [text[done:start], MASK]
        done = max(done, end)
    return "".join([*pieces, text[done:]])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """What to look for: texts *plain* as they are, in *base64*, and *solid*, in a text without its white space."""

    plain: tuple[str, ...] = field(repr=False)
    base64: tuple[str, ...] = field(repr=False)
    solid: tuple[str, ...] = field(repr=False)


@lru_cache(maxsize=8192)
def _wanted(secret: str) -> _Wanted:
    texts = list(dict.fromkeys([secret, *_texts_in(secret)]))
    lines = (line.strip() for text in texts for line in (text, *text.splitlines()))
    plain = _read_deeper([*texts, *(line for line in lines if len(line) >= _SHORTEST)])
    base64 = _read_deeper(_in_base64(texts))
    solid = (_SPACE.sub("", text) for text in (*_read_deeper([*texts, *_serialised(secret)]), *base64))
    return _Wanted(
        plain=tuple(plain),
        base64=tuple(base64),
        solid=tuple(dict.fromkeys(text for text in solid if len(text) >= _SOLID)),
    )


def _read_deeper(texts: Iterable[str]) -> list[str]:
    """*texts* and all that is read in them: what is no escape in a secret is read as one where it is looked for."""
    return list(
        dict.fromkeys(
            layer.text
            for text in texts
            for layer in _layers(text)
            if layer.text == text or len(layer.text) >= _SHORTEST
        )
    )


def _parsed(secret: str) -> Any:
    """The object or list that *secret* is as JSON, None where it is none."""
    if secret.lstrip()[:1] in {"{", "["}:
        try:
            return json.loads(secret)
        except (ValueError, RecursionError):
            pass
    return None


def _texts_in(secret: str) -> Iterator[str]:
    """The texts and numbers inside a secret that is JSON: of a service account's file, its private key."""
    ahead = [_parsed(secret)]
    while ahead:
        value = ahead.pop()
        if isinstance(value, dict):
            ahead += cast("dict[str, Any]", value).values()
        elif isinstance(value, list):
            ahead += cast("list[Any]", value)
        elif value is not None and not isinstance(value, bool) and len(text := str(value)) >= _SHORTEST:
            yield text
            ahead.append(_parsed(text))


def _serialised(secret: str) -> Iterator[str]:
    """A secret that is JSON, written again; how it is spaced and escaped does not matter to who looks for it."""
    if (value := _parsed(secret)) is not None:
        yield json.dumps(value)
        yield json.dumps(value, sort_keys=True)


def _in_base64(texts: Iterable[str]) -> Iterator[str]:
    """What is the same of a text in base64 whatever stands before it and after it, in both alphabets."""
    for text in texts:
        for spelled in dict.fromkeys([text, json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]]):
            raw = spelled.encode("utf-8", "replace")
            for before in range(3):
                whole = b64encode(bytes(before) + raw + bytes(2)).decode("ascii")
                same = whole[-(-8 * before // 6) : 8 * (before + len(raw)) // 6]
                if len(same) >= _SHORTEST:
                    yield from {same, same.translate(_URL_SAFE)}


def _read_out(layers: Iterable[_Layer]) -> Iterator[str]:
    """The text of each layer, and all that is text in base64 there: what is the same of a short secret in base64,
    whatever stands around it, is too little to be looked for.
    """
    for layer in layers:
        yield layer.text
        for run in _BASE64_RUN.findall(layer.text):
            raw = run.translate(_PLAIN)
            try:
                yield from (read.text for read in _layers(b64decode(raw + "=" * (-len(raw) % 4)).decode("utf-8")))
            except ValueError:
                continue


_PLAIN: Final = str.maketrans("-_", "+/", "=")
_BASE64_RUN: Final = re.compile(r"[A-Za-z0-9+/_-]{2,}={0,2}")
_URL_SAFE: Final = str.maketrans("+/", "-_")
_BASE64: Final = re.compile(r"[A-Za-z0-9+/_=-]*")
_SPACE: Final = re.compile(r"\s+")

_ESCAPE: Final = re.compile(
    r"""
      \\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}
    | \\(?:u[0-9a-fA-F]{4} | U[0-9a-fA-F]{8} | x[0-9a-fA-F]{2} | .)
    | %[c-fC-F][0-9a-fA-F](?:%[89abAB][0-9a-fA-F])+ | %[0-9a-fA-F]{2}
    | &(?:\#[0-9]{1,7} | \#[xX][0-9a-fA-F]{1,6} | [a-zA-Z][a-zA-Z0-9]{1,31});
    | \+
    """,
    re.VERBOSE | re.DOTALL,
)
_CONTROLS: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


def _read(escape: str) -> str:
    """The character that *escape* stands for in JSON, a URL, HTML or Python."""
    match escape[0]:
        case "+":
            return " "
        case "%":
            return _decoded(bytes.fromhex(escape.replace("%", "")))
        case "&" if escape[1] != "#":
            return html.unescape(escape)
        case "&":
            number = escape[2:-1]
            return _character(int(number[1:], 16) if number[0] in "xX" else int(number))
        case _:
            return _unquoted(escape[1:])


def _unquoted(letters: str) -> str:
    """What stands behind a backslash: a letter, or the number of a character; of two, where each is half of one."""
    if len(letters) == 1:
        return _CONTROLS.get(letters, letters)
    if len(letters) == len("ud83d\\ude00"):
        return bytes.fromhex(letters[1:5] + letters[7:]).decode("utf-16-be")
    return _character(int(letters[1:], 16))


def _character(number: int) -> str:
    return chr(number) if number <= sys.maxunicode else ""


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layer:
    """A *text* that was read out of the one *below*; *at* are where the escapes stand that were read, in this text
    (from, to) and in the one below.
    """

    text: str
    below: _Layer | None = None
    starts: list[int] = field(default_factory=list[int])
    ends: list[int] = field(default_factory=list[int])
    starts_below: list[int] = field(default_factory=list[int])
    ends_below: list[int] = field(default_factory=list[int])
    beginnings: frozenset[str] | None = None

    def occurrences(self, wanted: str) -> Iterator[int]:
        """Where *wanted* begins, those too that overlap the one before."""
        if self.beginnings is not None and wanted[:_SHORTEST] not in self.beginnings and len(wanted) >= _SHORTEST:
            return
        start = self.text.find(wanted)
        while start >= 0:
            yield start
            start = self.text.find(wanted, start + 1)

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """Where what stands here from *start* to *end* stands in the text itself."""
        layer = self
        while layer.below is not None:
            start, end = layer._first(start), layer._last(end)
            layer = layer.below
        return start, end

    def _first(self, position: int) -> int:
        number = bisect_right(self.starts, position) - 1
        if number < 0:
            return position
        if position < self.ends[number]:
            return self.starts_below[number]
        return self.ends_below[number] + position - self.ends[number]

    def _last(self, position: int) -> int:
        """*position* is behind the last character, of which all that it was read from counts."""
        number = bisect_right(self.starts, position - 1) - 1
        if number < 0:
            return position
        if position <= self.ends[number]:
            return self.ends_below[number]
        return self.ends_below[number] + position - self.ends[number]


def _layers(text: str, *, indexed: bool = False) -> Iterator[_Layer]:
    """*text*, and what is read in it, until there is nothing more to be read."""
    layer: _Layer | None = _Layer(text=text, beginnings=_beginnings(text) if indexed else None)
    for _ in range(_DEEPEST):
        if layer is None:
            return
        yield layer
        layer = _above(layer, _ESCAPE)


def _beginnings(text: str) -> frozenset[str]:
    return frozenset(text[start : start + _SHORTEST] for start in range(len(text)))


def _above(below: _Layer, pattern: re.Pattern[str]) -> _Layer | None:
    """The layer in which everything of *pattern* is read, white space as nothing; None where there is nothing."""
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    spans: list[tuple[int, int]] = []
    done = length = 0
    for match in pattern.finditer(below.text):
        start, end = match.span()
        read = _read(match[0]) if pattern is _ESCAPE else ""
        pieces += (below.text[done:start], read)
        starts.append(length + start - done)
        ends.append(starts[-1] + len(read))
        spans.append((start, end))
        done, length = end, ends[-1]
    text = "".join([*pieces, below.text[done:]])
    if text == below.text:
        return None
    return _Layer(
        text=text,
        below=below,
        starts=starts,
        ends=ends,
        starts_below=[start for start, _ in spans],
        ends_below=[end for _, end in spans],
        beginnings=None if below.beginnings is None else _beginnings(text),
    )


def _found(wanted: _Wanted, layers: Sequence[_Layer]) -> Iterator[tuple[int, int]]:
    """Where in the text something *wanted* stands; the last of *layers* is the one without white space."""
    *read, solid = layers
    for layer in read:
        for text in wanted.plain:
            yield from (layer.origin(start, start + len(text)) for start in layer.occurrences(text))
        for text in wanted.base64:
            yield from (_whole(layer, start) for start in layer.occurrences(text))
    for text in wanted.solid:
        yield from (solid.origin(start, start + len(text)) for start in solid.occurrences(text))


def _whole(layer: _Layer, start: int) -> tuple[int, int]:
    """All of the base64 around *start*: its neighbours hold a part of the first and the last character."""
    text = layer.text
    first = start
    while first > 0 and _BASE64.fullmatch(text, first - 1, first):
        first -= 1
    found = _BASE64.match(text, start)
    return layer.origin(first, found.end() if found else start)
