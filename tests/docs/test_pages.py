"""Every page's code does what the page says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PAGES = sorted(
    [
        REPOSITORY / "README.md",
        *(REPOSITORY / "docs").glob("*.md"),
        *(REPOSITORY / "examples").glob("*/README.md"),
        *(REPOSITORY / "packages").glob("*/README.md"),
    ]
)


@pytest.mark.wide(
    "README", "docs/index.md", "docs/sources-and-destinations.md", "docs/secrets.md", "docs/write-an-integration.md"
)
@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_every_block_of_a_page_runs_and_prints_what_the_page_shows(folder: object, page: Path) -> None:
    folder.read(page)  # pyright: ignore[reportAttributeAccessIssue] - conftest's Folder


@pytest.mark.parametrize(
    ("text", "is_true"),
    [
        ("```console run\n$ echo a; echo b\na\nb\n```\n", True),
        ("```console run\n$ echo a; echo b\na\n...\n```\n", True),
        ("```console run\n$ echo a; echo b\na\n```\n", False),
        ("```console run\n$ echo '[*]?'\n[*]?\n```\n", True),
        ("```console run\n$ echo a\n*\n```\n", False),
        (
            "```console run\n$ test -e toy.py && echo here\nhere\n$ echo $STORE_URL | cut -c1-7\nhttp://\n```\n",
            True,
        ),
        ("```console\n$ false\nnever run\n```\n", True),
        ("```python\nx = 1\n```\n\n```python\nassert x == 1\n```\n", True),
        ("```python\nassert False\n```\n", False),
        ("```python of=examples/toy/library.py\nimport os\n```\n", True),
        ("```python of=examples/toy/library.py\nimport sys\n```\n", False),
    ],
)
def test_a_page_that_says_what_is_not_so_fails(folder: object, tmp_path: Path, text: str, is_true: bool) -> None:
    page = tmp_path / "page.md"
    page.write_text(text)
    read: Callable[[Path], None] = folder.read  # pyright: ignore[reportAttributeAccessIssue]
    if is_true:
        read(page)
    else:
        with pytest.raises(AssertionError):
            read(page)
