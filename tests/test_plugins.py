"""The one door through which parts come in by name."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint, entry_points
from typing import get_args

import pytest

from coterie import plugins
from coterie.activation.classifying.contract import Classifier, FittedClassifier
from coterie.activation.recommending.contract import FittedRecommender, Recommender
from coterie.clustering.contract import Clusterer, FittedClusterer
from coterie.embedding.contract import Embedder, FittedEmbedder
from coterie.errors import ConfigError, MissingExtraError, UnknownNameError
from coterie.features.contract import Feature, FittedFeature
from coterie.segments.persona.contract import Writer
from coterie.segments.persona.language import Language
from coterie.sources.contract import Source
from coterie.stores.contract import Store

CONTRACTS = {
    "sources": (Source, None),
    "features": (Feature, FittedFeature),
    "embedders": (Embedder, FittedEmbedder),
    "clusterers": (Clusterer, FittedClusterer),
    "classifiers": (Classifier, FittedClassifier),
    "recommenders": (Recommender, FittedRecommender),
    "stores": (Store, None),
    "writers": (Writer, None),
    "languages": (Language, None),
}
BUILT_IN = [(group, entry.name) for group in CONTRACTS for entry in entry_points(group=f"coterie.{group}")]


def methods_of(contract: type) -> set[str]:
    return {name for name, value in vars(contract).items() if callable(value) and not name.startswith("_")}


def test_every_group_has_its_contract_and_its_parts():
    assert set(CONTRACTS) == set(get_args(plugins.Group))
    assert {group for group, _ in BUILT_IN} == set(CONTRACTS)


@pytest.mark.parametrize(("group", "name"), BUILT_IN)
def test_every_part_loads_and_has_the_methods_of_its_contract(group, name):
    contract, fitted = CONTRACTS[group]
    part = plugins.find(group, name)
    assert methods_of(contract)
    assert methods_of(contract) <= set(dir(part))
    if fitted is not None:
        assert methods_of(fitted) | {"from_arrays"} <= set(dir(part.Fitted))


def test_names_are_sorted():
    known = plugins.names("embedders")
    assert {"none", "pca", "svd"} <= set(known)
    assert list(known) == sorted(known)


@pytest.mark.parametrize(
    ("group", "name", "message"),
    [
        ("clusterers", "kmean", r"unknown clusterer 'kmean'; did you mean 'kmeans'\?"),
        ("features", "interaction", r"unknown feature 'interaction'; did you mean 'interactions'\?"),
        ("embedders", "umap", r"unknown embedder 'umap'; expected one of 'als', .*'svd'"),
        ("stores", "bucket", "unknown store 'bucket'; expected one of 'directory'"),
    ],
)
def test_an_unknown_name_offers_the_nearest(group, name, message):
    with pytest.raises(UnknownNameError, match=f"^{message}$"):
        plugins.find(group, name)


@pytest.mark.parametrize("place", ["coterie_nowhere.x:Y", "coterie.terms:Nothing"])
def test_a_broken_plug_in_is_told_from_a_fault_of_coterie(monkeypatch, place):
    broken = EntryPoint("broken", place, "coterie.clusterers")
    monkeypatch.setattr(plugins, "_entries", lambda group: {"broken": broken})
    with pytest.raises(ConfigError, match=f"^the clusterer 'broken' cannot be loaded from '{place}': .*; install its"):
        plugins.find("clusterers", "broken")


def test_require_gives_the_module():
    assert plugins.require("json", extra="spark").dumps([]) == "[]"


def test_require_names_the_install_line():
    with pytest.raises(MissingExtraError, match=r"^'coterie_none' is not installed; .* 'coterie\[spark\]'$"):
        plugins.require("coterie_none", extra="spark")


def test_a_plug_in_that_misses_its_extra_says_so(monkeypatch):
    class Missing:
        value = "somewhere:Part"

        def load(self):
            plugins.require("coterie_none", extra="spark")

    monkeypatch.setattr(plugins, "_entries", lambda group: {"needs": Missing()})
    with pytest.raises(MissingExtraError, match="pip install"):
        plugins.find("sources", "needs")


def test_looking_up_names_imports_no_part():
    code = (
        "import sys; from coterie import plugins; plugins.names('clusterers'); "
        "sys.exit(int(any(name.startswith('coterie.clustering') for name in sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
