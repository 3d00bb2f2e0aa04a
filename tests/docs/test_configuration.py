"""docs/configuration.md says of every key what the code says."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from coterie import config as config_module
from coterie.config import Config
from coterie.errors import ConfigError
from coterie.features.activity import Activity
from coterie.plugins import find, names

PAGE = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text(encoding="utf-8")
SECTIONS = {
    "Project": "[project]",
    "Table": "[tables.NAME]",
    "Format": "format",
    "Time": "time",
    "Tags": "tags of items",
    "Window": "[window]",
    "Clean": "[clean]",
    "FeatureConfig": "[features.NAME]",
    "MethodConfig": "[embedding]",
    "Clustering": "[clustering]",
    "Floors": "[segments]",
    "SegmentEvaluation": "[segments.evaluation]",
    "Weights": "weights of criteria",
    "Evaluation": "[evaluation]",
    "Search": "[search]",
    "Scoring": "[scoring]",
    "Graph": "[graph]",
    "Report": "[report]",
    "Persona": "[persona]",
}
MODELS = {
    name: model
    for name, model in inspect.getmembers(config_module, inspect.isclass)
    if issubclass(model, BaseModel) and model.__module__.startswith(config_module.__name__) and name != "Part"
}


def rows_of(heading: str) -> dict[str, str]:
    """Default by key of the first table under a heading."""
    found = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#|\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found, f"docs/configuration.md has no heading '{heading}'"
    cells = re.findall(r"^\| `([^`]+)` \| `([^`]+)` \| \S", found.group(1), re.MULTILINE)
    assert len(cells) == len(dict(cells)), f"'{heading}' lists a key twice"
    return dict(cells)


def shown(value: Any) -> str:
    """Write a default as TOML does."""
    if value is None:
        return "none"
    if isinstance(value, BaseModel):
        return "{ " + ", ".join(f"{key} = {shown(getattr(value, key))}" for key in value.model_fields_set) + " }"
    if isinstance(value, Mapping):
        return json.dumps(dict(value))
    return json.dumps(value)


def default_of(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    return shown(field.get_default(call_default_factory=True)).replace("{  }", "{}")


def test_every_model_has_a_section() -> None:
    assert set(MODELS) == {*SECTIONS, "Config"}
    assert {f"[{name}]" for name in Config.model_fields} <= {
        heading.replace(".NAME", "") for heading in SECTIONS.values()
    }


@pytest.mark.parametrize("name", SECTIONS)
def test_every_key_and_its_default_stand_in_its_section(name: str) -> None:
    expected = {field.alias or key: default_of(field) for key, field in MODELS[name].model_fields.items()}
    assert rows_of(SECTIONS[name]) == expected


def test_the_default_embedding_is_the_one_named() -> None:
    assert shown(Config.model_fields["embedding"].default) == '{ method = "svd" }'
    assert "Without it: `svd` with its defaults." in PAGE


def known_options(refusal: str) -> set[str]:
    """Read the known names out of the message that lists them."""
    return (
        set(re.findall(r"'([^']+)'", refusal.split("expected one of", 1)[1])) if "expected one of" in refusal else set()
    )


@pytest.mark.parametrize("kind", names("features"))
def test_every_option_of_a_feature_stands_under_its_kind(kind: str) -> None:
    feature = find("features", kind)
    known = inspect.getmodule(feature).OPTIONS  # a message lists only the first eight
    with pytest.raises(ConfigError, match=r"unknown key 'qqqq' in features\.x; expected one of") as refused:
        feature("x", "t", qqqq=1)
    assert known_options(str(refused.value)) <= set(known)
    expected = set(known) - {"block_weight"}
    made, asked = (
        feature("x", "t"),
        inspect.signature(feature).parameters,
    )  # some options are kept in a part of the block
    assert {name: shown(getattr(made, name, asked[name].default)) for name in expected} == rows_of(kind)
    assert expected or feature is Activity


@pytest.mark.parametrize("method", sorted(set(names("embedders")) - {"none"}))
def test_every_option_of_an_embedding_stands_under_its_method(method: str) -> None:
    embedder = find("embedders", method)
    with pytest.raises(ConfigError) as refused:
        embedder(qqqq=1)
    expected = known_options(str(refused.value))
    assert expected
    assert {name: shown(getattr(embedder(), name)) for name in expected} == rows_of(method)


@pytest.mark.parametrize("method", sorted(set(names("clusterers")) - {"kmeans"}))
def test_every_option_of_a_clusterer_stands_under_its_method(method: str) -> None:
    clusterer = find("clusterers", method)
    with pytest.raises(ConfigError) as refused:
        clusterer(qqqq=1)
    expected = known_options(str(refused.value)) - {"k", "starts"}
    assert expected
    assert {name: shown(getattr(clusterer(), name)) for name in expected} == rows_of(method)


@pytest.mark.parametrize("group", ["features", "embedders", "clusterers", "writers", "languages"])
def test_every_built_in_name_is_mentioned(group: Any) -> None:
    assert [name for name in names(group) if f'`"{name}"`' not in PAGE] == []
