"""Fans by hand, what their features may not hold, and fans planted."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from coterie import frozen
from coterie.activation.fans import FanRule, FittedFans, Likes, Lives, are_fans, fit_fans
from coterie.errors import DataError

TAGGED = sp.csr_array(np.array([[1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 1], [0, 0, 0]], float))


def likes(rows):
    return Likes(sp.csr_array(np.array(rows, float)), TAGGED)


def test_a_fan_has_enough_likes_at_a_high_enough_index():
    found = likes([[1, 1, 0, 0, 1], [1, 1, 1, 1, 0], [0, 0, 0, 0, 1]])
    assert found.totals().tolist() == [2, 4, 0]
    overall = np.array([0.5, 0.5, 0.2])
    assert are_fans(found, overall, FanRule(2, 100)).tolist() == [
        [True, False, False],
        [True, True, False],
        [False] * 3,
    ]
    assert are_fans(found, overall, FanRule(2, 120)).tolist() == [[True, False, False], [False] * 3, [False] * 3]


def test_features_of_a_tag_hold_nothing_of_any_item_that_carries_it():
    some, more = likes([[1, 0, 1, 1, 0]]), likes([[1, 1, 1, 1, 0]])
    assert some.without((0,)).tolist() == more.without((0,)).tolist()
    assert some.without((0,))[0].tolist() == pytest.approx([0, np.sqrt(0.5), np.sqrt(0.5), np.log(3)])
    assert some.without((0, 1))[0].tolist() == pytest.approx([0, 0, 1, np.log(2)])


def planted(n=400, seed=0):
    """Likes of two camps: 0 and 1 go together, and so do 2 and 3; halves are drawn alike."""
    rng = np.random.default_rng(seed)
    camp = rng.integers(0, 2, n)
    tagged = sp.csr_array(np.repeat(np.eye(4), 10, axis=0))
    rate = np.where((np.arange(40) // 20)[None, :] == camp[:, None], 0.5, 0.06)
    before, after = (sp.csr_array((rng.random((n, 40)) < rate).astype(float)) for _ in range(2))
    return Lives(Likes(before, tagged), Likes(after, tagged), rng.normal(size=(n, 1)))


@pytest.fixture(scope="module")
def fitted():
    return fit_fans(planted(), ("a", "b", "c", "d"), FanRule(), 7)


def test_planted_fans_are_told_far_better_than_by_popularity(fitted):
    report = fitted[2]
    found = {method.name: method.measures for method in report.methods}
    assert found[report.chosen].f1_micro.low > 0.8 > found["popularity"].f1_micro.high
    assert found[report.chosen].hamming.value < 0.15
    assert report.gains["popularity"].low > 0
    assert (report.n, report.n_held_out) == (300, 100)
    assert [tag.tag for tag in report.tags] == ["a", "b", "c", "d"]


def test_a_tag_of_fewer_fans_than_may_be_told_of_has_no_numbers(fitted):
    fans = [tag.fans for tag in fitted[2].tags]
    report = fit_fans(planted(), ("a", "b", "c", "d"), FanRule(), 7, least=max(fans))[2]
    assert [tag.fans for tag in report.tags] == [n if n == max(fans) else None for n in fans]
    assert all((tag.f1 is None) == (tag.fans is None) for tag in report.tags)


def test_what_is_said_of_a_tag_does_not_change_with_likes_of_its_items(fitted):
    lives, model = planted(seed=1), fitted[0]
    matrix = lives.before.matrix.toarray()
    matrix[:, :10] = 1 - matrix[:, :10]
    other = Likes(sp.csr_array(matrix), lives.before.tagged)
    for way in (model.by_single, model.by_chains):
        assert way(lives.before, lives.described)[:, 0].tobytes() == way(other, lives.described)[:, 0].tobytes()
        assert way(lives.before, lives.described)[:, 2].tobytes() != way(other, lives.described)[:, 2].tobytes()


def test_saved_and_loaded_alone_or_in_another_order_they_say_the_same(fitted, tmp_path):
    frozen.save(fitted[0].to_arrays(), tmp_path, "fans")
    again = FittedFans.from_arrays(frozen.load(tmp_path, "fans"))
    lives = planted(40, seed=2)
    for way in ("by_single", "by_chains", "probabilities"):
        together = getattr(fitted[0], way)(lives.before, lives.described)
        assert getattr(again, way)(lives.before, lives.described).tobytes() == together.tobytes()
        turned = lives.take(np.arange(40)[::-1])
        assert getattr(again, way)(turned.before, turned.described)[::-1].tobytes() == together.tobytes()
        alone = [lives.take(np.array([row])) for row in range(5)]
        said = [getattr(again, way)(one.before, one.described) for one in alone]
        assert np.concatenate(said).tobytes() == together[:5].tobytes()


def test_too_few_users_or_fans_are_refused():
    with pytest.raises(DataError, match="99 users have enough likes to be cut in two; telling fans needs 100"):
        fit_fans(planted(99), tuple("abcd"), FanRule(), 7)
    with pytest.raises(DataError, match="0 tags have 20 fans"):
        fit_fans(planted(200), tuple("abcd"), FanRule(min_likes=10), 7)
