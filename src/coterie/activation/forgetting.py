"""A frozen model without what it holds of single users.

Most of a model is counted over many: centres, means, components, vocabularies of items. What holds single users is

- where users are segmented: rows of the fit in ``dbscan`` (cores), ``hdbscan`` (all rows) and ``agglomerative`` (those
  that represent themselves alone), also within a ``cluster`` feature;
- where items or tags are segmented: users are the columns of ``interactions``, and each has a row in the embedding.

Rows are found by the point that the model itself gives the user, bit for bit. Of a part of a kind that is not known
here nothing is claimed: the model is given up rather than kept with somebody in it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from coterie import plugins
from coterie.features.assembling import FittedBasis
from coterie.features.cluster import FittedCluster
from coterie.features.contract import Ids
from coterie.features.interactions import FittedInteractions
from coterie.frozen import Frozen
from coterie.model import SegmentModel, Space
from coterie.tables import Tables

Rows = npt.NDArray[np.bool_]

# Arrays with one row a row of the fit, by the kind of the clusterer.
ROWS_OF_THE_FIT: Final = {"dbscan": ("cores", "core_labels"), "hdbscan": ("points", "labels", "cores", "probabilities")}
REPRESENTATIVES: Final = "agglomerative"
COUNTED: Final = frozenset({"kmeans", "bisecting", "gmm", "som", "kprototypes", "latentclass"})
# Arrays with one row a column of the basis, by the kind of the embedder.
ROWS_OF_COLUMNS: Final = {
    "svd": ("components", "column_scale"),
    "als": ("factors", "item_bias"),
    "nmf": ("components",),
    "pca": ("mean", "axes"),
    "autoencoder": ("weights",),
}


class NotKnownError(Exception):
    """A part is of a kind of which nobody here knows what it holds."""


def without_rows(model: SegmentModel, tables: Tables, users: Ids) -> SegmentModel:
    """Give a model of users without the rows of some of them.

    Args:
        tables: that still have the users. users: (n,) sorted.

    Raises:
        NotKnownError: a part is of an unknown kind.
    """
    points, known = model.space.embed(tables, users)
    clusterer = _clusterer_without(model.clusterer, points[known])
    basis = _basis_without_rows(model.space.basis, tables, users)
    joined = None if model.space.joined is None else _basis_without_rows(model.space.joined, tables, users)
    return SegmentModel(Space(basis, model.space.embedder, joined), clusterer, model.segment_ids)


def _basis_without_rows(basis: FittedBasis, tables: Tables, users: Ids) -> FittedBasis:
    return FittedBasis(tuple(_block_without_rows(part, tables, users) for part in basis.fitted), basis.scales)


def _block_without_rows(part: Any, tables: Tables, users: Ids) -> Any:
    if not isinstance(part, FittedCluster):
        return part
    block = part.feature.apply(tables, users)
    points = part.embedder.apply(block.values)[block.is_known]
    return replace(
        part,
        feature=_block_without_rows(part.feature, tables, users),
        clusterer=_clusterer_without(part.clusterer, points),
    )


def _clusterer_without(clusterer: Any, points: npt.NDArray[Any]) -> Any:
    part: Frozen = clusterer.to_arrays()
    if part.kind in COUNTED or not len(points):
        return clusterer
    arrays = dict(part.arrays)
    exact = points.astype(np.float64)
    if part.kind in ROWS_OF_THE_FIT:
        names = ROWS_OF_THE_FIT[part.kind]
        kept = ~_rows_of(arrays[names[0]], exact)
        arrays |= {name: arrays[name][kept] for name in names}
    elif part.kind == REPRESENTATIVES:
        alone = _rows_of(arrays["points"], exact) & (arrays["sizes"] == 1)
        arrays["points"] = _stood_in(arrays["points"], arrays["labels"], arrays["centres"], alone)
    else:
        raise NotKnownError(f"what '{part.kind}' holds of single users is not known")
    return plugins.find("clusterers", part.kind).Fitted.from_arrays(replace(part, arrays=arrays))


def _rows_of(held: npt.NDArray[Any], points: npt.NDArray[np.float64]) -> Rows:
    """Mark one row for each of (n, d) points that equals it; another user of the same place stays."""
    gone = np.zeros(len(held), np.bool_)
    for point in points:
        equal = np.flatnonzero((held == point).all(axis=1) & ~gone)
        gone[equal[:1]] = True
    return gone


def _stood_in(
    points: npt.NDArray[Any], labels: npt.NDArray[Any], centres: npt.NDArray[Any], alone: Rows
) -> npt.NDArray[Any]:
    """Give representatives with another of the same cluster, or its centre, in the place of some.

    The tree of merges keeps its shape, and nobody is nearer to a stand-in than to the one it is a copy of.
    """
    answer = points.copy()
    for row in np.flatnonzero(alone):
        others = np.flatnonzero((labels == labels[row]) & ~alone)
        if len(others):
            nearest = others[np.argmin(((points[others] - points[row]) ** 2).sum(axis=1))]
            answer[row] = points[nearest]
        else:
            answer[row] = centres[labels[row]]
    return answer


def without_columns(model: SegmentModel, users: Ids) -> SegmentModel:
    """Give a model of items or tags without the columns of some users.

    Args:
        users: (n,) sorted.

    Raises:
        NotKnownError: a part is of an unknown kind.
    """
    basis, kept = _basis_without_columns(model.space.basis, users)
    embedder = model.space.embedder if kept.all() else _embedder_without(model.space.embedder, kept)
    joined = model.space.joined
    clusterer = model.clusterer
    if joined is not None:
        joined, kept_beside = _basis_without_columns(joined, users)
        if not kept_beside.all():
            raise NotKnownError("users are columns beside the embedding, and each is a dimension of every cluster")
    if embedder.dims != model.space.embedder.dims:
        raise NotKnownError("users are dimensions of every cluster, since nothing is embedded")
    return SegmentModel(Space(basis, embedder, joined), clusterer, model.segment_ids)


def _basis_without_columns(basis: FittedBasis, users: Ids) -> tuple[FittedBasis, Rows]:
    parts, kept = [], []
    for part in basis.fitted:
        left, mask = _block_without_columns(part, users)
        parts.append(left)
        kept.append(mask)
    return FittedBasis(tuple(parts), basis.scales), np.concatenate([np.zeros(0, np.bool_), *kept])


def _block_without_columns(part: Any, users: Ids) -> tuple[Any, Rows]:
    if isinstance(part, FittedInteractions):
        kept = ~np.isin(part.items, users)
        rule = part.rule
        idf = rule.idf[kept] if len(rule.idf) == len(kept) else rule.idf
        return replace(part, items=part.items[kept], rule=replace(rule, idf=idf)), kept
    if isinstance(part, FittedCluster):
        feature, kept = _block_without_columns(part.feature, users)
        embedder = part.embedder if kept.all() else _embedder_without(part.embedder, kept)
        return replace(part, feature=feature, embedder=embedder), np.ones(len(part.columns), np.bool_)
    return part, np.ones(len(part.columns), np.bool_)


def _embedder_without(embedder: Any, kept: Rows) -> Any:
    part: Frozen = embedder.to_arrays()
    if part.kind not in ROWS_OF_COLUMNS:
        raise NotKnownError(f"'{part.kind}' cannot lose a column")
    arrays = dict(part.arrays)
    for name in ROWS_OF_COLUMNS[part.kind]:
        if name in arrays and arrays[name].ndim and len(arrays[name]) == len(kept):
            arrays[name] = arrays[name][kept]
    return plugins.find("embedders", part.kind).Fitted.from_arrays(replace(part, arrays=arrays))
