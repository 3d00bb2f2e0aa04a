"""Columns that a config names and a file does not have."""

from __future__ import annotations

import pytest

from coterie.config import Table
from coterie.errors import FormatError
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
