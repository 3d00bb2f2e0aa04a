from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from coterie.embedding import rows
from coterie.embedding.rows import count_distinct, in_single, row_norms, scale_rows


def test_distinct_rows_are_counted_as_far_as_is_asked():
    points = np.repeat(np.arange(3.0), 50)[:, None]
    assert count_distinct(points, 2) == 3  # the first 8 rows are alike, so all are looked at
    assert count_distinct(points, 5) == 3
    assert count_distinct(np.arange(100.0)[:, None], 4) >= 4
    assert count_distinct(np.empty((0, 2)), 4) == 0


def test_rows_prepared_some_at_a_time_are_those_prepared_at_once(monkeypatch):
    rng = np.random.default_rng(0)
    cells = sp.csr_array(sp.random_array((300, 40), density=0.2, rng=rng, format="csr"))
    cells.data[:5] = 0
    at_once = scale_rows(cells, row_norms(cells))
    for size in (1, 7, 200, 10**6):
        monkeypatch.setattr(rows, "BLOCK_CELLS", size)
        found = in_single(cells, lambda part: scale_rows(part, row_norms(part)))
        assert found.data.dtype == np.float32
        assert np.array_equal(found.toarray(), at_once.toarray().astype(np.float32))
