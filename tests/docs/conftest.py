"""Runs the code blocks of a Markdown page, in the order they stand, in a scratch folder.

What a fence says behind its three backticks decides (no reader of the page sees more than the language):

    python              executed; the python blocks of a page are one module
    python of=PATH      the same, and it stands word for word in that file of the repository; any language may
    python no-run of=   only that: a test of its own runs the file
    console run         each line behind a `$ ` is run, what follows it is exactly its output; `...` is any lines
    anything else       for reading only, `console` included
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from types import ModuleType

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
TOY = REPOSITORY / "examples" / "toy"
FENCE = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SLOWING = {"PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "PYTHONPATH"}


@dataclass(frozen=True)
class Block:
    language: str
    marks: tuple[str, ...]
    text: str
    line: int


def blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    return [
        Block(each[1], tuple(each[2].split()), each[3], text.count("\n", 0, each.start(3)))
        for each in FENCE.finditer(text)
    ]


@dataclass
class Folder:
    """Where a page is run: a scratch folder with the toy in it, and the environment of a user's shell."""

    path: Path
    environment: dict[str, str] = field(default_factory=dict[str, str])

    def shell(self, command: str) -> subprocess.CompletedProcess[str]:
        dropped = SLOWING | {"STORE_URL", "SHELF_CODE"}
        kept = {name: value for name, value in os.environ.items() if name not in dropped}
        path = f"{Path(sys.executable).parent}{os.pathsep}{kept['PATH']}"
        return subprocess.run(
            ["bash", "-c", command],
            cwd=self.path,
            env={**kept, **self.environment, "PATH": path},
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )

    def read(self, page: Path) -> None:
        """Run every block of *page*. Raises AssertionError with the place in the page."""
        module = ModuleType("page")
        sys.modules[module.__name__] = module  # dataclasses look their annotations up there
        for block in blocks(page):
            where = f"{page.name}, line {block.line}"
            _stands_in_its_file(block, where)
            if block.language == "python" and "no-run" not in block.marks:
                code = compile("\n" * block.line + block.text, str(page), "exec")
                exec(code, module.__dict__)  # the pages are ours
            elif block.language == "console" and "run" in block.marks:
                self._type(block, where)

    def _type(self, block: Block, where: str) -> None:
        for command, expected in _commands(block.text):
            shown = self.shell(command)
            said = f"{where}: {command}\n{shown.stdout}{shown.stderr}"
            assert fnmatchcase(shown.stdout, _pattern(expected)), said


def _stands_in_its_file(block: Block, where: str) -> None:
    for mark in block.marks:
        if mark.startswith("of="):
            file = REPOSITORY / mark.removeprefix("of=")
            assert block.text in file.read_text(encoding="utf-8"), f"{where}: no longer what {file} says"


def _commands(text: str) -> Iterator[tuple[str, str]]:
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        yield command, output


def _pattern(expected: str) -> str:
    literal = re.sub(r"([*?\[])", r"[\1]", expected)
    return re.sub(r"^\.\.\.\n", "*", literal, flags=re.MULTILINE)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Folder]:
    """The toy copied into a scratch folder, and its store running."""
    scratch = tmp_path / "scratch"
    shutil.copytree(TOY, scratch, ignore=shutil.ignore_patterns("__pycache__"))
    command = [sys.executable, str(TOY / "store.py"), "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as store:
        assert store.stdout is not None
        url = store.stdout.readline().strip()
        monkeypatch.chdir(scratch)
        monkeypatch.syspath_prepend(str(scratch))
        environment = {"STORE_URL": url, "SHELF_CODE": "4711"}
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        known = set(sys.modules)
        yield Folder(scratch, environment)
        for name in set(sys.modules) - known:
            if name in {"page", *(file.stem for file in scratch.glob("*.py"))}:
                del sys.modules[name]
        store.terminate()
