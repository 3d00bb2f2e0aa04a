"""Moments as people write them."""

from __future__ import annotations

import pytest

from coterie.moments import Ago, moment, written


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1970-01-02", 86_400.0), ("1970-01-01T01:00", 3_600.0), ("1970-01-01T01:00+01:00", 0.0)],
)
def test_dates_are_seconds_since_1970(text, seconds):
    assert moment(text) == seconds


@pytest.mark.parametrize(("text", "seconds"), [("90d", 7_776_000.0), ("2w", 1_209_600.0), ("36h", 129_600.0)])
def test_ages_are_seconds(text, seconds):
    assert moment(text) == Ago(seconds)


@pytest.mark.parametrize("text", ["3x", "", "d", "0d", "yesterday", "2024-13-01"])
def test_what_is_no_moment_says_what_was_expected(text):
    with pytest.raises(ValueError, match="expected a date such as 2024-01-31"):
        moment(text)


def test_a_moment_is_written_as_a_date_at_midnight():
    assert (written(86_400.0), written(86_461.0)) == ("1970-01-02", "1970-01-02T00:01:01Z")
