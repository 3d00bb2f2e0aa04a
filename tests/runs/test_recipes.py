"""A search over several recipes, the whole way."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

import coterie
from coterie.cli.app import app
from coterie.config import load_config, parse_config
from coterie.errors import ConfigError, DataError, StoreError
from coterie.model import SegmentModel
from coterie.runs.runner import run_project
from tests.projects import quick_sample
from tests.runs.test_runner import KILLER, labels_and_decision

DIMS = '\n[search.vary]\n"embedding.dims" = [8, 16]\n'
AGE_TOO = """
[search.recipes.age-and-taste]
"features.demographics.use" = "basis"
"features.demographics.embed" = false
"features.demographics.columns" = ["age"]
"features.demographics.block_weight" = 0.2
"clustering.k" = 5
"""
ONE_K = {"k = [4, 6]": "k = 5", "starts = 3": "starts = 2", "bootstraps = 6": "bootstraps = 3\nreplicates = 19"}


def project(folder: Path, search: str = "", *, n_users: int = 200, changes: dict[str, str] | None = None) -> Path:
    config = quick_sample(folder, n_users=n_users)
    text = config.read_text() + search
    for old, new in {**ONE_K, **(changes or {})}.items():
        assert old in text
        text = text.replace(old, new, 1)
    config.write_text(text)
    return config


def from_cache(run) -> set[str]:
    return {step.name for step in run.manifest.steps if step.cached}


def answers_kept(folder: Path, step: str) -> int:
    return len([path for path in (folder / ".coterie" / "cache" / step).iterdir() if not path.name.startswith(".")])


def test_a_search_is_judged_as_one_sheet_and_taken_from_the_cache_the_second_time(tmp_path):
    config = project(tmp_path, DIMS + AGE_TOO)
    first, second = coterie.run(config), coterie.run(config)
    decision = first.decision
    assert [(c.recipe, c.k) for c in decision.candidates] == [("dims 8", 5), ("dims 16", 5), ("age-and-taste", 5)]
    assert [(one.name, one.measured, one.failure) for one in decision.recipes] == [
        ("dims 8", True, ""), ("dims 16", True, ""), ("age-and-taste", True, ""),
    ]  # fmt: skip
    assert len(decision.comparisons) == 2
    assert from_cache(first) == set()
    assert from_cache(second) == {step.name for step in second.manifest.steps} - {"sources", "model", "report"}
    assert labels_and_decision(first) == labels_and_decision(second)
    assert "Recipes tried" in first.report.read_text()
    _the_model_is_that_of_the_chosen_recipe(first)


def _the_model_is_that_of_the_chosen_recipe(run):
    assert run.manifest.agreement.share == 1.0
    chosen = next(one for one in run.decision.recipes if one.name == run.chosen.recipe)
    width = {"dims 8": 8, "dims 16": 16, "age-and-taste": 17}[chosen.name]
    assert len(run.model().space.columns) == width


def test_one_recipe_more_measures_only_that_one(tmp_path):
    config = project(tmp_path, DIMS)
    coterie.run(config)
    config.write_text(config.read_text().replace("[8, 16]", "[8, 16, 12]"))
    again = coterie.run(config)
    assert [one.name for one in again.decision.recipes] == ["dims 8", "dims 16", "dims 12"]
    assert answers_kept(tmp_path, "clustering") == 3
    assert "tables" in from_cache(again)


def test_a_run_killed_between_recipes_takes_the_measured_ones_from_the_cache(tmp_path):
    config = project(tmp_path, DIMS)
    killed = subprocess.run([sys.executable, "-c", KILLER, str(config), "amid dims 16: resampling users"], check=False)
    assert killed.returncode == -9
    with pytest.raises(StoreError, match="there is no finished run"):
        coterie.open_run(tmp_path)
    assert answers_kept(tmp_path, "clustering") == 1
    (measured,) = [p for p in (tmp_path / ".coterie/cache/clustering").iterdir() if not p.name.startswith(".")]
    written = (measured / "candidates.json").stat().st_mtime_ns
    run = coterie.run(config)
    assert (measured / "candidates.json").stat().st_mtime_ns == written
    assert answers_kept(tmp_path, "clustering") == 2
    assert {c.recipe for c in run.decision.candidates} == {"dims 8", "dims 16"}
    assert {"tables", "embedding"} <= from_cache(run)
    assert not list((tmp_path / ".coterie").rglob(".unfinished-*"))


def test_an_answer_whose_labels_are_damaged_is_measured_again(tmp_path):
    config = project(tmp_path)
    first = coterie.run(config)
    (path,) = (tmp_path / ".coterie" / "cache" / "clustering").glob("*/labels-0.npz")
    path.write_bytes(path.read_bytes()[:-60])
    again = coterie.run(config)
    assert "clustering" not in from_cache(again)
    assert labels_and_decision(first) == labels_and_decision(again)


def test_other_floors_change_the_evidence_and_measure_nothing_anew(tmp_path):
    config = project(tmp_path)
    coterie.run(config)
    config.write_text(config.read_text().replace("min_share = 0.03", "min_share = 0.9"))
    again = coterie.run(config)
    assert again.chosen.misses
    assert {"clustering", "proof", "profile"} <= from_cache(again)
    assert "evidence" not in from_cache(again)


def test_a_recipe_that_cannot_be_made_is_left_out_with_its_reason(tmp_path):
    run = coterie.run(project(tmp_path, '\n[search.vary]\n"embedding.drop_leading" = [0, 5000]\n'))
    fine, failed = run.decision.recipes
    assert (fine.measured, fine.failure) == (True, "")
    assert not failed.measured
    assert "too small for an SVD that drops 5000 leading components" in failed.failure
    assert run.decision.warnings[0].startswith("1 of 2 recipes could not be made; the first, 'drop_leading 5000': ")
    assert {c.recipe for c in run.decision.candidates} == {"drop_leading 0"}
    assert "drops 5000 leading components" in run.report.read_text()


def test_where_every_recipe_fails_there_is_one_error_with_the_reasons(tmp_path):
    config = project(tmp_path, '\n[search.vary]\n"embedding.drop_leading" = [4000, 5000]\n')
    with pytest.raises(DataError, match="none of the 2 recipes can be made of these tables") as caught:
        coterie.run(config)
    assert "'drop_leading 4000': the feature matrix" in str(caught.value)
    assert "'drop_leading 5000': the feature matrix" in str(caught.value)
    assert not (tmp_path / "runs").exists() or not list((tmp_path / "runs").iterdir())


def test_a_slip_in_one_recipe_stops_the_run_and_the_check_before_anything_is_measured(tmp_path):
    config = project(tmp_path, '\n[search.vary]\n"embedding.dims" = [8, 0]\n')
    with pytest.raises(ConfigError, match="the recipe 'dims 0' cannot be made"):
        coterie.run(config)
    assert not (tmp_path / ".coterie" / "cache" / "clustering").exists()
    checked = CliRunner().invoke(app, ["check", "--config", str(config)])
    assert checked.exit_code != 0
    assert "the recipe 'dims 0' cannot be made" in str(checked.exception)


def test_joined_blocks_are_saved_with_the_model_and_score_the_same(tmp_path):
    config = project(tmp_path, AGE_TOO, changes={"k = [4, 6]": "k = 5"})
    text = config.read_text()
    config.write_text(
        text.replace('use = "descriptor"', 'columns = ["age"]\nembed = false').split("[search.recipes")[0]
    )
    run = coterie.run(config)
    assert run.manifest.agreement.share == 1.0
    model, ids = run.model(), run.assignments()["user_id"].to_numpy().astype(str)
    assert model.space.columns == (*(None,) * 16, "demographics:age")
    assert (run.folder / "model" / "joined" / "basis.npz").is_file()
    points, known = model.space.embed(run.tables(), ids)
    assert points.shape == (len(ids), 17)
    assert known.all()
    (tmp_path / "again").mkdir()
    model.save(tmp_path / "again")
    again, _ = SegmentModel.load(tmp_path / "again").space.embed(run.tables(), ids)
    assert points.tobytes() == again.tobytes()
    one, _ = model.space.embed(run.tables(), ids[3:4])
    assert one.tobytes() == points[3:4].tobytes()


def test_many_recipes_are_looked_at_coarsely_and_the_budget_goes_to_the_best(tmp_path):
    search = "\n[search]\nbudget = 2\nsample = 100\n[search.vary]\n"
    search += '"embedding.drop_leading" = [0, 5, 5000]\n"embedding.dims" = [8]\n'
    config = project(tmp_path, search + AGE_TOO, changes={"k = [4, 6]": "k = [5, 5]"})
    first, second = coterie.run(config), coterie.run(config)
    recipes = {one.name: one for one in first.decision.recipes}
    assert sum(one.measured for one in recipes.values()) == 2
    assert recipes["age-and-taste"].measured
    assert recipes["age-and-taste"].coarse_score is None
    screened = [recipes[f"drop_leading {number}, dims 8"] for number in (0, 5)]
    assert all(one.coarse_score > 0 and 0 <= one.coarse_stability <= 1 for one in screened)
    best, worst = sorted(screened, key=lambda one: (one.coarse_stability >= 0.65, one.coarse_score), reverse=True)
    assert (best.measured, worst.measured) == (True, False)
    assert recipes["drop_leading 5000, dims 8"].failure
    assert {c.recipe for c in first.decision.candidates} == {best.name, "age-and-taste"}
    assert "screening" in from_cache(second)
    assert labels_and_decision(first) == labels_and_decision(second)


def test_threads_make_no_difference_to_a_search(tmp_path):
    search = '\n[search]\nbudget = 1\nsample = 120\n[search.vary]\n"embedding.normalise" = ["row", "degree"]\n'
    one = coterie.run(project(tmp_path / "one", search), threads=1)
    two = coterie.run(project(tmp_path / "two", search), threads=3)
    assert labels_and_decision(one) == labels_and_decision(two)


def test_noise_is_in_no_segment_from_the_fit_to_the_screen(tmp_path):
    config = project(tmp_path, changes={'methods = ["kmeans"]': 'methods = ["hdbscan"]'})
    run = coterie.run(config)
    n_noise = run.manifest.n_users - sum(run.chosen.sizes)
    assert n_noise > 0
    rows = run.assignments()
    assert rows["segment_id"].null_count() == n_noise
    assert rows.filter(pl.col("segment_id").is_null())["strength"].to_list() == [0.0] * n_noise
    lines = (run.folder / "assignments.csv").read_text().splitlines()[1:]
    assert sum(line.split(",")[1] == "" for line in lines) == n_noise
    assert sum(segment.size for segment in run.segments) == run.manifest.n_users - n_noise
    assert run.manifest.agreement.share == 1.0
    assert "left out as noise" in run.report.read_text()
    shown = CliRunner().invoke(app, ["run", "--config", str(config)])
    assert shown.exit_code == 0
    assert f"{n_noise:,} users" in " ".join(shown.output.split())
    assert "are noise and in no segment" in " ".join(shown.output.split())


def test_a_floor_on_noise_passes_over_what_leaves_too_many_out(tmp_path):
    changes = {'methods = ["kmeans"]': 'methods = ["hdbscan"]', "min_share = 0.03": "min_share = 0.0\nmax_noise = 0.01"}
    run = coterie.run(project(tmp_path, changes=changes))
    assert all(any("as noise, above 1%" in miss for miss in c.misses) for c in run.decision.candidates)
    assert [gate.name for gate in run.decision.gates if gate.name == "noise" and not gate.passed] == ["noise"]
    assert not run.decision.answers[-1].passed


def test_a_method_that_finds_nothing_is_shown_with_its_reason(tmp_path):
    changes = {'methods = ["kmeans"]': 'methods = ["kmeans", "dbscan"]\noptions = { dbscan = { eps = 1e-6 } }'}
    run = coterie.run(project(tmp_path, changes=changes))
    (one,) = run.decision.left_out
    assert (one.method, one.settings, one.reason) == (
        "dbscan",
        {"eps": 1e-6},
        "found no cluster; 100% of users are noise",
    )
    assert "Gave nothing to choose from" in run.report.read_text()
    assert {c.method for c in run.decision.candidates} == {"kmeans"}


@pytest.mark.parametrize("n_users", [12, 31])
def test_few_users_run_and_are_told_what_they_support(tmp_path, n_users):
    rng = np.random.default_rng(5)
    rows = [(f"u{u:02}", f"i{(u % 2) * 6 + i}") for u in range(n_users) for i in rng.choice(6, 4, replace=False)]
    pl.DataFrame(rows, schema=["user", "item"], orient="row").write_csv(tmp_path / "likes.csv")
    raw = {
        "tables": {"likes": {"role": "events", "source": "likes.csv", "user": "user", "item": "item"}},
        "features": {"taste": {"kind": "interactions", "from": "likes"}},
        "evaluation": {"bootstraps": 3, "splits": 2, "seeds": 2, "replicates": 19},
        "clustering": {"methods": ["kmeans", "hdbscan"], "starts": 2},
    }
    run = run_project(parse_config(raw), tmp_path)
    usable = run.decision.answers[-1]
    assert usable.short == f"no: {n_users} users are too few to act on"
    assert f"{n_users} users support a look at who is like whom (the dendrogram)" in run.decision.warnings[0]
    assert run.decision.grade in {"constructive", "none"}
    assert not run.decision.publishable
    assert run.assignments().height == n_users


def test_the_config_of_a_run_gives_the_same_recipes_again(tmp_path):
    from coterie.selection.recipes import expand

    config = load_config(project(tmp_path, DIMS + AGE_TOO))
    again = parse_config(config.model_dump(by_alias=True))
    assert [(r.name, r.config.digest()) for r in expand(config)] == [(r.name, r.config.digest()) for r in expand(again)]
