"""Fixtures that several parts share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# A shared machine is slow at times; no test asserts on time, and neither do its examples.
settings.register_profile("coterie", deadline=None)
settings.load_profile("coterie")

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


def shared_data(name: str) -> Path:
    """Give a folder of real data beside the checkout, or skip with the reason; under CI its absence is a failure."""
    folder = SHARED_DATA / name
    if folder.is_dir():
        return folder
    reason = f"real data is not beside the checkout: ../shared/data/{name}"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def ml_100k() -> Path:
    """The folder of the original MovieLens 100K files."""
    return shared_data("ml-100k")


@pytest.fixture(scope="session")
def survey_data() -> Path:
    """The folder of the Young People Survey."""
    return shared_data("survey")


@pytest.fixture(scope="session")
def characters_data() -> Path:
    """The folder of the characters' ratings."""
    return shared_data("characters")


@pytest.fixture(scope="session")
def sample_run(tmp_path_factory):
    """A finished run of a small sample, to look at but not to change."""
    import coterie
    from tests.projects import quick_sample

    return coterie.run(quick_sample(tmp_path_factory.mktemp("sample"), with_truth=True))
