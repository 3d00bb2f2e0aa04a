"""What is written is read back by the programs that it is for, ids true."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from xml.etree import ElementTree as ET

import igraph
import pytest

from coterie.activation.graphs.export import edges_csv, gexf, nodes_csv, write_graph
from coterie.spreadsheet import as_meant
from tests.activation.graphs.graphs import IDS, two_triangles

ODD = ('a & "b"', "<c>", "d\x07", "é", "e", "=f")


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize("kind", ["items", "users", "browsing"])
def test_graphml_is_read_by_igraph(tmp_path, kind):
    graph = two_triangles(kind, ODD)
    write_graph(tmp_path, graph)
    read = igraph.Graph.Read_GraphML(str(tmp_path / "graph.graphml"))
    assert (read.vcount(), read.ecount(), read.is_directed()) == (6, 7, kind == "browsing")
    assert read.vs["name"] == [name.replace("\x07", "\N{REPLACEMENT CHARACTER}") for name in ODD]
    assert read.vs[{"items": "item_id", "users": "user_id", "browsing": "page"}[kind]] == list(IDS)
    assert read.es["weight"] == graph.links.weight.tolist()
    assert read.vs["community"] == [1, 1, 1, 2, 2, 2]


def test_gexf_has_nodes_edges_and_their_values():
    space = "{http://gexf.net/1.3}"
    root = ET.fromstring(gexf(two_triangles(labels=ODD)))
    nodes, edges = list(root.iter(f"{space}node")), list(root.iter(f"{space}edge"))
    assert [node.get("label") for node in nodes][:2] == list(ODD[:2])
    assert (len(edges), edges[3].get("weight")) == (7, "5.0")
    declared = {one.get("id") for one in root.iter(f"{space}attribute")}
    assert {one.get("for") for one in root.iter(f"{space}attvalue")} <= declared


def test_csv_is_in_the_form_of_graph_databases():
    nodes, edges = rows(nodes_csv(two_triangles())), rows(edges_csv(two_triangles()))
    assert list(nodes[0]) == [
        "key:ID", "item_id:string", "name:string", "users:long", "community:long", "pagerank:double", ":LABEL",
    ]  # fmt: skip
    assert list(edges[0]) == [
        ":START_ID", ":END_ID", "weight:double", "users:long", "expected:double", "q:double", ":TYPE",
    ]  # fmt: skip
    assert {edge[end] for edge in edges for end in (":START_ID", ":END_ID")} <= {node["key:ID"] for node in nodes}
    assert {edge[":TYPE"] for edge in edges} == {"LIKED_BY_THE_SAME"}


def test_communities_that_are_not_claimed_are_not_written():
    assert "community" not in nodes_csv(replace(two_triangles(), modularity=0.15))


def test_no_cell_runs_and_every_id_is_read_back_as_it_was():
    cells = [node["item_id:string"] for node in rows(nodes_csv(two_triangles()))]
    assert cells[5] == "'=f"
    assert tuple(map(as_meant, cells)) == IDS


def test_the_record_is_json(tmp_path):
    write_graph(tmp_path, two_triangles("users"))
    body = json.loads((tmp_path / "graph.json").read_text())["body"]
    assert body["is_more_than_chance"] is True
    assert body["segments"] == ["s-1"] * 3 + ["s-2"] * 3
    assert body["links"]["weight"] == [10, 10, 10, 5, 20, 20, 20]
