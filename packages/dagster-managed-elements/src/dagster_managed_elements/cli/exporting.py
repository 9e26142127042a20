"""`dagster-me export`: what is there already as a Python module, which is checked as soon as it is written."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

import click

from dagster_managed_elements.cli.commands import Command
from dagster_managed_elements.cli.files import quoted, read, removed, write
from dagster_managed_elements.cli.options import instance_options
from dagster_managed_elements.cli.screen import DONE, PENDING, Screen, exit_code
from dagster_managed_elements.engine.errors import DeclarationError

if TYPE_CHECKING:
    from dagster_managed_elements.engine.adoption import Adoption
    from dagster_managed_elements.engine.kinds import Instance, Settings
    from dagster_managed_elements.reconciling import Result
    from dagster_managed_elements.writing.modules import Declaring, Origin

LARGE: Final = 1000
"""Lines, from which on a place is a package, unless a file is asked for."""

_MOST: Final = 5
"""Things of one sort that are said one by one."""


@click.command("export", cls=Command, short_help="Write what is there as a Python module.")
@click.argument("keys", nargs=-1, metavar="[KEY]...")
@instance_options
@click.option(
    "--output",
    "-o",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="The module to write, `warehouse.py`; or its name, `warehouse`: a package then, if it is large. Without, "
    "it is printed.",
)
@click.option(
    "--also",
    multiple=True,
    metavar="KIND",
    help="What everybody has, too: `workspace` for its settings, `source definition` or `destination definition` "
    "for the versions of Airbyte's own connectors. May be given several times.",
)
@click.option("--force", is_flag=True, help="Overwrite also what no export has written.")
def export_cmd(
    *,
    keys: tuple[str, ...],
    instance: str,
    working_directory: Path | None,
    timeout: float,
    verbose: bool,
    output: Path | None,
    also: tuple[str, ...],
    force: bool,
) -> int:
    """Write what is there as a Python module, and check that nothing differs from it.

    \b
      dagster-me export --instance shop:airbyte -o warehouse.py
      dagster-me export --instance shop:airbyte -o warehouse
      dagster-me export --instance shop:airbyte "orders to warehouse"

    All of it, or each KEY and what it refers to: the name of one, or `connection:orders` where several have it.
    Secrets are read from environment variables, which need not be set for this; defaults are left out.

    What was exported may be exported again: the same place gives the same text, and what changed there changes its
    own lines. A file without the first line that exports write is not overwritten: taking that line out is how you
    say that it is yours. Ends with 1 where the check of what was written finds a difference.
    """  # noqa: D301 - click's mark, not a backslash
    import anyio

    from dagster_managed_elements.cli.runs import request_log
    from dagster_managed_elements.engine.kinds import Settings
    from dagster_managed_elements.loading import load_instance

    screen, settings = Screen(), Settings(timeout=timeout)
    path, found = load_instance(instance, working_directory)
    words = ["--instance", instance, *(["-o", output.name] if output else [])]
    words += [word for kind in also for word in ("--also", kind)] + [*keys]
    origin = _origin(path, " ".join(map(quoted, words)))
    if output is not None:
        _refuse(output)
    with request_log(wanted=verbose):
        adoption, declaring = anyio.run(_adopted, found, settings, keys, also)
        texts = _texts(adoption, origin, declaring, output)
        if output is not None:
            screen.say(_put(texts, output, force=force))
            results = anyio.run(_checked, _entrance(output, texts), settings)
        else:
            screen.result(texts[""].rstrip("\n"))
            with TemporaryDirectory() as folder:
                file = Path(folder) / "exported.py"
                file.write_text(texts[""], encoding="utf-8")
                results = anyio.run(_checked, file, settings)
    return _conclude(screen, adoption, results, printed=output is None)


async def _adopted(
    instance: Instance, settings: Settings, keys: Sequence[str], also: Collection[str]
) -> tuple[Adoption, Declaring]:
    from dagster_managed_elements.engine.adopting import adopt, chosen
    from dagster_managed_elements.writing.modules import Declaring

    async with instance.connect(settings) as session:
        adoption = await adopt(session, also)
        declaring = Declaring(module=session.module, reconciler=session.reconciler)
    return (chosen(adoption, keys) if keys else adoption), declaring


def _origin(instance: str, words: str) -> Origin:
    from dagster_managed_elements.writing.modules import Origin

    module, _, attribute = instance.partition(":")
    return Origin(module=module, attribute=attribute, command=f" {words}")


def _refuse(output: Path) -> None:
    """DeclarationError, before a server is asked, where no module can be written there."""
    module = output.with_suffix("") if output.suffix == ".py" else output
    folder = output.resolve().parent
    if not module.name.isidentifier():
        raise DeclarationError(f"{output.name!r} is no name of a Python module; give another one to -o.")
    if not folder.is_dir():
        raise DeclarationError(f"{output} cannot be written: there is no folder {folder}.")
    files = {file.resolve() for file in (output, output / "__init__.py", output.with_name(f"{module.name}.py"))}
    for known in list(sys.modules.values()):
        if (file := getattr(known, "__file__", None)) and Path(file).resolve() in files:
            raise DeclarationError(
                f"{output} is where the instance stands, which would be lost; name another file."
            )


def _texts(adoption: Adoption, origin: Origin, declaring: Declaring, output: Path | None) -> dict[str, str]:
    """By file name within the folder of a package, "" for a module that is one file."""
    from dagster_managed_elements.writing.modules import module_text, package_texts

    text = module_text(adoption, origin, declaring)
    if output is None or output.suffix == ".py":
        return {"": text}
    # What is there already keeps its form: a place that grew by a line is not to change all of them.
    is_package = output.is_dir() or (text.count("\n") > LARGE and not output.with_suffix(".py").exists())
    return package_texts(adoption, origin, declaring) if is_package else {"": text}


def _entrance(output: Path, texts: Mapping[str, str]) -> Path:
    """The file that is imported."""
    if "" not in texts:
        return output / "__init__.py"
    return output if output.suffix == ".py" else output.with_name(f"{output.name}.py")


def _put(texts: Mapping[str, str], output: Path, *, force: bool) -> Iterator[str]:
    """Write what differs, and say what was. DeclarationError, before anything is, where that is somebody else's."""
    entrance = _entrance(output, texts)
    if "" not in texts and not force and not _is_ours(output):
        raise DeclarationError(f"{output} is a folder that no export has written; name another, or give --force.")
    files = {entrance if name == "" else output / name: text for name, text in texts.items()}
    stale = [] if "" in texts else [file for file in sorted(output.glob("*.py")) if file not in files]
    for file in files:
        if not force and (there := read(file)) and not there.startswith(_mark()):
            raise DeclarationError(
                f"{file} is not overwritten: its first line is not that of an export, so it is yours. Name another "
                "file, or give --force."
            )
    changed = {file: text for file, text in files.items() if read(file) != text}
    gone = [file for file in stale if read(file).startswith(_mark())]
    if "" not in texts:
        output.mkdir(exist_ok=True)
    for file, text in changed.items():
        write(file, text)
    for file in gone:
        removed(file)
    return _said(output, entrance, changed, gone)


def _said(output: Path, entrance: Path, changed: Collection[Path], gone: Collection[Path]) -> Iterator[str]:
    yield from (f"Wrote {file}." for file in changed)
    yield from (f"Removed {file}, of which nothing is there any more." for file in gone)
    if not (changed or gone):
        yield f"{output if entrance.name == '__init__.py' else entrance} is up to date."


def _is_ours(folder: Path) -> bool:
    """Whether an export wrote it, or may: what is in it is not known else."""
    is_free = not folder.exists() or (folder.is_dir() and not any(folder.iterdir()))
    return is_free or read(folder / "__init__.py").startswith(_mark())


def _mark() -> str:
    from dagster_managed_elements.writing.modules import MARK

    return MARK


async def _checked(file: Path, settings: Settings) -> list[Result]:
    """A check of the module in *file*, in which secrets that are not set are taken for those that are there."""
    from dagster_managed_elements.cli.reconciling import reconcilers, split
    from dagster_managed_elements.loading import load_file
    from dagster_managed_elements.reconciling import Options, check

    ours, _ = split(load_file(file))
    return await check(reconcilers(ours), Options(settings=settings, secrets_known=False))


def _conclude(screen: Screen, adoption: Adoption, results: Sequence[Result], *, printed: bool) -> int:
    from dagster_managed_elements.rendering import text
    from dagster_managed_elements.rendering.sections import Section, in_sync

    for line in _notes(adoption):
        screen.note(line)
    sections = [
        Section(of=(result.place,), place=result.place, plan=result.plan, error=result.error) for result in results
    ]
    if in_sync(sections):
        said = "Checked: nothing differs from what is there."
        screen.note(said) if printed else screen.say(said)
        return DONE
    codes = [PENDING]
    for section in sections:
        for line in text.changes(section):
            click.echo(line, err=True)
        if section.error is not None:
            codes.append(exit_code(section.error))
            screen.error(section.error, "the check of it")
    if not any(section.error for section in sections):
        screen.error("What was written is not what is there: the above differs. Please report it.")
    return max(codes)


def _notes(adoption: Adoption) -> Iterator[str]:
    from dagster_managed_elements.rendering.values import escape

    names = [variable.name for variable in adoption.variables]
    if names:
        what = (
            "1 secret is read from a variable"
            if len(names) == 1
            else f"{len(names)} secrets are read from variables"
        )
        yield f"{what} to be set before the next check or apply: {' '.join(names)}"
    groups: dict[str, list[str]] = {}
    for notice in adoption.notices:
        path = "".join(f".{step}" for step in notice.path)
        groups.setdefault(notice.code, []).append(escape(f"{notice.key.name}{path}: {notice.text}"))
    for group in groups.values():
        yield from group[:_MOST]
        if len(group) > _MOST:
            yield f"and {len(group) - _MOST} more like the last; the first lines of what was written have them all"
