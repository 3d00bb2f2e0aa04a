"""A graph in the forms that other programs read: GraphML, GEXF, and CSV as graph databases import it.

XML holds ids as they are, but for characters that XML has no place for. CSV is opened in spreadsheets too, so ids and
titles are written as ``coterie.spreadsheet`` writes text, which ``as_meant`` reads back; nodes and edges are joined by
keys of their own (``n0``, ``n1`` ...), which need no such care. Communities stand in it where they are claimed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from xml.sax.saxutils import escape, quoteattr

from coterie import records
from coterie.activation.graphs.telling import as_record
from coterie.activation.graphs.types import SCHEMA, VERSION, Graph, Kind
from coterie.spreadsheet import csv_of_rows

_NODE: Final[dict[Kind, str]] = {"items": "Item", "users": "User", "browsing": "Page"}
_ID: Final[dict[Kind, str]] = {"items": "item_id", "users": "user_id", "browsing": "page"}
_EDGE: Final[dict[Kind, str]] = {"items": "LIKED_BY_THE_SAME", "users": "IS_LIKE", "browsing": "LEADS_TO"}
# Source: W3C, "Extensible Markup Language (XML) 1.0", production 2, Char.
_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# Types by name: of graph databases' CSV, of GraphML, of GEXF.
_TYPES: Final = {
    "item_id": ("string", "string", "string"),
    "user_id": ("string", "string", "string"),
    "page": ("string", "string", "string"),
    "name": ("string", "string", "string"),
    "segment": ("string", "string", "string"),
    "users": ("long", "long", "long"),
    "community": ("long", "long", "long"),
    "pagerank": ("double", "double", "double"),
    "weight": ("double", "double", "double"),
    "expected": ("double", "double", "double"),
    "q": ("double", "double", "double"),
}
Columns = dict[str, Any]


def write_graph(folder: Path, graph: Graph) -> tuple[Path, ...]:
    """Write graph.json, graph.graphml, graph.gexf, nodes.csv and edges.csv; each appears whole or not at all.

    Raises:
        StoreError: a file cannot be written.
    """
    records.write(folder / "graph.json", SCHEMA, VERSION, as_record(graph))
    texts = {
        "graph.graphml": graphml(graph),
        "graph.gexf": gexf(graph),
        "nodes.csv": nodes_csv(graph),
        "edges.csv": edges_csv(graph),
    }
    for name, text in texts.items():
        records.write_whole(folder / name, text.encode("utf-8", "backslashreplace"))
    return (folder / "graph.json", *(folder / name for name in texts))


def nodes_csv(graph: Graph) -> str:
    """Give nodes with typed headers, as ``neo4j-admin database import`` reads them.

    Source:
        Neo4j Operations Manual, "Import", CSV header format.
    """
    columns = _nodes(graph)
    header = ["key:ID", *(f"{name}:{_TYPES[name][0]}" for name in columns), ":LABEL"]
    rows = ((f"n{at}", *row, _NODE[graph.kind]) for at, row in enumerate(zip(*columns.values(), strict=True)))
    return csv_of_rows(header, rows)


def edges_csv(graph: Graph) -> str:
    """Give edges with typed headers; one without a direction stands once."""
    columns = _edges(graph)
    header = [":START_ID", ":END_ID", *(f"{name}:{_TYPES[name][0]}" for name in columns), ":TYPE"]
    rows = ((f"n{start}", f"n{end}", *row, _EDGE[graph.kind]) for start, end, row in _ends(graph, columns))
    return csv_of_rows(header, rows)


def graphml(graph: Graph) -> str:
    """Give GraphML.

    Source:
        Brandes, Eiglsperger, Herman, Himsolt & Marshall (2002), "GraphML progress report".
    """
    nodes, edges = _nodes(graph), _edges(graph)
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">',
        *(
            f'<key id="{side[0]}_{name}" for="{side}" attr.name="{name}" attr.type="{_TYPES[name][1]}"/>'
            for side, columns in (("node", nodes), ("edge", edges))
            for name in columns
        ),
        f'<graph id="{graph.kind}" edgedefault="{"directed" if graph.is_directed else "undirected"}">',
    ]
    for at, row in enumerate(zip(*nodes.values(), strict=True)):
        lines.append(f'<node id="n{at}">{"".join(_data("n", nodes, row))}</node>')
    for start, end, row in _ends(graph, edges):
        lines.append(f'<edge source="n{start}" target="n{end}">{"".join(_data("e", edges, row))}</edge>')
    return "\n".join([*lines, "</graph>", "</graphml>", ""])


def gexf(graph: Graph) -> str:
    """Give GEXF 1.3.

    Source:
        GEXF Working Group (2022), "GEXF 1.3 draft".
    """
    nodes, edges = _nodes(graph), _edges(graph)
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<gexf xmlns="http://gexf.net/1.3" version="1.3">',
        f'<graph mode="static" defaultedgetype="{"directed" if graph.is_directed else "undirected"}">',
    ]
    for side, columns in (("node", nodes), ("edge", edges)):
        lines.append(f'<attributes class="{side}">')
        lines += [f'<attribute id="{name}" title="{name}" type="{_TYPES[name][2]}"/>' for name in columns]
        lines.append("</attributes>")
    lines.append("<nodes>")
    for at, row in enumerate(zip(*nodes.values(), strict=True)):
        lines.append(f'<node id="n{at}" label={_quoted(graph.labels[at])}>{_values(nodes, row)}</node>')
    lines += ["</nodes>", "<edges>"]
    for at, (start, end, row) in enumerate(_ends(graph, edges)):
        weight = graph.links.weight[at]
        lines.append(
            f'<edge id="e{at}" source="n{start}" target="n{end}" weight="{weight}">{_values(edges, row)}</edge>'
        )
    return "\n".join([*lines, "</edges>", "</graph>", "</gexf>", ""])


def _nodes(graph: Graph) -> Columns:
    columns: Columns = {_ID[graph.kind]: graph.ids, "name": graph.labels}
    if graph.users is not None:
        columns["users"] = graph.users.tolist()
    if graph.segments is not None:
        columns["segment"] = graph.segments
    if graph.is_more_than_chance:
        columns["community"] = graph.community.tolist()
    return {**columns, "pagerank": graph.pagerank.tolist()}


def _edges(graph: Graph) -> Columns:
    links = graph.links
    all_of_them = {"weight": links.weight, "users": links.users, "expected": links.expected, "q": links.q}
    return {name: column.tolist() for name, column in all_of_them.items() if column is not None}


def _ends(graph: Graph, columns: Columns) -> Iterator[tuple[int, int, tuple[Any, ...]]]:
    yield from zip(
        graph.links.start.tolist(), graph.links.end.tolist(), zip(*columns.values(), strict=True), strict=True
    )


def _data(side: str, columns: Columns, row: tuple[Any, ...]) -> Iterator[str]:
    for name, value in zip(columns, row, strict=True):
        yield f'<data key="{side}_{name}">{escape(_clean(value))}</data>'


def _values(columns: Columns, row: tuple[Any, ...]) -> str:
    told = (f'<attvalue for="{name}" value={_quoted(value)}/>' for name, value in zip(columns, row, strict=True))
    return f"<attvalues>{''.join(told)}</attvalues>"


def _quoted(value: Any) -> str:
    return quoteattr(_clean(value))


def _clean(value: Any) -> str:
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", str(value))
