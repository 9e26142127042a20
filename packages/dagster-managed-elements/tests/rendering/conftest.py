"""Plans made by hand, and plans no hand would make."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from dagster_managed_elements.engine.changes import FieldChange
from dagster_managed_elements.engine.findings import Consequence, Notice
from dagster_managed_elements.engine.planning import Plan, Step
from dagster_managed_elements.engine.presentation import Entry
from dagster_managed_elements.engine.reports import Outcome, Report
from dagster_managed_elements.engine.secrets import Secret
from dagster_managed_elements.engine.values import ABSENT, Key, Later, Masked, Named, Ref
from dagster_managed_elements.rendering.sections import Section
from hypothesis import strategies as st

TEXT = "hunter2-the-secret"


@dataclass
class Making:
    """Short words for long values."""

    secret_text: str = TEXT
    secret: Secret = field(default_factory=lambda: Secret.literal(TEXT))

    def entry(self, action, name, *fields, kind="source", id_=None, cause=None):
        return Entry(action, Key(kind, name), id_, fields, cause=cause)

    def field(self, path, before=ABSENT, after=ABSENT):
        return FieldChange(tuple(path.split("/")), before, after)

    def plan(self, *entries, notices=(), consequences=()):
        return Plan(place="http://localhost:8000", entries=entries, notices=notices, consequences=consequences)

    def section(self, *entries, report=None, error=None, **more):
        return Section(of=("mine:a",), place="here", plan=self.plan(*entries, **more), report=report, error=error)

    def report(self, *outcomes, interrupted=False):
        made = (
            Outcome(step=Step(verb, Key("source", name)), status=status, reason=reason)
            for verb, name, status, reason in outcomes
        )
        return Report(place="here", outcomes=tuple(made), interrupted=interrupted)

    def notice(self, name, path, code, text="said"):
        return Notice(Key("connection", name), tuple(path.split("/")) if path else (), code, text)

    def consequence(self, text, *, destructive=True):
        return Consequence(Key("source", "s"), "delete", text, destructive)


@pytest.fixture(scope="session")
def make():
    return Making()


@pytest.fixture(scope="session")
def sections():
    """A strategy: sections in which everything that comes from outside is as bad as it can be."""
    return _sections()


# What a server or a user may call things: controls, escapes, reversals, Markdown, HTML, half characters.
HOSTILE = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        [
            "a\n+ forged: line",
            "\x1b[31mred",
            "\r- gone",
            "a\u2028b",
            "\u202eevil",
            "\x9b31m",
            "```",
            "|x|",
            "\ud800",
            "<script>",
            "</details>",
            "@everyone",
            "[a](http://x)",
            "`a`",
            "\x00",
            "# Title",
            "-->",
            "<!--",
            "&lt;",
        ]
    ),
)
NAMES = HOSTILE.filter(bool)
_SCALARS = st.one_of(HOSTILE, st.none(), st.booleans(), st.integers(), st.floats(), st.builds(Masked))
_SCALARS = (
    _SCALARS | st.builds(Named, HOSTILE, HOSTILE) | st.builds(Key, NAMES, NAMES) | st.builds(Ref, NAMES, NAMES)
)
_SCALARS = _SCALARS | st.just(Secret.literal(TEXT))
VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(HOSTILE, inner, max_size=3),
    max_leaves=6,
)
VALUES = VALUES | st.builds(Later, st.builds(Key, NAMES, NAMES), VALUES)
SIDES = st.tuples(VALUES, VALUES) | st.tuples(st.just(ABSENT), VALUES) | st.tuples(VALUES, st.just(ABSENT))
FIELDS = st.builds(
    lambda path, sides: FieldChange(tuple(path), *sides), st.lists(NAMES, min_size=1, max_size=3), SIDES
)
ENTRIES = st.builds(
    lambda action, kind, name, fields, cause: Entry(action, Key(kind, name), "id", tuple(fields), cause=cause),
    st.sampled_from(["create", "update", "replace", "delete"]),
    NAMES,
    NAMES,
    st.lists(FIELDS, max_size=4),
    st.none() | st.builds(Key, NAMES, NAMES),
)
CONSEQUENCES = st.builds(lambda text: Consequence(Key("k", text), "delete", text), HOSTILE)
NOTICES = st.builds(lambda text, code: Notice(Key("k", text), (text,), code, text), HOSTILE, st.sampled_from("abc"))
OUTCOMES = st.builds(
    lambda name, status, reason: Outcome(step=Step("create", Key("k", name)), status=status, reason=reason),
    NAMES,
    st.sampled_from(["done", "failed", "skipped", "unknown"]),
    HOSTILE,
)


@st.composite
def _sections(draw):
    plan = Plan(
        place=draw(HOSTILE),
        entries=tuple(draw(st.lists(ENTRIES, max_size=3))),
        notices=tuple(draw(st.lists(NOTICES, max_size=3))),
        consequences=tuple(draw(st.lists(CONSEQUENCES, max_size=2))),
    )
    report = Report(place=plan.place, outcomes=tuple(draw(st.lists(OUTCOMES, max_size=2))))
    error = draw(st.none() | st.builds(Exception, HOSTILE))
    return Section(of=("mine:a",), place=plan.place, plan=plan, report=report, error=error)
