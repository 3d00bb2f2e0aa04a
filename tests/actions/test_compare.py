"""Runs are compared with later ones and with the tables as they are now."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import polars as pl
import pytest

import coterie
from coterie.actions.compare import open_pair
from coterie.activation import comparison
from coterie.engines import local
from coterie.errors import ConfigError, StoreError, UnknownNameError
from coterie.runs.result import read_record
from tests.projects import quick_sample


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    folder = tmp_path_factory.mktemp("watched")
    config = quick_sample(folder)
    coterie.run(config, threads=1)
    coterie.run(config, threads=1)
    return folder


@pytest.fixture
def project(original, tmp_path):
    return Path(shutil.copytree(original, tmp_path / "project"))


def cells(found):
    return [n for row in found.migration.users for n in row if n is not None]


def test_a_run_made_again_is_nothing_to_do(original):
    found = coterie.compare(*open_pair(original))
    assert (found.verdict, found.reasons) == ("nothing to do", ())
    assert (found.migration.stayed, found.migration.adjusted_rand) == (1.0, 1.0)
    assert {change.change for change in found.migration.changes} == {"kept"}
    assert (found.drift.mix.drift.psi, found.drift.confidence.psi, found.drift.new_items) == (0, 0, 0)


def test_present_tables_that_are_as_they_were_are_nothing_to_do(original):
    found = coterie.compare_with_tables(coterie.open_run(original))
    assert (found.verdict, found.after, found.is_data) == ("nothing to do", "present tables", True)


def test_items_are_called_by_their_titles(original):
    run = coterie.open_run(original)
    columns = coterie.compare_with_tables(run).drift.basis.columns
    titles = {title for table in run.tables().items for title in local.collect(table.frame)["title"].to_list()}
    assert columns
    assert all(one.called == one.label and one.label.partition(": ")[2] in titles for one in columns)
    assert all(one.name.startswith(f"{one.label.partition(': ')[0]}:") for one in columns)


def test_the_smallest_cell_is_that_of_the_config(project):
    path = project / "coterie.toml"
    path.write_text(path.read_text().replace("[segments]\n", "[segments]\nmin_cell = 30\n"))
    run = coterie.run(project)
    found = coterie.compare_with_tables(run)
    assert found.migration.least == 30
    assert all(n is None or n == 0 or n >= 30 for row in found.migration.users for n in row)


def test_tables_that_have_moved_ask_for_another_run(project):
    ratings = pl.read_csv(project / "ratings.csv", infer_schema=False)
    few = ratings.with_row_index().filter(pl.col("index") % 5 == 0).drop("index")
    few.write_csv(project / "ratings.csv")
    found = coterie.compare_with_tables(coterie.open_run(project))
    assert found.verdict == "retrain"
    activity = next(one for one in found.drift.activity if one.name == "ratings: events")
    assert activity.level == "major"
    assert activity.before > activity.after
    assert found.reasons[0].asks_for == "retrain"


def test_new_items_are_seen(project):
    text = (project / "ratings.csv").read_text()
    lines = text.splitlines()
    new = [",".join([user, f"new-{item}", *rest]) for user, item, *rest in (line.split(",") for line in lines[1:])]
    (project / "ratings.csv").write_text("\n".join([*lines, *new[: len(new) // 2]]) + "\n")
    titles = (project / "titles.csv").read_text().splitlines()
    more = ["new-" + line for line in titles[1:]]
    (project / "titles.csv").write_text("\n".join([*titles, *more]) + "\n")
    found = coterie.compare_with_tables(coterie.open_run(project))
    assert 0.25 < found.drift.new_items < 0.4
    assert any("items that the model does not know" in reason.told for reason in found.reasons)


def test_no_small_cell_is_written(project):
    coterie.run(project, since="300d", threads=1)
    found = coterie.compare(*open_pair(project))
    assert not [n for n in cells(found) if 0 < n < 5]
    assert None in [n for row in found.migration.users for n in row]


def test_a_table_that_cannot_be_read_leaves_the_drift_out(project):
    config = project / "coterie.toml"
    config.write_text(config.read_text().replace("ratings]", "stars]").replace('from = "ratings"', 'from = "stars"'))
    coterie.run(project, threads=1)
    found = coterie.compare(*open_pair(project))
    assert found.drift is None
    assert "cannot read those of" in found.left_out[0]
    assert found.migration.adjusted_rand == 1.0


def test_runs_of_other_things_are_refused(project):
    config = project / "coterie.toml"
    config.write_text(config.read_text().replace("[project]\n", '[project]\nentity = "items"\n', 1))
    items = coterie.run(project, threads=1)
    users = coterie.open_run(project, min(p.name for p in (project / "runs").iterdir()))
    with pytest.raises(ConfigError, match=r"segments users and .* segments items; only runs of the same"):
        coterie.compare(users, items)
    with pytest.raises(ConfigError, match="is compared with itself; name another"):
        coterie.compare(items, items)


def test_runs_are_opened_by_id_by_folder_and_by_age(original):
    first, last = sorted((original / "runs").iterdir())
    assert [run.id for run in open_pair(original)] == [first.name, last.name]
    assert [run.id for run in open_pair("/nowhere", str(first), str(last))] == [first.name, last.name]
    with pytest.raises(UnknownNameError, match="unknown run 'nope'"):
        open_pair(original, "nope")


def test_one_run_is_too_few(project):
    first, _ = sorted((project / "runs").iterdir())
    shutil.rmtree(first)
    with pytest.raises(StoreError, match="two runs are compared and there is one in"):
        open_pair(project)


def test_the_record_is_read_back(original, tmp_path):
    from coterie import records

    found = coterie.compare(*open_pair(original))
    path = tmp_path / "comparison.json"
    records.write(path, comparison.SCHEMA, comparison.VERSION, found)
    assert read_record(path, comparison.Comparison, comparison.SCHEMA, comparison.VERSION) == found
    assert json.loads(path.read_text())["schema"] == "coterie.comparison"
