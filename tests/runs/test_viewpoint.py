"""Whole runs that segment items and tags of the built-in sample, and score new ones."""

from __future__ import annotations

import re

import polars as pl
import pytest

from coterie import project
from coterie.engines import local
from coterie.errors import ConfigError, DataError
from coterie.runs import tables_on_disk
from coterie.terms import OF_USERS
from tests.projects import quick_sample
from tests.report.html import Page


@pytest.fixture(scope="module")
def items(tmp_path_factory):
    folder = tmp_path_factory.mktemp("items")
    return project.run(_config(folder, "items"), threads=1)


@pytest.fixture(scope="module")
def tags(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tags")
    return project.run(_config(folder, "titles.tags"), threads=1)


def _config(folder, entity):
    config = quick_sample(folder)
    text = config.read_text().replace("[project]\n", f'[project]\nentity = "{entity}"\n', 1)
    config.write_text(text)
    return config


def _titles(run):
    return set(local.collect(run.tables()["titles"].frame)["title"])


def test_items_are_segmented_by_who_takes_them_up(items):
    manifest = items.manifest
    assert (manifest.entity.many, manifest.counterpart.many) == ("titles", "users")
    assert manifest.agreement.share == 1
    ids = set(items.assignments()["user_id"])
    assert ids <= set(local.collect(items.tables()["titles"].frame)["user_id"])
    assert manifest.n_users == len(ids)


def test_exemplars_of_items_are_titles(items):
    exemplars = {name for profile in items.profiles for name in profile.exemplars}
    assert exemplars
    assert exemplars <= _titles(items)


def test_items_are_described_by_their_own_tags_and_by_categories_of_their_users(items):
    kinds = {(mark.kind, mark.column, mark.use) for profile in items.profiles for mark in profile.marks}
    assert ("category", "tag", "descriptor") in kinds
    tags = {mark.label for profile in items.profiles for mark in profile.marks if mark.kind == "tag"}
    assert all(label.split()[0] in {"gender", "occupation", "state"} for label in tags)


def test_the_report_speaks_of_titles_and_names_no_user(items):
    page = Page(items.report.read_text(encoding="utf-8"))
    text = " ".join("".join(part.text) for part in page.elements if part.tag not in {"script", "style"})
    assert f"{items.manifest.n_users:,}\u00a0titles fall into" in text or "titles were cut into" in text
    assert re.findall(r".{0,60}\bperson\b.{0,20}", text) == []
    assert "Most frequent items" not in text
    assert not any("users were drawn" in answer.detail.lower() for answer in items.decision.answers)


def test_tags_are_segmented_or_refused_with_their_number(tags):
    assert tags.manifest.entity.many == "tags"
    assert tags.manifest.agreement.share == 1
    found = set(tags.assignments()["user_id"])
    assert found == {name for profile in tags.profiles for name in profile.exemplars} | found
    assert any("tags are too few" in warning for warning in tags.decision.warnings)


def test_items_given_as_new_ones_get_the_segment_of_the_fit(items, tmp_path):
    known = items.assignments()
    events = local.collect(items.tables()["ratings"].frame)
    some = known["user_id"].head(3).to_list()
    file = tmp_path / "new.csv"
    columns = {"item_id": "user_id", "user_id": "item_id", "rating": "value"}
    taken = events.filter(pl.col("user_id").is_in(some))
    rows = {new: taken[old] for new, old in columns.items()}
    if "time_s" in taken.columns:
        rows["timestamp"] = taken["time_s"].cast(pl.Int64)
    pl.DataFrame(rows).write_csv(file)
    scored = project.score(items, file).frame
    expected = known.filter(pl.col("user_id").is_in(some)).select("user_id", "segment_id")
    assert scored.select("user_id", "segment_id").rows() == expected.rows()


def test_scoring_tags_finds_the_tags_of_items_in_the_run(tags, tmp_path):
    ratings = local.collect(tables_on_disk.load(tags.folder, OF_USERS).tables["ratings"].frame)
    rows = {"user_id": ratings["user_id"], "item_id": ratings["item_id"], "rating": ratings["value"]}
    if "time_s" in ratings.columns:
        rows["timestamp"] = ratings["time_s"].cast(pl.Int64)
    file = tmp_path / "again.csv"
    pl.DataFrame(rows).write_csv(file)
    scored = project.score(tags, file).frame
    assert scored.select("user_id", "segment_id").rows() == tags.assignments().select("user_id", "segment_id").rows()


def test_nothing_to_score_is_said_in_the_words_of_the_entity(items, tags):
    with pytest.raises(ConfigError, match=r"give a file of events, of items \(--items\), or both"):
        project.score(items)
    with pytest.raises(ConfigError, match=r"nothing to score: give a file of events$"):
        project.score(tags)


def test_too_few_items_are_counted_by_their_name(tmp_path):
    config = _config(tmp_path, "items")
    text = config.read_text().replace("min_users_per_item = 5", "min_users_per_item = 180")
    config.write_text(text.replace("min_events_per_user = 5", "min_events_per_user = 1"))
    with pytest.raises(DataError, match=r"\d titles are left to segment; at least 10 are needed"):
        project.run(config, threads=1)


def test_an_entity_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"'project.entity' is 'film.tags'; .* 'users', 'items', 'titles.tags'"):
        project.run(_config(tmp_path, "film.tags"))
