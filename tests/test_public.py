"""The package's public names."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

import coterie


def test_every_public_name_is_there():
    for name in coterie.__all__:
        assert getattr(coterie, name) is not None
    assert {"Config", "Run", "init", "load_config", "open_run", "run", "score"} <= set(coterie.__all__)


def test_public_names_are_sorted_and_listed():
    assert coterie.__all__ == sorted(coterie.__all__)
    assert dir(coterie) == coterie.__all__


def test_a_name_that_there_is_not_is_an_attribute_error():
    with pytest.raises(AttributeError, match=r"^module 'coterie' has no attribute 'rnu'$"):
        _ = coterie.rnu
    with pytest.raises(ImportError, match="rnu"):
        from coterie import rnu  # noqa: F401


def test_the_version_is_one():
    assert re.fullmatch(r"\d+\.\d+\.\d+", coterie.__version__)


def test_a_run_by_kmeans_loads_no_scikit_learn():
    """Nor SciPy's statistics: each takes a second, and a run needs one only for methods that are made of it."""
    parts = ("runs.runner", "clustering.centroid", "embedding.svd", "features.interactions")
    loaded = "print({'sklearn', 'scipy.stats'} & {*sys.modules})"
    asked = f"import sys, {', '.join(f'coterie.{part}' for part in parts)}; {loaded}"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
