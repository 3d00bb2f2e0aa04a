"""Named streams: the same name the same numbers, another name others."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from coterie.randomness import entity_uniforms, generator, legacy_seed

seeds = st.integers(0, 2**70)
purposes = st.lists(st.one_of(st.text(st.characters(min_codepoint=32)), st.integers()), max_size=3)


@given(seeds, purposes)
def test_the_same_name_gives_the_same_stream(seed, names):
    assert generator(seed, *names).integers(2**62, size=4).tolist() == (
        generator(seed, *names).integers(2**62, size=4).tolist()
    )


def test_other_names_and_seeds_give_other_streams():
    asked = [(7,), (8,), (7, "a"), (7, "b"), (7, "a", 1), (7, "a", 2), (7, "a", "b"), (7, "ab"), (71, "a"), (7, "1a")]
    drawn = {generator(*names).integers(2**62) for names in asked}
    assert len(drawn) == len(asked)


def test_streams_are_those_of_every_other_machine():
    assert generator(7, "kmeans", 5).integers(1000, size=3).tolist() == [844, 189, 885]


def test_a_legacy_seed_fits_in_31_bits():
    drawn = [legacy_seed(generator(7, "legacy", i)) for i in range(50)]
    assert all(type(seed) is int and 0 <= seed < 2**31 for seed in drawn)
    assert len(set(drawn)) == 50


keys = st.lists(st.integers(0, 2**64 - 1), max_size=30).map(lambda found: np.array(found, np.uint64))


@given(seeds, keys, st.randoms())
def test_an_entity_keeps_its_number_whatever_stands_beside_it(seed, entities, random):
    order = np.array(random.sample(range(len(entities)), len(entities)), np.intp)
    uniforms = entity_uniforms(seed, "holdout", entities)
    assert np.array_equal(entity_uniforms(seed, "holdout", entities[order]), uniforms[order])
    assert np.array_equal(entity_uniforms(seed, "holdout", entities[:5]), uniforms[:5])
    assert ((uniforms >= 0) & (uniforms < 1)).all()
    assert uniforms.dtype == np.float64


@pytest.mark.parametrize("start", [0, 2**63])
def test_neighbouring_keys_are_spread_evenly(start):
    uniforms = entity_uniforms(7, "holdout", np.arange(20_000, dtype=np.uint64) + np.uint64(start))
    assert stats.kstest(uniforms, "uniform").pvalue > 0.001
    assert abs(np.corrcoef(uniforms[:-1], uniforms[1:])[0, 1]) < 0.03
    other = entity_uniforms(7, "split", np.arange(20_000, dtype=np.uint64) + np.uint64(start))
    assert abs(np.corrcoef(uniforms, other)[0, 1]) < 0.03
