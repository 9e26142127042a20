"""One check in a process of its own, for `dagster-me serve --module`: a module in it may hang, exit or crash.

`python -m dagster_managed_elements.cli.check_process MODULE DIRECTORY RESULT` writes to the file RESULT, as JSON:
`document` as docs/reference-json.md has it, `in_sync`, `error`, and `files`: the user's own that were read, with
when each had been changed last, in nanoseconds since 1970 (0: while it was read).
"""

from __future__ import annotations

import json
import sys
import sysconfig
import time
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from dagster_managed_elements.cli.options import Asked
from dagster_managed_elements.cli.reconciling import check_all
from dagster_managed_elements.cli.runs import Run
from dagster_managed_elements.cli.screen import DONE, exit_code
from dagster_managed_elements.engine.errors import ManagedElementsError
from dagster_managed_elements.engine.matching import gather
from dagster_managed_elements.reconciler import Reconciler
from dagster_managed_elements.rendering.documents import document
from dagster_managed_elements.rendering.sections import Section

_NOT_THEIRS: Final = (
    str(Path(__file__).parents[1]),
    *{sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")},
)


def main(module: str, directory: str, result: str) -> None:
    began = time.time_ns()
    found: dict[str, Any] = {}
    met: set[str] = set()
    try:
        found = checked(module, Path(directory))
    except ManagedElementsError as error:
        found["error"] = str(error)
        met = set(_met(error))
    met |= {str(file) for imported in list(sys.modules.values()) if (file := getattr(imported, "__file__", None))}
    theirs = (file for file in sorted(met) if file.endswith(".py") and not file.startswith(_NOT_THEIRS))
    files = (file for file in theirs if Path(file).is_file())
    found["files"] = {file: _changed_at(file, began) for file in files}
    Path(result).write_text(json.dumps(found), encoding="utf-8")


def checked(module: str, directory: Path) -> dict[str, Any]:
    """Raises ManagedElementsError where the module has nothing that could be compared."""
    import anyio

    asked = Asked(module=module, working_directory=directory, output="json")
    with Run.begin("check", asked) as run:
        sections = anyio.run(check_all, run)
    code = max((exit_code(section.error) for section in sections if section.error), default=DONE)
    in_sync = [element for section in sections for element in _in_sync(run, section)]
    return {"document": json.loads(document("check", sections, code)), "in_sync": in_sync}


def _in_sync(run: Run, section: Section) -> Iterator[dict[str, str]]:
    """The elements of a place that are declared and not in its plan."""
    if section.plan is None or section.error is not None:
        return
    theirs = [loaded.reconciler for loaded in run.loaded if loaded.path in section.of]
    declared, _ = gather(
        (str(n), reconciler.elements) for n, reconciler in enumerate(theirs) if isinstance(reconciler, Reconciler)
    )
    differing = {entry.key for entry in section.plan.entries}
    for element in declared:
        if element.key not in differing:
            yield {"kind": element.key.kind, "name": element.key.name}


def _met(error: BaseException) -> Iterator[str]:
    """The files on the way to *error*: what could not be imported is among no modules."""
    seen: BaseException | None = error
    while seen is not None:
        yield from (frame.filename for frame in traceback.extract_tb(seen.__traceback__))
        if isinstance(seen, SyntaxError) and seen.filename:
            yield seen.filename
        seen = seen.__cause__ or seen.__context__


def _changed_at(file: str, began: int) -> int:
    at = Path(file).stat().st_mtime_ns
    return 0 if began <= at <= time.time_ns() else at


if __name__ == "__main__":
    arguments: Sequence[str] = sys.argv[1:]
    main(*arguments)
