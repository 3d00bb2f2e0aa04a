"""A folder takes another's place."""

from __future__ import annotations

import pytest

from coterie.stores import swapping
from coterie.stores.swapping import put_in_place, restored


@pytest.mark.parametrize("exchanges", [True, False])
def test_the_new_one_stands_where_the_old_one_was(tmp_path, monkeypatch, exchanges):
    if not exchanges:
        monkeypatch.setattr(swapping, "_exchanged", lambda one, other: False)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "old").touch()
    (tmp_path / ".unfinished-1-run").mkdir()
    (tmp_path / ".unfinished-1-run" / "new").touch()
    put_in_place(tmp_path / ".unfinished-1-run", tmp_path / "run")
    assert [p.name for p in tmp_path.iterdir()] == ["run"]
    assert [p.name for p in (tmp_path / "run").iterdir()] == ["new"]


def test_what_was_left_aside_is_put_back_unless_the_new_one_is_there(tmp_path):
    for name in (".aside-a", ".aside-b", "b"):
        (tmp_path / name).mkdir()
    restored(tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "b"]
