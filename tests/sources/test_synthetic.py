from __future__ import annotations

import re
from pathlib import Path

import narwhals.stable.v2 as nw
import numpy as np
import polars as pl
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score
from sklearn.utils.extmath import randomized_svd

from coterie.config import Config, Table, load_config
from coterie.engines import local
from coterie.errors import ConfigError, SourceError, UnknownNameError
from coterie.plugins import find
from coterie.sources.sample.vocabulary import GENRES, PLANTED, TITLE_WORDS
from coterie.sources.synthetic import Sample, SyntheticSource, make_sample, write_sample
from tests.contracts.source_contract import SourceContract


@pytest.fixture(scope="module")
def sample() -> Sample:
    return make_sample(n_users=1000, seed=7)


def clean_ratings(sample: Sample) -> pl.DataFrame:
    """The ratings as checks would leave them, by a road of the tests' own."""
    rating = pl.col("rating").cast(pl.Int64, strict=False)
    return (
        sample.ratings.filter(rating.is_between(1, 5), pl.col("user_id") > 0, pl.col("item_id") < 1_000_000)
        .with_columns(rating)
        .sort("timestamp")
        .unique(["user_id", "item_id"], keep="last")
        .sort("user_id", "item_id")
    )


def source(location: str, **more: object) -> SyntheticSource:
    return SyntheticSource(Table(role="items", source=location, item="item_id", **more), Path())


class TestSample:
    def test_has_the_tables_and_columns_that_are_promised(self, sample: Sample) -> None:
        assert sample.ratings.columns == ["user_id", "item_id", "rating", "timestamp"]
        assert sample.people.columns == ["user_id", "age", "gender", "occupation", "zip", "joined"]
        assert sample.titles.columns == ["item_id", "title", "genres", "year"]
        assert sample.truth.columns == ["user_id", "segment"]
        assert (len(sample.people), len(sample.titles), len(sample.truth)) == (1000, 400, 1000)

    def test_is_the_same_for_the_same_seed_and_another_for_another(self, sample: Sample) -> None:
        again, other = make_sample(1000, seed=7), make_sample(1000, seed=8)
        for name in ("ratings", "people", "titles", "truth"):
            assert_frame_equal(getattr(sample, name), getattr(again, name))
        assert not sample.ratings.head(50).equals(other.ratings.head(50))
        assert not sample.truth.equals(other.truth)

    def test_plants_five_segments_of_the_shares_that_are_written_down(self) -> None:
        truth = make_sample(20_000, 20).truth
        shares = truth["segment"].value_counts(normalize=True, name="share").sort("segment")["share"]
        assert shares.to_list() == pytest.approx([0.35, 0.25, 0.18, 0.13, 0.09], abs=0.01)
        assert sum(planted.share for planted in PLANTED) == pytest.approx(1)

    def test_every_planted_genre_and_every_companion_is_a_genre_with_words(self) -> None:
        assert set(TITLE_WORDS) == set(GENRES)
        assert {genre for _, companions in GENRES.values() for genre in companions} <= set(GENRES)
        assert {genre for planted in PLANTED for genre in planted.affinities} <= set(GENRES)

    def test_activity_is_long_tailed_over_users_and_items(self, sample: Sample) -> None:
        per_user = clean_ratings(sample)["user_id"].value_counts()["count"]
        per_item = clean_ratings(sample)["item_id"].value_counts()["count"].sort(descending=True)
        assert per_user.min() == 8
        assert 40 <= per_user.median() <= 52
        assert per_user.mean() > 1.15 * per_user.median()
        assert per_item[:40].sum() > 6 * per_item[-40:].sum()

    def test_activity_is_not_taste(self, sample: Sample) -> None:
        counts = clean_ratings(sample)["user_id"].value_counts().join(sample.truth, on="user_id")
        log_events = counts.select("segment", pl.col("count").log())
        between = log_events.with_columns(pl.col("count").mean().over("segment"))["count"].var()
        explained = between / log_events["count"].var()
        assert 0.01 < explained < 0.2

    def test_people_rate_what_they_like(self, sample: Sample) -> None:
        """Documentary viewers (segment 4) both pick documentaries and rate them higher than others do."""
        rows = clean_ratings(sample).join(sample.truth, on="user_id").join(sample.titles, on="item_id")
        is_documentary = pl.col("genres").str.contains("Documentary")
        share, stars = (
            rows.group_by(pl.col("segment") == 4)
            .agg(is_documentary.mean().alias("share"), pl.col("rating").filter(is_documentary).mean().alias("stars"))
            .sort("segment")
            .select("share", "stars")
            .get_columns()
        )
        assert share[1] > 2 * share[0]
        assert stars[1] > stars[0] + 0.25

    def test_demographics_go_with_the_segment_only_partly_and_states_not_at_all(self, sample: Sample) -> None:
        people = sample.people.join(sample.truth, on="user_id").filter(pl.col("age") < 110)
        ages = people.group_by("segment").agg(pl.col("age").mean(), pl.col("age").std().alias("spread")).sort("segment")
        assert ages["age"].arg_max() == 4
        assert ages["age"].max() - ages["age"].min() > 15
        assert ages["spread"].min() > 5
        new_york = people.group_by("segment").agg(pl.col("zip").str.starts_with("1").mean())["zip"]
        assert new_york.max() - new_york.min() < 0.12

    def test_titles_are_distinct_and_their_genres_known(self, sample: Sample) -> None:
        assert sample.titles["title"].n_unique() == 400
        named = set(sample.titles["genres"].str.split("|").explode())
        assert named <= set(GENRES)
        assert sample.titles["year"].is_between(1958, 2025).all()

    def test_zips_are_of_the_us_but_for_a_few(self, sample: Sample) -> None:
        of_us = sample.people["zip"].str.contains(r"^\d{5}$").mean()
        assert 0.95 < of_us < 1

    def test_ratings_come_after_joining_and_nobody_is_retired_at_twenty(self, sample: Sample) -> None:
        rows = clean_ratings(sample).join(sample.people, on="user_id")
        assert (pl.from_epoch(rows["timestamp"]).dt.date() >= rows["joined"]).all()
        assert sample.people.filter(pl.col("occupation") == "retired")["age"].min() >= 55


class TestFaults:
    def test_each_kind_is_there_as_often_as_said_and_all_together_below_one_percent(self, sample: Sample) -> None:
        ratings, faults = sample.ratings, sample.faults
        assert ratings["user_id"].null_count() == faults["null user"] > 0
        assert ratings["item_id"].null_count() == faults["null item"] > 0
        assert (ratings["rating"] == "9").sum() == faults["out of range"] > 0
        assert (ratings["rating"] == "n/a").sum() == faults["not a number"] > 0
        assert (ratings["item_id"] > 400).sum() == faults["unknown item"] > 0
        assert (ratings["user_id"] < 0).sum() == faults["negative user"] > 0
        assert len(ratings) - ratings.n_unique() == faults["duplicate"] > 0
        assert (sample.people["age"] == 233).sum() == faults["impossible age"] > 0
        assert sum(faults.values()) < 0.01 * len(ratings)

    def test_a_conflict_is_a_later_rating_of_the_same_film_with_another_value(self, sample: Sample) -> None:
        known = sample.ratings.filter(pl.col("rating").is_in(["1", "2", "3", "4", "5"])).drop_nulls().unique()
        pairs = known.group_by("user_id", "item_id").agg(pl.col("rating").n_unique(), pl.col("timestamp").n_unique())
        assert (pairs["rating"] == 2).sum() == sample.faults["conflict"] > 0
        assert pairs.filter((pl.col("rating") == 2) & (pl.col("timestamp") != 2)).is_empty()

    @settings(max_examples=15, deadline=None)
    @given(n_users=st.integers(1, 60), n_items=st.integers(20, 60), seed=st.integers(0, 10_000))
    def test_any_size_has_clean_ratings_of_every_user(self, n_users: int, n_items: int, seed: int) -> None:
        sample = make_sample(n_users, n_items, seed)
        per_user = clean_ratings(sample)["user_id"].value_counts()["count"]
        assert len(per_user) == n_users
        assert 8 <= per_user.min() <= per_user.max() <= n_items // 2
        assert sample.titles["title"].n_unique() == n_items

    @pytest.mark.parametrize(("name", "arguments"), [("users", (0,)), ("items", (5, 19)), ("seed", (5, 20, -1))])
    def test_sizes_out_of_range_are_refused(self, name: str, arguments: tuple[int, ...]) -> None:
        with pytest.raises(ConfigError, match=rf"'{name}' of the sample is '-?\d+', expected a whole number >= \d+"):
            make_sample(*arguments)


@pytest.mark.parametrize("weight", ["binary", "value"])
@pytest.mark.parametrize(("n_users", "seed"), [(1000, 1), (1000, 2), (1000, 3), (3000, 7), (10_000, 1)])
def test_planted_segments_are_found_again(n_users: int, seed: int, weight: str) -> None:
    """By a road of the test's own: SVD of row-normalised ratings, unit rows, k-means."""
    sample = make_sample(n_users, seed=seed)
    rows = clean_ratings(sample)
    values = rows["rating"].to_numpy().astype(float) if weight == "value" else np.ones(len(rows))
    cells = sp.csr_array((values, (rows["user_id"].to_numpy() - 1, rows["item_id"].to_numpy() - 1)))
    cells = sp.diags_array(1 / np.sqrt(cells.power(2).sum(axis=1))) @ cells
    _, _, components = randomized_svd(cells, 16, random_state=0)
    points = cells @ components.T
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    found = KMeans(5, n_init=10, random_state=0).fit_predict(points)
    assert adjusted_rand_score(sample.truth["segment"], found) >= 0.95


class TestFiles:
    def test_writes_a_project_that_its_own_config_describes(self, tmp_path: Path) -> None:
        path = write_sample(tmp_path / "new" / "folder", n_users=50, seed=3)
        assert sorted(file.name for file in path.parent.iterdir()) == [
            "coterie.toml", "people.csv", "ratings.csv", "titles.csv",
        ]  # fmt: skip
        config = load_config(path)
        assert isinstance(config, Config)
        assert (config.project.seed, config.clustering.k, config.clean.min_events_per_user) == (3, (2, 10), 5)
        assert config.tables["people"].ranges == {"age": (5, 110)}
        for table in config.tables.values():
            header = (path.parent / table.source).read_text().splitlines()[0].split(",")
            named = {table.user, table.item, table.value, table.title, *table.attributes} - {None}
            assert named <= set(header)

    def test_the_files_are_the_sample(self, tmp_path: Path) -> None:
        path = write_sample(tmp_path, n_users=50, seed=3)
        read = pl.read_csv(path.parent / "ratings.csv", schema_overrides={"rating": pl.String})
        assert_frame_equal(read, make_sample(50, seed=3).ratings, check_dtypes=False)

    def test_truth_is_written_only_when_asked(self, tmp_path: Path) -> None:
        write_sample(tmp_path, n_users=50, with_truth=True)
        assert len(pl.read_csv(tmp_path / "truth.csv")) == 50
        assert "truth" not in (tmp_path / "coterie.toml").read_text()

    def test_written_again_it_is_the_same(self, tmp_path: Path) -> None:
        write_sample(tmp_path, n_users=50)
        first = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
        write_sample(tmp_path, n_users=50)
        assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == first

    def test_another_config_is_not_overwritten(self, tmp_path: Path) -> None:
        (tmp_path / "coterie.toml").write_text("[project]\nname = 'mine'\n")
        with pytest.raises(ConfigError, match=r"is there already and is not this sample's.*choose another folder"):
            write_sample(tmp_path, n_users=50)
        assert [file.name for file in tmp_path.iterdir()] == ["coterie.toml"]

    def test_a_folder_that_cannot_be_made_is_an_error(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(SourceError, match=r"the sample cannot be written to .*file.*choose another folder"):
            write_sample(tmp_path / "file" / "folder", n_users=50)


class TestSource(SourceContract):
    @pytest.fixture
    def source(self) -> SyntheticSource:
        return source("synthetic://ratings?users=20&items=30")

    @pytest.fixture
    def changed(self) -> SyntheticSource:
        return source("synthetic://ratings?users=20&items=30&seed=8")

    def test_is_found_by_its_name_and_scheme(self) -> None:
        assert find("sources", "synthetic") is SyntheticSource
        assert SyntheticSource.accepts("synthetic://people")
        assert not any(SyntheticSource.accepts(other) for other in ("ratings.csv", "synthetic/ratings.csv", "s3://x"))

    @pytest.mark.parametrize("table", ["ratings", "people", "titles"])
    def test_gives_the_table_with_row_numbers(self, table: str) -> None:
        raw = source(f"synthetic://{table}?users=30&items=40&seed=5").scan()
        assert isinstance(raw.frame, nw.LazyFrame)
        expected = getattr(make_sample(30, 40, 5), table)
        got = local.collect(raw.frame).sort("_row")
        assert got["_row"].to_list() == list(range(1, len(expected) + 1))
        assert_frame_equal(got.drop("_row"), expected)

    def test_makes_nothing_before_it_is_collected(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*arguments: int) -> Sample:
            raise AssertionError("made too early")

        monkeypatch.setattr("coterie.sources.synthetic._sample", refuse)
        raw = source("synthetic://people").scan()
        assert raw.frame.collect_schema().names()[:2] == ["_row", "user_id"]

    def test_fingerprint_follows_the_content(self) -> None:
        def fingerprint(location: str) -> str:
            return source(location).scan().fingerprint

        assert fingerprint("synthetic://people") == fingerprint("synthetic://people?users=3000&seed=7")
        others = ("people?users=31", "people?seed=8", "people?items=50", "titles")
        assert len({fingerprint(f"synthetic://{other}") for other in others} | {fingerprint("synthetic://people")}) == 5

    def test_unknown_table_offers_the_nearest(self) -> None:
        with pytest.raises(UnknownNameError, match=r"unknown table of the sample 'rating'; did you mean 'ratings'\?"):
            source("synthetic://rating")

    def test_truth_is_no_table(self) -> None:
        with pytest.raises(UnknownNameError, match="'truth'"):
            source("synthetic://truth")

    def test_unknown_key_offers_the_nearest(self) -> None:
        with pytest.raises(UnknownNameError, match=r"unknown key of 'synthetic://people' 'user'; did you mean 'users'"):
            source("synthetic://people?user=5")

    @pytest.mark.parametrize("text", ["many", "-3", "1.5", ""])
    def test_a_size_that_is_no_number_is_refused(self, text: str) -> None:
        message = re.escape(f"'users' of 'synthetic://people' is '{text}', expected a whole number such as 3000")
        with pytest.raises(ConfigError, match=message):
            source(f"synthetic://people?users={text}")

    @pytest.mark.parametrize("more", [{"query": "select 1"}, {"format": {"kind": "csv"}}])
    def test_keys_of_other_sources_are_refused(self, more: dict[str, object]) -> None:
        with pytest.raises(ConfigError, match=f"'{next(iter(more))}' does not belong to a synthetic source"):
            source("synthetic://people", **more)
