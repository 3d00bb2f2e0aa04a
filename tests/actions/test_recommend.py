"""Lists for users, segments and everybody, and items like one, of a finished run."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import coterie
from coterie.errors import ConfigError, DataError, StoreError, UnknownNameError
from coterie.runs.recommending import ground_of, ready
from tests.projects import quick_sample


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return coterie.run(quick_sample(tmp_path_factory.mktemp("recommended")), threads=1)


@pytest.fixture(scope="module")
def ratings(run):
    return pl.read_csv(run.folder.parent.parent / "ratings.csv", infer_schema=False)


def listed(found):
    return [item.item for item in found.items]


def of(ratings, user):
    return set(ratings.filter(pl.col("user_id") == user)["item_id"].to_list())


@pytest.mark.parametrize("by", ["ease", "itemitem"])
def test_a_list_has_titles_and_reasons_among_the_users_own_items(run, ratings, by):
    found = coterie.recommend(run, "1", n=5, by=by)
    assert [item.rank for item in found.items] == [1, 2, 3, 4, 5]
    assert not set(listed(found)) & of(ratings, "1")
    for item in found.items:
        assert item.title != item.item
        assert item.why
        assert {why.item for why in item.why} <= of(ratings, "1")
        assert 0 < sum(why.share for why in item.why) <= 1 + 1e-6
    assert found.segment in {None, *(segment.id for segment in run.segments)}


def test_seen_items_come_back_where_they_are_asked_for(run, ratings):
    found = coterie.recommend(run, "1", n=200, by="popularity", with_seen=True)
    assert of(ratings, "1") & set(listed(found))


def test_only_what_is_available_is_recommended(run):
    some = listed(coterie.recommend(run, "1", n=6))
    found = coterie.recommend(run, "1", n=6, available=[some[4], some[1], "nothing"])
    assert listed(found) == [some[1], some[4]]
    title = coterie.recommend(run, "1", n=1).items[0].title
    one = coterie.recommend(run, "1", where=f"title == {title!r}")
    assert listed(one)[:1] == some[:1]
    with pytest.raises(DataError, match="items that somebody took up is available; name others"):
        coterie.recommend(run, "1", available=["nothing"])
    with pytest.raises(ConfigError, match="'--where' names the column 'tittle', which no items table has; did you"):
        coterie.recommend(run, "1", where="tittle == 'x'")


def test_a_segments_list_shows_nothing_that_few_like(run):
    first = run.segments[0]
    found = coterie.recommend_to_segment(run, first.id, n=500)
    least = run.config.segments.min_cell
    assert found.items
    assert all(item.share * first.size >= least - 1e-9 for item in found.items)
    assert (found.kind, found.by, found.known) == ("segment", "segment", None)


def test_like_items_are_never_the_item_itself_and_are_taken_up_together_often_enough(run):
    at = listed(coterie.recommend(run, "1", n=1, by="popularity"))[0]
    found = coterie.recommend_like(run, at, n=500)
    assert at not in listed(found)
    cells = ground_of(run).tastes.cells.toarray() > 0
    items = ground_of(run).catalogue.items.tolist()
    own = cells[:, items.index(at)]
    assert all((own & cells[:, items.index(one)]).sum() >= run.config.segments.min_cell for one in listed(found))
    with pytest.raises(ConfigError, match="'popularity' knows no likeness of items"):
        coterie.recommend_like(run, at, by="popularity")


def test_an_unseen_copy_of_a_user_gets_the_same_list(run, ratings, tmp_path):
    mine = ratings.filter(pl.col("user_id") == "2").unique(["item_id"], keep="last")
    other = ratings.filter(pl.col("user_id") == "3").with_columns(user_id=pl.lit("zz"))
    pl.concat([other, mine.with_columns(user_id=pl.lit("newcomer"))]).write_csv(tmp_path / "new.csv")
    events = coterie.read_events(run, tmp_path / "new.csv")
    known, new = coterie.recommend(run, "2", n=5), coterie.recommend(run, "newcomer", n=5, events=events)
    overlap = set(listed(known)) & set(listed(new))
    assert len(overlap) >= 3  # the run's own events are cleaned and their duplicates settled, a file's are not
    assert new.segment is None
    with pytest.raises(UnknownNameError, match="unknown user 'newcome'; did you mean 'newcomer'"):
        coterie.recommend(run, "newcome", events=events)


def test_of_whom_nothing_is_known_gets_what_is_popular(run, ratings, tmp_path):
    ratings.head(1).with_columns(user_id=pl.lit("new"), item_id=pl.lit("unheard of")).write_csv(tmp_path / "new.csv")
    found = coterie.recommend(run, "new", events=coterie.read_events(run, tmp_path / "new.csv"))
    assert (found.by, found.known) == ("popularity", 0)
    assert found.note.startswith("nothing that 'new' likes is known to 'ease'")


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_table_for_everybody_says_what_each_alone_is_told(run, tmp_path, ending):
    calls = []
    written = coterie.recommend_all(run, tmp_path / f"all.{ending}", n=4, told=lambda *done: calls.append(done))
    read = pl.read_csv if ending == "csv" else pl.read_parquet
    table = read(written.path).cast({"item_id": pl.String, "user_id": pl.String})
    assert (table.height, calls[-1][0]) == (written.rows, written.n)
    for user in ("1", "2", "17"):
        rows = table.filter(pl.col("user_id") == user).sort("rank")
        assert rows["item_id"].to_list() == listed(coterie.recommend(run, user, n=4))


def test_a_table_for_one_segment_has_its_users_alone(run, tmp_path):
    segment = run.segments[-1]
    coterie.recommend_all(run, tmp_path / "some.parquet", n=1, segment=segment.id)
    told = set(pl.read_parquet(tmp_path / "some.parquet")["user_id"])
    assert told == set(run.assignments().filter(pl.col("segment_id") == segment.id)["user_id"])


def test_titles_cannot_run_in_a_spreadsheet(run, tmp_path, monkeypatch):
    from coterie.runs.recommending import Ground

    monkeypatch.setattr(Ground, "titles", property(lambda ground: ("=1+1",) * len(ground.catalogue.items)))
    coterie.recommend_all(run, tmp_path / "all.csv", n=1)
    assert ",'=1+1," in (tmp_path / "all.csv").read_text()


def test_a_recommender_is_fitted_once_and_read_back_equal(run, monkeypatch):
    ground = ground_of(run)
    before = ready(ground, "ease", {"penalty": 7.0})
    monkeypatch.setattr("coterie.runs.recommending.choose", None)
    again = ready(ground_of(run), "ease", {"penalty": 7.0})
    assert before.fitted.scores(ground.tastes).tobytes() == again.fitted.scores(ground.tastes).tobytes()
    assert again.settings.options == {"penalty": 7.0}


def test_a_damaged_recommender_is_fitted_again(run):
    ground = ground_of(run)
    whole = ready(ground, "itemitem", {"neighbours": 7, "shrinkage": 1.0}).fitted.scores(ground.tastes)
    for file in (run.folder.parent.parent / ".coterie" / "cache" / "recommenders").glob("*/recommender.npz"):
        file.write_bytes(b"damaged")
    again = ready(ground, "itemitem", {"neighbours": 7, "shrinkage": 1.0}).fitted.scores(ground.tastes)
    np.testing.assert_array_equal(whole, again)


def test_each_mistake_is_named(run, tmp_path):
    with pytest.raises(UnknownNameError, match="unknown user 'x1'"):
        coterie.recommend(run, "x1")
    with pytest.raises(UnknownNameError, match="unknown segment 's-99'"):
        coterie.recommend_to_segment(run, "s-99")
    with pytest.raises(UnknownNameError, match="unknown item 'x1'"):
        coterie.recommend_like(run, "x1")
    with pytest.raises(ConfigError, match="'n' is 0; expected a whole number >= 1"):
        coterie.recommend(run, "1", n=0)
    with pytest.raises(ConfigError, match=r"ends in '.txt'; expected .parquet or .csv"):
        coterie.recommend_all(run, tmp_path / "all.txt")
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="choose another --out"):
        coterie.recommend_all(run, tmp_path / "file" / "all.csv")


def test_a_table_has_the_same_bytes_for_any_number_of_threads_and_size_of_block(run, tmp_path, monkeypatch):
    from coterie.activation.recommending import tastes

    found = []
    for threads, cells in (("1", tastes.BLOCK_CELLS), ("2", 1_000), ("2", 7_000)):
        monkeypatch.setenv("COTERIE_THREADS", threads)
        monkeypatch.setattr(tastes, "BLOCK_CELLS", cells)
        coterie.recommend_all(run, tmp_path / "all.csv", n=3)
        found.append((tmp_path / "all.csv").read_bytes())
    assert found[0] == found[1] == found[2]


def test_whom_is_forgotten_leaves_lists_below_the_project_and_the_cache(run, tmp_path):
    project = Path(shutil.copytree(run.folder.parent.parent, tmp_path / "project"))
    before = coterie.open_run(project)
    coterie.recommend_all(before, project / "lists" / "all.csv", n=2)
    told = pl.read_csv(project / "lists" / "all.csv", infer_schema=False)
    found = coterie.forget(project, ["17"])
    assert any("all.csv" in file for file in found.files)
    left = pl.read_csv(project / "lists" / "all.csv", infer_schema=False)
    assert left.equals(told.filter(pl.col("user_id") != "17"))
    with pytest.raises(UnknownNameError, match="unknown user '17'"):
        coterie.recommend(coterie.open_run(project), "17")
