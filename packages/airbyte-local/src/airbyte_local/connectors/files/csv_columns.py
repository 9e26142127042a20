"""The cells of one column of some rows as values: the types that pandas finds, by the rules of its C parser.

A column of whole numbers with a blank among them holds floats. One text among numbers makes all of them texts. A
number that no 64 bits hold makes texts too, as does a float beyond the largest.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from airbyte_local.connectors.files.csv_options import Words
from airbyte_local.connectors.protocol import ConnectorFailed

PLAIN = b"0123456789+-.eE \n"  # what a column of numbers consists of, but for infinities and odd blanks
NUMBER = re.compile(
    r"[ \t\v\f\r\n]*[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?[ \t\v\f\r\n]*|[+-]?(?i:inf|infinity)"
)
LEADING = re.compile(r"\s*[+-]?([0-9]*)\s*")
INT64 = 2**63
UINT64 = 2**64


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    type: str  # of JSON; as the vendor's connector says it, which calls whatever it does not know a string
    values: Sequence[Any]
    blanks: bool  # some values are None


def column(name: str, cells: Sequence[str], words: Words) -> Column:
    """Raises ConnectorFailed where `dtype` wants what the cells are not."""
    missing = words.missing_of(name)
    blanks = not missing.isdisjoint(cells)
    present = [cell for cell in cells if cell not in missing] if blanks else cells
    wanted = words.type_of(name)
    if wanted is None:
        found = _inferred(_numerals(present, words), present, words, blanks=blanks)
    else:
        found = _cast(name, wanted, present, words, blanks=blanks)
    if not blanks:
        return found
    following = iter(found.values)
    values = [None if cell in missing else next(following) for cell in cells]
    return Column(type=found.type, values=values, blanks=True)


def _numerals(present: Sequence[str], words: Words) -> Sequence[str]:
    """As Python writes numbers; what is none stays none."""
    if words.thousands is not None:
        present = [cell.replace(words.thousands, "") for cell in present]
    if words.decimal != ".":
        present = [cell.replace(".", "x").replace(words.decimal, ".") for cell in present]
    return present


def _inferred(numerals: Sequence[str], present: Sequence[str], words: Words, *, blanks: bool) -> Column:
    if not present:
        return Column(type="number", values=(), blanks=blanks)
    found = _numbers(numerals, blanks=blanks)
    if found is not None:
        return found
    if all(map(words.truths.__contains__, present)):
        values = [words.truths[cell] for cell in present]
        return Column(type="string" if blanks else "boolean", values=values, blanks=blanks)
    return Column(type="string", values=present, blanks=blanks)


def _numbers(cells: Sequence[str], *, blanks: bool) -> Column | None:
    text = "\n".join(cells)
    plain = text.isascii() and not text.encode().translate(None, PLAIN)
    if not plain and not all(map(NUMBER.fullmatch, cells)):
        return None
    try:
        whole = list(map(int, cells))
    except ValueError:
        return _floats(cells, plain=plain)
    least, greatest = min(whole), max(whole)
    if least >= -INT64 and greatest < INT64:
        return Column(type="number", values=list(map(float, cells)) if blanks else whole, blanks=blanks)
    if least < 0 or greatest >= UINT64 or blanks:
        return None
    return Column(type="string", values=whole, blanks=False)


def _floats(cells: Sequence[str], *, plain: bool) -> Column | None:
    if max(map(len, cells)) > 18 and _too_great(cells):
        return None
    try:
        values = list(map(float, cells))
    except ValueError:
        return None
    if math.inf not in values and -math.inf not in values:
        return Column(type="number", values=values, blanks=False)
    infinite = [cell for cell, value in zip(cells, values, strict=True) if math.isinf(value)]
    if plain or any(any(map(str.isdigit, cell)) for cell in infinite):
        return None
    # JSON knows no infinity.
    return Column(type="number", values=[None if math.isinf(value) else value for value in values], blanks=True)


def _too_great(cells: Sequence[str]) -> bool:
    """Whether a cell begins with more than 64 bits before one that is no whole number makes floats of them all."""
    for cell in cells:
        leading = LEADING.match(cell)
        if leading is None or int(leading[1][:21] or "0") >= UINT64:
            return True
        if leading.end() != len(cell):
            return False
    return False


def _cast(name: str, wanted: str, present: Sequence[str], words: Words, *, blanks: bool) -> Column:
    if wanted == "text":
        return Column(type="string", values=present, blanks=blanks)
    if wanted == "whole" and blanks:
        raise ConnectorFailed(f"reader_options: dtype of {name!r} is a whole number, but some are missing")
    numerals = _numerals(present, words)
    odd = next((cell for cell in numerals if not NUMBER.fullmatch(cell)), None)
    if odd is not None:
        raise ConnectorFailed(f"reader_options: dtype of {name!r} does not fit: {odd!r} is no number")
    try:
        values: list[Any] = list(map(int if wanted == "whole" else float, numerals))
    except ValueError as error:
        raise ConnectorFailed(f"reader_options: dtype of {name!r} does not fit: {error}") from error
    finite = [value if math.isfinite(value) else None for value in values]
    return Column(type="number", values=finite, blanks=blanks or None in finite)
