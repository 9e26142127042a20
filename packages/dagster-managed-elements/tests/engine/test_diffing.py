"""Declared beside observed, field by field: tables of whole values."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

import pytest
from dagster_managed_elements.engine.changes import (
    Changes,
    Create,
    Delete,
    FieldChange,
    Memory,
    Pair,
    Replace,
    Update,
)
from dagster_managed_elements.engine.diffing import Basis, diff, made_anew, undeclared
from dagster_managed_elements.engine.findings import Notice
from dagster_managed_elements.engine.secrets import Resent, Secret, SecretRecord
from dagster_managed_elements.engine.values import ABSENT, Key, Later, Masked, Named, Path, Ref

from testing.memory_world import NodeKind, Server
from testing.sides import KINDS, alone, at, both, have, node, want

IDS = {node("b"): "2", node("c"): "3", Key("leaf", "b"): "2"}
UNKNOWN = "the server does not show this secret, so it is taken as unchanged"


def never() -> str:
    raise AssertionError("a callable was called in a check")


PASSWORD, OTHER = Secret.literal("p"), Secret.literal("q")
VAULT = Secret.call(never, reference="vault/1")


def compared(declared: dict[str, Any], observed: dict[str, Any], **how: Any) -> Changes:
    pair = both(want("a", **declared), have("a", "1", **observed))
    return diff([pair], Basis(kinds=KINDS, ids=IDS, **how))


def changed(declared: dict[str, Any], observed: dict[str, Any], **how: Any) -> list[tuple[Any, ...]]:
    """Each field that changes: path, before, after."""
    items = compared(declared, observed, **how).items
    return [(field.path, field.before, field.after) for item in items for field in item.fields]


EQUAL = [
    ({"x": 1}, {"x": 1}),
    ({"x": 1}, {"x": 1.0}),
    ({"x": 1}, {"x": 1, "y": 2}),
    ({"x": None}, {"x": 1}),
    ({"x": None}, {}),
    ({"x": {"y": None}}, {"x": {}}),
    ({"x": {}}, {"x": {"y": None}}),
    ({"x": [{"y": None}]}, {"x": [{}]}),
    ({"x": [1, [2]]}, {"x": [1, [2]]}),
    ({"x": Named("1", "File")}, {"x": Named("1", "File (CSV)")}),
    ({"x": node("b")}, {"x": at("2")}),
    ({"x": [node("b"), {"y": node("c")}]}, {"x": [at("2"), {"y": at("3")}]}),
    ({"x": Later(node("b"), {"y": 1})}, {"x": {"y": 1}}),
    ({"x": Masked()}, {"x": Masked()}),
    ({"x": PASSWORD}, {"x": "p"}),
]


@pytest.mark.parametrize(("declared", "observed"), EQUAL, ids=repr)
def test_what_is_equal_is_no_change_and_no_notice(declared: dict[str, Any], observed: dict[str, Any]) -> None:
    found = compared(declared, observed)
    assert found.items == ()
    assert [notice for notice in found.notices if notice.code != "later"] == []


DIFFERENT = [
    ({"x": 1}, {"x": True}, [(("x",), True, 1)]),
    ({"x": True}, {"x": 1}, [(("x",), 1, True)]),
    ({"x": False}, {"x": 0}, [(("x",), 0, False)]),
    ({"x": [1]}, {"x": [True]}, [(("x",), [True], [1])]),
    ({"x": {"y": {"z": 0}}}, {"x": {"y": {"z": False}}}, [(("x", "y", "z"), False, 0)]),
    ({"x": "1"}, {"x": 1}, [(("x",), 1, "1")]),
    ({"x": 1}, {}, [(("x",), ABSENT, 1)]),
    ({"x": 1}, {"x": None}, [(("x",), None, 1)]),
    ({"x": []}, {}, [(("x",), ABSENT, [])]),
    ({"x": {"y": []}}, {"x": {}}, [(("x", "y"), ABSENT, [])]),
    ({"x": {"y": {}}}, {"x": {}}, [(("x", "y"), ABSENT, {})]),
    ({"x": {}}, {"x": {"y": 1}}, [(("x", "y"), 1, ABSENT)]),
    ({"x": {"y": None}}, {"x": {"y": 1}}, [(("x", "y"), 1, None)]),
    ({"x": {"a.b": 1}}, {"x": {"a": {"b": 1}}}, [(("x", "a.b"), ABSENT, 1), (("x", "a"), {"b": 1}, ABSENT)]),
    ({"x": [1, 2]}, {"x": [2, 1]}, [(("x",), [2, 1], [1, 2])]),
    ({"x": [1]}, {"x": [1, 2]}, [(("x",), [1, 2], [1])]),
    ({"x": [{"y": 1}]}, {"x": [{"y": 2}]}, [(("x",), [{"y": 2}], [{"y": 1}])]),
    ({"x": node("b")}, {"x": at("3")}, [(("x",), at("3"), node("b"))]),
    ({"x": node("b")}, {"x": at("2", "leaf")}, [(("x",), at("2", "leaf"), node("b"))]),
    ({"x": node("new")}, {"x": at("2")}, [(("x",), at("2"), node("new"))]),
    ({"x": [node("b")]}, {"x": [at("3")]}, [(("x",), [at("3")], [node("b")])]),
    ({"x": Named("1", "File")}, {"x": Named("2", "File")}, [(("x",), Named("2", "File"), Named("1", "File"))]),
    ({"x": Later(node("b"), {"y": 1})}, {"x": {"y": 2}}, [(("x", "y"), 2, 1)]),
    ({"x": Masked()}, {}, [(("x",), ABSENT, Masked())]),
]


@pytest.mark.parametrize(("declared", "observed", "fields"), DIFFERENT, ids=repr)
def test_each_difference_is_said_once_with_both_sides(
    declared: dict[str, Any], observed: dict[str, Any], fields: list[tuple[Any, ...]]
) -> None:
    found = changed(declared, observed)
    assert found == fields
    assert [[type(side) for side in each[1:]] for each in found] == [
        [type(side) for side in field[1:]] for field in fields
    ]


@pytest.mark.parametrize(
    ("after", "before", "force", "why"),
    [
        (PASSWORD, ABSENT, False, "changed"),
        (PASSWORD, None, False, "changed"),
        (VAULT, ABSENT, False, "changed"),
        (VAULT, None, False, "changed"),
        (VAULT, None, True, "changed"),
        (PASSWORD, "q", False, "changed"),
        (PASSWORD, "q", True, "forced"),
        (PASSWORD, "p", True, "forced"),
        (PASSWORD, Masked(), True, "forced"),
        (VAULT, Masked(), True, "forced"),
    ],
    ids=repr,
)
def test_a_secret_that_is_to_be_sent_says_why(after: Any, before: Any, force: bool, why: str) -> None:
    observed = {} if before is ABSENT else {"x": before}
    (update,) = compared({"x": after}, observed, resent=Resent(every=force)).items
    shown = before if before in (ABSENT, None) else Masked()
    assert update.fields == (FieldChange(("x",), shown, after, why),)


@pytest.mark.parametrize(("after", "before"), [(PASSWORD, Masked()), (VAULT, Masked()), (VAULT, "something")])
def test_a_secret_nobody_can_compare_is_a_notice_and_no_change(after: Any, before: Any) -> None:
    more = "" if after.cheap else "; a new reference of it changes nothing by itself"
    notice = Notice(node("a"), ("x",), "secret-unknown", f"{UNKNOWN}{more}")
    assert compared({"x": after}, {"x": before}) == Changes((), (notice,))


def test_of_the_secrets_that_are_there_those_are_sent_again_that_are_asked_for() -> None:
    declared = {"x": {"y.z": PASSWORD, "l": [VAULT]}, "w": PASSWORD}
    observed = {"x": {"y.z": Masked(), "l": [Masked()]}, "w": "p"}

    def listed(*paths: str) -> list[Any]:
        return [path for path, _, _ in changed(declared, observed, resent=Resent(paths=frozenset(paths)))]

    assert listed() == []
    assert listed("a.x.y.z") == [("x", "y.z")]
    assert listed("a.x.l.0", "a.w") == [("x", "l", "0"), ("w",)]
    assert listed("b.w", "a.x", "x.y.z", "a.x.l") == []


def signed(_ref: Ref, _path: Path, secret: Secret) -> SecretRecord:
    """As the state has it, with the value itself for a fingerprint."""
    return SecretRecord(reference=secret.reference, fingerprint=secret.read() if secret.cheap else None)


LITERAL, CALLED = SecretRecord(reference="literal", fingerprint="p"), SecretRecord(reference="call:vault/1")


@pytest.mark.parametrize(
    ("after", "record", "version", "why"),
    [
        (PASSWORD, LITERAL, None, "same"),
        (PASSWORD, replace(LITERAL, reference="env:X"), None, "same"),
        (PASSWORD, replace(LITERAL, fingerprint="q"), None, "changed-in-code"),
        (PASSWORD, replace(LITERAL, fingerprint=None), None, "unknown"),
        (PASSWORD, replace(LITERAL, version="7"), "7", "same"),
        (PASSWORD, replace(LITERAL, version="7"), "8", "changed-on-server"),
        (PASSWORD, replace(LITERAL, version="7"), None, "same"),
        (PASSWORD, LITERAL, "8", "same"),
        (PASSWORD, replace(LITERAL, fingerprint="q", version="7"), "8", "changed-in-code"),
        (PASSWORD, replace(LITERAL, fingerprint=None, version="7"), "8", "changed-on-server"),
        (PASSWORD, replace(LITERAL, confirmed=False), None, "unconfirmed"),
        (VAULT, CALLED, None, "same"),
        (VAULT, replace(CALLED, fingerprint="p"), None, "same"),
        (VAULT, replace(CALLED, reference="call:vault/0"), None, "changed-in-code"),
        (VAULT, LITERAL, None, "changed-in-code"),
        (VAULT, replace(CALLED, version="7"), "8", "changed-on-server"),
        (VAULT, replace(CALLED, confirmed=False), None, "unconfirmed"),
    ],
    ids=repr,
)
def test_a_remembered_secret_is_judged_by_its_value_or_the_reference_of_what_is_not_called_and_by_its_version(
    after: Secret, record: SecretRecord, version: str | None, why: str
) -> None:
    where = (at("1"), ("x", "y"))
    memory = Memory(secrets={where: record}, sign=signed, versions={where: version} if version else {})
    found = compared({"x": {"y": after}}, {"x": {"y": Masked()}}, memory=memory)
    said = [changed.why for item in found.items if isinstance(item, Update) for changed in item.fields]
    said += ["unknown" for notice in found.notices if notice.code == "secret-unrecorded"]
    assert (said or ["same"]) == [why]


def test_what_a_create_that_was_cut_off_may_have_sent_is_sent_again() -> None:
    memory = Memory(begun=frozenset({node("a")}), sign=signed)
    (item,) = compared({"x": PASSWORD}, {"x": Masked()}, memory=memory).items
    assert item.fields == (FieldChange(("x",), Masked(), PASSWORD, "unconfirmed"),)


def test_a_list_of_which_only_secrets_are_to_be_said_is_not_reported_whole() -> None:
    declared, observed = {"x": [{"y": 1, "p": PASSWORD}]}, {"x": [{"y": 1, "p": Masked()}]}
    assert compared(declared, observed).notices == (Notice(node("a"), ("x", "0", "p"), "secret-unknown", UNKNOWN),)
    assert changed(declared, observed, resent=Resent(every=True)) == [(("x", "0", "p"), Masked(), PASSWORD)]
    assert changed({"x": [{"y": 2, "p": PASSWORD}]}, observed) == [
        (("x",), [{"y": 1, "p": Masked()}], [{"y": 2, "p": PASSWORD}])
    ]


ONE, TWO, THREE = {"y": 1}, {"y": 2}, {"y": 3}
SEALED = {"y": 1, "p": Masked()}
PARTS = [
    ([ONE, TWO], [ONE, THREE], [("x/1/y", 2, 3)]),
    ([ONE], [{"z": 1}], [("x/0/z", ABSENT, 1), ("x/0/y", 1, ABSENT)]),
    ([{"y": [ONE, "a"]}], [{"y": [ONE, "b"]}], [("x/0/y", [ONE, "a"], [ONE, "b"])]),
    ([{"y": [ONE]}], [{"y": [TWO]}], [("x/0/y/0/y", 1, 2)]),
    ([SEALED], [{"y": 2, "p": PASSWORD}], [("x/0/y", 1, 2), ("x/0/p", Masked(), PASSWORD)]),
    (
        [SEALED, ONE],
        [{"y": 1, "p": PASSWORD}, TWO],
        [("x/0/p", Masked(), PASSWORD), ("x/1/y", 1, 2)],
    ),
    (
        [SEALED, {"y": 2, "p": Masked()}],
        [{"y": 2, "p": OTHER}, {"y": 1, "p": PASSWORD}],
        [("x", [SEALED, {"y": 2, "p": Masked()}], [{"y": 2, "p": OTHER}, {"y": 1, "p": PASSWORD}])],
    ),
    (
        [{"y": 1, "p": "p"}, {"y": 2, "p": "q"}],  # by a server that does not know them for secrets
        [{"y": 2, "p": OTHER}, {"y": 1, "p": PASSWORD}],
        [("x", [{"y": 1, "p": "p"}, {"y": 2, "p": "q"}], [{"y": 2, "p": OTHER}, {"y": 1, "p": PASSWORD}])],
    ),
    ([ONE, TWO], [TWO, ONE], [("x", [ONE, TWO], [TWO, ONE])]),
    ([ONE, TWO, THREE], [TWO, ONE, ONE], [("x", [ONE, TWO, THREE], [TWO, ONE, ONE])]),
    ([ONE], [ONE, TWO], [("x", [ONE], [ONE, TWO])]),
    (["a", "b"], ["a", "c"], [("x", ["a", "b"], ["a", "c"])]),
]


@pytest.mark.parametrize(("observed", "declared", "parts"), PARTS, ids=range(len(PARTS)))
def test_a_list_of_maps_is_shown_item_by_item_where_none_came_went_or_moved(observed, declared, parts) -> None:
    (item,) = compared({"x": declared}, {"x": observed}).items
    assert [(field.path, field.before, field.after) for field in item.fields] == [(("x",), observed, declared)]
    shown = [part for field in item.fields for part in field.parts]
    assert [("/".join(part.path), part.before, part.after) for part in shown] == parts


@pytest.mark.parametrize(("every", "why"), [(True, "forced"), (False, "sent-along")])
def test_of_a_list_that_is_shown_item_by_item_a_secret_that_is_sent_is_one_of_the_items(every, why) -> None:
    found = compared({"x": [{"y": 2, "p": PASSWORD}]}, {"x": [SEALED]}, resent=Resent(every=every))
    (item,), notices = found.items, found.notices
    (field,) = item.fields
    assert [(part.path[1:], part.why) for part in field.parts] == [(("0", "y"), ""), (("0", "p"), why)]
    assert notices == (), "it is not taken as unchanged"


def test_what_is_not_there_is_created_with_all_that_is_declared_of_it() -> None:
    declared = want("a", x=1, y=None, z=PASSWORD)
    fields = (
        FieldChange(("x",), ABSENT, 1),
        FieldChange(("y",), ABSENT, None),
        FieldChange(("z",), ABSENT, PASSWORD),
    )
    assert diff([Pair(declared, None)], Basis(kinds=KINDS, ids=IDS)) == Changes((Create(declared, fields),))


def test_a_rename_is_a_change_of_the_name() -> None:
    declared, observed = want("b", renamed_from="a", x=1), have("a", "1", x=1)
    update = Update(declared, observed, (FieldChange(("name",), "a", "b"),))
    assert diff([both(declared, observed)], Basis(kinds=KINDS, ids=IDS)) == Changes((update,))


def test_a_fixed_field_that_differs_is_a_replace() -> None:
    declared, observed = want("a", shape=1, color=1), have("a", "1", shape=0, color=0)
    fields = (FieldChange(("shape",), 0, 1), FieldChange(("color",), 0, 1))
    assert diff([both(declared, observed)], Basis(kinds=KINDS, ids=IDS)) == Changes(
        (Replace(declared, observed, fields),)
    )


def test_what_is_not_declared_is_deleted_only_where_that_is_asked_for_and_it_is_not_kept() -> None:
    pairs = [alone(have("a", "1", x=1)), alone(have("a", "2")), alone(have("c", "3"))]
    assert diff(pairs, Basis(kinds=KINDS, ids=IDS)) == Changes()
    found = tuple(undeclared(pairs, {at("2")}))
    gone = (FieldChange(("x",), 1, ABSENT),)
    assert found == (
        Delete(have("a", "1", x=1), gone, None, "it is not declared"),
        Delete(have("c", "3"), (), None, "it is not declared"),
    )


def test_what_is_known_only_later_says_so() -> None:
    later = Later(node("b"), [1])
    (notice,) = diff([Pair(want("a", x=later), None)], Basis(kinds=KINDS, ids={})).notices
    assert notice == Notice(node("a"), ("x",), "later", "verified once b (node) is created")


class LiftedKind(NodeKind):
    name: ClassVar[str] = "node"
    lifted: ClassVar[frozenset[str]] = frozenset({"settings"})


@pytest.mark.parametrize(
    ("ignore", "left"),
    [
        ("color", ["settings.url", "settings.url2", "settings.streams.public.users.mode"]),
        ("url", ["color", "settings.url2", "settings.streams.public.users.mode"]),
        ("url2", ["color", "settings.url", "settings.streams.public.users.mode"]),
        ("ur", ["color", "settings.url", "settings.url2", "settings.streams.public.users.mode"]),
        ("streams", ["color", "settings.url", "settings.url2"]),
        ("streams.public.users", ["color", "settings.url", "settings.url2"]),
        ("streams.public.users.mode", ["color", "settings.url", "settings.url2"]),
        ("streams.public", ["color", "settings.url", "settings.url2", "settings.streams.public.users.mode"]),
        ("settings.url", ["color", "settings.url", "settings.url2", "settings.streams.public.users.mode"]),
    ],
)
def test_an_ignored_path_is_whole_names_as_the_user_reads_them(ignore: str, left: list[str]) -> None:
    def fields(value: int) -> dict[str, Any]:
        streams = {"public.users": {"mode": value}}
        return {"color": value, "settings": {"url": value, "url2": value, "streams": streams}}

    pair = both(want("a", ignore=(ignore,), **fields(1)), have("a", "1", **fields(0)))
    found = diff([pair], Basis(kinds={"node": LiftedKind(Server())}, ids=IDS))
    assert [".".join(field.path) for item in found.items for field in item.fields] == left
    ignored = [".".join(notice.path).removeprefix("settings.") for notice in found.notices]
    assert len(ignored) == 4 - len(left)
    assert {notice.code for notice in found.notices} <= {"ignored"}


def test_what_is_ignored_stays_as_it_is_where_its_field_is_sent_whole() -> None:
    observed = have("a", "1", settings={"x": 0, "y": 0, "deep": {"z": 0}, "more": 1})
    declared = want("a", ignore=("settings.y", "settings.deep.z", "settings.more", "settings.less"),
                    settings={"x": 1, "y": 1, "deep": {"z": 1}, "less": 1})  # fmt: skip
    (update,) = diff([both(declared, observed)], Basis(kinds=KINDS, ids=IDS)).items
    assert isinstance(update, Update)
    assert update.declared.fields == {"settings": {"x": 1, "y": 0, "deep": {"z": 0}, "more": 1}}
    assert declared.fields["settings"]["y"] == 1


def test_an_ignored_secret_is_sent_as_declared_where_its_field_is_sent_whole() -> None:
    declared = want("a", ignore=("settings.p",), settings={"x": 1, "p": PASSWORD})
    observed = have("a", "1", settings={"x": 0, "p": Masked()})
    (update,) = diff([both(declared, observed)], Basis(kinds=KINDS, ids=IDS, resent=Resent(every=True))).items
    assert isinstance(update, Update)
    assert update.fields == (FieldChange(("settings", "x"), 0, 1),)
    assert update.declared.fields == {"settings": {"x": 1, "p": PASSWORD}}


class TakingOver(NodeKind):
    takes_over = True


@pytest.mark.parametrize(
    ("declared", "observed", "shown"),
    [
        (1, 0, None),
        ("declared", ABSENT, None),
        ([1], [0, {"y": 2}], None),
        ([1], [0, {"y": Masked()}], [("x",)]),
        (node("b"), at("3"), [("x",)]),
        ({"y": 1}, {"y": 0}, [("x", "y")]),
        ({"y": 1}, {"y": 1, "z": 2}, [("x", "z")]),
        (Later(node("b"), {"y": 1}), {"y": 0}, [("x", "y")]),
        (Later(node("b"), 1), 0, [("x",)]),
        (PASSWORD, ABSENT, [("x",)]),
        ({"y": PASSWORD}, {"y": Masked()}, []),
    ],
    ids=repr,
)
def test_made_anew_is_as_it_was_only_what_is_ignored_and_can_be_kept_whole(
    declared: Any, observed: Any, shown: list[Path] | None
) -> None:
    fields = {} if observed is ABSENT else {"x": observed}
    change = Replace(want("a", ignore=("x",), x=declared), have("a", "1", **fields))
    anew, said = made_anew(change, Basis(kinds={"node": TakingOver(Server())}, ids=IDS))
    is_kept = shown is None
    assert anew.declared.fields == (fields if is_kept else {"x": declared})
    assert [field.path for field in anew.fields] == (shown or [])
    assert bool(said) is not is_kept, "what is written as declared is not said to be ignored"


def test_what_differs_only_where_it_is_ignored_is_no_change() -> None:
    pair = both(want("a", ignore=("x",), x=1), have("a", "1", x=0))
    notice = Notice(node("a"), ("x",), "ignored", "differs, and is ignored as declared")
    assert diff([pair], Basis(kinds=KINDS, ids=IDS)) == Changes((), (notice,))
