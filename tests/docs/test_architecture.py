"""docs/architecture.md: the worked clusterer keeps the contract, and the layers are those that are checked."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.contracts.clusterer_contract import ClustererContract

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def worked_clusterer() -> Any:
    namespace: dict[str, Any] = {}
    exec(re.search(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL).group(1), namespace)
    return namespace["Batches"]


class TestWorkedClusterer(ClustererContract):
    @pytest.fixture
    def clusterer(self) -> Any:
        return worked_clusterer()(k=3)


def test_the_layers_are_those_of_the_import_contract() -> None:
    contract = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ][0]
    expected = [{part.strip().removeprefix("coterie.") for part in layer.split("|")} for layer in contract["layers"]]
    block = re.search(r"^```text\n(cli .*?)^```", PAGE, re.MULTILINE | re.DOTALL).group(1)
    told = [{name.strip() for name in re.split(r"\s{2,}", line)[0].split(",")} for line in block.splitlines()]
    assert told == expected


def test_every_suite_that_is_named_exists() -> None:
    named = re.findall(r"`(\w+_contract)\.(\w+)`", PAGE)
    assert len(named) == 8
    for module, suite in named:
        assert f"class {suite}" in (ROOT / "tests" / "contracts" / f"{module}.py").read_text(encoding="utf-8")
