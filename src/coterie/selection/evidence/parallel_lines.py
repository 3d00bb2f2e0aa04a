"""Segments on the columns that set them apart most: parallel coordinates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from coterie.clustering.contract import Labels
from coterie.errors import DataError
from coterie.features.contract import Matrix
from coterie.selection.evidence.thinning import Floats, Rows, briefly, drawn
from coterie.selection.evidence.types import Parallel, ParallelLine, ParallelUser
from coterie.terms import NOISE

MOST_COLUMNS = 20
MOST_USERS = 200


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """What users are compared on: (p,) names and (n, p) values, dense or CSR, without gaps."""

    names: Sequence[str]
    values: Matrix


def parallel(columns: Columns, labels: Labels, names: Sequence[str], rng: np.random.Generator) -> Parallel | None:
    """Standardise columns, and give segments on the ones of which they explain most; None where no column varies.

    Args:
        columns: of n users. labels: (n,) clusters or NOISE, who count in what is average. names: of the clusters.

    Raises:
        DataError: names, values and labels do not fit each other.
    """
    n, p = columns.values.shape
    if len(columns.names) != p or len(labels) != n:
        raise DataError(
            f"parallel coordinates got {len(columns.names)} names, values of {n} x {p} and {len(labels)} labels; "
            "expected a name a column and a label a row"
        )
    explained = _explained(columns.values, labels, len(names))
    varied = np.flatnonzero(np.isfinite(explained))
    if not len(varied) or not len(names):
        return None
    # A stable sort, so that equal columns stay in their order.
    order = varied[np.argsort(-explained[varied], kind="stable")][:MOST_COLUMNS]
    values = _standardised(columns.values, order)
    lines = [_line(values[labels == cluster], name) for cluster, name in enumerate(names) if (labels == cluster).any()]
    kept = np.flatnonzero(labels != NOISE)
    sampled = kept[drawn(len(kept), MOST_USERS, rng)]
    users = [ParallelUser(names[labels[row]], briefly(values[row])) for row in sampled]
    return Parallel(
        tuple(columns.names[c] for c in order), briefly(explained[order]), tuple(lines), tuple(users), p - len(order), n
    )


def _line(own: Floats, name: str) -> ParallelLine:
    low, high = np.quantile(own, [0.25, 0.75], axis=0)
    return ParallelLine(name, briefly(own.mean(axis=0)), briefly(low), briefly(high))


def _explained(values: Matrix, labels: Labels, k: int) -> Floats:
    """Give the share of each column's variance that lies between clusters, (p,); NaN where a column does not vary."""
    exact = values.astype(np.float64)
    n = len(labels)
    groups = np.where(labels == NOISE, k, labels)
    member = sp.csr_array((np.ones(n), (groups, np.arange(n))), shape=(k + 1, n))
    sums = np.asarray((member @ exact).todense() if sp.issparse(exact) else member @ exact)
    squares = np.asarray((exact * exact).sum(axis=0)).ravel()
    mean = sums.sum(axis=0) / n
    sizes = np.bincount(groups, minlength=k + 1)[:, None]
    between = (sums**2 / np.maximum(sizes, 1)).sum(axis=0) - n * mean**2
    total = squares - n * mean**2
    varies = total > 1e-9 * np.maximum(squares, 1e-300)
    share: Floats = np.where(varies, np.clip(between / np.where(varies, total, 1.0), 0.0, 1.0), np.nan)
    return share


def _standardised(values: Matrix, chosen: Rows) -> Floats:
    taken = values[:, chosen]
    dense = np.asarray(taken.todense() if sp.issparse(taken) else taken, np.float64)
    answer: Floats = (dense - dense.mean(axis=0)) / dense.std(axis=0)
    return answer
