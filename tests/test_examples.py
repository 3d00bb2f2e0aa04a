"""The examples, whole: what Coterie promises of them must hold."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from sklearn.metrics import adjusted_rand_score

import coterie
from coterie.cli import main

FILMS = Path(__file__).parents[1] / "examples" / "films" / "coterie.toml"


@pytest.fixture(scope="module")
def films(ml_100k, tmp_path_factory) -> coterie.Run:
    """MovieLens 100K with five segments, from the original files."""
    folder = tmp_path_factory.mktemp("films")
    text = FILMS.read_text().replace("../../../shared/data/ml-100k", str(ml_100k.resolve()))
    (folder / "coterie.toml").write_text(text.replace("k = [2, 15]", "k = 5"))
    return coterie.run(folder)


@pytest.mark.slow
class TestFilms:
    def test_nothing_is_silently_dropped(self, films):
        m = films.manifest
        assert (m.n_users, m.n_items, m.n_events) == (943, 1682, 100_000)
        assert [(i.read, i.rejected, i.cleaned, i.kept) for i in m.inputs] == [
            (100_000, 0, 0, 100_000),
            (943, 0, 0, 943),
            (1682, 0, 0, 1682),
        ]

    def test_segments_pay_on_events_they_have_not_seen(self, films):
        lift = films.chosen.lift
        assert lift is not None
        assert lift.lift.value >= 1.6
        assert lift.lift.low > 1.4
        assert lift.n_users > 900

    def test_segments_hold_when_users_are_drawn_anew(self, films):
        assert sum(films.chosen.jaccard) / 5 >= 0.8

    def test_the_basis_is_taste_and_demographics_describe(self, films):
        uses = {(mark.table, mark.use) for profile in films.profiles for mark in profile.marks}
        assert {("ratings", "basis"), ("people", "descriptor")} <= uses
        assert not {("ratings", "descriptor"), ("people", "basis")} & uses

    def test_the_frozen_model_agrees_with_the_fit(self, films):
        assert films.manifest.agreement.n_agree == 943

    def test_top_items_equal_a_direct_count(self, films, ml_100k):
        raw = pl.read_csv(
            ml_100k / "u.data", separator="\t", has_header=False, new_columns=["user_id", "item_id", "value", "t"]
        ).with_columns(pl.col("user_id", "item_id").cast(pl.String))
        titles = [line.split("|")[:2] for line in (ml_100k / "u.item").read_text("latin-1").splitlines()]
        names = pl.DataFrame(titles, schema=["item_id", "title"], orient="row")
        ours = films.assignments().filter(pl.col("segment_id") == "s-1").select("user_id")
        fives = raw.filter(pl.col("value") == 5).join(ours, on="user_id").join(names, on="item_id")
        expected = fives.group_by("title").len().sort("len", "title", descending=[True, False]).head(10)
        (top,) = (top for top in films.profiles[0].top_items if top.value == 5)
        assert list(top.items) == list(expected.iter_rows())


@pytest.mark.slow
def test_the_demo_finds_the_planted_segments(tmp_path, capsys):
    from coterie.sources.sample import write_sample

    with pytest.raises(SystemExit) as stopped:
        main(["demo", str(tmp_path / "demo")])
    assert stopped.value.code == 0
    run = coterie.open_run(tmp_path / "demo")
    assert str(run.report) in capsys.readouterr().out.replace("\n", "")
    assert run.report.stat().st_size > 500_000
    write_sample(tmp_path / "truth", with_truth=True)
    truth = pl.read_csv(tmp_path / "truth" / "truth.csv", schema_overrides={"user_id": pl.String})
    both = run.assignments().join(truth, on="user_id")
    assert both.height == run.manifest.n_users
    assert adjusted_rand_score(both[truth.columns[-1]], both["segment_id"]) >= 0.9
    assert run.decision.grade == "reproducible"
