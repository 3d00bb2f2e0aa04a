"""The map by UMAP: an optional package, for looking alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from coterie import plots
from coterie.cli.app import app
from coterie.errors import MissingExtraError
from coterie.plots.records import NEIGHBOURS, require_projection, sample_map
from coterie.report.page import render
from tests.plots import umap_stub
from tests.plots.charts import find
from tests.projects import quick_sample
from tests.report import samples
from tests.report.html import Page

INSTALL = r"'umap' is not installed; install it with: pip install 'coterie\[umap\]'"


def points(n: int, d: int = 4) -> np.ndarray:
    return np.random.default_rng(1).normal(size=(n, d))


def mapped(n: int, d: int = 4, **options):
    return sample_map(points(n, d), ["s-1"] * n, np.random.default_rng(3), projection="umap", **options)


def test_the_places_are_those_that_umap_gives(monkeypatch):
    asked = umap_stub.install(monkeypatch)
    found = mapped(40)
    assert found.x == pytest.approx(10 - points(40)[:, 0], rel=1e-6)
    assert (found.projection, found.explained, found.n_total, found.sampled) == ("umap", None, 40, False)
    assert asked[0]["n_neighbors"] == NEIGHBOURS
    again = mapped(40)
    assert asked[1] == asked[0]  # the same seed, from a stream that begins where it did
    assert np.array_equal(found.x, again.x)


def test_only_the_points_shown_are_laid_out(monkeypatch):
    asked = umap_stub.install(monkeypatch)
    found = mapped(40, limit=12)
    assert asked[0]["shape"] == (12, 4)
    assert asked[0]["n_neighbors"] == 11
    assert (len(found.x), found.n_total, found.sampled) == (12, 40, True)
    assert set(found.x) <= set((10 - points(40)[:, 0]).astype(np.float32).astype(float))


@pytest.mark.parametrize("n", [0, 1, 3])
def test_too_few_to_have_neighbours_lie_on_one_place(monkeypatch, n):
    asked = umap_stub.install(monkeypatch)
    assert not mapped(n).x.any()
    assert asked == []


def test_one_dimension_starts_at_random(monkeypatch):
    asked = umap_stub.install(monkeypatch)
    mapped(9, 1)
    mapped(9, 2)
    assert [one["init"] for one in asked] == ["random", "pca"]


def test_without_the_package_the_install_line_is_said(monkeypatch):
    umap_stub.remove(monkeypatch)
    require_projection("pca")
    with pytest.raises(MissingExtraError, match=INSTALL):
        require_projection("umap")
    with pytest.raises(MissingExtraError, match=INSTALL):
        mapped(9)


def test_the_chart_and_the_page_say_which_projection_it_is(monkeypatch):
    umap_stub.install(monkeypatch)
    segments = samples.segments(1)
    chart = plots.user_map(mapped(9), segments)
    layer, _ = find(chart, "point")
    assert layer["encoding"]["x"]["title"] == "first axis of UMAP (no unit)"
    assert plots.spec(chart)["description"].startswith("Map of users: 9 users of 1 segment laid out by UMAP. ")
    source = render(replace(samples.bare(), user_map=mapped(9)))
    assert not Page(source).faults
    assert "laid out by UMAP" in source
    assert "mean little" in source
    assert "laid out by UMAP" not in render(replace(samples.bare(), user_map=samples.user_map()))


def with_umap(folder):
    config = quick_sample(folder, n_users=100)
    text = (
        config.read_text().replace("k = [4, 6]", "k = 5").replace("bootstraps = 6", "bootstraps = 2\nreplicates = 19")
    )
    config.write_text(text + '\n[report]\nmap = "umap"\n')
    return config


def test_the_check_says_what_is_missing_before_a_run_does(monkeypatch, tmp_path):
    umap_stub.remove(monkeypatch)
    config = with_umap(tmp_path)
    for command in ("check", "run"):
        found = CliRunner().invoke(app, [command, "--config", str(config)])
        assert isinstance(found.exception, MissingExtraError)
    assert not (tmp_path / ".coterie").exists() or not list((tmp_path / ".coterie").glob("cache/*"))


def test_a_run_with_it_forms_the_same_segments(monkeypatch, tmp_path):
    import coterie

    asked = umap_stub.install(monkeypatch)
    config = with_umap(tmp_path)
    run = coterie.run(config)
    assert asked[0]["shape"] == (run.manifest.n_users, 16)
    assert "laid out by UMAP" in run.report.read_text()
    config.write_text(config.read_text().replace('"umap"', '"pca"'))
    again = coterie.run(config)
    assert (run.folder / "assignments.csv").read_bytes() == (again.folder / "assignments.csv").read_bytes()
    assert {"clustering", "proof", "profile"} <= {step.name for step in again.manifest.steps if step.cached}
    assert "laid out by UMAP" not in again.report.read_text()
