from __future__ import annotations

import json
from pathlib import Path

import duckdb
import polars as pl
import pytest
from typer.testing import CliRunner

from coterie import records
from coterie.cli.app import app
from coterie.config import load_config
from coterie.errors import ModelError
from coterie.runs.result import open_run, read_profiles
from coterie.runs.runner import run_project
from coterie.segments.types import PROFILES_SCHEMA, PROFILES_VERSION
from coterie.sources.sample import write_sample

RUNNER = CliRunner()


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    config = write_sample(folder, n_users=300, seed=7)
    run_project(load_config(config), folder, threads=1)
    return folder


def answer(*arguments: str) -> str:
    found = RUNNER.invoke(app, ["profile", *arguments])
    assert found.exit_code == 0, found.output
    return found.output


def test_one_profile_and_all(project: Path):
    told = answer("s-1", "--project", str(project))
    assert "told best by" in told
    assert "rule Users with" in told
    every = json.loads(answer("--project", str(project), "--json"))
    assert [one["segment"]["id"] for one in every["profiles"]] == [s.id for s in open_run(project).segments]
    assert every["profiles"][0]["profile"]["markers"]


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_rules_run_on_the_columns_that_are_written(project: Path, tmp_path: Path, ending: str):
    path = tmp_path / f"users.{ending}"
    assert str(path) in answer("--project", str(project), "--columns", str(path))
    run = open_run(project)
    rules = json.loads(answer("--project", str(project), "--sql", "--json"))["rules"]
    assert any(rule["rule"] for rule in rules)
    text = answer("--project", str(project), "--sql")
    with duckdb.connect(config={"threads": 1}) as database:
        database.execute(f"CREATE TABLE columns AS FROM '{path}'")
        for rule in rules:
            if rule["rule"] is None:
                continue
            asked = f'SELECT "segment_id" FROM "columns" WHERE {rule["rule"]["sql"]}'
            assert asked.replace("segment_id", "user_id") in text
            picked = [segment for (segment,) in database.execute(asked).fetchall()]
            share = sum(segment == rule["segment"] for segment in picked) / len(picked)
            assert share > rule["rule"]["base"]
    assert len(run.assignments()) == (pl.read_csv if ending == "csv" else pl.read_parquet)(path).height


def test_another_ending_is_refused(project: Path):
    found = RUNNER.invoke(app, ["profile", "--project", str(project), "--columns", "users.xlsx"])
    assert found.exit_code != 0
    assert "expected a name that ends in .csv or .parquet" in str(found.exception)


def test_profiles_of_the_version_before_are_read(project: Path, tmp_path: Path):
    profiles = open_run(project).profiles
    new = {"distinctive", "scores", "percentiles", "calendar", "markers", "neighbour", "rule"}
    old = [{key: value for key, value in records.plain(profile).items() if key not in new} for profile in profiles]
    records.write(tmp_path / "old.json", PROFILES_SCHEMA, 1, old)
    assert [one.marks for one in read_profiles(tmp_path / "old.json")] == [one.marks for one in profiles]
    records.write(tmp_path / "later.json", PROFILES_SCHEMA, PROFILES_VERSION + 1, old)
    with pytest.raises(ModelError, match=f"has version {PROFILES_VERSION + 1}, this Coterie reads version"):
        read_profiles(tmp_path / "later.json")
