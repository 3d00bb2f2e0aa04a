from __future__ import annotations

import numpy as np

from coterie.embedding.rows import count_distinct


def test_distinct_rows_are_counted_as_far_as_is_asked():
    points = np.repeat(np.arange(3.0), 50)[:, None]
    assert count_distinct(points, 2) == 3  # the first 8 rows are alike, so all are looked at
    assert count_distinct(points, 5) == 3
    assert count_distinct(np.arange(100.0)[:, None], 4) >= 4
    assert count_distinct(np.empty((0, 2)), 4) == 0
