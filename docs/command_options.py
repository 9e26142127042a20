"""What is made of a page before it is laid out.

What `--help` says stands in place of each line `<!-- commands: NAME MODULE:GROUP -->`. Of a fence's words the
language alone is left: the others are for the tests that run it, and on the site a fence with more opens no block,
so that its end does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import click


def on_page_markdown(markdown: str, **_: Any) -> str:
    plain = re.sub(r"^(```\w+) .*$", r"\1", markdown, flags=re.MULTILINE)
    return re.sub(r"<!-- commands: (\S+) (\S+):(\S+) -->", lambda found: "\n".join(_told(*found.groups())), plain)


def _told(name: str, module: str, attribute: str) -> Iterator[str]:
    group: click.Group = getattr(import_module(module), attribute)
    yield from _command(group, click.Context(group, info_name=name, **group.context_settings), "##")
    for inner in sorted(group.commands):
        command = group.commands[inner]
        yield from _command(command, click.Context(command, info_name=f"{name} {inner}"), "###")


def _command(command: click.Command, context: click.Context, heading: str) -> Iterator[str]:
    yield f"{heading} {context.info_name}\n"
    yield f"{(command.help or '').strip()}\n"
    yield f"```console\n$ {context.info_name} {' '.join(command.collect_usage_pieces(context))}\n```\n"
    yield "| option | means |\n|---|---|"
    for parameter in command.get_params(context):
        if (record := parameter.get_help_record(context)) is not None:
            names, meaning = record
            yield f"| `{names}` | {meaning.replace('|', chr(92) + '|')} |"
    yield ""
