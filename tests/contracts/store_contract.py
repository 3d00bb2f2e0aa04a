"""What every store must do. Inherit, and give the ``store`` fixture."""

from __future__ import annotations

from typing import Any

import pytest

from coterie.errors import StoreError, UnknownNameError


class StoreContract:
    """Inherited by the tests of each store."""

    @pytest.fixture
    def store(self, tmp_path) -> Any:
        raise NotImplementedError

    def put(self, store, version: str, text: str = "whole") -> None:
        with store.begin(version) as folder:
            (folder / "file.txt").write_text(text)

    def test_a_new_store_is_empty(self, store):
        assert store.versions() == ()
        assert store.latest() is None

    def test_a_version_appears_only_when_it_is_whole(self, store):
        with store.begin("a") as folder:
            (folder / "file.txt").write_text("half")
            assert store.versions() == ()
        assert store.versions() == ("a",)
        assert (store.open("a") / "file.txt").read_text() == "half"

    def test_an_error_leaves_nothing(self, store):
        self.put(store, "a")
        with pytest.raises(RuntimeError, match="broken"), store.begin("b") as folder:
            (folder / "file.txt").write_text("half")
            raise RuntimeError("broken")
        assert store.versions() == ("a",)
        assert not folder.exists()

    def test_the_newest_is_the_latest(self, store):
        for version in ("a", "b"):
            self.put(store, version)
        assert store.versions() == ("a", "b")
        assert store.latest() == "b"
        assert list(store) == ["a", "b"]

    def test_a_version_is_written_once(self, store):
        self.put(store, "a")
        with pytest.raises(StoreError, match="'a' exists"):
            self.put(store, "a", "again")
        assert (store.open("a") / "file.txt").read_text() == "whole"

    def test_an_unknown_version_offers_the_nearest(self, store):
        self.put(store, "run-1")
        with pytest.raises(UnknownNameError, match="did you mean 'run-1'"):
            store.open("run-2")

    def test_a_removed_version_is_gone(self, store):
        self.put(store, "a")
        store.remove("a")
        assert store.versions() == ()
        with pytest.raises(UnknownNameError):
            store.open("a")
