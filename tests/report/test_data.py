"""The section on the data: what is said first, what is folded, and what a run that kept nothing shows."""

from __future__ import annotations

from dataclasses import replace

from coterie.report import page
from coterie.report.data import data_section
from coterie.terms import Noun
from tests.report.html import Page
from tests.report.rendered import contents, parsed, source


def test_the_main_figures_are_there_at_once_and_the_others_folded():
    section = data_section(contents("whole"))
    ids = [figure.id for figure in section.figures]
    assert ids == ["fig-data-timeline", "fig-data-values", "fig-data-lorenz"]
    assert [figure.id for figure in section.more] == [
        "fig-data-long-tail", "fig-data-missing", "fig-data-associations",
    ]  # fmt: skip
    assert [table.table for table in section.columns] == ["people"]
    text = source("whole")
    data = text[text.index('<section id="data">') : text.index('<section id="choice">')]
    at_once = data[: data.index("<details")]
    assert all(f'id="{name}"' in at_once for name in ids)
    assert at_once.count('class="chart"') == 3


def test_it_is_said_in_plain_words_first():
    section = data_section(contents("whole"))
    main = contents("whole").exploration.main_events
    users, items = f"{main.events.users}\N{NO-BREAK SPACE}users", f"{main.events.items}\N{NO-BREAK SPACE}items"
    assert section.sentences[0].startswith(f"{users} have {main.rows}\N{NO-BREAK SPACE}events with {items}, from 19")
    assert "with most events has" in section.sentences[1]


def test_columns_that_carry_the_same_are_warned_of():
    section = data_section(contents("whole"))
    assert section.warnings == ("age and born of people carry the same thing (-1.00): use one of the two.",)
    assert section.warnings[0] in parsed("whole").text_of("p")


def test_tables_hold_what_the_record_holds():
    section = data_section(contents("whole"))
    events = next(row for row in section.cleaning if row.measure == "events")
    cleaned = contents("whole").exploration.cleaned("ratings")
    assert (events.before, events.after) == (f"{cleaned.before.events}", f"{cleaned.after.events}")
    assert [rule.rule for rule in section.rules] == ["min_events_per_user"]
    told = parsed("whole").text_of("td")
    for top in section.top_items:
        assert all(item.title in told for item in top.items)


def test_a_run_without_an_exploration_shows_the_rest():
    older = replace(contents("whole"), exploration=None)
    assert data_section(older) is None
    html = Page(page.render(older))
    assert html.faults == []
    assert not any(e.attributes.get("id", "").startswith("fig-data") for e in html.of_class("chart"))


def test_users_stay_users_where_films_are_segmented():
    whole = contents("whole")
    films = replace(
        whole, manifest=replace(whole.manifest, entity=Noun("film", "films"), counterpart=Noun("user", "users"))
    )
    assert data_section(films) == data_section(whole)
    text = page.render(films)
    data = text[text.index('<section id="data">') : text.index("Inputs, in a table")]
    assert "users and items are those that it left nothing of" in data
