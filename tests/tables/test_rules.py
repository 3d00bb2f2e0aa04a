"""How rules count."""

from __future__ import annotations

import narwhals.stable.v2 as nw
import pytest

from coterie.tables import rules
from coterie.tables.rules import cleaned_rows, counts_as_reject, rejected_rows, shorten, takes_rows_out, tally
from coterie.tables.types import RuleCount
from tests.tables.backends import rows_of


@pytest.mark.parametrize(
    ("rule", "takes", "rejects"),
    [
        (rules.NULL_KEY, True, True),
        (rules.DUPLICATE, True, True),
        (rules.SUPERSEDED, True, False),
        (rules.DROP_USERS, True, False),
        (rules.NOT_A_NUMBER + rules.BLANKED, False, False),
        (rules.UNKNOWN_ITEM + rules.KEPT, False, False),
    ],
)
def test_what_a_rule_does(rule, takes, rejects):
    assert (takes_rows_out(rule), counts_as_reject(rule)) == (takes, rejects)


def test_tally_is_most_frequent_first_with_the_smallest_example(backend):
    rejects = backend.frame(
        {
            "who": ["2", "1", "1", None],
            "stars": [9.5, 7.0, None, 1.0],
            "_column": ["stars", "stars", "", "who"],
            "_reason": ["out of range", "out of range", "duplicate", "null key"],
        }
    )
    assert tally("t", rejects, ("who",)) == (
        RuleCount("t", "out of range", "stars", 2, True, "7.0"),
        RuleCount("t", "duplicate", "", 1, True, "1"),
        RuleCount("t", "null key", "who", 1, True, ""),
    )
    assert tally("t", rejects.filter(nw.col("who") == "nobody"), ("who",)) == ()
    assert len(rows_of(rejects)) == 4


def test_sums():
    counts = [
        RuleCount("a", rules.NULL_KEY, "x", 1, True),
        RuleCount("a", rules.MERGED, "", 2, False),
        RuleCount("a", rules.NOT_A_NUMBER + rules.BLANKED, "x", 4, False),
        RuleCount("b", rules.NULL_KEY, "x", 8, True),
    ]
    assert (rejected_rows(counts, "a"), cleaned_rows(counts, "a"), rejected_rows(counts, "c")) == (1, 2, 0)


def test_examples_fit_a_line():
    assert shorten(None) == ""
    assert shorten("a\n b") == "a b"
    assert len(shorten("x" * 500)) == 80
