"""What every source must do. Inherit, and give the fixtures ``source`` and ``changed``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import narwhals.stable.v2 as nw
import pytest

from coterie.engines import local
from coterie.sources import RawTable
from coterie.terms import ROW


class SourceContract:
    """Inherited by the tests of each source."""

    @pytest.fixture
    def source(self, tmp_path: Path) -> Any:
        """A source with at least one row; its files, if it has some, stand in ``tmp_path``."""
        raise NotImplementedError

    @pytest.fixture
    def changed(self, source: Any, tmp_path: Path) -> Any:
        """A source of the same location (or nearly so) whose rows differ from those ``source`` had when scanned."""
        raise NotImplementedError

    def rows(self, raw: RawTable) -> list[tuple[Any, ...]]:
        return sorted(local.collect(raw.frame).rows(), key=repr)

    def test_a_scan_is_lazy(self, source):
        assert isinstance(source.scan().frame, nw.LazyFrame)

    def test_a_scan_can_be_repeated(self, source):
        first, second = source.scan(), source.scan()
        assert self.rows(first) == self.rows(second) == self.rows(first)
        assert self.rows(first)
        assert first.frame.collect_schema() == second.frame.collect_schema()

    def test_the_rows_have_the_types_that_the_scan_said(self, source):
        frame = source.scan().frame
        said = frame.collect_schema()
        assert nw.from_native(local.collect(frame)).schema == said

    def test_equal_content_has_an_equal_fingerprint(self, source):
        assert source.scan().fingerprint == source.scan().fingerprint

    def test_other_content_has_another_fingerprint(self, source, request):
        before = source.scan()
        rows_before = self.rows(before)
        changed = request.getfixturevalue("changed").scan()
        assert self.rows(changed) != rows_before
        assert changed.fingerprint != before.fingerprint

    def test_row_numbers_are_unique_and_start_at_one(self, source):
        frame = local.collect(source.scan().frame)
        if ROW in frame.columns:
            keys = [column for column in frame.columns if column in {ROW, "_file"}]
            assert frame.select(keys).is_unique().all()
            assert frame[ROW].min() == 1
            assert source.scan().frame.collect_schema()[ROW] == nw.Int64

    def test_reading_changes_no_file(self, source, tmp_path):
        def state():
            return {
                path: (path.read_bytes(), path.stat().st_mtime_ns) for path in tmp_path.rglob("*") if path.is_file()
            }

        before = state()
        self.rows(source.scan())
        assert state() == before
