"""The cold-start curve, calibration, and training."""

from __future__ import annotations

import numpy as np

from coterie import plots
from coterie.activation.classifying.calibrating import calibration
from coterie.activation.classifying.contract import TrainingCurves
from tests.plots.charts import find
from tests.plots.classified import cold_start


def test_the_cold_start_curve_has_a_line_for_each_way_that_is_open():
    record = cold_start()
    _, rows = find(plots.cold_start_curve(record), "point")
    assert [(row["events"], row["way"]) for row in rows] == [
        ("0", "classifier"),
        ("0", "most frequent segment"),
        ("5", "fold-in"),
        ("5", "classifier"),
        ("5", "most frequent segment"),
        ("all", "fold-in"),
        ("all", "classifier"),
        ("all", "most frequent segment"),
    ]
    assert record.sentence.startswith("After 5 likes the segment is known: for 70% of users")
    assert "not yet known for 95% of users" in cold_start(0.95).sentence


def test_calibration_has_a_dot_for_each_bin_those_of_few_go_together():
    confidence, right = np.array([0.95] * 20 + [0.35] * 3), np.ones(23, bool)
    found = calibration(confidence, right, np.random.default_rng(0))
    _, rows = find(plots.calibration_curve({"everything": found}), "point")
    assert [(row["known"], row["n"]) for row in rows] == [("everything", 23)]


def test_training_curves_mark_the_epoch_that_was_kept():
    record = TrainingCurves((1.0, 0.5, 0.3), (1.1, 0.8, 0.9), (0.5, 0.7, 0.9), (0.4, 0.6, 0.6), (0.1, 0.1, 0.05), 1)
    _, rows = find(plots.training_curves(record), "rule")
    assert rows == [{"epoch": 2}]
