from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import adjusted_rand_score

import coterie
from coterie.errors import ConfigError, ModelError, RejectedError, StoreError, UnknownNameError
from coterie.runs.journal import STEPS
from tests.projects import quick_sample

CACHED = {"tables", "explore", "embedding", "clustering", "proof", "evidence", "profile"}


def labels_and_decision(run) -> tuple[bytes, bytes]:
    return (run.folder / "assignments.csv").read_bytes(), (run.folder / "decision.json").read_bytes()


def test_a_run_folder_holds_everything(sample_run):
    names = {path.relative_to(sample_run.folder).as_posix() for path in sample_run.folder.rglob("*")}
    assert {
        "manifest.json", "decision.json", "segments.json", "profiles.json", "quality.json", "report.html",
        "exploration.json",
        "assignments.csv", "assignments.parquet", "tables/ratings.user.npy", "tables/people.parquet",
        "tables/titles.parquet", "tables/titles.tags.parquet", "rejects/ratings.parquet", "model/model.json",
        "model/embedder.npz", "model/clusterer.npz",
    } <= names  # fmt: skip


def test_every_record_names_its_schema_and_version(sample_run):
    for path in sample_run.folder.rglob("*.json"):
        record = json.loads(path.read_text())
        assert record["schema"].startswith("coterie."), path
        assert record["version"] >= 1, path


def test_nothing_in_a_run_is_pickled(sample_run):
    archives = list(sample_run.folder.rglob("*.npz"))
    assert archives
    for path in archives:
        with np.load(path, allow_pickle=False) as file:
            assert all(file[name].dtype != object for name in file.files)
    for path in sample_run.folder.rglob("*.npy"):
        assert np.load(path, allow_pickle=False).dtype != object
    endings = {path.suffix for path in sample_run.folder.rglob("*") if path.is_file()}
    assert endings <= {".json", ".npz", ".npy", ".parquet", ".csv", ".html"}


def test_the_frozen_model_agrees_with_the_fit_for_every_user(sample_run):
    assert sample_run.manifest.agreement.n_users == sample_run.manifest.n_users
    assert sample_run.manifest.agreement.share == 1.0


def test_every_row_is_accounted_for(sample_run):
    for table in sample_run.manifest.inputs:
        assert table.read == table.rejected + table.cleaned + table.kept
        assert min(table.rejected, table.cleaned, table.kept) >= 0
    ratings = sample_run.manifest.inputs[0]
    rejects = pl.read_parquet(sample_run.folder / "rejects" / "ratings.parquet")
    assert 0 < ratings.rejected <= rejects.height
    assert rejects["_reason"].null_count() == 0
    assert rejects["_row"].min() >= 1


def test_the_planted_segments_are_found(sample_run):
    truth = pl.read_csv(sample_run.folder.parents[1] / "truth.csv", schema_overrides={"user_id": pl.String})
    found = sample_run.assignments().join(truth, on="user_id")
    planted = found.columns[-1]
    assert adjusted_rand_score(found[planted], found["segment_id"]) > 0.8


def test_a_second_run_without_changes_takes_its_steps_from_the_cache(tmp_path):
    config = quick_sample(tmp_path)
    first, second = coterie.run(config), coterie.run(config)
    assert {step.name for step in first.manifest.steps if step.cached} == set()
    assert {step.name for step in second.manifest.steps if step.cached} == CACHED
    assert labels_and_decision(first) == labels_and_decision(second)
    assert first.id != second.id


def test_a_change_redoes_what_depends_on_it_and_nothing_else(tmp_path):
    config = quick_sample(tmp_path)
    coterie.run(config)
    config.write_text(config.read_text().replace("k = [4, 6]", "k = 5"))
    again = coterie.run(config)
    assert {step.name for step in again.manifest.steps if step.cached} == {"tables", "explore", "embedding"}
    with (tmp_path / "ratings.csv").open("a") as ratings:
        ratings.write("1,1,5,1700000000\n")
    changed = coterie.run(config)
    assert not any(step.cached for step in changed.manifest.steps)


def test_one_and_two_threads_and_shuffled_rows_give_the_same_bytes(tmp_path):
    plain = quick_sample(tmp_path / "plain")
    shuffled = tmp_path / "shuffled"
    shutil.copytree(tmp_path / "plain", shuffled)
    for name in ("ratings", "people", "titles"):
        path = shuffled / f"{name}.csv"
        header, *rows = path.read_text().splitlines()
        random.Random(1).shuffle(rows)
        path.write_text("\n".join([header, *rows]) + "\n")
    one = coterie.run(plain, threads=1)
    two = coterie.run(shuffled, threads=2)
    assert labels_and_decision(one) == labels_and_decision(two)
    for name in ("segments.json", "profiles.json", "personas.json", "evaluation.json", "exploration.json", "map.json"):
        assert (one.folder / name).read_bytes() == (two.folder / name).read_bytes()


KILLER = """
import os, signal, sys
import coterie

class Killer:
    def started(self, step):
        if step == sys.argv[2]:
            self.kill()
    def advanced(self, what, done, total):
        if sys.argv[2] == "amid " + what and done:
            self.kill()
    def finished(self, record):
        if sys.argv[2] == "after " + record.name:
            self.kill()
    def kill(self):
        os.kill(os.getpid(), signal.SIGKILL)

coterie.run(sys.argv[1], listener=Killer())
"""


def test_an_answer_of_the_cache_that_is_damaged_is_made_again(tmp_path):
    config = quick_sample(tmp_path)
    first = coterie.run(config)
    for name in ("embedding/*/points.npz", "clustering/*/candidates.json", "profile/*/profiles.json"):
        (path,) = (tmp_path / ".coterie" / "cache").glob(name)
        path.write_bytes(path.read_bytes()[:-100])
    second, third = coterie.run(config), coterie.run(config)
    assert {step.name for step in second.manifest.steps if step.cached} == {"tables", "explore", "proof", "evidence"}
    assert {step.name for step in third.manifest.steps if step.cached} == CACHED
    assert labels_and_decision(first) == labels_and_decision(second) == labels_and_decision(third)
    assert not list((tmp_path / ".coterie").rglob(".unfinished-*"))


def test_a_run_that_somebody_edits_changes_no_other(tmp_path):
    config = quick_sample(tmp_path)
    first = coterie.run(config)
    for name in ("assignments.csv", "profiles.json"):
        with (first.folder / name).open("a") as file:
            file.write("u-x,s-1,edited,")
    second = coterie.run(config)
    assert {step.name for step in second.manifest.steps if step.cached} == CACHED
    for name in ("assignments.csv", "profiles.json"):
        assert "edited" not in (second.folder / name).read_text()


def test_the_order_of_features_is_part_of_what_the_cache_knows(tmp_path):
    config = quick_sample(tmp_path)
    coterie.run(config)
    text = config.read_text()
    taste, people, rest = (text.index(f"[{name}]") for name in ("features.taste", "features.demographics", "embedding"))
    config.write_text(text[:taste] + text[people:rest] + text[taste:people] + text[rest:])
    run = coterie.run(config)
    assert {step.name for step in run.manifest.steps if step.cached} == CACHED - {"profile"}


def test_a_run_killed_at_any_step_is_never_seen_and_the_next_one_finishes(tmp_path):
    config = quick_sample(tmp_path)
    # One recipe is not screened, and nobody asks how soon a segment is known or for a graph.
    moments = [step for step in STEPS if step not in {"screening", "scoring", "graph"}] + ["after report"]
    # What comes before the kill is cached, so the search is killed half way before it is ever finished.
    moments.insert(moments.index("clustering"), "amid resampling users")
    for moment in moments:
        killed = subprocess.run([sys.executable, "-c", KILLER, str(config), moment], check=False)
        assert killed.returncode == -9, moment
        with pytest.raises(StoreError, match="there is no finished run"):
            coterie.open_run(tmp_path)
    run = coterie.run(config)
    assert coterie.open_run(tmp_path).id == run.id
    assert [path.name for path in (tmp_path / "runs").iterdir()] == [run.id]
    assert not list((tmp_path / ".coterie").rglob(".unfinished-*"))


def test_too_many_rejected_rows_stop_the_run_and_are_kept_where_the_message_says(tmp_path):
    config = quick_sample(tmp_path)
    config.write_text(config.read_text().replace("[clean]", "[clean]\nmax_reject_share = 0.0001"))
    with pytest.raises(RejectedError, match=r"'ratings'.*the rejected rows are in '.*rejects'") as caught:
        coterie.run(config)
    place = Path(str(caught.value).split("the rejected rows are in '")[1].rstrip("'"))
    assert pl.read_parquet(place / "ratings.parquet")["_reason"].len() > 0
    assert not (tmp_path / "runs").exists()


def test_opening_a_run_by_its_folder_its_project_or_its_name(sample_run):
    project = sample_run.folder.parents[1]
    assert coterie.open_run(sample_run.folder).id == sample_run.id
    assert coterie.open_run(project).id == sample_run.id
    assert coterie.open_run(project / "coterie.toml").id == sample_run.id
    assert coterie.open_run(project, sample_run.id).segments == sample_run.segments
    with pytest.raises(UnknownNameError, match="unknown run"):
        coterie.open_run(project, "yesterday")


def test_a_segment_is_found_by_its_id(sample_run):
    segment, profile = sample_run.segment("s-2")
    assert segment.id == profile.segment_id == "s-2"
    with pytest.raises(UnknownNameError, match="did you mean 's-"):
        sample_run.segment("s-22")


def test_a_damaged_record_is_named(sample_run, tmp_path):
    copy = tmp_path / "run"
    shutil.copytree(sample_run.folder, copy)
    (copy / "segments.json").write_text('{"schema": "coterie.segments", "version": 1, "body": [{"id": 3}]}')
    with pytest.raises(ModelError, match=r"segments.json' is damaged \(\d+ faults\)"):
        coterie.open_run(copy)
    (copy / "segments.json").write_text('{"schema": "coterie.segments", "version": 99, "body": []}')
    with pytest.raises(ModelError, match="has version 99, this Coterie reads version 1"):
        coterie.open_run(copy)


def test_a_damaged_model_is_named(sample_run, tmp_path):
    copy = tmp_path / "run"
    shutil.copytree(sample_run.folder, copy)
    with zipfile.ZipFile(copy / "model" / "embedder.npz", "w"):
        pass
    with pytest.raises(ModelError, match=r"the frozen embedder in '.*' is damaged"):
        coterie.open_run(copy).model()
    (copy / "model" / "embedder.npz").write_bytes(b"no archive")
    with pytest.raises(ModelError, match="cannot be read"):
        coterie.open_run(copy).model()
    shutil.rmtree(copy / "model")
    with pytest.raises(ModelError, match="there is no model in"):
        coterie.open_run(copy).model()


def test_a_number_of_threads_that_is_none_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="'threads' is a whole number >= 1, got 0"):
        coterie.run(quick_sample(tmp_path), threads=0)
