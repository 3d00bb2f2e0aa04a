"""Users are forgotten in whole projects."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import coterie
from coterie.actions.graph import graph
from coterie.actions.lookalike import write_audience
from coterie.actions.match import matches, write_matches
from coterie.actions.recommend import recommend_all
from coterie.actions.similar import similar_all
from coterie.cli.graph import _write
from coterie.cli.summary import write_csv
from coterie.errors import ConfigError, DataError
from coterie.runs import tables_on_disk
from coterie.runs.forgotten import load_log
from coterie.stores.tracing import traces
from coterie.tables.types import events_of
from coterie.terms import OF_USERS
from tests.actions.projects import named, named_project

ONE, OTHER = named("1"), named("10")  # the one's name begins the other's
OWN = ("ratings.csv", "people.csv", "titles.csv", "coterie.toml")


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """A project with two runs and scores, to copy."""
    folder = tmp_path_factory.mktemp("named")
    config = named_project(folder)
    config.write_text(config.read_text() + "\n[graph]\n")
    first = coterie.run(config, threads=1)
    coterie.run(config, since="500d", threads=1)
    coterie.score(first, folder / "ratings.csv").frame.write_csv(folder / "scores.csv")
    return folder


@pytest.fixture
def project(original, tmp_path):
    return Path(shutil.copytree(original, tmp_path / "project"))


def held(folder, *names):
    """Files but the user's own that hold any of the names."""
    return {str(t.file.relative_to(folder)) for t in traces(folder, names, [folder / name for name in OWN])}


def users_of_run(run):
    return set(events_of(tables_on_disk.load(run.folder, OF_USERS).tables["ratings"]).users.tolist())


def runs_of(folder):
    return [coterie.open_run(folder, path.name) for path in sorted((folder / "runs").iterdir()) if path.name[0] != "."]


def test_nothing_is_left_of_a_user_in_any_file(project):
    assert len(held(project, ONE)) > 10
    before = {name: (project / name).read_bytes() for name in OWN}
    found = coterie.forget(project, [ONE])
    assert held(project, ONE) == set()
    assert found.left == ()
    assert (found.users, len(found.runs)) == (1, len([r for r in runs_of(project) if r.manifest.forgotten]))
    assert {name: (project / name).read_bytes() for name in OWN} == before
    assert {source.table for source in found.sources} == {"ratings", "people"}


def test_everybody_else_stays_as_they_were(project):
    before = [(users_of_run(run), run.assignments()) for run in runs_of(project)]
    coterie.forget(project, [ONE])
    for run, (users, rows) in zip(runs_of(project), before, strict=True):
        assert users_of_run(run) == users - {ONE}
        assert run.assignments().equals(rows.filter(pl.col("user_id") != ONE))
    assert OTHER in users_of_run(runs_of(project)[0])
    scores = pl.read_csv(project / "scores.csv")["user_id"].to_list()
    assert OTHER in scores
    assert ONE not in scores


def test_a_run_says_that_it_is_stale(project):
    coterie.forget(project, [ONE])
    coterie.forget(project, [OTHER])
    run = runs_of(project)[0]
    assert run.manifest.forgotten == 2
    assert [note for note in run.manifest.notes if "forgotten" in note] == [
        "2 users were forgotten since this run: no row or vector of theirs is left, but sizes, profiles, measures and "
        "the model were made with them; run again for numbers without them"
    ]
    assert "2 users were forgotten since this run" in run.report.read_text(encoding="utf-8")
    assert run.segments
    assert run.evidence is not None


def test_the_graph_of_items_names_nobody_and_stays_as_it_was_counted(project):
    before = runs_of(project)[0]
    kept, bytes_of = before.graph, (before.folder / "graph.json").read_bytes()
    assert kept.n_edges > 0
    coterie.forget(project, [ONE])
    run = runs_of(project)[0]
    assert (run.folder / "graph.json").read_bytes() == bytes_of
    assert kept.sentence in run.report.read_text(encoding="utf-8")
    assert 'id="fig-graph"' in run.report.read_text(encoding="utf-8")


def test_the_record_holds_no_person(project):
    coterie.forget(project, [ONE])
    (entry,) = load_log(project)
    assert (entry.users, entry.kept_out) == (1, False)
    assert ONE not in (project / "forgotten.json").read_text(encoding="utf-8")
    assert {source.users for source in entry.sources} == {1}


def test_the_next_run_says_that_they_are_back_and_the_list_keeps_them_out(project):
    coterie.forget(project, [ONE])
    again = coterie.run(project, threads=1)
    assert ONE in users_of_run(again)
    assert any("'ratings.csv' is as it was when it held 1 user who was forgotten" in n for n in again.manifest.notes)
    coterie.forget(project, [ONE], keep_out=True)
    last = coterie.run(project, threads=1)
    assert ONE not in users_of_run(last)
    assert held(project, ONE) == set()
    assert [c.rule for c in last.quality if c.rule == "kept out"]
    for entry in last.manifest.inputs:
        assert entry.read == entry.kept + entry.rejected + entry.cleaned


def test_sources_that_changed_are_said_to_be_in_doubt(project):
    coterie.forget(project, [ONE])
    for name in ("ratings.csv", "people.csv"):
        rows = (project / name).read_text(encoding="utf-8").splitlines(keepends=True)
        (project / name).write_text("".join(r for r in rows if ONE not in r.split(",")), encoding="utf-8")
    notes = coterie.run(project, threads=1).manifest.notes
    assert any("the sources have changed since" in note for note in notes)


def test_who_is_nowhere_is_an_error_and_changes_nothing(project):
    before = held(project, ONE)
    with pytest.raises(DataError, match=r"'fän-nobody' is in no run and no score of .*nothing was changed"):
        coterie.forget(project, [ONE, "fän-nobody"])
    assert held(project, ONE) == before
    found = coterie.forget(project, [ONE, "fän-nobody"], missing_ok=True)
    assert (found.users, found.unknown) == (1, 1)
    assert held(project, ONE) == set()


@pytest.mark.parametrize("users", [[], [" "]])
def test_nobody_is_an_error(project, users):
    with pytest.raises(ConfigError, match="there is nobody to forget"):
        coterie.forget(project, users)


def test_a_dry_run_changes_nothing(project):
    files = {path: path.stat().st_mtime_ns for path in project.rglob("*") if path.is_file()}
    found = coterie.forget(project, [ONE], dry_run=True)
    assert (found.is_dry, found.users, found.cache) == (True, 1, True)
    assert {path: path.stat().st_mtime_ns for path in project.rglob("*") if path.is_file()} == files


KILLED = """
import os, sys, shutil
import coterie.runs.forgetting as runs, coterie.stores.swapping as swapping
from coterie.actions.forget import forget
where, project, user = sys.argv[1:]
if where == "before the exchange":
    runs.put_in_place = lambda *_: os._exit(9)
if where == "after the exchange":
    swapping.shutil.rmtree = lambda path, **_: os._exit(9) if "-forget-" in str(path) and os.path.exists(path) else None
steps = []
def told(step):
    steps.append(step)
    if where.isdigit() and len(steps) > int(where):
        os._exit(9)
forget(project, [user], told=told)
os._exit(0)
"""


@pytest.mark.parametrize("where", ["0", "1", "2", "3", "4", "5", "6", "before the exchange", "after the exchange"])
def test_a_killed_process_leaves_whole_runs_and_can_be_repeated(project, where):
    n_users = [len(users_of_run(run)) for run in runs_of(project)]
    done = subprocess.run([sys.executable, "-c", KILLED, where, str(project), ONE], check=False)
    assert done.returncode == 9
    for run, n in zip(runs_of(project), n_users, strict=True):
        gone = ONE not in run.assignments()["user_id"].to_list()
        assert bool(run.manifest.forgotten) == (len(users_of_run(run)) == n - 1)
        assert not gone or not re.search(rf"{ONE}(?!\w)", run.report.read_text(encoding="utf-8"))
        run.model()
    assert coterie.forget(project, [ONE]).users == 1
    assert held(project, ONE) == set()
    (entry,) = load_log(project)
    assert (entry.users, len(entry.runs)) == (1, sum(bool(run.manifest.forgotten) for run in runs_of(project)))
    assert not (project / ".coterie" / "forgetting.json").exists()


@pytest.mark.parametrize("entity", ["items", "titles.tags"])
def test_users_are_taken_out_of_runs_that_segment_something_else(tmp_path, entity):
    run = coterie.run(named_project(tmp_path, entity=entity), threads=1)
    before = run.assignments()
    assert any("model" in file for file in held(tmp_path, ONE))
    found = coterie.forget(tmp_path, [ONE])
    assert held(tmp_path, ONE) == set()
    again = coterie.open_run(tmp_path)
    assert found.given_up == ()
    assert again.assignments().equals(before)
    ids = np.array(before["user_id"].to_list(), dtype=np.str_)
    same = again.model().apply(again.tables(), ids).labels == run.model().apply(again.tables(), ids).labels
    assert same.mean() > 0.9


@pytest.mark.parametrize(("method", "array"), [("dbscan", "cores"), ("hdbscan", "points"), ("agglomerative", "points")])
def test_rows_of_single_users_leave_the_model(tmp_path, method, array):
    run = coterie.run(named_project(tmp_path, method=method), threads=1)
    ids = np.array(sorted(run.assignments()["user_id"].to_list()), dtype=np.str_)
    points, _ = run.model().space.embed(run.tables(), ids)

    def mine(model):
        rows = model.clusterer.to_arrays().arrays[array]
        return [user for user, point in zip(ids.tolist(), points, strict=True) if (rows == point).all(axis=1).any()]

    (user, *_) = mine(run.model())
    others = np.array([name for name in ids.tolist() if name != user], dtype=np.str_)
    before = run.model().apply(run.tables(), others).labels
    coterie.forget(tmp_path, [user])
    again = coterie.open_run(tmp_path)
    assert user not in mine(again.model())
    assert (again.model().apply(again.tables(), others).labels == before).mean() > 0.95


def test_short_numbers_are_gone_from_where_users_are_kept(tmp_path):
    from tests.projects import quick_sample

    run = coterie.run(quick_sample(tmp_path, n_users=150), threads=1)
    exemplar = json.loads((run.folder / "profiles.json").read_text())["body"][0]["exemplars"][0]
    found = coterie.forget(tmp_path, [exemplar])
    again = coterie.open_run(tmp_path)
    assert found.not_looked_for == 1
    assert exemplar not in users_of_run(again)
    assert exemplar not in again.assignments()["user_id"].to_list()
    assert exemplar not in again.profiles[0].exemplars
    people = tables_on_disk.load(again.folder, OF_USERS).tables["people"].frame
    assert exemplar not in people.collect(backend="polars").to_native()["user_id"].to_list()


@pytest.fixture(scope="module")
def with_exports(tmp_path_factory):
    """A project whose users are numbers, as items and ranks are, with what commands write beside its run."""
    from tests.projects import quick_sample

    folder = tmp_path_factory.mktemp("exports")
    run = coterie.run(quick_sample(folder, n_users=150), threads=1)
    seeds = run.assignments()["user_id"].to_list()[:30]
    out = folder / "out"
    looked_for = coterie.lookalike(run, [*seeds, "nobody"], reach=1.0)
    for ending in ("csv", "parquet"):
        similar_all(run, out / f"similar.{ending}", k=3)
        recommend_all(run, out / f"lists.{ending}", n=3)
        write_audience(looked_for, out / f"audience.{ending}")
        write_matches(matches(run, by="embedding", n=3), out / f"matches.{ending}")
    write_csv(coterie.fans(run).predict(), out / "fans.csv")
    scores = coterie.score(run, folder / "ratings.csv").frame
    write_csv(scores, out / "scores.csv")
    scores.write_parquet(out / "scores.parquet")
    for kind in ("users", "items"):
        _write(graph(run, kind), folder / f"{kind}-graph")
    return folder


TABLES = {
    *(
        f"out/{name}.{ending}"
        for name in ("similar", "lists", "audience", "matches", "scores")
        for ending in ("csv", "parquet")
    ),
    "out/fans.csv",
}


def rows_of(path):
    return pl.read_csv(path, infer_schema=False) if path.suffix == ".csv" else pl.read_parquet(path)


def test_what_commands_wrote_loses_the_user_and_nobody_else(with_exports, tmp_path):
    project = Path(shutil.copytree(with_exports, tmp_path / "project"))
    neighbours = rows_of(project / "out/similar.parquet")
    user = next(
        one
        for one in neighbours["similar_id"].unique().sort()
        if one in rows_of(project / "out/audience.csv")["user_id"].to_list()
        and one in json.loads((project / "users-graph/graph.json").read_text())["body"]["ids"]
    )
    graph_files = {f"users-graph/{path.name}" for path in (project / "users-graph").iterdir()}
    items = {path: path.read_bytes() for path in (project / "items-graph").iterdir()}
    before = {name: rows_of(project / name) for name in TABLES}
    files = {path: path.read_bytes() for path in project.rglob("*") if path.is_file()}
    dry = coterie.forget(project, [user], dry_run=True)
    assert {path: path.read_bytes() for path in project.rglob("*") if path.is_file()} == files
    found = coterie.forget(project, [user])
    assert found.files == dry.files
    assert found.removed == dry.removed
    assert set(found.files) >= TABLES | graph_files
    assert set(found.removed) == graph_files
    assert len(graph_files) == 8
    assert list((project / "users-graph").iterdir()) == []
    assert {path: path.read_bytes() for path in items} == items
    for name, rows in before.items():
        is_theirs = pl.col("user_id") == user
        if name.startswith("out/similar"):
            is_theirs |= pl.col("similar_id") == user
        left = rows_of(project / name)
        assert left.equals(rows.filter(~is_theirs)), name
        assert 0 < left.height < rows.height, name


def test_who_is_in_what_a_command_wrote_alone_is_forgotten_there(with_exports, tmp_path):
    project = Path(shutil.copytree(with_exports, tmp_path / "project"))
    found = coterie.forget(project, ["nobody"])
    assert (found.users, found.unknown, found.runs) == (1, 0, ())
    assert found.files == ("out/audience.rejects.csv",)
    assert rows_of(project / "out/audience.rejects.csv").height == 0
