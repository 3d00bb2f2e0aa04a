"""Graphs are made of finished runs, from Python and from the command line."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

import coterie
from coterie.actions.graph import GraphOptions, _in_sessions, graph
from coterie.cli import app as commands
from coterie.engines import local
from coterie.errors import ConfigError, DataError, UnknownNameError
from coterie.tables import CheckedTable
from coterie.terms import ITEM, TIME, USER

CONFIG = """
[project]
name = "visits"

[tables.visits]
role = "events"
source = "visits.csv"
user = "who"
item = "page"
time = { column = "at", unit = "s" }
duplicates = "keep"
attributes = { came_from = "category", visit = "category" }

[features.visits]
kind = "interactions"
from = "visits"
weight = "log1p"

[embedding]
method = "svd"
dims = 3

[clustering]
methods = ["kmeans"]
k = [2, 3]
starts = 2

[evaluation]
splits = 2
bootstraps = 4
seeds = 2
"""


def visits(n_users=60):
    """Sessions in which a leads to b, and the others come in any order."""
    rng = np.random.default_rng(3)
    rows = []
    for user in range(n_users):
        for day in range(3):
            at = day * 86_400
            pages = ["ab", "c", "d", "e", "fg", *rng.choice(list("hijkl"[user % 2 * 2 :][:3]), 2)]
            for page in "".join(pages[place] for place in rng.permutation(len(pages))):
                rows.append((f"u{user:02}", page, at, "search" if page in "ac" else "mail", f"{user}-{day}"))
                at += int(rng.integers(1, 600))
    return pl.DataFrame(rows, schema=["who", "page", "at", "came_from", "visit"], orient="row")


@pytest.fixture(scope="module")
def browsed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("browsed")
    visits().sample(fraction=1.0, shuffle=True, seed=1).write_csv(folder / "visits.csv")
    (folder / "coterie.toml").write_text(CONFIG)
    return coterie.run(folder / "coterie.toml", threads=1)


def pairs(found):
    ends = zip(found.links.start, found.links.end, strict=True)
    return {(found.ids[a], found.ids[b]): w for (a, b), w in zip(ends, found.links.weight, strict=True)}


def test_items_of_one_taste_go_together(sample_run):
    found = graph(sample_run, "items")
    assert len(found.links) > 20
    assert found.is_more_than_chance
    assert found.pagerank.sum() == pytest.approx(1)
    assert (found.users >= 10).all()
    assert (found.links.users >= 5).all()
    assert found.n_enough > found.n_over == len(found.links)


def test_users_who_are_alike_are_of_one_segment(sample_run):
    found = graph(sample_run, "users", GraphOptions(neighbours=5))
    assert len(found.ids) == len(found.segments) <= 300
    assert found.agreement > 0.3
    assert [one.against for one in found.references] == [
        "random graphs of the same degrees", "clouds of users without groups",
    ]  # fmt: skip
    assert (found.links.weight > 0).all()


@pytest.mark.parametrize("kind", ["items", "users"])
def test_any_number_of_threads_gives_the_same_graph(sample_run, kind, monkeypatch):
    monkeypatch.setenv("COTERIE_THREADS", "1")
    one = graph(sample_run, kind)
    monkeypatch.setenv("COTERIE_THREADS", "2")
    other = graph(sample_run, kind)
    assert one.links.weight.tolist() == other.links.weight.tolist()
    assert one.pagerank.tolist() == other.pagerank.tolist()
    assert one.community.tolist() == other.community.tolist()
    assert one.references == other.references


def test_the_way_that_all_go_is_found(browsed):
    found = graph(browsed, "browsing")
    assert found.is_directed
    assert pairs(found)["a", "b"] == pairs(found)["f", "g"] == 180
    assert ("b", "a") not in pairs(found)
    by_visit = graph(browsed, "browsing", GraphOptions(session="visit"))
    assert pairs(by_visit) == pairs(found)


def test_a_referrer_leads_to_its_page(browsed):
    found = graph(browsed, "browsing", GraphOptions(referrer="came_from", all_edges=True))
    assert pairs(found)["search", "a"] == 180
    assert ("a", "b") not in pairs(found)


def test_events_of_one_time_come_in_no_order():
    rows = [("u", "a", 0.0), ("u", "b", 0.0), ("u", "c", 9.0), ("u", "d", 19.0), ("u", "d", 19.0), ("u", "a", 29.0)]
    frame = pl.DataFrame(rows, schema=[USER, ITEM, TIME], orient="row")
    steps = _in_sessions(CheckedTable("visits", "events", local.lazy(frame)), ITEM, None, 30.0)
    told = [(str(steps.pages[a]), str(steps.pages[b])) for a, b in zip(steps.start, steps.end, strict=True)]
    assert told == [("c", "d"), ("d", "a")]
    assert steps.n_unordered == 2


def test_a_short_gap_ends_a_session(browsed):
    few = graph(browsed, "browsing", GraphOptions(gap_min=3, all_edges=True))
    assert pairs(few)["a", "b"] < 180


@pytest.mark.parametrize(
    ("kind", "options", "error", "said"),
    [
        ("itms", {}, UnknownNameError, r"unknown graph 'itms'; did you mean 'items'"),
        ("items", {"min_users": 4}, ConfigError, r"fewer than \[segments\] min_cell = 5; ask for 5 or more"),
        ("items", {"min_users": 1000}, DataError, r"behind: .* items, of fewer than 1000 users"),
        ("items", {"table": "visit"}, UnknownNameError, r"did you mean 'visits'"),
        ("users", {"neighbours": 0}, ConfigError, r"linked with 0 others; expected 1 or more"),
        ("browsing", {"page": "came_form"}, UnknownNameError, r"did you mean 'came_from'"),
        ("browsing", {"gap_min": 0}, ConfigError, r"ends after 0 minutes; expected more than 0"),
        ("browsing", {"page": "came_from"}, DataError, r"edges is more than chance gives.*--all-edges"),
    ],
)
def test_what_cannot_be_made_is_refused(browsed, kind, options, error, said):
    with pytest.raises(error, match=said):
        graph(browsed, kind, GraphOptions(**options))


def test_a_run_of_items_links_no_users(browsed):
    items = replace(browsed.manifest, config={**browsed.manifest.config, "project": {"name": "v", "entity": "items"}})
    with pytest.raises(ConfigError, match=r"segments items, and users are linked by a run of users; name one"):
        graph(replace(browsed, manifest=items), "users")


def test_the_command_shows_and_writes(browsed, tmp_path):
    project = str(browsed.folder.parent.parent)
    shown = CliRunner().invoke(commands.app, ["graph", "browsing", "-p", project, "--out", str(tmp_path / "out")])
    assert shown.exit_code == 0, shown.output
    assert "a → b" in shown.output
    assert "multiples of 5" in shown.output
    assert {one.name for one in (tmp_path / "out").iterdir()} == {
        "graph.json", "graph.html", "graph.graphml", "graph.gexf", "nodes.csv", "edges.csv", "graph.svg", "graph.png",
    }  # fmt: skip


def test_the_command_answers_in_json(browsed):
    project = str(browsed.folder.parent.parent)
    shown = CliRunner().invoke(commands.app, ["graph", "users", "-p", project, "-k", "3", "--json"])
    assert json.loads(shown.stdout)["kind"] == "users"
