"""From a location to its source."""

from __future__ import annotations

import pytest

from coterie import plugins
from coterie.config import Table
from coterie.errors import ConfigError, SourceError
from coterie.sources import open_source
from coterie.sources.files import FileSource


def config(source: str) -> Table:
    return Table(role="items", item="a", source=source)


@pytest.mark.parametrize("location", ["a.csv", "data/*.csv", "/data", "./a:b.csv", "C:\\data\\a.csv", "${DATA}/a.csv"])
def test_paths_are_files(tmp_path, location):
    assert isinstance(open_source(config(location), tmp_path), FileSource)


def test_a_sample_is_not_a_file(tmp_path):
    assert type(open_source(config("synthetic://ratings"), tmp_path)).__name__ == "SyntheticSource"


def test_a_scheme_that_nobody_reads(tmp_path):
    with pytest.raises(ConfigError) as error:
        open_source(config("oracle://reader:secret@host/db"), tmp_path)
    assert str(error.value) == (
        "no source reads the location 'oracle://reader:***@host/db'; known sources are file, sql, synthetic; "
        "a path whose name has a colon is written './name'"
    )


def test_a_location_that_two_read(tmp_path, monkeypatch):
    monkeypatch.setattr(plugins, "names", lambda group: ("file", "other"))
    monkeypatch.setattr(plugins, "find", lambda group, name: FileSource)
    with pytest.raises(ConfigError, match=r"the location 'a.csv' is read by several sources: file, other; remove one"):
        open_source(config("a.csv"), tmp_path)


def test_a_home_that_is_not_known_is_said(tmp_path):
    table = Table(role="users", source="~nobody-of-that-name/people.csv", user="user_id")
    with pytest.raises(SourceError, match="in the home of a user that is not known here"):
        open_source(table, tmp_path).scan()
