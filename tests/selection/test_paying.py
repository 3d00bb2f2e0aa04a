from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from coterie.config import parse_config
from coterie.selection import paying
from coterie.selection.explained import explained_variance
from coterie.selection.gains import error_of_difference
from coterie.selection.paying import answers_behind, pay
from coterie.selection.search import measure
from coterie.selection.trials import fit_all
from tests.selection.grounds import LIKES, camps, clouds, of_points, of_tables, people

TASTE = {"tables": {"likes": LIKES}, "features": {"taste": {"kind": "interactions", "from": "likes"}}}


def answers(n: int = 90, n_columns: int = 6, **other: pl.Series) -> pl.DataFrame:
    """Three kinds of people, who differ in every column."""
    rng = np.random.default_rng(1)
    kind = np.arange(n) % 3
    columns = {f"x{c}": rng.permutation(3)[kind] * 3.0 + rng.normal(size=n) for c in range(n_columns)}
    return pl.DataFrame({"user_id": [f"u{i:03}" for i in range(n)], **columns, **other})


def of_answers(n_columns: int = 6, **changes):
    return {
        "tables": {"people": people(n_columns)},
        "features": {"who": {"kind": "attributes", "from": "people"}},
        "embedding": {"method": "none"},
        "clustering": {"methods": ["kmeans"], "k": [2, 4], "starts": 2},
        **changes,
    }


def test_camps_pay_and_halves_of_them_pay_no_more():
    search = of_tables({**TASTE, "clustering": {"methods": ["kmeans"], "k": [2, 3], "starts": 2}}, {"likes": camps()})
    two, three = pay(search, fit_all(search)[0])
    assert two.lift.lift.low > 1
    assert two.explained is None
    assert two.lift.n_users > 50
    assert np.nanmean(two.gains.by_user) == pytest.approx(two.lift.lift.value)
    error = error_of_difference(two.gains, three.gains, ids=(search.ids, search.ids))
    assert three.lift.lift.value < two.lift.lift.value + 2 * error


def test_users_of_one_event_each_have_none_to_spare():
    likes = pl.DataFrame({"user_id": [f"u{i:03}" for i in range(60)], "item_id": [f"i{i % 3}" for i in range(60)]})
    search = of_tables({**TASTE, "clustering": {"methods": ["kmeans"], "k": [2, 3]}}, {"likes": likes})
    assert [(paid.lift, paid.gains) for paid in pay(search, fit_all(search)[0])] == [(None, None)] * 2


def test_without_events_columns_are_held_out():
    search = of_tables(of_answers(), {"people": answers()})
    paid = pay(search, fit_all(search)[0])
    assert [one.lift for one in paid] == [None] * 3
    shares = [one.explained.value.value for one in paid]
    assert shares[1] > max(0.3, shares[0])  # there are three kinds of people
    assert all(one.explained.random < 0.05 for one in paid)
    assert np.nanmean(paid[1].gains.by_user) == pytest.approx(shares[1])


def test_it_is_what_the_protocol_of_held_out_columns_gives():
    search = of_tables(of_answers(clustering={"methods": ["kmeans"], "k": 3, "starts": 2}), {"people": answers()})
    ((trial,), _) = fit_all(search)

    def again(seen, rng):
        return search.clusterer(trial.asked).fit(search.points[:, seen], rng).fit_labels

    expected = explained_variance(
        search.points, np.arange(6), again, paying.explained.Refits(), search.config.project.seed, threads=1
    )
    assert pay(search, (trial,))[0].explained == expected


@pytest.mark.parametrize("method", ["pca", "svd"])
def test_columns_are_held_out_before_they_are_embedded(method):
    raw = of_answers(embedding={"method": method, "dims": 3}, clustering={"methods": ["kmeans"], "k": 3, "starts": 2})
    search = of_tables(raw, {"people": answers()})
    assert search.columns == (None, None, None)
    assert pay(search, fit_all(search)[0])[0].explained.value.value > 0.2


def test_joined_columns_are_held_out_like_the_others_and_may_be_all_that_is_left():
    raw = of_answers(
        features={
            "one": {"kind": "attributes", "from": "people", "columns": ["x0"]},
            "rest": {"kind": "attributes", "from": "people", "columns": ["x1", "x2", "x3"], "embed": False},
        },
        embedding={"method": "pca", "dims": 1},
        clustering={"methods": ["kmeans"], "k": 3, "starts": 2},
    )
    search = of_tables(raw, {"people": answers()})
    assert search.columns == (None, "rest:x1", "rest:x2", "rest:x3")
    assert pay(search, fit_all(search)[0])[0].explained.value.value > 0.2


def test_a_method_that_reads_categories_is_told_which_columns_it_may_see():
    town = pl.Series([("north", "south", "east")[i % 3] for i in range(90)])
    tables = people(2)
    tables["attributes"]["town"] = "category"
    raw = of_answers(tables={"people": tables}, clustering={"k": 3, "methods": ["kprototypes"], "starts": 2})
    search = of_tables(raw, {"people": answers(90, 2, town=town)})
    (one,) = measure(search).candidates
    assert one.explained.value.value > 0.2


@pytest.mark.parametrize("n_columns", [1, 2])
def test_one_column_has_no_other_to_tell_of(n_columns):
    search = of_tables(
        of_answers(n_columns, clustering={"methods": ["kmeans"], "k": 2}), {"people": answers(90, n_columns)}
    )
    assert (pay(search, fit_all(search)[0])[0].explained is None) == (n_columns == 1)


def test_nothing_is_held_out_where_the_space_is_not_known_or_too_wide(monkeypatch):
    search = of_points(clouds((20, 20)), k=2)
    assert pay(search, fit_all(search)[0])[0].explained is None
    known = of_tables(of_answers(clustering={"methods": ["kmeans"], "k": 2}), {"people": answers()})
    monkeypatch.setattr(paying, "MOST_COLUMNS", 5)
    assert pay(known, fit_all(known)[0])[0].explained is None


def test_of_many_users_a_sample_is_segmented_anew_and_the_others_gain_nothing(monkeypatch):
    monkeypatch.setattr(paying, "MOST_ROWS", 60)
    search = of_tables(of_answers(clustering={"methods": ["kmeans"], "k": 3, "starts": 2}), {"people": answers()})
    (paid,) = pay(search, fit_all(search)[0])
    assert np.isfinite(paid.gains.by_user).sum() == 60
    assert np.nanmean(paid.gains.by_user) == pytest.approx(paid.explained.value.value)
    assert paid.explained.value.value > 0.3


def test_users_of_whom_the_rest_knows_nothing_are_in_no_segment(monkeypatch):
    """Whose one liked item is held out, has a row of zeros, and is neither clustered nor ranked for by a segment."""
    likes = camps(40).with_columns(value=pl.Series([5.0, 1.0, 1.0, 1.0] * 40))
    raw = {
        "tables": {"likes": {**LIKES, "value": "v"}},
        "features": {"taste": {"kind": "interactions", "from": "likes", "weight": "positive"}},
        "clustering": {"methods": ["kmeans"], "k": 2, "starts": 2},
    }
    search = of_tables(raw, {"likes": likes})
    fitted = []
    original = paying._fit_or_nobody

    def spy(clusterer, points, rows, seen, rng):
        labels = original(clusterer, points, rows, seen, rng)
        fitted.append((rows, labels))
        return labels

    monkeypatch.setattr(paying, "_fit_or_nobody", spy)
    pay(search, fit_all(search)[0])
    assert fitted
    for rows, labels in fitted:
        assert 0 < len(rows) < len(labels)
        assert np.array_equal(np.flatnonzero(labels >= 0), rows)


@pytest.mark.parametrize(("embedded", "clustered"), [(30, 60), (60, 20), (30, 20)])
def test_of_many_users_a_sample_is_fitted_anew_and_places_all(monkeypatch, embedded, clustered):
    search = of_tables({**TASTE, "clustering": {"methods": ["kmeans"], "k": 2, "starts": 2}}, {"likes": camps()})
    trials, _ = fit_all(search)
    (whole,) = pay(search, trials)
    monkeypatch.setattr(paying, "MOST_EMBEDDED", embedded)
    monkeypatch.setattr(paying, "MOST_CLUSTERED", clustered)
    (some,) = pay(search, trials)
    assert some.lift.n_users == whole.lift.n_users
    assert some.lift.lift.value == pytest.approx(whole.lift.lift.value, abs=0.02)


def test_a_positive_floor_of_the_config_decides_what_counts():
    likes = camps().with_columns(value=pl.Series([1.0, 2.0, 3.0, 4.0] * 60))
    tables = {"likes": {**LIKES, "value": "v"}}
    search = of_tables({**TASTE, "tables": tables, "clustering": {"methods": ["kmeans"], "k": 2}}, {"likes": likes})
    nobody = parse_config(
        {**search.config.model_dump(by_alias=True), "evaluation": {"positive_from": 9.0, "splits": 1}}
    )
    trials, _ = fit_all(search)
    assert pay(search, trials)[0].lift is not None
    assert pay(replace(search, config=nobody), trials)[0].lift is None


def test_columns_of_one_answer_are_known_by_it():
    names = ["who:town=a", "who:town=b", "quiz:calm low", "quiz:calm high", "mean:calm", "mean:run low", "who:high"]
    assert answers_behind(names) == ["town", "town", "calm", "calm", "calm", "run low", "high"]


def unrelated(n: int = 240) -> pl.DataFrame:
    """Answers that have nothing to do with each other."""
    values = np.random.default_rng(2).normal(size=(n, 4))
    return pl.DataFrame({"user_id": [f"u{i:03}" for i in range(n)], **{f"x{c}": values[:, c] for c in range(4)}})


@pytest.mark.parametrize(
    "other",
    [
        {"kind": "traits", "from": "people", "form": "poles", "low": -0.5, "high": 0.5},
        {"kind": "cluster", "from": "people", "of": {"kind": "attributes"}, "k": 3},
    ],
)
def test_no_column_tells_of_one_that_is_made_of_the_same_answer(other):
    config = of_answers(4, clustering={"methods": ["kmeans"], "k": 4, "starts": 2})
    config["features"] = {**config["features"], "other": other}
    search = of_tables(config, {"people": unrelated()})
    (paid,) = pay(search, fit_all(search)[0])
    assert paid.explained.value.value < 0.02
