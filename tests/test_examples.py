"""The examples, whole: what Coterie promises of them must hold."""

from __future__ import annotations

import re
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
        expected = list(fives.group_by("title").len().sort("len", "title", descending=[True, False]).iter_rows())
        (top,) = (top for top in films.profiles[0].top_items if top.value == 5)
        shown = set(top.items)
        assert list(top.items) == [row for row in expected if row in shown]
        passed_over = [row for row in expected[: expected.index(top.items[-1])] if row not in shown]
        assert len(passed_over) <= 2  # of whom another segment has a few, who could be had by subtraction


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


SHORTER = "[evaluation]\nbootstraps = 8\nseeds = 2\nreplicates = 19\n"


def run_continuum(name: str, shared, folder: Path, k: str) -> coterie.Run:
    """Run an example of traits whole, with one recipe, k-means, fewer numbers of segments and fewer repetitions."""
    text = (FILMS.parent / name / "coterie.toml").read_text()
    text = text.replace("../../../shared/data", str(shared.resolve().parent))
    changes = (
        ('"embedding.dims" = [5, 10, 20]', '"embedding.dims" = [10]'),
        ("[search.vary]", f"{SHORTER}\n[search.vary]"),
        ("k = [2, 10]", k),
    )
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    text = re.sub(r"methods = .*", 'methods = ["kmeans"]', text)
    (folder / "coterie.toml").write_text(text)
    return coterie.run(folder)


@pytest.fixture(scope="module")
def survey(survey_data, tmp_path_factory) -> coterie.Run:
    """What 1,010 young people like and fear, in two to four segments."""
    return run_continuum("survey", survey_data, tmp_path_factory.mktemp("survey"), "k = [2, 4]")


@pytest.fixture(scope="module")
def characters(characters_data, tmp_path_factory) -> coterie.Run:
    """800 characters by 268 pairs of opposites, in two to four segments."""
    return run_continuum("characters", characters_data, tmp_path_factory.mktemp("characters"), "k = [2, 4]")


@pytest.mark.slow
class TestSurvey:
    def test_everybody_stays_and_the_one_impossible_height_is_blanked(self, survey):
        assert [(i.read, i.rejected, i.cleaned, i.kept) for i in survey.manifest.inputs] == [(1010, 0, 0, 1010)]
        assert survey.manifest.n_users == 1010
        (blanked,) = survey.quality
        assert (blanked.column, blanked.rows, blanked.example) == ("Height", 1, "62")

    def test_a_continuum_is_not_called_natural(self, survey):
        assert survey.decision.grade == "constructive"
        assert survey.decision.null.p > 0.05
        assert survey.decision.null.statistic < 0.05

    def test_segments_tell_a_little_of_answers_they_never_saw(self, survey):
        explained = survey.chosen.explained
        assert 0.05 < explained.value.low < explained.value.high < 0.12
        assert survey.chosen.silhouette.value < 0.2

    def test_names_are_of_what_segments_were_formed_on(self, survey):
        assert not any("male" in segment.name.lower() for segment in survey.segments)
        assert all(segment.marks for segment in survey.segments)


@pytest.mark.slow
class TestCharacters:
    def test_a_continuum_is_not_called_natural(self, characters):
        assert characters.manifest.n_users == 800
        assert characters.decision.grade == "constructive"
        assert characters.decision.null.p > 0.05

    def test_stability_is_no_proof_of_types(self, characters):
        halves = next(candidate for candidate in characters.decision.candidates if candidate.k == 2)
        assert min(halves.jaccard) > 0.85
        assert characters.decision.answers[0].short == "no: a continuum without gaps"

    def test_words_are_those_of_the_poles(self, characters):
        said = " ".join(sentence for profile in characters.profiles for sentence in profile.sentences)
        assert "less cruel" in said or "More cruel" in said
        assert "BAP" not in said + " ".join(segment.name for segment in characters.segments)
        assert all(segment.name.endswith(" characters") for segment in characters.segments)
        assert all(len(profile.sentences) <= 20 for profile in characters.profiles)

    def test_typical_members_have_names(self, characters):
        assert all("/" not in name for profile in characters.profiles for name in profile.exemplars)


@pytest.mark.parametrize(
    "config", sorted((FILMS.parent).glob("*/*.toml")), ids=lambda path: f"{path.parent.name}/{path.stem}"
)
def test_every_example_is_a_config_that_can_be_read(config, characters_data):
    from coterie.config import load_config

    assert load_config(config).tables
