"""A first clustering as one more block: a table in, one column a cluster out.

An inner feature is fitted, embedded and clustered, and all three are frozen; the block says of each user which cluster
they belong to. Noise, and users of whom the inner feature knows nothing, get a row of zeros.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, Self, cast, get_args

import numpy as np
import numpy.typing as npt

from coterie import plugins
from coterie.config import refuse_unknown
from coterie.errors import ConfigError, DataError
from coterie.features.contract import Feature, FeatureBlock, FittedFeature, Ids
from coterie.features.nesting import joined, parted
from coterie.features.options import above_zero, mapping, one_of, text, whole
from coterie.frozen import Frozen
from coterie.parallel import single_threaded
from coterie.randomness import generator
from coterie.tables import Tables
from coterie.terms import NOISE

if TYPE_CHECKING:  # layers above this one, which plugins give at run time
    from coterie.clustering.contract import Clusterer, FittedClusterer
    from coterie.embedding.contract import Embedder, FittedEmbedder

KIND: Final = "cluster"
OPTIONS: Final = ("of", "embedding", "method", "k", "starts", "options", "form", "seed", "block_weight")
DEFAULT_K: Final = 8

Form = Literal["label", "strength"]


@dataclass(frozen=True, slots=True, eq=False)
class FittedCluster:
    """A frozen inner feature, embedding and partition.

    Args:
        name: the block's name. form: see ``Cluster``. feature, embedder, clusterer: the way of a user to a cluster.
    """

    name: str
    form: Form
    feature: FittedFeature
    embedder: FittedEmbedder
    clusterer: FittedClusterer

    @property
    def columns(self) -> npt.NDArray[np.str_]:
        """(k,) names: "cluster=0", the largest of the fit, and so on."""
        return np.array([f"cluster={label}" for label in range(self.clusterer.n_clusters)], dtype=np.str_)

    def apply(self, tables: Tables, ids: Ids) -> FeatureBlock:
        """Give the dense rows of ``ids``: 1 or the strength in the column of the user's cluster, else 0.

        Raises:
            ModelError: the tables lack columns that the fit had.
        """
        inner = self.feature.apply(tables, ids)
        with single_threaded():
            found = self.clusterer.assign(self.embedder.apply(inner.values))
        values = np.zeros((len(ids), self.clusterer.n_clusters), dtype=np.float32)
        members = np.flatnonzero((found.labels != NOISE) & inner.is_known)
        values[members, found.labels[members]] = 1.0 if self.form == "label" else found.strength[members]
        return FeatureBlock(self.name, ids, self.columns, values, inner.is_known)

    def to_arrays(self) -> Frozen:
        """Give all three parts as one."""
        parts = {
            "feature": self.feature.to_arrays(),
            "embedder": self.embedder.to_arrays(),
            "clusterer": self.clusterer.to_arrays(),
        }
        return joined(KIND, {"name": self.name, "form": self.form}, parts)

    @classmethod
    def from_arrays(cls, frozen: Frozen) -> Self:
        """Give back an equal fitted block.

        Raises:
            UnknownNameError: the kind of a part is not installed here.
        """
        facts, parts = parted(frozen)
        return cls(
            name=facts["name"],
            form=facts["form"],
            feature=_thawed("features", parts["feature"]),
            embedder=_thawed("embedders", parts["embedder"]),
            clusterer=_thawed("clusterers", parts["clusterer"]),
        )


class Cluster:
    """Settings of a block of clusters.

    Args:
        name: the block's name. table: the table that the inner feature is made from.
        of: the inner feature: "kind" and the options of that kind.
        embedding: how its columns are embedded: "method" and the options of that method.
        method: the clustering algorithm. options: of that algorithm.
        k: number of clusters, >= 2, 8 if None; for algorithms that are told it.
        starts: independent starts of the algorithm, >= 1.
        form: "label" gives 1 in the column of the user's cluster, "strength" how far inside it the user is, in [0, 1]:
            0 on the border to the next cluster, 1 at the centre (for a mixture the probability).
        seed: another one gives another random start, >= 0.
        block_weight: weight beside other basis blocks, > 0.

    Raises:
        ConfigError: an option is unknown, out of range or without effect, of an inner part too.
        UnknownNameError: a kind or method has no plug-in.
    """

    Fitted: ClassVar[type[FittedCluster]] = FittedCluster

    def __init__(
        self,
        name: str,
        table: str,
        *,
        of: Mapping[str, Any] | None = None,
        embedding: Mapping[str, Any] | None = None,
        method: str = "kmeans",
        k: int | None = None,
        starts: int = 10,
        options: Mapping[str, Any] | None = None,
        form: str = "label",
        seed: int = 0,
        block_weight: float = 1.0,
        **unknown: Any,
    ) -> None:
        where = f"features.{name}"
        refuse_unknown(unknown, OPTIONS, where)
        self.name, self.table = name, table
        self.of = mapping({"kind": "interactions"} if of is None else of, f"{where}.of")
        self.embedding = mapping({"method": "svd"} if embedding is None else embedding, f"{where}.embedding")
        self.method, self.options = text(method, f"{where}.method"), mapping(options or {}, f"{where}.options")
        self.k = k if k is None else whole(k, f"{where}.k", low=2)
        self.starts = whole(starts, f"{where}.starts", low=1)
        self.form = cast(Form, one_of(form, get_args(Form), f"{where}.form"))
        self.seed = whole(seed, f"{where}.seed", low=0)
        self.block_weight = above_zero(block_weight, f"{where}.block_weight")
        self._feature = _inner_feature(self.of, f"{name}.of", table)
        self._embedder = _embedder(self.embedding, where)
        self._clusterer = self._made_clusterer(where)

    def _made_clusterer(self, where: str) -> Clusterer:
        found = plugins.find("clusterers", self.method)
        is_told = getattr(found, "counts_clusters", True)
        if self.k is not None and not is_told:
            raise ConfigError(
                f"'{where}.k' has no effect on '{self.method}', which finds the number of clusters itself; take it out"
            )
        for name in ("k", "starts"):
            if name in self.options:
                raise ConfigError(f"'{where}.options' has '{name}', which all methods share: give it beside them")
        told = {"k": DEFAULT_K if self.k is None else self.k} if is_told else {}
        try:
            return cast("Clusterer", found(starts=self.starts, **told, **self.options))
        except ConfigError as error:
            raise ConfigError(f"in '{where}.options': {error}") from error

    def entities(self, tables: Tables) -> Ids:
        """Give the sorted ids of which the inner feature knows something."""
        return self._feature.entities(tables)

    def fit(self, tables: Tables, ids: Ids) -> FittedCluster:
        """Fit the inner feature, embed and cluster those of ``ids`` that it knows.

        Raises:
            DataError: no cluster is found; and what the parts' ``fit`` raises.
        """
        known = np.intersect1d(ids, self._feature.entities(tables))
        feature = self._feature.fit(tables, known)
        block = feature.apply(tables, known)
        matrix = block.values[block.is_known]
        with single_threaded():
            embedder = self._embedder.fit(matrix, generator(self.seed, "features", self.name, "embedding"))
            points = embedder.apply(matrix)
            clusterer = self._clustered(points)
        if clusterer.n_clusters == 0:
            raise DataError(
                f"'{self.method}' finds no cluster for 'features.{self.name}', only noise; change its options or method"
            )
        return FittedCluster(self.name, self.form, feature, embedder, clusterer)

    def _clustered(self, points: npt.NDArray[np.float32]) -> FittedClusterer:
        try:
            return self._clusterer.fit(points, generator(self.seed, "features", self.name, "clustering"))
        except DataError as error:  # a method calls the option that it shares by the name that it has in [clustering]
            told = str(error).replace("'clustering.k'", f"'features.{self.name}.k'")
            raise DataError(f"in 'features.{self.name}': {told}") from error


def _inner_feature(of: Mapping[str, Any], name: str, table: str) -> Feature:
    where = f"features.{name}"
    if "kind" not in of:
        raise ConfigError(f"'{where}' has no 'kind'; expected the kind of the inner feature, such as 'interactions'")
    own = {key: value for key, value in of.items() if key != "kind"}
    # The table and the weight are the block's own; use and embedding are said once, of the block.
    for key in ("from", "use", "embed", "block_weight", "name", "table", "self"):
        if key in own:
            raise ConfigError(f"'{where}' has '{key}', which belongs to the block itself; take it out")
    return cast(Feature, plugins.find("features", str(of["kind"]))(name, table, **own))


def _embedder(embedding: Mapping[str, Any], where: str) -> Embedder:
    if "method" not in embedding:
        raise ConfigError(f"'{where}.embedding' has no 'method'; expected the name of an embedding, such as 'svd'")
    own = {key: value for key, value in embedding.items() if key != "method"}
    try:
        return cast("Embedder", plugins.find("embedders", str(embedding["method"]))(**own))
    except ConfigError as error:
        raise ConfigError(f"in '{where}.embedding': {error}") from error


def _thawed(group: plugins.Group, part: Frozen) -> Any:
    return plugins.find(group, part.kind).Fitted.from_arrays(part)
