"""Manifests of low-code connectors: read from files that anybody may have written, and what they say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from os import PathLike
from pathlib import Path
from typing import Any, Final, cast

from dagster_managed_elements.airbyte.wire import Specification
from dagster_managed_elements.engine.errors import DeclarationError
from dagster_managed_elements.engine.values import DEEPEST

LARGEST: Final = 2_000_000
"""Bytes; the largest of Airbyte's own manifests have some 300,000."""

MOST_VALUES: Final = 200_000
"""Of a manifest, those that an alias repeats counted again: aliases of aliases multiply."""


def read_manifest(path: str | PathLike[str]) -> dict[str, Any]:
    """The manifest in a YAML or JSON file. Raises DeclarationError with the reason, in one line."""
    try:
        with Path(path).open("rb") as file:
            content = file.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise DeclarationError(f"The manifest {path} cannot be read: {reason}.") from None
    if len(content) > LARGEST:
        raise DeclarationError(f"The manifest {path} has more than {LARGEST:,} bytes.")
    try:
        read = _loaded(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise DeclarationError(f"The manifest {path} is no text in UTF-8.") from None
    except _Unusable as error:
        raise DeclarationError(f"The manifest {path} {error}.") from None
    if not isinstance(read, dict):
        raise DeclarationError(f"The manifest {path} holds no mapping.")
    return cast("dict[str, Any]", read)


class _Unusable(Exception):
    """Why a text is no manifest; it quotes nothing of it but keys."""


def _loaded(text: str) -> Any:
    try:
        yaml: Any = import_module("yaml")  # only who keeps a manifest in a file needs it
    except ModuleNotFoundError:
        raise _Unusable("needs PyYAML to be read: pip install 'dagster-managed-elements[yaml]'") from None
    try:
        # Events come one by one, so that depth is refused before anything recurses into it.
        aliases = _refuse_depth(yaml.parse(text, Loader=_safest(yaml)), yaml)
        read = yaml.load(text, Loader=_strict(yaml))
    except yaml.YAMLError as error:
        raise _Unusable(f"is no YAML that can be used: {_reason(error)}") from None
    except (ValueError, OverflowError):  # such as a number of thousands of digits
        raise _Unusable("holds a number that cannot be read") from None
    if aliases and _has_too_many_values(read):
        raise _Unusable(f"comes to more than {MOST_VALUES:,} values, its aliases written out")
    return read


def _safest(yaml: Any) -> Any:
    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _refuse_depth(events: Iterator[Any], yaml: Any) -> int:
    """How many aliases there are."""
    depth = aliases = 0
    for event in events:
        depth += isinstance(event, yaml.events.CollectionStartEvent)
        depth -= isinstance(event, yaml.events.CollectionEndEvent)
        aliases += isinstance(event, yaml.events.AliasEvent)
        if depth > DEEPEST:
            raise _Unusable(f"nests more than {DEEPEST} levels deep (line {event.start_mark.line + 1})")
    return aliases


def _strict(yaml: Any) -> Any:
    """A loader that knows what JSON knows: dates stay text, as do yes and no; nothing is merged or given twice."""
    base = _safest(yaml)

    class Loader(base):
        yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's way

        def flatten_mapping(self, node: Any) -> None:
            seen: set[str] = set()
            for key, _ in node.value:
                name = key.value if isinstance(key, yaml.nodes.ScalarNode) else None
                if name is None or not key.tag.endswith(":str"):
                    wrong = "a key that is no text"
                elif name == "<<":
                    wrong = "a merge key (<<)"
                elif name in seen:
                    wrong = f"the key {name!r} twice"
                else:
                    seen.add(name)
                    continue
                raise _Unusable(f"has {wrong} (line {key.start_mark.line + 1})")

    for tag, pattern, first in _CORE:
        Loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(pattern), first)
    return Loader


_CORE: Final = (
    ("bool", r"(?:true|True|TRUE|false|False|FALSE)$", list("tTfF")),
    ("null", r"(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("int", r"[-+]?(?:0|[1-9][0-9]*)$", list("-+0123456789")),
    ("float", r"[-+]?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?$", list("-+0123456789")),
)
"""What a plain scalar can be beside a text, by how it is spelt: YAML 1.2, as Airbyte's UI reads it."""


def _has_too_many_values(read: Any) -> bool:
    """Without recursion: an alias may stand for what it is in."""
    ahead, count = [read], 0
    while ahead and count <= MOST_VALUES:
        value = ahead.pop()
        count += 1
        if isinstance(value, dict):
            ahead += cast("dict[str, Any]", value).values()
        elif isinstance(value, list):
            ahead += cast("list[Any]", value)
    return bool(ahead)


def _reason(error: Any) -> str:
    """PyYAML's own words without the excerpt, on one line."""
    mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
    place = f" (line {mark.line + 1})" if mark is not None else ""
    return f"{' '.join(str(problem or 'it has a character that is not allowed').split())[:120]}{place}"


def stream_names(manifest: Mapping[str, Any]) -> list[str]:
    """The names of its streams, as far as they can be told."""
    streams = manifest.get("streams")
    rows = cast("list[Any]", streams) if isinstance(streams, list) else []
    found = [followed(manifest, row) for row in rows]
    names = [cast("Mapping[str, Any]", row).get("name") for row in found if isinstance(row, Mapping)]
    return [name for name in names if isinstance(name, str)]


def specification(manifest: Mapping[str, Any]) -> Specification | None:
    """What it says of a configuration; None where it does not."""
    spec = sendable_spec(manifest)
    if spec is None:
        return None
    oauth = spec.get("advanced_auth")
    return Specification(
        connection_specification=spec["connectionSpecification"],
        advanced_auth=cast("dict[str, Any]", oauth) if isinstance(oauth, dict) else {},
    )


def sendable_spec(manifest: Mapping[str, Any]) -> dict[str, Any] | None:
    """Its `spec` as Airbyte's server wants it beside the manifest: references followed, one name in camelCase."""
    spec = followed(manifest, manifest.get("spec"))
    if not isinstance(spec, Mapping):
        return None
    told = cast("Mapping[str, Any]", spec)
    schema = followed(manifest, told.get("connection_specification"))
    return {**told, "connectionSpecification": schema} if isinstance(schema, dict) else None


def followed(manifest: Mapping[str, Any], value: Any) -> Any:
    """*value*, or what it refers to by `{"$ref": "#/definitions/x"}` or by such a text; None where nothing is."""
    for _ in range(DEEPEST):
        inner = cast("Mapping[str, Any]", value).get("$ref") if isinstance(value, Mapping) else value
        if not (isinstance(inner, str) and inner.startswith("#/")):
            return cast("Any", value)
        value = manifest
        for step in inner[2:].split("/"):
            value = cast("Mapping[str, Any]", value).get(step) if isinstance(value, Mapping) else None
    return None
