"""How a run ends: what is left to print, and the exit code."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from dagster_managed_elements.cli import streams
from dagster_managed_elements.cli.commands import tell_bug
from dagster_managed_elements.cli.runs import Run
from dagster_managed_elements.cli.screen import BUG, DONE, FAILED, INTERRUPTED, exit_code
from dagster_managed_elements.engine.errors import PlanRefused
from dagster_managed_elements.rendering import notices, text
from dagster_managed_elements.rendering.documents import document
from dagster_managed_elements.rendering.markdown import comment
from dagster_managed_elements.rendering.sections import Section, counted, in_sync
from dagster_managed_elements.rendering.values import escape

_MOST = 5
"""Consequences in the line that refuses a plan; all of them stand above it, or in the document."""
_NOTHING = {
    "check": "No diff found",
    "apply": "No changes applied",
    "destroy": "Nothing to destroy",
    "undo": "Nothing to undo",
}


def conclude(run: Run, sections: Sequence[Section], *, pending: int = DONE, interrupted: bool = False) -> int:
    """Print what is left to print and return the exit code: that of the worst that happened.

    Where standard output takes no more, or the user waits for it no longer, what was written is said on standard
    error.
    """
    codes = [DONE if in_sync(sections) else pending, *(_failure(section) for section in sections)]
    code = INTERRUPTED if interrupted else max(codes)
    try:
        _result(run, sections, code)
    except KeyboardInterrupt:
        if not run.writing:
            raise KeyboardInterrupt(run.written) from None
        streams.cut_off(sys.stdout)
        run.screen.error("Interrupted while the report was printed: what is printed is not whole.")
        code = INTERRUPTED
    if run.writing and (fault := streams.fault(sys.stdout)):
        _elsewhere(run, sections, fault)
    for line in notices.summarised(sections) if not run.asked.quiet else ():
        run.screen.note(line)
    for section in sections:
        for outcome in section.report.outcomes if section.report else ():
            if outcome.status == "done" and outcome.reason and not run.asked.quiet:
                run.screen.note(escape(f"{outcome.step}: {outcome.reason}"))
        _errors(run, section)
    return code


def _result(run: Run, sections: Sequence[Section], code: int) -> None:
    match run.asked.output:
        case "json":
            run.screen.result(document(run.verb, sections, code))
        case "markdown":
            run.screen.result(comment(run.verb, sections))
        case "text":
            _text(run, sections)


def _elsewhere(run: Run, sections: Sequence[Section], fault: OSError) -> None:
    """What was written, where standard output does not say it; not to who had enough of it, if all went well."""
    if isinstance(fault, BrokenPipeError) and all(section.ok for section in sections):
        return
    reports = [section.report for section in sections if section.report is not None]
    for report in reports:
        for line in text.outcomes(report, done=not streams.is_unwanted(fault)):
            run.screen.note(line)
    if reports:
        run.screen.note(text.totals(reports))
    for section in sections:
        if section.diff is not None:
            run.screen.note(f"{escape(section.place)} was applied.")


def _text(run: Run, sections: Sequence[Section]) -> None:
    # What the engine applies is shown before it begins; a third party's diff is known only now.
    shown = [section for section in sections if run.verb == "check" or section.diff is not None]
    run.screen.say(text.headed(shown, several=run.several, colour=run.screen.colour))
    reports = [section.report for section in sections if section.report is not None]
    if in_sync(sections):
        left_out = sum(section.plan.left_out for section in sections if section.plan)
        aside = f" in what was selected; {counted(left_out)} left out" if left_out else ""
        run.screen.remark(f"{_NOTHING[run.verb]}{aside}.")
        if run.verb == "undo" and not run.asked.quiet:
            run.screen.note("`undo RUN` goes back from an earlier one")
    elif any(not report.ok for report in reports):
        for report in reports:
            run.screen.say(text.outcomes(report, colour=run.screen.colour))
        run.screen.say(text.totals(reports, colour=run.screen.colour))
    elif run.screen.terminal and any(report.outcomes for report in reports):
        run.screen.say(text.totals(reports, colour=run.screen.colour))


def _failure(section: Section) -> int:
    if section.error is not None:
        return exit_code(section.error)
    if section.report is None or section.report.ok:
        return DONE
    return BUG if any(outcome.error for outcome in section.report.outcomes) else FAILED


def _errors(run: Run, section: Section) -> None:
    where = ", ".join(section.of) if len(run.loaded) > 1 else ""
    if isinstance(section.error, PlanRefused):
        run.screen.error(_refusal(section.error), where)
    elif section.error is not None and exit_code(section.error) == BUG:
        tell_bug(section.error)
    elif section.error is not None:
        run.screen.error(section.error, where)
    if section.report is not None and not section.report.ok:
        bugs = [outcome.error for outcome in section.report.outcomes if outcome.error]
        for bug in bugs:
            tell_bug(bug)
        said = "Interrupted." if section.report.interrupted else "Not everything was applied."
        run.screen.error(f"{said} Apply again to do what is left.", where)


def _refusal(refused: PlanRefused) -> str:
    protected = [consequence for consequence in refused.consequences if consequence.code == "protect"]
    against = protected or refused.consequences
    more = f"; and {len(against) - _MOST} more" if len(against) > _MOST else ""
    listed = "; ".join(consequence.text for consequence in against[:_MOST]) + more
    remedy = (
        "Take protect away to allow it."
        if protected
        else "Run it on a terminal to be asked, or with --yes to allow it."
    )
    return f"The plan is refused and nothing was written: {listed}. {remedy}"
