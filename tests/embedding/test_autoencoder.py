from __future__ import annotations

import importlib
import importlib.util
import os
import sys

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from coterie import frozen
from coterie.embedding.autoencoder import Autoencoder, Curve, FittedAutoencoder
from coterie.errors import ConfigError, DataError, MissingExtraError
from tests.contracts.embedder_contract import EmbedderContract, block_matrix


@pytest.fixture
def torch():
    """PyTorch, or skip with the reason; under CI its absence is a failure."""
    reason = "PyTorch is not installed: make test TORCH=1"
    if importlib.util.find_spec("torch") is None:
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return importlib.import_module("torch")


def fit(matrix=None, seed=0, **options):
    settings = {"dims": 4, "epochs": 5, **options}
    return Autoencoder(**settings).fit(block_matrix() if matrix is None else matrix, np.random.default_rng(seed))


@pytest.mark.usefixtures("torch")
class TestFull(EmbedderContract):
    @pytest.fixture
    def embedder(self):
        return Autoencoder(dims=5, epochs=4)


@pytest.mark.usefixtures("torch")
class TestMasked(EmbedderContract):
    @pytest.fixture
    def embedder(self):
        return Autoencoder(dims=5, epochs=4, loss="masked", l1_code=True)


@pytest.mark.usefixtures("torch")
class TestDense(EmbedderContract):
    @pytest.fixture
    def embedder(self):
        return Autoencoder(dims=3, epochs=4, unit_rows=False)

    @pytest.fixture
    def matrix(self):
        return block_matrix().toarray()


def by_hand(length="none"):
    """Two columns, two units: x1 - x2 + 1 and 2 x2 - 3."""
    weights = np.array([[1.0, 0.0], [-1.0, 2.0]], np.float32)
    return FittedAutoencoder(
        weights, np.array([1.0, -3.0], np.float32), length, Curve(np.ones(2), np.array([2.0, 1.0]))
    )


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        ("none", [[1.0, 3.0], [0.0, 7.0], [0.0, 0.0]]),
        ("l1", [[0.25, 0.75], [0.0, 1.0], [0.0, 0.0]]),
        ("l2", [[1 / 10**0.5, 3 / 10**0.5], [0.0, 1.0], [0.0, 0.0]]),
    ],
)
def test_codes_by_hand(length, expected):
    rows = np.array([[3.0, 3.0], [0.0, 5.0], [-2.0, 0.0]], np.float32)
    assert by_hand(length).apply(rows) == pytest.approx(np.array(expected))


@given(st.floats(1, 100))
def test_codes_without_a_length_grow_straight_with_what_they_are_made_of(factor):
    rows = np.array([[3.0, 3.0]], np.float32)
    plain = FittedAutoencoder(by_hand().weights, np.zeros(2, np.float32), "none", by_hand().curve)
    assert plain.apply(rows * factor) == pytest.approx(plain.apply(rows) * factor, rel=1e-5)


def test_no_rows_give_no_points():
    assert by_hand().apply(np.zeros((0, 2), np.float32)).shape == (0, 2)


def test_the_best_epoch_is_that_of_the_least_held_out_loss():
    assert by_hand().curve.best_epoch == 1


def test_without_pytorch_a_saved_one_still_places_rows(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    frozen.save(by_hand("l1").to_arrays(), tmp_path, "embedder")
    loaded = FittedAutoencoder.from_arrays(frozen.load(tmp_path, "embedder"))
    assert loaded.apply(np.array([[3.0, 3.0]], np.float32)) == pytest.approx(np.array([[0.25, 0.75]]))
    assert loaded.curve.validation.tolist() == [2.0, 1.0]


def test_without_pytorch_fitting_names_the_install_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(
        MissingExtraError, match=r"'torch' is not installed; install it with: pip install 'coterie\[torch"
    ):
        fit()


def test_training_lowers_both_losses(torch):
    curve = fit(epochs=60, learning_rate=0.01).curve
    assert curve.train[-1] < 0.8 * curve.train[0]
    assert curve.validation.min() < 0.9 * curve.validation[0]


def test_a_wide_enough_network_learns_the_rows_by_heart(torch):
    matrix = sp.vstack([block_matrix()[[3, 40]]] * 20, format="csr")
    assert fit(matrix, dims=20, epochs=300, learning_rate=0.01, patience=300).curve.validation.min() < 0.01


def test_units_stay_awake_for_rows_that_are_mostly_empty(torch):
    # What the decoder first draws at random must not be unlearned by units that then never wake again.
    rng = np.random.default_rng(5)
    popularity = 0.4 * rng.random(300) ** 3
    matrix = sp.csr_array(((rng.random((200, 300)) < popularity) * rng.integers(1, 6, (200, 300))).astype(np.float32))
    codes = fit(matrix, dims=8, epochs=60, patience=60).apply(matrix)
    assert (codes > 0).mean() > 0.4
    assert codes.any(axis=1).all()


def test_the_first_loss_is_that_of_the_first_weights_by_hand(torch):
    # With so small a rate nothing is learned, so the loss is what NumPy finds from the same draws.
    cells = block_matrix().toarray()
    cells = cells[cells.any(axis=1)].astype(float)
    curve = fit(dims=3, epochs=1, learning_rate=1e-12).curve
    rng = np.random.default_rng(0)
    held = np.sort(rng.permutation(len(cells))[:6])
    encoder = rng.standard_normal((40, 3)) * (2 / 43) ** 0.5
    decoder = rng.standard_normal((3, 40)) * (2 / 43) ** 0.5
    drawn = np.maximum(cells[held] @ encoder, 0) @ decoder
    assert curve.validation[0] == pytest.approx(((drawn - cells[held]) ** 2).mean(), rel=1e-4)
    seen = cells[held] > 0
    masked = fit(dims=3, epochs=1, learning_rate=1e-12, loss="masked").curve
    assert masked.validation[0] == pytest.approx(((drawn - cells[held])[seen] ** 2).mean(), rel=1e-4)


def test_it_stops_when_held_out_rows_are_drawn_no_better_and_keeps_the_best_weights(torch):
    patient = {"epochs": 500, "learning_rate": 0.02, "patience": 3}
    curve = fit(**patient).curve
    assert len(curve.train) == len(curve.validation) == curve.best_epoch + 4 < 500
    best = fit(**{**patient, "epochs": curve.best_epoch + 1})
    assert fit(**patient).weights.tobytes() == best.weights.tobytes()


def test_codes_sum_to_one_with_l1_code(torch):
    codes = fit(l1_code=True).apply(block_matrix())
    sums = codes.sum(axis=1)
    assert sums[sums > 0] == pytest.approx(1.0)
    assert (sums > 0).sum() > 50


def test_what_pytorch_draws_and_its_threads_stay_as_they_were_and_do_not_matter(torch):
    threads, state = torch.get_num_threads(), torch.random.get_rng_state()
    found = []
    try:
        for count in (1, 2):
            torch.set_num_threads(count)
            torch.manual_seed(count)
            found.append(fit().weights.tobytes())
            assert torch.get_num_threads() == count
            assert torch.initial_seed() == count
    finally:
        torch.set_num_threads(threads)
        torch.random.set_rng_state(state)
    assert found[0] == found[1]


def test_another_seed_gives_another_network(torch):
    assert fit(seed=1).weights.tobytes() != fit(seed=2).weights.tobytes()


def test_rows_of_zeros_teach_nothing(torch):
    padded = sp.vstack([block_matrix(), sp.csr_array((9, 40), dtype=np.float32)], format="csr")
    assert fit(padded).weights.tobytes() == fit().weights.tobytes()


@pytest.mark.parametrize(
    "matrix", [block_matrix()[[0]], block_matrix()[[0, 7]], sp.csr_array((4, 40), dtype=np.float32)]
)
def test_too_few_rows_are_refused(torch, matrix):
    with pytest.raises(DataError, match=r"at least two rows that are not all zero, .*, got [01]; give it more data"):
        fit(matrix)


def test_two_rows_are_enough(torch):
    assert len(fit(block_matrix()[:2]).curve.train) == 5


def test_a_training_that_runs_off_is_refused(torch):
    with pytest.raises(DataError, match=r"ran off to infinity at 'embedding.learning_rate' = 1e\+30; lower it"):
        fit(learning_rate=1e30)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dims": 0}, "'embedding.dims' is '0'; expected a whole number >= 1"),
        ({"loss": "mask"}, "'embedding.loss' is 'mask'; did you mean 'masked'"),
        ({"epochs": 0}, "'embedding.epochs' is '0'; expected a whole number >= 1"),
        ({"batch_size": True}, "'embedding.batch_size' is 'True'; expected a whole number >= 1"),
        ({"learning_rate": 0}, "'embedding.learning_rate' is '0'; expected a number > 0"),
        ({"patience": -1}, "'embedding.patience' is '-1'; expected a whole number >= 1"),
        ({"l1_code": "yes"}, "'embedding.l1_code' is 'yes'; expected true or false"),
        ({"unit_rows": 1}, "'embedding.unit_rows' is '1'; expected true or false"),
        ({"l1_code": True, "unit_rows": True}, "'embedding.l1_code' and 'embedding.unit_rows' are both true"),
    ],
)
def test_options_out_of_range_are_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        Autoencoder(**options)
