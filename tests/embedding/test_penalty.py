from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from coterie import frozen
from coterie.embedding.als import ALS, PENALTY, FittedALS
from coterie.embedding.penalty import HELD, HIGHEST, best_of, ranking, search, split
from coterie.parallel import THREADS_VARIABLE
from tests.contracts.embedder_contract import EmbedderContract, block_matrix


def tastes(n_rows: int = 600, n_items: int = 80, seed: int = 0) -> sp.csr_array:
    """Rows of four planted groups, each with a fifth of the items that it takes up more often."""
    rng = np.random.default_rng(seed)
    chance = np.full((n_rows, n_items), 0.05)
    for group in range(4):
        chance[group::4, group * 20 : group * 20 + 20] = 0.3
    return sp.csr_array(((rng.random(chance.shape) < chance) * rng.integers(1, 6, chance.shape)).astype(np.float32))


class TestImplicit(EmbedderContract):
    @pytest.fixture
    def embedder(self):
        return ALS(dims=3)

    @pytest.fixture
    def matrix(self):
        return tastes()


class TestExplicit(EmbedderContract):
    @pytest.fixture
    def embedder(self):
        return ALS(kind="explicit", dims=3)

    @pytest.fixture
    def matrix(self):
        return tastes()


def test_the_search_climbs_to_a_top_beyond_its_start_and_looks_half_a_step_nearer():
    tried = search(lambda penalty: -abs(np.log10(penalty) - 3.4), middle=1.0)
    assert [penalty for penalty, _ in tried] == pytest.approx([0.1, 1, 10, 100, 10**2.5, 1000, 10**3.5, 10_000])
    assert best_of(tried) == pytest.approx(10**3.5)


def test_the_search_goes_down_as_well_and_ends_somewhere():
    assert best_of(search(lambda penalty: -abs(np.log10(penalty) + 3), middle=1.0)) == pytest.approx(1e-3)
    assert best_of(search(lambda penalty: penalty, middle=1.0)) <= 10 * HIGHEST


def test_where_nothing_gains_the_least_penalty_of_equals_is_taken():
    assert best_of(search(lambda penalty: 0.0 if penalty >= 1 else -1.0, middle=1.0)) == 1.0


def test_penalties_that_cannot_be_used_are_left_out():
    assert best_of(search(lambda penalty: -np.inf, middle=1.0)) is None


def test_a_split_holds_a_share_of_the_cells_out_and_keeps_every_cell_once():
    cells = tastes().astype(float)
    part = split(cells, np.random.default_rng(0))
    assert part.share == 1
    assert (part.train + part.held != cells).nnz == 0
    assert part.held.nnz / cells.nnz == pytest.approx(HELD, abs=0.03)


def test_ndcg_by_hand():
    # Scores fall from item 0 on; item 0 is known, so held-out item 2 stands second: 1 / log2(3) of the best.
    factors = np.array([[4.0], [3.0], [2.0], [1.0]])
    train, held = (sp.csr_array(np.array([row, [0, 0, 0, 0]])) for row in ([1.0, 0, 0, 0], [0, 0, 1.0, 0]))
    assert ranking(np.array([[1.0], [1.0]]), factors, train, held) == pytest.approx(1 / np.log2(3))


def test_a_penalty_that_was_found_gives_the_fit_that_it_gives_when_asked_for():
    found = ALS(dims=3).fit(tastes(), np.random.default_rng(5))
    scores = dict(found.tried)
    assert scores[found.regularisation] == max(scores.values())
    asked = ALS(dims=3, regularisation=found.regularisation).fit(tastes(), np.random.default_rng(5))
    assert asked.tried == ()
    assert asked.factors.tobytes() == found.factors.tobytes()


def test_the_penalty_that_was_found_ranks_better_than_one_far_off():
    cells = tastes(n_rows=1200)
    rng = np.random.default_rng(8)
    kept = rng.random(cells.nnz) < 0.7
    coo = cells.tocoo()
    train, held = (
        sp.csr_array((coo.data[rows], (coo.row[rows], coo.col[rows])), shape=cells.shape) for rows in (kept, ~kept)
    )

    def quality(**options):
        fitted = ALS(dims=8, unit_rows=False, **options).fit(train, np.random.default_rng(0))
        return ranking(fitted.apply(train).astype(float), fitted.factors, train, held)

    assert quality() > quality(regularisation=0.1) + 0.02
    assert quality() > quality(regularisation=1e5) + 0.02


def test_few_rows_get_the_fixed_penalty():
    fitted = ALS(dims=3).fit(block_matrix(), np.random.default_rng(0))
    assert (fitted.regularisation, fitted.tried) == (PENALTY, ())


def test_what_was_tried_is_kept_and_models_without_it_are_read(tmp_path):
    fitted = ALS(dims=3).fit(tastes(), np.random.default_rng(0))
    frozen.save(fitted.to_arrays(), tmp_path, "als")
    loaded = frozen.load(tmp_path, "als")
    assert FittedALS.from_arrays(loaded).tried == fitted.tried != ()
    before = frozen.Frozen("als", {key: value for key, value in loaded.meta.items() if key != "tried"}, loaded.arrays)
    assert FittedALS.from_arrays(before).tried == ()
    assert FittedALS.from_arrays(before).apply(tastes()).tobytes() == fitted.apply(tastes()).tobytes()


@pytest.mark.parametrize("kind", ["implicit", "explicit"])
def test_one_thread_and_two_find_the_same(kind, monkeypatch):
    found = []
    for threads in ("1", "2"):
        monkeypatch.setenv(THREADS_VARIABLE, threads)
        found.append(ALS(kind=kind, dims=3).fit(tastes(), np.random.default_rng(0)).tried)
    assert found[0] == found[1] != ()
