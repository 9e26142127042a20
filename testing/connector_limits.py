# ruff: noqa: E501 - of the page's lines
"""Makes docs/connectors.md: of which connectors what is promised of a configuration cannot be kept, and why.

    python -m testing.connector_limits

`tests/property/test_every_connector.py` holds the page against the corpus, and the promises against the page.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path as FilePath
from random import Random

from dagster_managed_elements.engine.secrets import sounds_secret

from testing.connector_campaign import Miss
from testing.corpus import Connector, require_corpus
from testing.drawing import FLAG, Drawer, Schema, Undrawable
from testing.registry_airbyte import Server

PAGE = FilePath(__file__).resolve().parents[1] / "docs" / "connectors.md"
CHANGES = 7547
"""That can be made to what is drawn of all connectors: to draw them takes too long to count them for the page."""
_ITEMS = "*"


def is_listed(miss: Miss, server: Server, connectors: Iterable[Connector]) -> bool:
    """Whether the page says that, and of what, this promise is not kept."""
    connector = next(one for one in connectors if str(one) == miss.connector)
    if miss.promise == "refused":
        return not server.merges and any(map(_is_in_list, flagged(connector)))
    if miss.promise in {"seen", "sent"}:
        what, _, where = miss.where.partition(" ")
        untold = server.public and not server.is_given
        return (
            untold and what == "removed" and (where in of_oauth(connector) or _holder(where) in of_oauth(connector))
        )
    if miss.promise != "masked" or server.is_known:
        return False
    return miss.where in unheard(connector) or not flagged(connector).get(miss.where, True)


def of_oauth(connector: Connector) -> list[str]:
    """The objects that have tokens, which somebody may have let Airbyte's OAuth set."""
    secrets = [path for path, is_secret in flagged(connector).items() if is_secret]
    return sorted({_holder(path) for path in secrets if path.rpartition(".")[2] in _TOKENS} - {""})


_TOKENS = ("access_token", "refresh_token")


def _holder(path: str) -> str:
    return path.rpartition(".")[0]


def flagged(connector: Connector) -> dict[str, bool]:
    """The paths that the specification marks, and whether as secrets: the mark may say false."""
    return dict(sorted(_flagged(connector.spec, ())))


def _flagged(schema: object, path: tuple[str, ...]) -> Iterator[tuple[str, bool]]:
    if not isinstance(schema, dict):
        return
    if FLAG in schema:
        yield ".".join(path), schema[FLAG] is not False
        return
    for name, inner in (schema.get("properties") or {}).items():
        yield from _flagged(inner, (*path, name))
    yield from _flagged(schema.get("items"), (*path, _ITEMS))
    for word in ("oneOf", "anyOf", "allOf"):
        for branch in schema.get(word) or ():
            yield from _flagged(branch, path)


def _is_in_list(path: str) -> bool:
    return _ITEMS in path.split(".")


def unheard(connector: Connector) -> list[str]:
    """The secrets whose key does not sound like one."""
    return [
        path
        for path, is_secret in flagged(connector).items()
        if is_secret and not any(map(sounds_secret, path.split(".")))
    ]


def _untakable(connector: Connector) -> Iterator[str]:
    """Settings that no value can have."""
    for name, inner in connector.spec.get("properties", {}).items():
        if not _is_drawable(inner):
            yield name


def _is_drawable(schema: Schema) -> bool:
    try:
        Drawer(chance=Random(0)).value(schema)
    except Undrawable:
        return False
    return True


def page(connectors: Sequence[Connector]) -> str:
    marked = {one: flagged(one) for one in connectors}
    secret = sum(sum(paths.values()) for paths in marked.values())
    by_key = defaultdict[str, list[str]](list)
    for one in connectors:
        for path in unheard(one):
            by_key[path.rpartition(".")[2]].append(_short(one))
    unheard_count = sum(map(len, by_key.values()))
    return _TEMPLATE.format(
        connectors=len(connectors),
        sources=sum(one.kind == "source" for one in connectors),
        destinations=sum(one.kind == "destination" for one in connectors),
        secrets=secret,
        changes=CHANGES,
        unheard=unheard_count,
        of=len({name for names in by_key.values() for name in names}),
        in_lists=_table(
            ("connector", "secret"), _rows(marked, lambda path, is_secret: is_secret and _is_in_list(path))
        ),
        false=_table(("connector", "setting"), _rows(marked, lambda _, is_secret: not is_secret)),
        by_key=_table(
            ("key", "connectors"),
            [(f"`{key}`", ", ".join(sorted(set(names)))) for key, names in sorted(by_key.items())],
        ),
        of_oauth=_table(
            ("connector", "object"),
            [
                (_short(one), ", ".join(f"`{path}`" for path in paths))
                for one in connectors
                if (paths := of_oauth(one))
            ],
        ),
        untakable=_table(
            ("connector", "setting"),
            [(_short(one), f"`{name}`") for one in connectors for name in _untakable(one)],
        ),
    )


def _rows(
    marked: Mapping[Connector, Mapping[str, bool]], wanted: Callable[[str, bool], bool]
) -> list[tuple[str, str]]:
    found = {
        _short(one): [f"`{path}`" for path, is_secret in paths.items() if wanted(path, is_secret)]
        for one, paths in marked.items()
    }
    return [(name, ", ".join(paths)) for name, paths in sorted(found.items()) if paths]


def _short(connector: Connector) -> str:
    return connector.repository.removeprefix("airbyte/")


def _table(head: tuple[str, str], rows: Sequence[tuple[str, str]]) -> str:
    lines = [head, ("---", "---"), *rows]
    return "\n".join(f"| {left} | {right} |" for left, right in lines)


_TEMPLATE = """\
# Every connector

<!-- Made by `python -m testing.connector_limits`; a test holds it against the specifications. -->

From the specifications of the {connectors} connectors of Airbyte's registry ({sources} sources, {destinations} destinations; {secrets} secrets)
configurations are drawn, with each branch of each choice, with everything that can be set and with as little as may be,
and every change that can be made to them: each setting changed, added and removed, each choice switched, items of lists
added, removed and swapped: {changes:,} changes. Our tests hold of them, through the Config API, through one that only replaces
whole configurations, and through the Public API with `specs=`, without, and of connectors that are not in the library's table (each
of these five ways tries another fifth of the changes, so that each change is tried once):

- **masked**: no secret is in anything that is printed, as text, JSON or Markdown, in a plan, a report or an error, not even
  where a server refuses what it was sent and says it again;
- **in sync**: what is declared as Airbyte holds it shows no change, however Airbyte masks it;
- **seen**: every other change is shown, at its path, and nothing beside it;
- **sent**: afterwards Airbyte holds what is declared, with the real secrets: beside a secret, in a choice, in a list;
- **told**: where a secret is sent that did not change, the plan says so.

What cannot be kept is listed here, all of it. In none of these cases is something written that was not shown.

## Refused: a secret in a list, where Airbyte only replaces whole configurations

An Airbyte before 0.50 cannot change a part of a configuration, and does not know its own mask again within a list. A change
beside such a secret fails with a sentence that says so, before anything is sent. These connectors have some:

{in_lists}

## Not seen: what Airbyte masks although it is no secret

Where a specification has `airbyte_secret: false`, Airbyte masks all the same (it looks for the word), so that a change of
such a value cannot be seen, as that of a secret. It is masked by the library, too. `--include-secret` sends it again.

{false}

## Not masked: connectors of your own, on the Public API

Of a connector that is not in the library's table the Public API tells nothing, so that what sounds secret by its key is
masked before it is written; what Airbyte masks is believed from then on. If the registry's own connectors were met
that way, {unheard} of their secrets, of {of} connectors, would be shown in the plan that creates them. `specs=` tells of them, and
wrapping the value (`EnvVar`, `Secret`) always does:

{by_key}

## Not seen: tokens that are no longer declared, on the Public API without `specs=`

The Public API does not tell which keys Airbyte's own OAuth sets. Tokens that are there and masked, in an object that is not
declared or that is declared without any of them, are taken to be OAuth's and left alone, which a note says. So that they
were declared before and are not any more is not seen there; another choice is. `specs=` tells the two apart:

{of_oauth}

## Not to be set: settings that no value can have

Their specification asks for two things that nothing is at once. They are optional, and are refused where they are given:

{untakable}
"""


if __name__ == "__main__":
    PAGE.write_text(page(require_corpus()), encoding="utf-8")
