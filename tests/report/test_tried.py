from __future__ import annotations

from dataclasses import replace

from coterie.report.page import render
from coterie.report.tried import FELL_OUT, LeftOutRow, RecipeRow, tried
from coterie.selection.types import LeftOut, RecipeTried
from tests.report import samples
from tests.report.html import Page
from tests.selection.candidates import candidate, decided, explained

RECIPES = (
    RecipeTried("dims 8", {"embedding.dims": 8}, measured=True, coarse_score=1.48, coarse_stability=0.81),
    RecipeTried("dims 16", {"embedding.dims": 16}, measured=True, coarse_score=1.39, coarse_stability=0.7),
    RecipeTried("dims 4", {"embedding.dims": 4}, measured=False, coarse_score=1.1, coarse_stability=0.9),
    RecipeTried("drop 99", {"embedding.drop_leading": 99}, measured=False, failure="the matrix is too small"),
)
SHEET = (
    candidate(3, 1.7, recipe="dims 8"),
    candidate(3, 1.2, recipe="dims 16"),
    candidate(4, 1.4, recipe="dims 16"),
    candidate(5, 1.9, recipe="dims 16", jaccard=(0.3,) * 5),
)
LEFT_OUT = (LeftOut("dims 8", "dbscan", {"eps": 0.25}, "found one cluster; 12% of users are noise"),)


def test_each_recipe_has_its_best_and_its_outcome():
    found = tried(decided(*SHEET, recipes=RECIPES, left_out=LEFT_OUT))
    assert found.measure == "lift"
    assert found.recipes == (
        RecipeRow("dims 8", "1.48 (0.81)", "measured in full", "1.70, k = 3", "0.90", is_chosen=True),
        RecipeRow("dims 16", "1.39 (0.70)", "measured in full", "1.40, k = 4", "0.90", is_chosen=False),
        RecipeRow("dims 4", "1.10 (0.90)", FELL_OUT, "–", "–", is_chosen=False),
        RecipeRow("drop 99", "–", "the matrix is too small", "–", "–", is_chosen=False),
    )
    assert found.left_out == (LeftOutRow("dims 8", "dbscan (eps 0.25)", LEFT_OUT[0].reason),)


def test_one_recipe_needs_no_table():
    found = tried(decided(candidate(3), recipes=(RecipeTried("", {}, measured=True),), left_out=LEFT_OUT[:0]))
    assert (found.recipes, found.left_out) == ((), ())


def test_shares_are_written_as_shares():
    rows = (candidate(3, None, recipe="dims 8", explained=explained(0.125)),)
    found = tried(decided(*rows, recipes=RECIPES))
    assert (found.measure, found.recipes[0].best) == ("explained variance", "12.5%, k = 3")
    alone = tried(decided(candidate(3, None, recipe="dims 8"), recipes=RECIPES))
    assert (alone.measure, alone.recipes[0].best) == ("silhouette", "0.10, k = 3")


def test_the_page_shows_both_tables_and_escapes_names():
    told = decided(*SHEET, recipes=RECIPES, left_out=LEFT_OUT)
    hostile = replace(RECIPES[2], name=samples.HOSTILE)
    whole = replace(
        samples.contents(), decision=replace(told, chosen=0, recipes=(*RECIPES[:2], hostile), candidates=SHEET)
    )
    source = render(whole)
    page = Page(source)
    assert not page.faults
    assert "Recipes tried" in source
    assert "Gave nothing to choose from" in source
    assert "dbscan (eps 0.25)" in source
    assert told.comparisons[0].split(":")[0].replace("'", "&#39;") in source
    assert "<script>alert" not in source


def test_the_page_of_one_recipe_has_neither():
    source = render(samples.bare())
    assert "Recipes tried" not in source
    assert "Gave nothing to choose from" not in source
