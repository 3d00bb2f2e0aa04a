from __future__ import annotations

import re
from dataclasses import replace
from functools import cache

from coterie.report import page
from coterie.report.persona import persona_card
from coterie.segments.evaluation import CRITERIA, Known, evaluate
from coterie.segments.persona import Hand, Subject, personas_of
from coterie.segments.persona.english import ENGLISH
from coterie.segments.persona.template import TemplateWriter
from tests.report.html import Page
from tests.report.rendered import contents


def with_personas(whole):
    subjects = [Subject(segment, whole.profile_of(segment.id)) for segment in whole.segments]
    known = Known(whole.segments, whole.profiles, tuple(1.0 + n for n, _ in enumerate(subjects)), None)
    return replace(
        whole,
        personas=personas_of(subjects, Hand(TemplateWriter(), ENGLISH)),
        evaluations=evaluate(known, dict.fromkeys(CRITERIA, 1.0)),
    )


@cache
def rendered(name):
    return page.render(with_personas(contents(name)))


def test_every_number_of_a_sentence_leads_to_its_row():
    html = Page(rendered("whole"))
    assert html.faults == []
    ids = [element.attributes["id"] for element in html.elements if "id" in element.attributes]
    assert len(ids) == len(set(ids))
    links = [e for e in html.all("a") if e.attributes["href"].startswith("#fact-")]
    assert {link.attributes["href"].removeprefix("#") for link in links} == {
        one for one in ids if one.startswith("fact-")
    }
    assert all(link.attributes["aria-label"] == f"Row {''.join(link.text)} of the numbers" for link in links)


def test_the_card_holds_the_sentences_and_the_rows():
    whole = with_personas(contents("whole"))
    text = rendered("whole")
    for persona in whole.personas:
        for claim in persona.claims:
            assert claim.text.replace("'", "&#39;").replace("&", "&amp;").replace("&amp;#39;", "&#39;") in text
    card = persona_card(whole.personas[0])
    assert [heading for heading, _ in card.parts][:2] == ["How many they are", "What they go for"]
    row = next(row for row in card.rows if row.what == "Action")
    assert (row.index, row.p, row.use) == ("215 (183 to 247)", "0.001", "describes")
    assert (row.number, row.users) == (2, "100")
    assert any(row.use == "tested" for row in card.rows)


def test_the_section_which_first_is_there_where_there_is_an_evaluation():
    assert 'id="first"' in rendered("whole")
    assert "fig-evaluation" in rendered("whole")
    assert 'id="first"' not in page.render(contents("bare"))


def test_a_bare_run_says_that_nothing_sets_its_groups_apart():
    text = re.sub(r"\s+", " ", rendered("bare"))
    assert text.count("Nothing sets this group apart beyond chance, so there is nothing to say of it.") == 2


def test_hostile_text_stays_text():
    html = rendered("hostile")
    assert "<script>alert" not in html
    assert "<img src=http" not in html
    assert Page(html).faults == []


def test_no_persona_no_card():
    assert persona_card(None) is None
