from __future__ import annotations

import re
from dataclasses import replace
from html import escape
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import vl_convert

from coterie.errors import StoreError
from coterie.plots.records import sample_map
from coterie.report import page
from coterie.selection.evidence import Given, gather
from coterie.terms import Noun
from tests.report import samples
from tests.report.html import Page
from tests.report.rendered import contents, parsed, source

MEBIBYTE = 2**20


@pytest.fixture(params=["whole", "bare", "hostile"])
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_elements_nest(name: str):
    assert parsed(name).faults == []
    assert source(name).startswith("<!DOCTYPE html>")


def test_ids_are_unique_and_every_link_has_its_target(name: str):
    ids = [element.attributes["id"] for element in parsed(name).elements if "id" in element.attributes]
    assert len(ids) == len(set(ids))
    links = [element.attributes["href"] for element in parsed(name).all("a")]
    assert links
    assert {link.removeprefix("#") for link in links} <= set(ids)


def test_headings_go_down_one_level_at_a_time(name: str):
    levels = [int(element.tag[1]) for element in parsed(name).all("h1", "h2", "h3", "h4", "h5", "h6")]
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_it_can_be_read_out(name: str):
    html = parsed(name)
    assert html.all("html")[0].attributes["lang"] == "en"
    assert html.of_class("skip")[0].attributes["href"] == "#content"
    assert len(html.all("caption")) == len(html.all("table")) > 0
    assert all("scope" in element.attributes for element in html.all("th"))
    assert all(spec["description"] for spec in html.specs())


def test_nothing_is_fetched(name: str):
    html = parsed(name)
    for element in html.elements:
        for key in ("src", "href", "action", "srcset", "data", "poster", "xlink:href", "formaction", "background"):
            assert element.attributes.get(key, "#").startswith("#"), (element.tag, key)
    assert html.all("link", "img", "iframe", "object", "embed", "base", "form") == []
    styles = html.text_of("style") + " ".join(element.attributes.get("style", "") for element in html.elements)
    assert not re.search(r"@import|url\(|expression\(", styles)
    policy = next(e for e in html.all("meta") if e.attributes.get("http-equiv") == "Content-Security-Policy")
    assert policy.attributes["content"].startswith("default-src 'none'")


def test_only_our_scripts_are_there(name: str):
    scripts = parsed(name).all("script")
    outlines = {"type": "application/topo+json", "id": "us-states"}
    assert [script for script in scripts if script.attributes not in ({}, {"type": "application/json"}, outlines)] == []
    assert sum(script.attributes == outlines for script in scripts) == (name != "bare")
    assert len([script for script in scripts if not script.attributes]) == 2
    assert not any(key.startswith("on") for element in parsed(name).elements for key in element.attributes)


def test_every_figure_can_be_drawn(name: str):
    specs = parsed(name).specs()
    assert len(specs) == len(parsed(name).of_class("chart")) > 0
    for spec in specs[:16]:
        assert vl_convert.vegalite_to_svg({**spec, "width": 300}).startswith("<svg")


def test_every_segment_is_there(name: str):
    cards = {element.attributes["id"]: "".join(element.text) for element in parsed(name).of_class("card")}
    for segment in contents(name).segments:
        text = cards[f"card-{segment.id}"]
        assert " ".join(segment.name.split())[:20] in " ".join(text.split())
        assert f"{segment.size:,}" in text


def test_page_one_answers_before_it_explains():
    text = source("whole")
    places = [text.index(f'id="{name}"') for name in ("answer", "groups", "map", "data", "choice", "cards", "appendix")]
    assert places == sorted(places)
    assert "Groups can be useful without being natural." in text.replace("\n", " ")
    answers = ["".join(element.text).split()[:3] for element in parsed("whole").of_class("answer")]
    assert answers == [["Is", "it", "reproducible?"], ["Does", "it", "pay?"], ["Can", "it", "be"]]


def test_hostile_text_is_escaped_everywhere():
    text = source("hostile")
    assert escape("<script>alert('x')").replace("&#x27;", "&#39;") in text
    assert "<script>alert" not in text
    assert "<img src=http" not in text
    assert "{{7*7}}" in text
    assert "\x00" not in text
    assert "\u2028" not in "".join("".join(e.text) for e in parsed("hostile").all("script") if e.attributes)


def test_a_segment_without_profile_gets_a_short_card():
    cards = Page(page.render(replace(contents("whole"), profiles=()))).of_class("card")
    assert len(cards) == 5
    assert all("Nothing sets this group apart beyond chance." in "".join(card.text) for card in cards)


def test_what_is_not_there_is_not_drawn():
    assert "fig-map" not in source("bare")
    assert "fig-lift" not in source("bare")
    assert "fig-heat" not in source("bare")
    assert "Nothing: every row passed every check." in source("bare")
    assert "Time and memory" not in source("bare")


def test_it_stays_small():
    assert len(source("whole").encode()) < 3 * MEBIBYTE


def test_a_report_of_160_000_people_stays_small_and_says_that_its_map_is_a_sample():
    whole, k, n = contents("whole"), 15, 160_000
    rng = np.random.default_rng(3)
    points, owner = rng.normal(size=(n, 8)).astype(np.float32), rng.integers(0, k, n)
    found = tuple(replace(s, size=int((owner == s.cluster).sum()), share=1 / k) for s in samples.segments(k))
    decision = samples.decision(k)
    labels = [
        owner.astype(np.int32) if c.k == k else rng.integers(0, c.k, n).astype(np.int32) for c in decision.candidates
    ]
    profiles = tuple(replace(whole.profiles[at % 5], segment_id=segment.id) for at, segment in enumerate(found))
    text = page.render(
        replace(
            whole,
            manifest=replace(whole.manifest, n_users=n),
            decision=decision,
            segments=found,
            profiles=profiles,
            user_map=sample_map(points, [f"s-{at + 1}" for at in owner], rng),
            evidence=gather(points, labels, decision.candidates, decision.chosen, rng=rng, given=Given()),
        )
    )
    assert len(text.encode()) < 5_000_000
    said = " ".join(Page(text).text_of("p").split()).replace("\N{NO-BREAK SPACE}", " ")
    assert "A random sample of 5,000 of 160,000 people is shown." in said


def test_fifteen_segments_are_all_there():
    assert len(parsed("fifteen").of_class("card")) == 15
    assert parsed("fifteen").faults == []


def test_it_is_written_whole(tmp_path: Path):
    page.write_report(tmp_path / "report.html", contents("bare"))
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == source("bare")


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path):
    with pytest.raises(StoreError, match=r"cannot write '.*report.html': No such file or directory; free"):
        page.write_report(tmp_path / "none" / "report.html", contents("bare"))


def test_films_are_called_films_in_the_verdict_and_under_the_tests():
    bare = contents("bare")
    films = replace(bare.manifest, entity=Noun("film", "films"), counterpart=Noun("user", "users"))
    decision = replace(bare.decision, grade="constructive")
    verdict = Page(page.render(replace(bare, manifest=films, decision=decision))).text_of("p")
    assert "the groups tell something of films beyond the answers they were formed on" in verdict
    whole = replace(contents("whole"), manifest=replace(contents("whole").manifest, entity=films.entity))
    assert "Stability when films are resampled" in page.render(whole)
