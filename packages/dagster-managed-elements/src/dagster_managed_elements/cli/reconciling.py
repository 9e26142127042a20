"""Runs what was loaded: our reconcilers together through the engine, a third party's each in its own thread."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Literal

from dagster_managed_elements import reconciling
from dagster_managed_elements.cli.runs import Run
from dagster_managed_elements.cli.starting import starters
from dagster_managed_elements.engine.concurrency import concurrently
from dagster_managed_elements.engine.errors import DeclarationError, ManagedElementsError
from dagster_managed_elements.loading import Loaded
from dagster_managed_elements.reconciler import Reconciler
from dagster_managed_elements.rendering.sections import Section
from dagster_managed_elements.rendering.values import escape
from dagster_managed_elements.third_party import differences, is_third_party
from dagster_managed_elements.third_party import run as run_third_party


def split(loaded: Iterable[Loaded]) -> tuple[list[Loaded], list[Loaded]]:
    """Those the engine plans for, and those of third parties."""
    ours: list[Loaded] = []
    theirs: list[Loaded] = []
    for given in loaded:
        (theirs if is_third_party(given.reconciler) else ours).append(given)
    return ours, theirs


def reconcilers(ours: Iterable[Loaded]) -> list[Reconciler]:
    return [given.reconciler for given in ours if isinstance(given.reconciler, Reconciler)]


async def check_all(run: Run, save: Path | None = None) -> list[Section]:
    """One Section a place, and one a third party's reconciler. None hides another. The plan goes to *save*."""
    ours, theirs = split(run.loaded)
    sections: list[Section] = []
    if run.recording is not None and theirs:
        raise DeclarationError(f"{theirs[0].path} is another library's, which knows no snapshots.")
    if save is not None or run.asked.destroy or run.asked.undo:
        from dagster_managed_elements.cli.plan_files import refuse_third_parties

        refuse_third_parties(loaded.path for loaded in theirs)

    def tell(text: str) -> None:
        run.screen.note(escape(text))

    async def planned() -> None:
        options = reconciling.Options(
            resent=run.asked.resent,
            scope=run.asked.scope,
            undo=run.asked.undo,
            tell=tell,
            policy=run.asked.policy,
            preflight=run.asked.seconds,
            state=run.asked.state,
            versions="asked" if run.asked.secrets == "server" else "unasked",
            settings=run.settings,
            secrets_known=run.recording is None,
            starters=starters(run, ours, tell),
        )
        results = await reconciling.check(reconcilers(ours), options)
        sections.extend(as_sections(results, ours))
        if save is not None:
            from dagster_managed_elements.cli.plan_files import write_plan

            write_plan(save, [result.shown for result in results], run.asked, run.screen)

    async def asked(each: Loaded) -> None:
        sections.append(await third_party_section(run, each, "check"))

    await concurrently(planned, *(partial(asked, loaded) for loaded in theirs))
    return in_order(run, sections)


def as_sections(results: Iterable[reconciling.Result], ours: Sequence[Loaded]) -> list[Section]:
    return [
        Section(
            of=tuple(ours[number].path for number in result.of),
            place=result.place,
            plan=result.plan,
            report=result.report,
            error=result.error,
        )
        for result in results
    ]


async def third_party_section(run: Run, each: Loaded, verb: Literal["check", "apply"]) -> Section:
    place = Section(of=(each.path,), place=each.path)
    try:
        diff = await run_third_party(
            each.reconciler,
            verb,
            include_all_secrets=run.asked.include_all_secrets,
            include_secrets=run.asked.include_secret,
        )
    except ManagedElementsError as error:
        return Section(of=place.of, place=place.place, error=error)
    return Section(of=place.of, place=place.place, diff=tuple(differences(diff)))


def in_order(run: Run, sections: Iterable[Section]) -> list[Section]:
    """As the module has their reconcilers, the same on every run."""
    order = {loaded.path: number for number, loaded in enumerate(run.loaded)}
    return sorted(sections, key=lambda section: order[section.of[0]])
