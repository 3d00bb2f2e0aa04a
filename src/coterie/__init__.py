"""Coterie turns what people do into groups you can act on.

Importing this package loads nothing heavy; each public name is fetched from its module on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from coterie.actions.classify import classify
    from coterie.actions.compare import compare, compare_with_tables
    from coterie.actions.evaluate import evaluate_recommenders
    from coterie.actions.fans import fans
    from coterie.actions.forget import forget
    from coterie.actions.graph import graph
    from coterie.actions.lookalike import lookalike
    from coterie.actions.match import match, matches
    from coterie.actions.recommend import recommend, recommend_all, recommend_like, recommend_to_segment
    from coterie.actions.similar import similar, similar_all, similar_items
    from coterie.config import Config, load_config
    from coterie.project import init, newcomers, read_events, run, score
    from coterie.runs.result import Run, open_run

_HOME = {
    "Config": "coterie.config",
    "Run": "coterie.runs.result",
    "classify": "coterie.actions.classify",
    "compare": "coterie.actions.compare",
    "compare_with_tables": "coterie.actions.compare",
    "evaluate_recommenders": "coterie.actions.evaluate",
    "fans": "coterie.actions.fans",
    "forget": "coterie.actions.forget",
    "graph": "coterie.actions.graph",
    "init": "coterie.project",
    "load_config": "coterie.config",
    "lookalike": "coterie.actions.lookalike",
    "match": "coterie.actions.match",
    "matches": "coterie.actions.match",
    "newcomers": "coterie.project",
    "open_run": "coterie.runs.result",
    "read_events": "coterie.project",
    "recommend": "coterie.actions.recommend",
    "recommend_all": "coterie.actions.recommend",
    "recommend_like": "coterie.actions.recommend",
    "recommend_to_segment": "coterie.actions.recommend",
    "run": "coterie.project",
    "score": "coterie.project",
    "similar": "coterie.actions.similar",
    "similar_all": "coterie.actions.similar",
    "similar_items": "coterie.actions.similar",
}

__all__ = [
    "Config",
    "Run",
    "__version__",
    "classify",
    "compare",
    "compare_with_tables",
    "evaluate_recommenders",
    "fans",
    "forget",
    "graph",
    "init",
    "load_config",
    "lookalike",
    "match",
    "matches",
    "newcomers",
    "open_run",
    "read_events",
    "recommend",
    "recommend_all",
    "recommend_like",
    "recommend_to_segment",
    "run",
    "score",
    "similar",
    "similar_all",
    "similar_items",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'coterie' has no attribute '{name}'")
    import importlib

    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
