"""The lines of the seed page, and everything it does not show."""

from __future__ import annotations

import pytest
from dagster_managed_elements.engine.planning import Step
from dagster_managed_elements.engine.reports import Outcome, Report
from dagster_managed_elements.engine.values import Key, Later, Masked, Named, Ref
from dagster_managed_elements.rendering import notices, text
from dagster_managed_elements.rendering.sections import Section
from dagster_managed_elements.third_party import differences
from dagster_managed_elements.types import ManagedElementDiff as Diff


def shown(section, **how):
    return list(text.changes(section, **how))


def test_the_first_check_of_the_seed_page_is_printed_as_the_page_has_it(make):
    provider = {"storage": "HTTPS", "user_agent": False}
    csv = make.entry(
        "create",
        "cereals-csv",
        make.field("url", after="https://x/cereal.csv"),
        make.field("format", after="csv"),
        make.field("provider", after=provider),
        make.field("dataset_name", after="cereals"),
    )
    out = make.entry("create", "local-json", make.field("destination_path", after="/local/cereals_out.json"))
    both = make.entry(
        "create",
        "download-cereals",
        make.field("source", after=Key("source", "cereals-csv")),
        make.field("destination", after=Key("destination", "local-json")),
        make.field("normalize data", after=None),
        make.field("streams", after=Later(Key("source", "cereals-csv"), {"cereals": "FULL_REFRESH_OVERWRITE"})),
    )
    assert "\n".join(shown(make.section(csv, out, both))) == (
        "+ cereals-csv:\n"
        "  + url: https://x/cereal.csv\n"
        "  + format: csv\n"
        "  + dataset_name: cereals\n"
        "  + provider:\n"
        "    + storage: HTTPS\n"
        "    + user_agent: False\n"
        "+ local-json:\n"
        "  + destination_path: /local/cereals_out.json\n"
        "+ download-cereals:\n"
        "  + source: cereals-csv\n"
        "  + destination: local-json\n"
        "  + normalize data: None\n"
        "  + streams:\n"
        "    + cereals: FULL_REFRESH_OVERWRITE"
    )


ABSENT = object()
FIELDS = [
    ("a changed scalar", "a", 1, 2, ["~ a: 1 -> 2"]),
    ("a scalar that comes", "a", ABSENT, "x", ["+ a: x"]),
    ("a scalar that goes", "a", "x", ABSENT, ["- a: x"]),
    ("None is shown", "a", None, False, ["~ a: None -> False"]),
    ("nothing written is nothing", "url", ABSENT, "", ["+ url:"]),
    ("nothing on a side is quoted", "prefix", "", "x_", ['~ prefix: "" -> x_']),
    ("text that looks like a number", "port", "5", 5, ['~ port: "5" -> 5']),
    ("text that looks like nothing", "a", None, "None", ['~ a: null -> "None"']),
    ("a list", "a", ABSENT, ["x", 1, None, True], ['+ a: ["x", 1, null, true]']),
    ("a list of maps", "a", [{"b": 1}], [], ['~ a: [{"b": 1}] -> []']),
    ("a map expands", "a", ABSENT, {"z": {"b": 1}, "c": 2}, ["+ a:", "  + c: 2", "  + z:", "    + b: 1"]),
    ("a map that goes", "a", {"b": 1}, ABSENT, ["- a:", "  - b: 1"]),
    ("an empty map", "a", ABSENT, {}, ["+ a: {}"]),
    ("a map for a scalar", "a", 1, {"b": 2}, ['~ a: 1 -> {"b": 2}']),
    ("a path", "streams/cereals", "A", "B", ["~ streams:", "  ~ cereals: A -> B"]),
    ("a path of additions", "streams/cereals", ABSENT, "B", ["+ streams:", "  + cereals: B"]),
    ("a path of deletions", "streams/cereals", "A", ABSENT, ["- streams:", "  - cereals: A"]),
    ("a choice", "type", Named("1", "File"), Named("2", "Faker"), ["~ type: File -> Faker"]),
    ("a reference", "source", Ref("source", "id1"), Key("source", "new"), ["~ source: id1 -> new"]),
    ("a line break", "a", ABSENT, "x\n+ forged: 1", ["+ a: x\\n+ forged: 1"]),
    ("a colour", "a", ABSENT, "\x1b[31mred", ["+ a: \\x1b[31mred"]),
    ("a reversal of text", "a", ABSENT, "\u202ea", ["+ a: \\u202ea"]),
    ("a name of a field", "a\nb", ABSENT, 1, ["+ a\\nb: 1"]),
]


@pytest.mark.parametrize(
    ("path", "before", "after", "lines"), [row[1:] for row in FIELDS], ids=[row[0] for row in FIELDS]
)
def test_a_field_of_an_update(make, path, before, after, lines):
    sides = {side: value for side, value in [("before", before), ("after", after)] if value is not ABSENT}
    section = make.section(make.entry("update", "n", make.field(path, **sides)))
    assert shown(section) == ["~ n:", *(f"  {line}" for line in lines)]


def test_secrets_are_masked_on_either_side_and_inside_whatever_holds_them(make):
    section = make.section(
        make.entry(
            "update",
            "n",
            make.field("a", before=Masked(), after=make.secret),
            make.field("b", after=make.secret),
            make.field("c", after={"d": make.secret, "e": [make.secret]}),
        )
    )
    assert shown(section) == [
        "~ n:",
        "  ~ a: ********** -> **********",
        "  + b: **********",
        "  + c:",
        "    + d: **********",
        '    + e: ["**********"]',
    ]


def test_a_block_that_mixes_is_a_change_and_scalars_come_before_blocks(make):
    section = make.section(
        make.entry(
            "update",
            "n",
            make.field("block/gone", before=1),
            make.field("late", after=1),
            make.field("block/new", after=2),
            make.field("other/new", after=3),
        )
    )
    assert shown(section) == [
        "~ n:",
        "  + late: 1",
        "  ~ block:",
        "    - gone: 1",
        "    + new: 2",
        "  + other:",
        "    + new: 3",
    ]


def test_what_is_replaced_or_taken_along_says_so_and_consequences_follow_the_tree(make):
    cause = Key("source", "s")
    section = make.section(
        make.entry("replace", "s", make.field("type", before="A", after="B")),
        make.entry("replace", "c", kind="connection", cause=cause),
        make.entry("delete", "u", make.field("x", before=1), kind="connection", cause=cause),
        consequences=[
            make.consequence("s is deleted and created anew"),
            make.consequence("a\nb", destructive=False),
        ],
    )
    assert shown(section) == [
        "~ s (replaced):",
        "  ~ type: A -> B",
        "~ c (replaced with s):",
        "- u (deleted with s):",
        "  - x: 1",
        "! s is deleted and created anew",
        "! a\\nb",
    ]


def test_one_name_for_two_kinds_is_told_apart_and_an_element_without_fields_is_a_line(make):
    section = make.section(make.entry("create", "x"), make.entry("create", "x", kind="connection"))
    assert shown(section) == ["+ x (source):", "+ x (connection):"]


def test_colour_is_by_sign_and_only_when_asked_for(make):
    section = make.section(
        make.entry("create", "a"),
        make.entry("delete", "b"),
        make.entry("update", "c"),
        consequences=[make.consequence("d")],
    )
    assert shown(section, colour=True) == [
        "\x1b[32m+ a:\x1b[0m",
        "\x1b[31m- b:\x1b[0m",
        "\x1b[33m~ c:\x1b[0m",
        "\x1b[35m\x1b[1m! d\x1b[0m",
    ]
    assert not any("\x1b" in line for line in shown(section))


def test_a_third_partys_diff_is_masked_by_the_names_of_its_keys(make):
    diff = (
        Diff()
        .add("password", make.secret_text)
        .modify("my_token", make.secret_text, make.secret_text)
        .with_nested("s", Diff().delete("c", {"x": {"ssh_key": make.secret_text}, "y": 1}))
        .with_nested("empty", Diff())
    )
    assert shown(Section(of=("m:a",), diff=tuple(differences(diff)))) == [
        "+ password: **********",
        "~ my_token: ********** -> **********",
        "- s:",
        "  - c:",
        "    - y: 1",
        "    - x:",
        "      - ssh_key: **********",
    ]


def test_places_are_headed_where_there_are_several(make):
    one, other = make.section(make.entry("create", "a")), make.section(make.entry("create", "b"))
    assert list(text.headed([one, make.section(), other], several=True)) == ["# here", "+ a:", "# here", "+ b:"]
    assert list(text.headed([one], several=False)) == ["+ a:"]


def test_a_report_lists_what_was_not_done_and_counts_everything(make):
    report = make.report(
        ("create", "a", "done", ""),
        ("create", "b", "failed", "POST x:\nno"),
        ("update", "c", "skipped", "waits for: b"),
        ("delete", "d", "unknown", ""),
    )
    assert list(text.outcomes(report)) == [
        "failed: create b (source): POST x: no",
        "skipped: update c (source): waits for: b",
        "unknown: delete d (source)",
    ]
    assert text.totals([report, make.report()]) == "Applied: 1 done, 1 failed, 1 skipped, 1 unknown."


def test_what_is_verified_later_is_said_before_an_apply_and_not_after(make):
    said = [make.notice("c", "streams", "later", "verified once s is created")]
    assert list(notices.summarised([make.section(notices=said)])) == ["streams of c are verified once s is created"]
    assert list(notices.summarised([make.section(notices=said, report=make.report())])) == []


def test_notices_said_often_are_said_once(make):
    section = make.section(
        notices=[
            *(make.notice("s", "password", "secret-unknown") for _ in range(3)),
            *(make.notice(f"c{n}", "streams", "later", "verified once s is created") for n in range(5)),
            make.notice("s", "a/b", "ignored"),
        ]
    )
    assert list(notices.summarised([section])) == [
        (
            "3 secrets are shown masked by the server and are taken as unchanged, "
            "whatever their value or reference is now: s.password, s.password, s.password; "
            "--include-secret PATH re-sends one, --include-all-secrets all"
        ),
        "streams of c0 are verified once s is created",
        "streams of c1 are verified once s is created",
        "streams of c2 are verified once s is created",
        "and 2 more like the last; --output json lists them all",
        "1 difference is ignored as declared: s.a.b",
    ]


def test_many_operations_skipped_for_one_reason_are_one_line():
    def skipped(number: int, reason: str) -> list[Outcome]:
        steps = [Step("create", Key("node", f"n{place}")) for place in range(number)]
        return [Outcome(step=step, status="skipped", reason=reason) for step in steps]

    few, many = skipped(2, "waits for: x"), skipped(80, "interrupted before it began")
    assert list(text.outcomes(Report(place="p", outcomes=(*many, *few)))) == [
        "skipped: 80 operations: interrupted before it began",
        "skipped: create n0 (node): waits for: x",
        "skipped: create n1 (node): waits for: x",
    ]


def test_of_many_of_one_sort_the_first_stand_for_the_rest_but_never_of_what_is_asked_about(make):
    def lines(number, **how):
        consequences = [make.consequence(f"table {each}", **how) for each in range(number)]
        return shown(make.section(consequences=consequences))

    assert lines(3, destructive=False) == ["! table 0", "! table 1", "! table 2"]
    rest = "! and 8 more like the last; --output json lists them all"
    assert lines(10, destructive=False) == ["! table 0", "! table 1", rest]
    assert lines(10) == [f"! table {each}" for each in range(10)]
