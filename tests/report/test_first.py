from __future__ import annotations

from dataclasses import replace

import pytest

from coterie.report.first import first
from coterie.segments.evaluation import CRITERIA, Known, evaluate
from coterie.segments.growth import Growth
from coterie.selection.types import Interval
from tests.report import samples

SEGMENTS = samples.segments()


def evaluations(*distances, segments=SEGMENTS, growth=None):
    profiles = samples.bare(len(segments)).profiles
    return evaluate(Known(segments, profiles, distances, growth), dict.fromkeys(CRITERIA, 1.0))


def said(decision=None, segments=SEGMENTS, distances=(1.0, 1.0, 8.0, 1.0, 1.0)):
    return first(decision or samples.decision(), segments, evaluations(*distances, segments=segments)).sentence


def test_one_that_stands_out_is_begun_with():
    assert said().startswith(
        "Begin with s-3 Classics and Film-Noir: attractiveness 49 and distinctiveness 100, where 50"
    )
    unstable = tuple(replace(s, stability=0.65, band="doubtful") for s in SEGMENTS)
    assert said(segments=unstable).endswith(" Its stability is doubtful, so try it on a small part of it first.")


def test_what_speaks_for_it():
    grown = tuple(Growth(0.2, 0.2 * r, Interval(r, r - 0.1, r + 0.1)) for r in (1.0, 1.0, 2.0, 1.0, 1.0))
    found = first(samples.decision(), SEGMENTS, evaluations(1.0, 1.0, 8.0, 1.0, 1.0, growth=grown))
    assert "Of its figures growth speaks for it most." in found.sentence


def test_close_ones_are_not_told_apart():
    sentence = said(distances=(1.0, 8.0, 8.0, 1.0, 1.0))
    assert sentence.startswith("These figures do not decide between s-2 Nineties comedies and romance and s-3 Classics")


@pytest.mark.parametrize("grade", ["none"])
def test_of_what_is_not_supported_none_is_named(grade):
    assert said(replace(samples.decision(), grade=grade)).startswith("None of them yet")


def test_without_a_place_the_figures_do_not_say():
    assert said(distances=(float("nan"),) * 5).startswith("The figures do not say")


def test_the_table_has_raw_figures_and_says_what_is_left_out():
    found = first(samples.decision(), SEGMENTS, evaluations(1.0, 1.0, 8.0, 1.0, 1.0))
    assert found.columns == (("Share of people", "50%"), ("Lift", "50%"))
    top = found.rows[0]
    assert (top.segment.id, top.cells[0], top.distinct[0]) == ("s-3", ("19%", "", "48"), "100")
    assert found.missing == (
        "Events each: there are no events, or of too few users to say.",
        "Mean value: events carry no value, or of too few users to say.",
        "Growth: events have no time."
    )  # fmt: skip
    assert first(samples.decision(), SEGMENTS, ()) is None
