"""Words of the house, where a reader meets them: what a loop goes through is called what it is."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def loops(tree: ast.AST, name: str) -> Iterator[int]:
    """The lines of all loops and comprehensions that go through something by this *name*."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.For, ast.AsyncFor, ast.comprehension)):
            yield from (
                found.lineno for found in ast.walk(node.target) if isinstance(found, ast.Name) and found.id == name
            )


def test_a_loop_names_what_it_goes_through() -> None:
    texts = {file: file.read_text(encoding="utf-8") for file in sorted(ROOT.glob("packages/*/src/**/*.py"))}
    found = [
        f"{file.relative_to(ROOT)}:{line}"
        for file, text in texts.items()
        if re.search(r"\bfor [\w, ()*]*\beach\b", text)  # few files are read as code
        for line in loops(ast.parse(text), "each")
    ]
    assert found == []
