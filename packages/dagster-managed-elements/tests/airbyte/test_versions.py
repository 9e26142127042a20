import itertools

import pytest
from dagster_managed_elements.airbyte.servers.versions import PROFILES, UNKNOWN, profile_of, read_release
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "release"),
    [
        ("1.8.0", (1, 8)),
        ("0.63.5-alpha", (0, 63)),
        ("v2.0.0-rc1", (2, 0)),
        ("2.1", (2, 1)),
        ("9.9.9", (9, 9)),
        ("0.50.31", (0, 50)),
        ("dev", None),
        ("", None),
        ("2", None),
        (None, None),
        (2.0, None),
    ],
)
def test_a_release_is_read_from_what_a_server_calls_its_version(text, release):
    assert read_release(text) == release


@given(st.text())
def test_any_text_is_a_release_or_none(text):
    assert read_release(text) is None or len(read_release(text)) == 2


def test_generations_stand_in_order():
    since = [profile.since for profile in PROFILES]
    assert since == sorted(set(since))
    assert since[0] == (0, 0)


@pytest.mark.parametrize(
    ("release", "since"),
    [
        ((0, 40), (0, 0)),
        ((0, 50), (0, 50)),
        ((0, 62), (0, 50)),
        ((0, 64), (0, 63)),
        ((1, 5), (1, 5)),
        ((2, 0), (1, 8)),
        ((9, 9), (2, 1)),
    ],
)
def test_a_release_belongs_to_the_generation_that_began_last(release, since):
    assert profile_of(release).since == since


def test_a_list_that_is_cut_by_a_cursor_is_never_taken_as_whole():
    """From 1.8 on sources/list gives twenty rows without a word."""
    for profile in (*PROFILES, UNKNOWN):
        whole = {way.form for way in profile.actors if way.endpoint == "list"}
        assert whole == ({"whole"} if profile.since < (1, 8) else {"chain"})


@pytest.mark.parametrize("profile", [*PROFILES, UNKNOWN])
def test_the_way_that_proves_its_completeness_comes_first(profile):
    for ways in (profile.actors, profile.connections, profile.workspaces):
        forms = [way.form for way in ways]
        assert forms == sorted(forms, key=["pages", "chain", "whole"].index)


def test_what_a_generation_adds_the_next_one_has_but_for_geography():
    for before, after in itertools.pairwise(PROFILES):
        assert before.connection_fields - after.connection_fields <= {"geography"}
