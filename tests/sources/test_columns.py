"""Columns that a config names and a file does not have."""

from __future__ import annotations

import polars as pl
import pytest

from coterie.config import Table
from coterie.errors import ConfigError, FormatError
from coterie.sources import named_columns, open_source, require_columns

EVENTS = {"role": "events", "source": "a.csv", "user": "user_id", "item": "item_id", "time": "at"}


def require(folder, header: str, **settings):
    (folder / "a.csv").write_text(f"{header}\n")
    config = Table.model_validate({**EVENTS, **settings})
    require_columns(open_source(config, folder).scan(), config, "ratings")


def test_all_columns_are_there(tmp_path):
    require(tmp_path, "at,item_id,user_id,more")


def test_a_column_that_is_not_there_offers_the_nearest(tmp_path):
    with pytest.raises(FormatError) as error:
        require(tmp_path, "usr_id,item_id,at")
    assert str(error.value) == (
        "tables.ratings.user names 'user_id', which is not a column of 'a.csv'; did you mean 'usr_id'?"
    )


@pytest.mark.parametrize(("separator", "written"), [(";", '";"'), ("\t", '"\\t"'), ("|", '"|"')])
def test_a_wrong_separator_is_recognised(tmp_path, separator, written):
    with pytest.raises(FormatError) as error:
        require(tmp_path, separator.join(["user_id", "item_id", "at"]), format={"separator": ","})
    assert str(error.value).endswith(f"names 'user_id'; it looks like format.separator = {written}")


def test_every_kind_of_column_is_required():
    config = Table.model_validate(
        {"role": "items", "source": "a", "item": "i", "title": "t", "tags": {"columns": ["x", "y"]}}
        | {"attributes": {"n": "number"}}
    )
    assert list(named_columns(config)) == [
        ("item", "i"),
        ("title", "t"),
        ("tags", "x"),
        ("tags", "y"),
        ("attributes", "n"),
    ]
    assert ("tags", "g") in named_columns(config.model_copy(update={"tags": config.tags.__class__(column="g")}))
    assert list(named_columns(Table.model_validate(EVENTS))) == [
        ("user", "user_id"),
        ("item", "item_id"),
        ("time", "at"),
    ]


PEOPLE = {"role": "users", "source": "a.csv", "user": "_row"}


def require_rows(folder, **settings):
    config = Table.model_validate(PEOPLE | settings)
    require_columns(open_source(config, folder).scan(), config, "people")


def test_the_number_of_the_row_is_an_id_where_asked_for(tmp_path):
    (tmp_path / "a.csv").write_text("age\n20\n")
    (tmp_path / "a.jsonl").write_text('{"age": 20}\n')
    require_rows(tmp_path)
    require_rows(tmp_path, source="a.jsonl")
    require_rows(tmp_path, role="items", user=None, item="_row")


def test_rows_of_many_files_or_of_files_without_lines_are_no_ids(tmp_path):
    (tmp_path / "many").mkdir()
    for name in ("a.csv", "b.csv"):
        (tmp_path / "many" / name).write_text("age\n20\n")
    with pytest.raises(FormatError) as error:
        require_rows(tmp_path, source="many")
    assert str(error.value) == (
        "'tables.people.user' is '_row', but 'many' is many files, and each counts its own rows; put them into one "
        "file, or give them a column of ids"
    )
    pl.DataFrame({"age": [20]}).write_parquet(tmp_path / "a.parquet")
    with pytest.raises(FormatError) as error:
        require_rows(tmp_path, source="a.parquet")
    assert str(error.value) == (
        "'tables.people.user' is '_row', but the rows of 'a.parquet' are not numbered; expected one file of CSV or "
        "JSON lines: write it as such, or give it a column of ids"
    )


@pytest.mark.parametrize("changed", [{"user": "_row"}, {"item": "_row"}, {"value": "_row"}])
def test_the_number_of_the_row_is_the_id_of_users_or_items_and_nothing_else(tmp_path, changed):
    key = next(iter(changed))
    with pytest.raises(ConfigError) as error:
        require(tmp_path, "user_id,item_id,at", **changed)
    assert str(error.value) == (
        f"'tables.ratings.{key}' is '_row', the number of the row, which can only be the id of a table of users or "
        "items; name a column of the source"
    )
    (tmp_path / "b.csv").write_text("i\n1\n")
    items = Table.model_validate({"role": "items", "source": "b.csv", "item": "i", "title": "_row"})
    with pytest.raises(ConfigError, match=r"^'tables\.films\.title' is '_row', the number of the row"):
        require_columns(open_source(items, tmp_path).scan(), items, "films")
