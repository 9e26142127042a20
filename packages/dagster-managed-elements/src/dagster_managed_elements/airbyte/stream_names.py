"""Which stream is meant: a name in a namespace, and the one text it is shown and compared under. Pure.

Names and namespaces may hold any character, so a text of the two joined says nothing unless it can be taken apart.
"""

from __future__ import annotations

import re
from typing import Final, TypeAlias

from dagster_managed_elements.airbyte.wire import Stream

StreamName: TypeAlias = str | tuple[str, str]
"""As a user declares a stream: its name, or (namespace, name); "" where a stream has no namespace."""

Identity: TypeAlias = tuple[str, str]
"""A stream of a catalog: (namespace, name), "" for no namespace."""

_PART: Final = r'"(?:[^"]|"")*"|[^".]*'
_LABEL: Final = re.compile(rf"(?:(?P<namespace>{_PART})\.)?(?P<name>{_PART})")


def identity(stream: Stream) -> Identity:
    return (stream.namespace or "", stream.name)


def label_of(name: StreamName) -> str:
    """`orders`, or `north.orders` for a pair; a part that holds a dot itself stands in quotes, as in SQL."""
    if isinstance(name, str):
        return _quoted(name)
    namespace, bare = name
    return f"{_quoted(namespace)}.{_quoted(bare)}"


def named(label: str) -> StreamName:
    """What *label* is the label of."""
    if "." not in label and '"' not in label:
        return label
    found = _LABEL.fullmatch(label)
    if found is None:
        raise ValueError(label)  # no label_of made it
    name, namespace = _bare(found["name"]), found["namespace"]
    return name if namespace is None else (_bare(namespace), name)


def spelt(name: StreamName) -> str:
    """As a key of `stream_config` is written."""
    return _literal(name) if isinstance(name, str) else f"({', '.join(map(_literal, name))})"


def _quoted(part: str) -> str:
    return '"' + part.replace('"', '""') + '"' if "." in part or '"' in part else part


def _bare(part: str) -> str:
    return part[1:-1].replace('""', '"') if part.startswith('"') else part


def _literal(part: str) -> str:
    return repr(part) if '"' in part or "\\" in part else f'"{part}"'
