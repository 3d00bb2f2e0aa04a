"""Segments from whatever is known: fold-in, the run's classifier, or none."""

from __future__ import annotations

import hashlib

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import coterie
from coterie.activation.classifying.fitting import NONE, SOME, WHOLE
from coterie.activation.classifying.hiding import with_empty
from coterie.activation.classifying.placing import SegmentClassifier
from coterie.errors import ConfigError, DataError, FormatError
from coterie.runs.classifying import assigned, classifier_of
from coterie.tables import Tables
from tests.projects import quick_sample


@pytest.fixture(scope="module")
def known(sample_run):
    return classifier_of(sample_run)


def raw(run, name):
    return pl.read_csv(run.folder.parents[1] / name, infer_schema=False)


@pytest.fixture(scope="module")
def newcomers(sample_run):
    """Ratings of some, people of others, some in both, one of whom nothing is known."""
    renamed = pl.col("user_id").str.strip_chars()
    users = sample_run.assignments()["user_id"].head(12).to_list()
    ratings = raw(sample_run, "ratings.csv").filter(renamed.is_in(users[:8])).with_columns(user_id="n-" + renamed)
    people = raw(sample_run, "people.csv").filter(renamed.is_in(users[4:])).with_columns(user_id="n-" + renamed)
    foreign = ratings.head(2).with_columns(user_id=pl.Series(["foreign", f"n-{users[9]}"]), item_id=pl.lit("zz"))
    return pl.concat([ratings, foreign]), people.unique("user_id", maintain_order=True)


def score(run, folder, ratings, people, **options):
    files = {}
    for name, rows in (("events", ratings), ("users", people)):
        if rows is not None and rows.height:
            rows.write_csv(folder / f"{name}.csv")
            files[name] = folder / f"{name}.csv"
    return coterie.score(run, files.get("events"), users=files.get("users"), **options).frame


def test_each_gets_a_segment_by_the_way_that_is_open(sample_run, known, newcomers, tmp_path):
    found = score(sample_run, tmp_path, *newcomers, min_confidence=0)
    by = dict(found.select("user_id", "by").iter_rows())
    users = sample_run.assignments()["user_id"].head(12).to_list()
    assert {by[f"n-{u}"] for u in users[:8]} == {"fold-in"}
    assert {by[f"n-{u}"] for u in users[8:]} == {"classifier"}
    assert by["foreign"] == "none"
    rows = found.filter(pl.col("by") == "classifier")
    assert rows["strength"].null_count() == rows.height == rows["distance"].null_count()
    assert found.filter(pl.col("by") != "none")["confidence"].is_between(0, 1).all()
    only = score(sample_run, tmp_path, None, newcomers[1], min_confidence=0)
    assert set(only["by"]) == {"classifier"}


@pytest.mark.usefixtures("known")
def test_an_attribute_that_a_file_has_no_column_for_is_unknown(sample_run, newcomers, tmp_path):
    people = newcomers[1]
    some = score(sample_run, tmp_path, None, people.select("user_id", "gender"), min_confidence=0)
    blank = people.with_columns(pl.lit(None, pl.String).alias(name) for name in ("age", "occupation", "zip"))
    assert some.equals(score(sample_run, tmp_path, None, blank, min_confidence=0))
    with pytest.raises(FormatError, match="names 'age', which is not a column"):
        score(sample_run, tmp_path, None, people.select("user_id", "gender", aeg="age"))
    with pytest.raises(FormatError, match="is not a column"):
        score(sample_run, tmp_path, None, people.select("user_id"))


def test_below_the_least_confidence_no_segment_is_named(sample_run, known, newcomers, tmp_path):
    found = score(sample_run, tmp_path, None, newcomers[1], min_confidence=1)
    assert set(found["by"]) == {"none"}
    assert found["segment_id"].null_count() == found.height
    assert found["confidence"].null_count() == 0


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(random=st.randoms(use_true_random=False), what=st.sampled_from(["events", "users", "both"]))
@pytest.mark.usefixtures("known")
def test_no_score_changes_when_users_arrive_alone_in_a_batch_or_in_another_order(
    sample_run, newcomers, tmp_path, random, what
):
    left_out = ("users", "events")
    ratings, people = (None if what == left else rows for rows, left in zip(newcomers, left_out, strict=True))
    batch = score(sample_run, tmp_path, ratings, people, min_confidence=0.3)
    seed = random.randrange(99)
    order = [None if rows is None else rows.sample(fraction=1, shuffle=True, seed=seed) for rows in (ratings, people)]
    assert score(sample_run, tmp_path, *order, min_confidence=0.3).equals(batch)
    users = random.sample(batch["user_id"].to_list(), 3)
    for some in ([users[0]], users):
        few = [None if rows is None else rows.filter(pl.col("user_id").is_in(some)) for rows in (ratings, people)]
        assert score(sample_run, tmp_path, *few, min_confidence=0.3).equals(batch.filter(pl.col("user_id").is_in(some)))


def test_the_run_stays_as_it_is_and_the_classifier_comes_from_the_cache(sample_run, known):
    def digest():
        files = sorted(path for path in sample_run.folder.rglob("*") if path.is_file())
        return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()

    before, told = digest(), []
    again = classifier_of(sample_run, told=told.append)
    assert told == []
    assert digest() == before
    assert again[1] == known[1]


def test_frozen_and_thawed_it_gives_the_same_bits(sample_run, known, tmp_path):
    classifier, tables, ids = known[0], sample_run.tables(), assigned(sample_run).ids[:40]
    classifier.save(tmp_path)
    assert not [path for path in tmp_path.iterdir() if path.suffix not in {".npz", ".json"}]
    again = SegmentClassifier.load(tmp_path, sample_run.model())
    some = with_empty(Tables({t.name: t for t in tables if t.role != "events"}), tables)
    for one in (tables, some):
        assert again.probabilities(one, ids)[0].tobytes() == classifier.probabilities(one, ids)[0].tobytes()
    asked = np.arange(5), np.linspace(0, 1, 5)
    assert again.trust.confidence(*asked).tobytes() == classifier.trust.confidence(*asked).tobytes()


def test_the_record_holds_what_was_measured_out_of_fold(known):
    record = known[1]
    assert record.n > record.n_held_out > 0
    assert record.chosen == min(record.trials, key=lambda t: t.log_loss.value).name
    whole, some = record.measures[WHOLE], record.measures[SOME]
    assert whole.accuracy.value > some.accuracy.value > whole.base_accuracy
    assert whole.log_loss.value < whole.base_log_loss
    assert len(record.network.train_loss) == len(record.network.validation_accuracy) > 0
    points = {p.events: p for p in record.cold_start.points}
    assert points[0].fold_in is None
    assert points[10].classifier.accuracy.value > points[0].classifier.accuracy.value
    assert points[None].fold_in.accuracy.value == 1
    assert "ratings" in record.cold_start.sentence


def test_where_nothing_is_known_base_rates_are_said(tmp_path):
    config = quick_sample(tmp_path, n_users=300)
    text = config.read_text()
    start = text.index("[features.demographics]")
    config.write_text(text[:start] + text[text.index("[embedding]") :])
    run = coterie.run(config)
    classifier, record = classifier_of(run)
    whom, tables = assigned(run), run.tables()
    nothing = with_empty(Tables({t.name: t for t in tables if t.role == "items"}), tables)
    probabilities, known = classifier.probabilities(nothing, whom.ids)
    assert not known.any()
    assert (probabilities == classifier.base).all()
    assert classifier.base.sum() == pytest.approx(1)
    shares = np.bincount(whom.labels) / len(whom.ids)
    assert np.abs(classifier.base - shares).max() < 0.1
    point = record.cold_start.points[0]
    assert point.events == 0
    found = point.classifier.calibration
    assert found.mean_confidence == pytest.approx(classifier.base.max())
    assert point.classifier.accuracy == point.base
    assert found.error.value < 4 * found.by_chance
    assert NONE not in record.measures


ANSWERS = """
[tables.people]
role = "users"
source = "people.csv"
user = "user_id"
attributes = { a = "number", b = "number", c = "number", team = "category" }

[features.quiz]
kind = "traits"
from = "people"
columns = ["a", "b", "c"]

[features.team]
kind = "attributes"
from = "people"
columns = ["team"]
use = "descriptor"

[embedding]
method = "none"

[clustering]
k = 2
starts = 2

[evaluation]
bootstraps = 2
seeds = 2
replicates = 19
"""


def answers_run(folder, n):
    rng = np.random.default_rng(0)
    crowd = np.arange(n) % 2
    cells = rng.normal(0, 1, (n, 3)) + 4 * crowd[:, None]
    columns = {"user_id": [f"u{i:03}" for i in range(n)], **{name: cells[:, at] for at, name in enumerate("abc")}}
    team = np.where(rng.random(n) < 0.9, crowd, 1 - crowd)
    pl.DataFrame({**columns, "team": np.array(["red", "blue"])[team]}).write_csv(folder / "people.csv")
    (folder / "coterie.toml").write_text(ANSWERS)
    return coterie.run(folder)


def test_without_events_who_answered_nothing_is_classified_by_what_else_is_told(tmp_path):
    run = answers_run(tmp_path, 160)
    record = classifier_of(run)[1]
    assert record.cold_start is None
    assert set(record.measures) == {WHOLE, NONE}  # nothing is hidden of answers, so there is no part of them
    (tmp_path / "new.csv").write_text("user_id,a,b,c,team\nada,0,0,0,red\nbob,,,,red\ncy,,,,blue\neve,,,,\n")
    found = {row["user_id"]: row for row in coterie.score(run, users=tmp_path / "new.csv").frame.to_dicts()}
    assert [found[u]["by"] for u in ("ada", "bob", "cy", "eve")] == ["fold-in", "classifier", "classifier", "none"]
    assert found["bob"]["segment_id"] == found["ada"]["segment_id"] != found["cy"]["segment_id"]
    assert found["ada"]["confidence"] is None
    assert 0.6 < found["bob"]["confidence"] < 1


def test_where_no_classifier_can_be_made_fold_in_goes_on_and_others_are_refused(tmp_path):
    run = answers_run(tmp_path, 30)
    with pytest.raises(DataError, match=r"30 are in 2 segments.*a classifier needs 40"):
        classifier_of(run)
    (tmp_path / "new.csv").write_text("user_id,a,b,c,team\nada,0,0,0,red\nbob,,,,red\n")
    found = coterie.score(run, users=tmp_path / "new.csv").frame
    assert found["by"].to_list() == ["fold-in", "none"]
    with pytest.raises(ConfigError, match="no table of role 'events'"):
        coterie.score(run, tmp_path / "new.csv")


@pytest.fixture(scope="module")
def measured_run(tmp_path_factory):
    """A run that measures how soon a segment is known."""
    config = quick_sample(tmp_path_factory.mktemp("measured"), n_users=200)
    config.write_text(config.read_text() + "\n[scoring]\ncold_start = true\nknown_from = 0.6\n")
    return coterie.run(config)


def test_a_run_that_is_asked_to_says_how_soon_a_segment_is_known(measured_run):
    record = measured_run.classification
    assert record.cold_start.known_from == 0.6
    assert record.run == measured_run.id
    page = measured_run.report.read_text(encoding="utf-8")
    assert record.cold_start.sentence in page
    assert 'id="fig-cold-start"' in page
    assert {"cold-start", "calibration"} <= set(measured_run.plots)


def test_it_measures_what_is_measured_afterwards(measured_run):
    again = coterie.classify(measured_run, known_from=0.6)
    assert again.cold_start == measured_run.classification.cold_start
    assert again.chosen == measured_run.classification.chosen


def test_others_do_not(sample_run):
    assert sample_run.classification is None
    assert "cold-start" not in sample_run.plots
    assert 'id="newcomers"' not in sample_run.report.read_text(encoding="utf-8")


def test_too_few_to_learn_from_are_told_of_in_a_note(tmp_path):
    answers_run(tmp_path, 30)
    (tmp_path / "coterie.toml").write_text(ANSWERS + "\n[scoring]\ncold_start = true\n")
    run = coterie.run(tmp_path)
    assert run.classification is None
    assert any(
        "how soon a segment is known was not measured: 30 are in 2 segments" in note for note in run.manifest.notes
    )
