"""What is worth saying and is no change, in few lines: whatever is said often is said once, with its number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from dagster_managed_elements.engine.findings import Notice
from dagster_managed_elements.engine.planning import Undeclared
from dagster_managed_elements.rendering.sections import Section
from dagster_managed_elements.rendering.values import escape

_MOST = 3


def summarised(sections: Iterable[Section]) -> Iterator[str]:
    """One line a sort of notice, or a line for each while they are few."""
    groups: dict[str, list[Notice]] = {}
    sections = list(sections)
    for section in sections:
        for notice in _standing(section):
            groups.setdefault(notice.code, []).append(notice)
    for code, group in groups.items():
        if code == "secret-unknown":
            yield _secrets(group)
        elif code == "secret-unrecorded":
            yield _unrecorded(group)
        elif code == "secret-trusted":
            yield f"{_several(len(group), 'secret')} to be recorded as what the server has: {_places(group)}"
        elif code == "ignored":
            yield f"{_several(len(group), 'difference')} ignored as declared: {_places(group)}"
        else:
            yield from (escape(_later(remark) if code == "later" else _said(remark)) for remark in group[:_MOST])
            if len(group) > _MOST:
                yield f"and {len(group) - _MOST} more like the last; --output json lists them all"
    if undeclared := [entry for section in sections if section.plan for entry in section.plan.undeclared]:
        yield not_declared(undeclared)


def not_declared(undeclared: Sequence[Undeclared]) -> str:
    """A warning: what stays as it is, and makes nothing differ."""
    listed = ", ".join(escape(str(entry.key)) for entry in undeclared[:_MOST])
    more = f" and {len(undeclared) - _MOST} more" if len(undeclared) > _MOST else ""
    they = "1 object is" if len(undeclared) == 1 else f"{len(undeclared)} objects are"
    return f"{they} there and not declared: {listed}{more}"


def _standing(section: Section) -> Iterator[Notice]:
    """The notices that still hold: what was to be verified later has been, once there is a report."""
    for notice in section.plan.notices if section.plan else ():
        if notice.code != "later" or section.report is None:
            yield notice


def _said(notice: Notice) -> str:
    return f"{_place(notice)}: {notice.text}"


def _later(notice: Notice) -> str:
    what = ".".join(notice.path)
    return f"{what} of {notice.key.name} {'are' if what.endswith('s') else 'is'} {notice.text}"


def _secrets(group: Sequence[Notice]) -> str:
    one = len(group) == 1
    secrets, shown, its = ("1 secret", "is", "its") if one else (f"{len(group)} secrets", "are", "their")
    return (
        f"{secrets} {shown} shown masked by the server and {shown} taken as unchanged, whatever {its} value or "
        f"reference is now: {_places(group)}; --include-secret PATH re-sends one, --include-all-secrets all"
    )


def _unrecorded(group: Sequence[Notice]) -> str:
    one = len(group) == 1
    secrets, them = ("1 secret, which is", "it") if one else (f"{len(group)} secrets, which are", "them")
    return (
        f"the state knows nothing yet of {secrets} taken as what the server has: {_places(group)}; "
        f"apply --trust-secrets records {them} as that, --include-all-secrets sends {them}"
    )


def _several(number: int, noun: str) -> str:
    return f"1 {noun} is" if number == 1 else f"{number} {noun}s are"


def _places(group: Sequence[Notice]) -> str:
    listed = ", ".join(escape(_place(notice)) for notice in group[:_MOST])
    return listed if len(group) <= _MOST else f"{listed} ..."


def _place(notice: Notice) -> str:
    return ".".join((notice.key.name, *notice.path))
