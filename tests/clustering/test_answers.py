from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.clustering.answers import Attribute, Layout, checked_names
from coterie.errors import ConfigError, DataError
from tests.clustering.mixed import one_hot

NAMES = ("who:age", "who:job=a", "who:job=b", "who:job=missing", "ask:job=a", "ask:grade=>=5", "who:job=x=y", "tags:c#")


def test_columns_of_one_attribute_are_found_by_block_and_name():
    layout = Layout.of(NAMES, 8)
    assert layout.numbers == (0, 7)
    assert layout.attributes == (
        Attribute("who:job", ("a", "b", "x=y"), (1, 2, 6)),
        Attribute("ask:job", ("a",), (4,)),
        Attribute("ask:grade", (">=5",), (5,)),
    )


def test_an_attribute_that_everybody_is_missing_is_no_question():
    assert Layout.of(("q:a=missing", "q:b"), 2).attributes == ()


def test_without_names_every_column_is_a_number():
    layout = Layout.of(None, 3)
    assert (layout.numbers, layout.attributes) == ((0, 1, 2), ())
    assert layout.codes(np.ones((5, 3))).shape == (5, 0)


def test_any_positive_value_is_an_answer_and_zeros_or_missing_are_none():
    layout = Layout.of(("q:a=x", "q:a=y", "q:a=missing"), 3)
    points = np.array([[0.2, 0, 0], [0, 7, 0], [0, 0, 1], [0, 0, 0], [-1, -2, 3]])
    assert layout.codes(points).ravel().tolist() == [0, 1, -1, -1, -1]


def test_of_several_categories_the_greatest_counts():
    layout = Layout.of(("q:a=x", "q:a=y", "q:a=z"), 3)
    assert layout.codes(np.array([[1.0, 2, 0], [3, 0, 3]])).ravel().tolist() == [1, 0]


def test_every_column_needs_a_name():
    with pytest.raises(DataError, match="2 names were given for points of 3 columns"):
        Layout.of(("a", "b"), 3)


@pytest.mark.parametrize("names", ["q:a", [1, 2], 7])
def test_names_are_a_list_of_text(names):
    with pytest.raises(ConfigError, match=r"'kprototypes.columns' is .*; expected a list of columns' names"):
        checked_names(names, "kprototypes.columns")


@given(st.lists(st.tuples(st.integers(-1, 2), st.integers(-1, 4)), min_size=1), st.floats(0.01, 100))
def test_codes_come_back_from_columns_of_any_scale(codes, value):
    given_codes = np.array(codes)
    points, names = one_hot(given_codes, [3, 5], value)
    assert (Layout.of(names, 8).codes(points) == given_codes).all()
