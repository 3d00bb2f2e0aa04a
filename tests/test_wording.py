from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.terms import A_TAG, A_USER, AN_ITEM, Noun
from coterie.wording import all_told_of, told_of

FILMS = Noun("item", "films")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Users were drawn anew; the same people came back.", "Films were drawn anew; the same films came back."),
        ("a person's group, an item, a user", "an item's group, a user, an item"),
        ("100 is what everybody does", "100 is what all films do"),
        ("Everybody 12, everybody's 3", "All films 12, all films's 3"),
        ("20 pseudo-users; n_users stays", "20 pseudo-films; n_users stays"),
    ],
)
def test_nouns_are_exchanged(said, told):
    assert told_of(said, FILMS, A_USER) == told


def test_tags_have_their_own_word():
    assert told_of("1 user, 2 users of 3 items", A_TAG, A_USER) == "1 tag, 2 tags of 3 users"


@given(st.text())
def test_of_users_nothing_changes(text):
    assert told_of(text, A_USER, AN_ITEM) == text


@dataclass(frozen=True)
class Said:
    name: str
    value: float


@dataclass(frozen=True)
class Decided:
    reason: str
    notes: tuple[str, ...]
    parts: tuple[Said, ...]
    left: str = "users"


def test_records_are_told_by_field():
    told = all_told_of(Decided("users", ("items",), (Said("people", 1.0),)), FILMS, A_USER, "reason", "notes", "parts")
    assert told == Decided("films", ("users",), (Said("films", 1.0),), "users")
