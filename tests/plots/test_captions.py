"""Pictures that stand alone: a title, how to read them, the names of segments, the word for what is segmented."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from coterie import plots
from coterie.plots.catalogue import Shown, find_plot
from coterie.plots.theme import label
from coterie.terms import Noun
from tests.plots.classified import classification
from tests.plots.graphed import kept_graph
from tests.plots.test_evaluation import evaluations
from tests.report import samples


def shown(**changes) -> Shown:
    whole = samples.contents()
    judged = evaluations()
    shown = Shown(whole.decision, whole.segments, whole.profiles, whole.evidence, 0.75, evaluations=judged)
    shown = replace(shown, exploration=whole.exploration, user_map=whole.user_map, classification=classification())
    return replace(shown, **{"graph": kept_graph(), **changes})


def texts(chart, width: int) -> list[str]:
    """All that a reader of the picture can read, line by line."""
    return [html.unescape(text) for text in re.findall(r">([^<]+)<", plots.svg(chart, width=width))]


def strings(value) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from strings(part)


def title_of(chart) -> dict:
    return plots.spec(chart)["title"]


@pytest.mark.parametrize("plot", plots.ALL, ids=lambda plot: plot.name)
def test_every_picture_says_what_it_shows_and_names_its_segments(plot):
    chart = plot.picture(shown(), width=400)
    title = title_of(chart)
    assert " ".join(title["text"]) == plot.title
    said = " ".join(title["subtitle"]).replace("\N{NO-BREAK SPACE}", " ")
    assert plot.note
    assert said.startswith(plot.note)
    ids_alone = {"s-1", "'s-1'"} & set(re.split(r"[ ,;:]+", " ".join(strings(plots.spec(plot.draw(shown()))))))
    names = [label(segment) for segment in shown().segments]
    in_data = [name for name in names if name in set(strings(plots.spec(plot.draw(shown()))))]
    assert [name in said for name in names] == [bool(ids_alone) and not in_data] * len(names)
    assert {*title["text"], title["subtitle"][0]} <= set(texts(chart, 400))


def test_lines_are_broken_at_the_width():
    narrow, wide = (title_of(find_plot("gorge").picture(shown(), width=width)) for width in (250, 1500))
    assert len(narrow["subtitle"]) > len(wide["subtitle"]) == 2
    assert max(len(line) for line in narrow["subtitle"]) <= 40


def test_in_the_report_figures_have_their_title_on_the_page():
    assert "title" not in plots.spec(find_plot("gorge").draw(shown()))


def test_films_are_no_users():
    films = {"entity": Noun("film", "films"), "counterpart": Noun("user", "users")}
    tree = find_plot("dendrogram").picture(shown(**films), width=640)
    assert "films in each branch" in texts(tree, 640)
    assert "users" not in " ".join(texts(tree, 640))
    sizes = find_plot("sizes").picture(shown(**films), width=640)
    assert {"share of films", "Share of all films, and their number."} <= set(texts(sizes, 640))
    assert title_of(find_plot("stability").picture(shown(**films), width=640))["text"] == [
        "Stability when films are resampled"
    ]


def test_names_keep_their_words_where_films_are_told_of():
    first, *others = shown().segments
    films = {"entity": Noun("film", "films"), "counterpart": Noun("user", "users")}
    named = shown(segments=(replace(first, name="People users like"), *others), **films)
    chart = find_plot("sizes").picture(named, width=640)
    assert "s-1 People users like" in texts(chart, 640)
    assert "People users like" in plots.spec(chart)["description"]
    assert "by share of films" in plots.spec(chart)["description"]
