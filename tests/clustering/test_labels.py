from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from coterie.clustering.labels import canonical_order


def test_largest_first_ties_by_the_smallest_row_noise_stays():
    labels, order = canonical_order(np.array([2, 0, -1, 2, 0, 1, 1, 1], np.int32), 3)
    assert labels.tolist() == [1, 2, -1, 1, 2, 0, 0, 0]
    assert order.tolist() == [1, 2, 0]


@given(st.lists(st.integers(0, 4), min_size=1), st.permutations(range(5)))
def test_the_numbers_an_algorithm_happens_to_use_do_not_matter(labels, names):
    labels = np.array(labels, np.int32)
    renamed = np.array(names, np.int32)[labels]
    assert (canonical_order(labels, 5)[0] == canonical_order(renamed, 5)[0]).all()
