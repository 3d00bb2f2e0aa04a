"""Scoring newcomers, and the front door in general."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import polars as pl
import pytest

import coterie
from coterie.cli.summary import show_scores
from coterie.errors import ConfigError, DataError, RejectedError, SourceError


def ratings_of(run, n_users: int) -> pl.DataFrame:
    """Raw ratings of the run's first users, under names that the run has never seen."""
    users = run.assignments()["user_id"].head(n_users)
    raw = pl.read_csv(run.folder.parents[1] / "ratings.csv", infer_schema=False)
    return raw.filter(pl.col("user_id").is_in(users.implode())).with_columns(user_id="new-" + pl.col("user_id"))


def test_a_newcomer_with_the_events_of_a_training_user_gets_that_users_segment(sample_run, tmp_path):
    ratings_of(sample_run, 20).write_csv(tmp_path / "new.csv")
    scored = coterie.score(sample_run, tmp_path / "new.csv").frame
    trained = sample_run.assignments().with_columns(user_id="new-" + pl.col("user_id"))
    together = scored.join(trained, on="user_id", suffix="_fit")
    assert together.height == 20
    assert (together["segment_id"] == together["segment_id_fit"]).all()
    assert together["strength"].to_list() == together["strength_fit"].to_list()
    assert together["distance"].to_list() == together["distance_fit"].to_list()


def test_alone_in_a_batch_or_in_another_order_a_newcomer_gets_the_same_score(sample_run, tmp_path):
    rows = ratings_of(sample_run, 5)
    rows.write_csv(tmp_path / "batch.csv")
    rows.reverse().write_csv(tmp_path / "reversed.csv")
    batch = coterie.score(sample_run, tmp_path / "batch.csv").frame
    assert batch.equals(coterie.score(sample_run, tmp_path / "reversed.csv").frame)
    for user in batch["user_id"]:
        rows.filter(pl.col("user_id") == user).write_csv(tmp_path / "one.csv")
        alone = coterie.score(sample_run, tmp_path / "one.csv").frame
        assert alone.equals(batch.filter(pl.col("user_id") == user))


def test_a_newcomer_of_whom_nothing_is_known_gets_no_segment(sample_run, tmp_path):
    (tmp_path / "new.csv").write_text("user_id,item_id,rating,timestamp\nada,never-seen,5,1700000000\n")
    scored = coterie.score(sample_run, tmp_path / "new.csv")
    nothing = {"segment_id": None, "strength": 0.0, "distance": None, "by": "none", "confidence": None}
    assert scored.frame.to_dicts() == [{"user_id": "ada", **nothing}]


QUIZ = """
[tables.people]
role = "users"
source = "people.csv"
user = "user_id"
attributes = { answers = "traits" }

[features.quiz]
kind = "traits"
from = "people"
column = "answers"

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


def test_somebody_who_answers_nothing_gets_no_segment_though_answers_are_filled_in(tmp_path, capsys):
    crowds = [[1, 2, 1, 2], [5, 4, 5, 4]]
    answers = [dict(zip("abcd", crowds[n % 2][n % 3 :] + crowds[n % 2][: n % 3], strict=True)) for n in range(60)]
    rows = pl.DataFrame({"user_id": [f"u{n:02}" for n in range(60)], "answers": [str(answer) for answer in answers]})
    rows.vstack(pl.DataFrame({"user_id": ["silent"], "answers": ["{}"]})).write_csv(tmp_path / "people.csv")
    (tmp_path / "coterie.toml").write_text(QUIZ)
    run = coterie.run(tmp_path)
    cells = {"blank": None, "empty": "{}", "one": "{'a': 5}", "wrong": "mostly calm", "foreign": "{'zz': 3.0}"}
    pl.DataFrame({"user_id": list(cells), "answers": list(cells.values())}).write_csv(tmp_path / "new.csv")
    frame = coterie.score(run, users=tmp_path / "new.csv").frame
    segments = dict(frame.select("user_id", "segment_id").iter_rows())
    assert segments.pop("one") == dict(run.assignments().select("user_id", "segment_id").iter_rows())["u01"]
    assert segments == dict.fromkeys(["blank", "empty", "foreign", "wrong"])
    assert frame.filter(pl.col("segment_id").is_null())["strength"].to_list() == [0, 0, 0, 0]
    show_scores(coterie.score(run, users=tmp_path / "new.csv"), None, run.config, as_json=False)
    said = " ".join(capsys.readouterr().err.split())
    assert "of 4 the model knows nothing: nothing that is told of them was there when it was fitted" in said


def test_bad_rows_of_newcomers_are_kept_with_their_reason(sample_run, tmp_path):
    rows = ratings_of(sample_run, 20)
    bad = rows.head(1).with_columns(rating=pl.lit("lots"))
    pl.concat([rows, bad]).write_csv(tmp_path / "new.csv")
    scored = coterie.score(sample_run, tmp_path / "new.csv")
    assert scored.rejects["ratings"]["rating"].to_list().count("lots") == 1
    assert any(count.rule == "not a number" and count.rows == 1 for count in scored.counts)


@pytest.mark.parametrize("separator", [",", ";"])
def test_a_file_of_newcomers_with_a_header_keeps_the_encoding_of_its_table(sample_run, tmp_path, separator):
    config = sample_run.config
    ratings = config.tables["ratings"]
    written = ratings.model_copy(update={"format": ratings.format.model_copy(update={"encoding": "latin-1"})})
    latin = config.model_copy(update={"tables": {**config.tables, "ratings": written}})
    manifest = replace(sample_run.manifest, config=latin.model_dump(by_alias=True))
    rows = ratings_of(sample_run, 2).with_columns(user_id=pl.lit("renée"))
    (tmp_path / "new.csv").write_bytes(rows.write_csv(separator=separator).encode("latin-1"))
    scored = coterie.score(replace(sample_run, manifest=manifest), tmp_path / "new.csv")
    assert scored.frame["user_id"].to_list() == ["renée"]


def test_too_many_bad_rows_of_newcomers_are_an_error(sample_run, tmp_path):
    (tmp_path / "new.csv").write_text("user_id,item_id,rating,timestamp\na,1,x,1700000000\nb,1,5,1700000000\n")
    with pytest.raises(RejectedError, match="'ratings'"):
        coterie.score(sample_run, tmp_path / "new.csv")


def test_what_is_needed_to_score_is_asked_for(sample_run, tmp_path):
    with pytest.raises(ConfigError, match="nothing to score"):
        coterie.score(sample_run)
    (tmp_path / "titles.csv").write_text("item_id,title,genres,year\n1,One,Drama,1999\n")
    with pytest.raises(ConfigError, match="give a file of events as the first argument"):
        coterie.score(sample_run, items=tmp_path / "titles.csv")
    with pytest.raises(ConfigError, match="the least confidence is 2; expected a number from 0 to 1"):
        coterie.score(sample_run, tmp_path / "missing.csv", min_confidence=2)
    with pytest.raises(SourceError, match=r"missing\.csv"):
        coterie.score(sample_run, tmp_path / "missing.csv")


def test_a_file_of_nobody_is_an_error(sample_run, tmp_path):
    (tmp_path / "new.csv").write_text("user_id,item_id,rating,timestamp\n")
    with pytest.raises((DataError, SourceError), match=r"empty|no user|no rows"):
        coterie.score(sample_run, tmp_path / "new.csv")


def test_init_writes_a_config_that_runs_as_it_is(sample_run, tmp_path):
    project = sample_run.folder.parents[1]
    for name in ("ratings", "people", "titles"):
        (tmp_path / f"{name}.csv").write_bytes((project / f"{name}.csv").read_bytes())
    config = coterie.init(tmp_path, tmp_path)
    loaded = coterie.load_config(config)
    assert {table.role for table in loaded.tables.values()} == {"events", "users", "items"}
    with pytest.raises(ConfigError, match="exists and is left as it is"):
        coterie.init(tmp_path, tmp_path)


def test_importing_the_package_loads_nothing_heavy():
    code = (
        "import sys, coterie; heavy = {'numpy', 'polars', 'scipy', 'sklearn', 'pydantic', 'altair', 'rich', 'typer'}; "
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
