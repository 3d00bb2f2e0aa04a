"""A run whose config asks for the graph of items keeps it, shows it, and says why where there is none."""

from __future__ import annotations

import re
import shutil
import sys

import numpy as np
import polars as pl
import pytest

import coterie
from coterie.actions.graph import graph
from coterie.config import parse_config
from coterie.errors import ConfigError, MissingExtraError, ModelError
from coterie.report.tables import tables
from coterie.runs.result import open_run
from coterie.runs.steps import scan_sources
from tests.projects import quick_sample

TASTES = """
[tables.visits]
role = "events"
source = "visits.csv"
user = "who"
item = "page"

[features.taste]
kind = "interactions"
from = "visits"

[embedding]
method = "svd"
dims = 2

[clustering]
methods = ["kmeans"]
k = [2, 2]
starts = 2

[evaluation]
splits = 2
bootstraps = 2
seeds = 2
replicates = 19

[graph]
kind = "items"
"""


@pytest.fixture(scope="module")
def graphed(tmp_path_factory):
    """A run that makes the graph."""
    config = quick_sample(tmp_path_factory.mktemp("graphed"), n_users=200)
    config.write_text(config.read_text() + "\n[graph]\n")
    return coterie.run(config)


def test_a_run_that_is_asked_to_keeps_what_the_command_makes(graphed):
    kept, made = graphed.graph, graph(graphed, "items")
    assert (kept.run_id, kept.min_cell, kept.missing) == (graphed.id, 5, None)
    assert (kept.n_items, kept.n_edges, kept.modularity) == (len(made.ids), len(made.links), made.modularity)
    assert kept.references == made.references
    assert len(kept.edges) == kept.n_edges
    assert all(edge.users % 5 == 0 and edge.users >= 5 for edge in kept.edges)
    assert [one.size for one in kept.communities] == [one.size for one in made.communities]
    assert "graph" in [step.name for step in graphed.manifest.steps]


def test_the_report_shows_it(graphed):
    page = graphed.report.read_text(encoding="utf-8")
    kept = graphed.graph
    assert kept.sentence in page
    assert 'id="together"' in page
    assert 'id="fig-graph"' in page
    assert "Graph of items, " in page  # what a screen reader says
    found = {table.name: table for table in tables(page)}
    communities = found["together-communities-of-items"]
    assert [int(row[1]) for row in communities.rows] == [one.size for one in kept.communities]
    assert communities.rows[0][3].startswith(kept.communities[0].labels[0])
    edges = found["together-strongest-edges-of-items"]
    assert edges.rows[0][:3] == (*kept.edges[0].labels, str(kept.edges[0].users))
    assert "graph" in graphed.plots


def test_others_have_none(sample_run):
    assert sample_run.graph is None
    assert not (sample_run.folder / "graph.json").exists()
    assert "graph" not in sample_run.plots
    assert 'id="together"' not in sample_run.report.read_text(encoding="utf-8")


def test_a_record_of_another_make_is_refused(graphed, tmp_path):
    shutil.copytree(graphed.folder, tmp_path / "run")
    (tmp_path / "run" / "graph.json").write_text("{}")
    with pytest.raises(ModelError, match=r"graph\.json"):
        open_run(tmp_path / "run").graph  # noqa: B018


def tastes(folder, n_users, *, planted):
    """Users of two tastes, each with four items of its own; or of none."""
    rng = np.random.default_rng(0)
    rows = []
    for user in range(n_users):
        liked = rng.permutation(4)[:3] + 4 * (user % 2) if planted else rng.permutation(8)[:3]
        rows += [(f"u{user}", f"p{item}") for item in liked]
    pl.DataFrame(rows, schema=["who", "page"], orient="row").write_csv(folder / "visits.csv")
    (folder / "coterie.toml").write_text(TASTES)
    return coterie.run(folder)


def test_no_user_stands_in_the_record(tmp_path):
    run = tastes(tmp_path, 80, planted=True)
    assert run.graph.n_communities == 2
    assert {edge.start for edge in run.graph.edges} <= {f"p{item}" for item in range(8)}
    assert not re.findall(r'"u\d+"', (run.folder / "graph.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("n_users", "why"),
    [
        (12, r"no two items are liked together by 5 users or more; left out are .* of fewer than 10 users"),
        (80, r"none of \d+ pairs is liked together by more users than chance gives"),
    ],
)
def test_where_nothing_is_more_than_chance_the_section_says_so(tmp_path, n_users, why):
    run = tastes(tmp_path, n_users, planted=False)
    assert re.search(f"There is no graph of items: {why}", run.graph.sentence)
    assert run.graph.drawing is None
    page = run.report.read_text(encoding="utf-8")
    assert run.graph.sentence in page
    assert 'id="fig-graph"' not in page
    assert "graph" not in run.plots


def config_of(**own):
    event = {"role": "events", "source": "a.csv", "user": "u", "item": "i"}
    people = {"role": "users", "source": "b.csv", "user": "u", "attributes": {"age": "number"}}
    given = {"events": {"visits": event}, **own}
    feature = {"kind": "attributes", "from": "people"}
    return {"tables": {**given["events"], "people": people}, "features": {"f": feature}, "graph": given["graph"]}


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ({"graph": {"kind": "users"}}, r"'graph\.kind'.*'items' alone.*single users.*'users'.*`coterie graph`"),
        ({"graph": {"kind": "browsing"}}, r"'graph\.kind'.*'items' alone"),
        ({"graph": {"knd": "items"}}, r"unknown key 'knd' in 'graph'; did you mean 'kind'"),
        ({"graph": {"table": "visit"}}, r"'graph\.table' is 'visit', which is no table of events; did you mean 'vis"),
        ({"graph": {}, "events": {}}, r"there is no table of events; take it out"),
    ],
)
def test_what_cannot_be_asked_for_is_refused(own, said):
    with pytest.raises(ConfigError, match=said) as refused:
        parse_config(config_of(**own))
    assert "\n" not in str(refused.value)


def test_of_several_tables_of_events_one_is_named():
    event = {"role": "events", "source": "a.csv", "user": "u", "item": "i"}
    two = {"visits": event, "sales": event}
    with pytest.raises(ConfigError, match=r"there are 'visits', 'sales'; name one by graph\.table"):
        parse_config(config_of(events=two, graph={}))
    assert parse_config(config_of(events=two, graph={"table": "sales"})).graph.table == "sales"
    assert parse_config({**config_of(graph={}), "graph": None}).graph is None


def test_without_igraph_it_is_refused_before_anything_is_read(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "igraph", None)
    with pytest.raises(MissingExtraError, match=r"'igraph' is not installed; .*coterie\[graph\]"):
        scan_sources(parse_config(config_of(graph={})), tmp_path)
