"""Tables with planted segments: their law, their truth, and that they are the same every time."""

import hashlib

import numpy as np
import polars as pl
import pytest
from ratings import Shape, drawn, plant, write

SMALL = Shape(n_events=20_000, n_users=300, n_items=400, n_segments=3)


def test_an_item_is_drawn_with_the_probability_of_its_exposure_and_rate() -> None:
    exposure, rate = np.array([0.6, 0.3, 0.1]), 2.0
    users, items = drawn(exposure, np.full(20_000, rate), np.random.default_rng(3))
    assert len(np.unique(users * 3 + items)) == len(users)
    np.testing.assert_allclose(np.bincount(items) / 20_000, -np.expm1(-rate * exposure), atol=5 * 0.5 / 20_000**0.5)


def test_a_table_has_the_shape_that_was_asked_for(tmp_path) -> None:
    write(SMALL, tmp_path / "a", seed=1, with_csv=True)
    rows = pl.read_parquet(tmp_path / "a" / "ratings.parquet")
    assert rows.columns == ["userId", "movieId", "rating", "timestamp"]
    assert rows["userId"].n_unique() == SMALL.n_users
    assert abs(len(rows) / SMALL.n_events - 1) < 0.05
    assert rows.select("userId", "movieId").is_unique().all()
    assert rows["rating"].is_between(0.5, 5).all()
    assert rows.equals(pl.read_csv(tmp_path / "a" / "ratings.csv", schema=rows.schema))
    with np.load(tmp_path / "a" / "truth.npz") as truth:
        assert set(rows["movieId"]) <= set(truth["item_ids"].tolist())
        np.testing.assert_allclose(truth["exposure"].sum(axis=1), 1)


def test_the_same_seed_gives_the_same_table(tmp_path) -> None:
    digests = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write(SMALL, tmp_path / name, seed=seed)
        digests.append(hashlib.sha256((tmp_path / name / "ratings.parquet").read_bytes()).hexdigest())
    assert digests[0] == digests[1] != digests[2]


def test_events_grow_with_the_users_rates() -> None:
    planted = plant(SMALL, np.random.default_rng(0))
    users, _ = drawn(planted.exposure[0], planted.rates, np.random.default_rng(1))
    found = np.bincount(users, minlength=SMALL.n_users)
    expected = np.array([-np.expm1(-rate * planted.exposure[0]).sum() for rate in planted.rates])
    assert found.sum() == pytest.approx(expected.sum(), rel=0.02)
    assert np.corrcoef(found, expected)[0, 1] > 0.95
