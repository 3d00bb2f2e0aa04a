"""The examples, whole: what Coterie promises of them must hold."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from sklearn.metrics import adjusted_rand_score

import coterie
from coterie.cli import main

FILMS = Path(__file__).parents[1] / "examples" / "films"


def run_films(config: str, ml_100k: Path, folder: Path, **changes: str) -> coterie.Run:
    """Run a config of the example on the original files, with some of its text replaced."""
    text = (FILMS / config).read_text().replace("../../../shared/data/ml-100k", str(ml_100k.resolve()))
    for old, new in changes.values():
        assert old in text
        text = text.replace(old, new)
    (folder / "coterie.toml").write_text(text)
    return coterie.run(folder)


@pytest.fixture(scope="module")
def films(ml_100k, tmp_path_factory) -> coterie.Run:
    """MovieLens 100K, six recipes with three to six segments."""
    return run_films("coterie.toml", ml_100k, tmp_path_factory.mktemp("films"), k=("k = [2, 15]", "k = [3, 6]"))


@pytest.mark.slow
class TestFilms:
    def test_nothing_is_silently_dropped(self, films):
        m = films.manifest
        assert (m.n_users + m.unsegmented_users, m.n_items, m.n_events) == (943, 1682, 100_000)
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

    def test_every_segment_holds_when_users_are_drawn_anew(self, films):
        assert min(films.chosen.jaccard) >= 0.75
        assert films.decision.grade == "reproducible"  # tastes are a continuum: no islands

    def test_recipes_stand_side_by_side(self, films):
        assert len(films.decision.recipes) == 6
        assert len(films.decision.comparisons) == 5
        assert "recipe" in films.decision.reason

    def test_the_basis_is_taste_and_demographics_describe(self, films):
        uses = {(mark.table, mark.use) for profile in films.profiles for mark in profile.marks}
        assert {("ratings", "basis"), ("people", "descriptor")} <= uses
        assert not {("ratings", "descriptor"), ("people", "basis")} & uses

    def test_the_frozen_model_agrees_with_the_fit(self, films):
        assert films.manifest.agreement.n_agree == films.manifest.n_users

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
def test_demographics_in_the_basis_look_further_apart_and_pay_less(ml_100k, tmp_path):
    pytest.importorskip("torch", reason="PyTorch is not installed: make test TORCH=1")
    repeats = ("[clustering]", "[evaluation]\nsplits = 1\nbootstraps = 5\n\n[clustering]")
    run = run_films("filmloverz.toml", ml_100k, tmp_path, evaluation=repeats)
    ours, theirs = run.decision.candidates
    assert run.chosen == ours
    assert theirs.silhouette.value > ours.silhouette.value + 0.1
    assert theirs.lift.lift.value < ours.lift.lift.value - 0.3
    (beside,) = run.decision.comparisons
    assert "bands of one column" in beside
    assert "'demographics:age'" in beside


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
    assert run.decision.grade == "natural"
