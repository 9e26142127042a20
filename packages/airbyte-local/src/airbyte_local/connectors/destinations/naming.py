"""Names that a file system or a database takes, made of those that a source gives: by the vendor's rules, unique.

What the vendor changes we change in the same way. Where two names would come to the same, those that had to be
changed get a suffix made of the whole original: neither order nor company decides what a column is called.
"""

from __future__ import annotations

import hashlib
import re
import string
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterable

FILE_STEM_CHARACTERS = 150  # leaves room below the 255 bytes of most file systems for what is put around it
POSTGRES_BYTES = 63
_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
NAMELESS = "default_name"  # the vendor adds a random part, which no second run would find again


def alphanumeric(name: str) -> str:
    """ASCII letters, digits and underscores: accents go, a run of blanks is one underscore, all else one each."""
    letters = unicodedata.normalize("NFKD", name)
    plain = "".join(letter for letter in letters if not unicodedata.category(letter).startswith("M"))
    return re.sub(r"[^A-Za-z0-9_]", "_", re.sub(r"\s+", "_", plain))


def file_stem(stream: str) -> str:
    return _cut(alphanumeric(f"_airbyte_raw_{stream}"), stream, FILE_STEM_CHARACTERS)


def postgres_name(name: str) -> str:
    """As destination-postgres 3.x names schemas, tables and columns; no longer than what the server keeps."""
    return _cut(_begun(alphanumeric(name)), name, POSTGRES_BYTES)


def duckdb_column(name: str) -> str:
    """As destination-duckdb 0.6 names columns."""
    return _begun(re.sub(r"[^a-z0-9]", "_", name.lower()))


def printable(name: str) -> str:
    """*name* without the two things that no SQL text can hold: a NUL, and half a surrogate pair."""
    return name.replace("\0", "_").encode("utf-8", "replace").decode()


def quoted(*parts: str) -> str:
    """An SQL identifier, with its schema where there are two."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts)


def folded(name: str) -> str:
    """The same for names that a database which does not mind upper case takes for one: in ASCII letters."""
    return name.translate(_LOWER)


def distinct(names: Iterable[str], normalise: Callable[[str], str], reserved: Collection[str]) -> dict[str, str]:
    """Each of *names* as *normalise* has it, no two alike and none *reserved*.

    A name that needs no change keeps to itself, whoever else would like to have it.
    """
    wanted = {name: normalise(name) for name in names}
    claims = Counter(wanted.values())
    taken = set(reserved)
    found: dict[str, str] = {}
    for name, short in wanted.items():
        if short not in taken and (name == short or (claims[short] == 1)):
            found[name] = short
            taken.add(short)
    for name, short in wanted.items():
        if name not in found:
            found[name] = _free(short, name, taken)
            taken.add(found[name])
    return {name: found[name] for name in wanted}


def _free(short: str, name: str, taken: Collection[str]) -> str:
    salt = name
    while (found := _suffixed(short, salt, POSTGRES_BYTES)) in taken:
        salt += "_"
    return found


def _begun(name: str) -> str:
    """Not empty, and not beginning with a digit."""
    return f"_{name}" if name[:1].isdigit() else name or NAMELESS


def _cut(short: str, name: str, limit: int) -> str:
    return short if len(short) <= limit else _suffixed(short, name, limit)


def _suffixed(short: str, name: str, limit: int) -> str:
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{short[: limit - 9]}_{digest}"
