"""Runs the examples of the README and the docs as tests, each document in a small sample project of its own."""

from __future__ import annotations

import os
import shutil
import tempfile
import tomllib
from pathlib import Path
from typing import Any

import pytest
from sybil import Sybil
from sybil.integration.pytest import SybilItem
from tests.docs.examples import PARSERS, small_project


def _enter(namespace: dict[str, Any]) -> None:
    folder = small_project(Path(tempfile.mkdtemp(prefix="coterie-docs-")))
    namespace.update(_back=Path.cwd(), _folder=folder)
    namespace["sample_config"] = tomllib.loads((folder / "coterie.toml").read_text(encoding="utf-8"))
    os.chdir(folder)


def _leave(namespace: dict[str, Any]) -> None:
    os.chdir(namespace["_back"])
    shutil.rmtree(namespace["_folder"])


pytest_collect_file = Sybil(
    PARSERS, patterns=["README.md", "CONTRIBUTING.md", "docs/*.md"], setup=_enter, teardown=_leave
).pytest()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put a document's examples back into its order after the shuffle: later ones use what earlier ones made."""
    examples = [item for item in items if isinstance(item, SybilItem)]
    in_order = sorted(examples, key=lambda item: (str(item.path), item.example.line))
    items[:] = [item for item in items if not isinstance(item, SybilItem)] + in_order
