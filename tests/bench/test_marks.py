"""The bench of marks, small: planted genres are found, and dealt labels say next to nothing."""

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2] / "bench" / "quality"))
import marks


def test_planted_genres_are_found() -> None:
    who = marks.audience(600, 3)
    found = marks.planted(who, marks.indices(marks.audience(3_000, 3)))
    assert found.planted >= 12
    assert found.recall >= 0.95
    assert found.wrong <= 0.05 * found.said


def test_dealt_labels_say_next_to_nothing() -> None:
    who, rng = marks.audience(600, 3), np.random.default_rng(3)
    said = [marks.shuffled(who, rng)[0] for _ in range(10)]
    assert sum(n > 0 for n in said) <= 2


def test_true_indices_by_hand() -> None:
    who = marks.audience(100, 1)
    true = marks.indices(who)
    assert {label for label, _ in true} == set(who.truth.tolist())
    assert min(true.values()) >= 0
