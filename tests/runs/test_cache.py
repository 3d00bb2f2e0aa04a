"""Keys of the cache."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError

from coterie.runs import cache


def test_another_version_of_an_optional_library_makes_other_keys(monkeypatch):
    def found(installed: str | None) -> str:
        def version(name: str) -> str:
            if name == "torch" and installed is None:
                raise PackageNotFoundError(name)
            return installed if name == "torch" and installed else "1"

        monkeypatch.setattr(cache, "version", version)
        return cache.code_digest.__wrapped__()

    assert len({found(None), found("2.1"), found("2.2")}) == 3
