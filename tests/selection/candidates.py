"""Made-up rows of a decision sheet, and decisions about them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from coterie.config import Config, parse_config
from coterie.selection.choice import Choice, choose
from coterie.selection.types import Candidate, Decision, Explained, Interval, LiftResult
from coterie.selection.verdict import judge


def lift(value: float, error: float = 0.05, k: int = 1) -> LiftResult:
    interval = Interval(value, value - 2 * error, value + 2 * error)
    return LiftResult(interval, error, 0.1 * value, 0.1, 900, (interval,) * k)


def explained(value: float, error: float = 0.01) -> Explained:
    return Explained(Interval(value, value - 2 * error, value + 2 * error), error, -0.002)


def candidate(k: int, value: float | None = 1.5, **changes: Any) -> Candidate:
    plain = Candidate(
        method="kmeans", k=k, inertia=100.0 / k, silhouette=Interval(0.1, 0.1, 0.1), calinski_harabasz=10.0,
        davies_bouldin=1.0, jaccard=(0.9,) * k, seed_agreement=0.95, smallest_share=0.1, sizes=(100,) * k,
        activity_explained=0.1, lift=None if value is None else lift(value, k=k), misses=(),
    )  # fmt: skip
    return replace(plain, **changes)


def config_for(*candidates: Candidate, highest: int | None = None) -> Config:
    return parse_config(
        {
            "tables": {"likes": {"role": "events", "source": "likes.csv", "user": "u", "item": "i"}},
            "features": {"taste": {"kind": "interactions", "from": "likes"}},
            "clustering": {"k": [min(c.k for c in candidates), highest or max(c.k for c in candidates)]},
        }
    )


def chosen(*candidates: Candidate, highest: int | None = None, **more: Any) -> Choice:
    return choose(candidates, config_for(*candidates, highest=highest), **more)


def decided(*candidates: Candidate, highest: int | None = None, **more: Any) -> Decision:
    config = config_for(*candidates, highest=highest)
    return judge(choose(candidates, config), config, **more)
