"""A mixture of Gaussians: clusters as clouds of their own width, and a posterior probability for everybody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from scipy.spatial.distance import cdist
from sklearn.mixture import GaussianMixture

from coterie.clustering.checks import check_points, common_options
from coterie.clustering.contract import Assignment, Labels
from coterie.clustering.distances import Floats, check_width, in_blocks
from coterie.clustering.labels import inhabited_order
from coterie.embedding.contract import Points
from coterie.errors import DataError
from coterie.features.options import number, one_of
from coterie.frozen import Frozen
from coterie.randomness import legacy_seed

COVARIANCES = ("full", "diag", "tied", "spherical")
MAX_ITERATIONS = 1_000  # EM gains in every step and stops by itself long before


@dataclass(frozen=True, slots=True, eq=False)
class Components:
    """The components of a mixture.

    Args:
        weights: (k,) shares, > 0, sum 1. means: (k, d). precisions: (k, d, d) inverse covariances.
    """

    weights: Floats
    means: Floats
    precisions: Floats

    def log_densities(self, points: Floats) -> Floats:
        """Give (n, k) the logarithm of weight times density, less a constant that all components share."""
        # One component at a time through cdist, whose sums do not depend on the number of rows.
        far = np.hstack(
            [
                cdist(points, mean[None], "mahalanobis", VI=precision)
                for mean, precision in zip(self.means, self.precisions, strict=True)
            ]
        )
        log_determinants = np.linalg.slogdet(self.precisions).logabsdet
        densities: Floats = np.log(self.weights) + 0.5 * log_determinants - 0.5 * far**2
        return densities


class FittedMixture:
    """Components, largest cluster first.

    Args:
        components: weights, means and precisions.
        bic, aic: of these components on the rows of the fit, in nats times two; lower is better.
    """

    def __init__(self, components: Components, *, bic: float, aic: float, fit_labels: Labels | None = None) -> None:
        self.components, self.bic, self.aic = components, bic, aic
        self._fit_labels = np.empty(0, np.int32) if fit_labels is None else fit_labels

    @property
    def n_clusters(self) -> int:
        """Number of clusters."""
        return len(self.components.weights)

    @property
    def fit_labels(self) -> Labels:
        """(n,) labels of the algorithm's own last pass over the rows of the fit."""
        return self._fit_labels

    def assign(self, points: Points) -> Assignment:
        """Give each of (n, d) points the component with the highest posterior; a tie goes to the larger cluster.

        Strength is that posterior probability: 1/k where all components are as likely, 1 where there is no doubt.
        Distance is Euclidean, to the component's mean.
        """
        check_width(points, self.components.means.shape[1], "mixture")
        return in_blocks(points, self.n_clusters, self._assign_block)

    def _assign_block(self, points: Floats) -> Assignment:
        densities = self.components.log_densities(points)
        labels = densities.argmax(axis=1).astype(np.int32)
        rows = np.arange(len(points))
        posterior = 1.0 / np.exp(densities - densities[rows, labels][:, None]).sum(axis=1)
        return Assignment(labels, posterior, cdist(points, self.components.means)[rows, labels])

    def to_arrays(self) -> Frozen:
        """Give the components and the criteria of the fit."""
        c = self.components
        arrays = {"weights": c.weights, "means": c.means, "precisions": c.precisions}
        return Frozen("gmm", {"bic": self.bic, "aic": self.aic}, arrays)

    @classmethod
    def from_arrays(cls, frozen: Frozen) -> Self:
        """Give back an equal mixture."""
        arrays, meta = frozen.arrays, frozen.meta
        components = Components(arrays["weights"], arrays["means"], arrays["precisions"])
        return cls(components, bic=meta["bic"], aic=meta["aic"])


class Mixture:
    """Settings of a mixture of Gaussians, fitted by expectation maximisation.

    Args:
        k: number of components, >= 2; one that is nobody's likeliest is left out, and the others' weights are scaled.
        starts: independent starts from rows far from each other, of which the likeliest end is kept, >= 1.
        covariance: shape of the clouds. "diag" (a width per dimension) is the default: SVD and PCA leave dimensions
            that are uncorrelated over all users, and d widths can be learned from a segment of some dozen users, where
            the d (d + 1) / 2 numbers of "full" cannot. "tied" is one full shape for all, "spherical" one width each.
        regularisation: added to every variance, in units of the points' mean variance, >= 0; keeps a cloud from
            shrinking onto a few equal points, where its likelihood would have no bound.

    Raises:
        ConfigError: an option is unknown or out of its range.

    Source:
        McLachlan & Peel (2000), "Finite mixture models", chapters 3 (EM) and 6 (BIC, AIC). Starts: Arthur &
        Vassilvitskii (2007), "k-means++".
    """

    Fitted: ClassVar[type[FittedMixture]] = FittedMixture

    def __init__(self, **options: Any) -> None:
        self.k, self.starts = common_options(options, ("covariance", "regularisation"), "gmm")
        self.covariance = one_of(options.get("covariance", "diag"), COVARIANCES, "clustering.options.gmm.covariance")
        self.regularisation = number(
            options.get("regularisation", 0.001), "clustering.options.gmm.regularisation", low=0
        )

    def fit(self, points: Points, rng: np.random.Generator) -> FittedMixture:
        """Fit the mixture to (n, d) points.

        Raises:
            DataError: also where a cloud shrinks onto one point, for want of regularisation, or where all components
                but one are nobody's likeliest, for too much of it.
        """
        check_points(points, self.k)
        exact = points.astype(np.float64)
        model = GaussianMixture(
            self.k,
            covariance_type=self.covariance,
            reg_covar=self.regularisation * float(exact.var(axis=0).mean()),
            n_init=self.starts,
            init_params="k-means++",  # whole k-means starts split a large cloud and never find a small one beside it
            max_iter=MAX_ITERATIONS,
            random_state=legacy_seed(rng),
        )
        try:
            found = model.fit_predict(exact)
        except ValueError as error:
            raise DataError(
                f"a component of a mixture of {self.k} shrank onto too few points; raise 'regularisation' of gmm "
                f"above {self.regularisation:g}, or choose covariance 'diag' or 'spherical'"
            ) from error
        labels, order = inhabited_order(found.astype(np.int32), self.k)
        if len(order) < 2:
            raise DataError(
                f"a mixture put everybody into one of {self.k} components; lower 'regularisation' of gmm below "
                f"{self.regularisation:g}, or use kmeans"
            )
        _keep(model, order)
        components = Components(model.weights_, model.means_, _as_matrices(model, exact.shape[1], len(order)))
        return FittedMixture(components, bic=float(model.bic(exact)), aic=float(model.aic(exact)), fit_labels=labels)


def _keep(model: GaussianMixture, order: npt.NDArray[np.int64]) -> None:
    """Leave out of a model of ours the components that are not in ``order``, for criteria of the rest."""
    model.n_components = len(order)
    model.weights_ = model.weights_[order] / model.weights_[order].sum()
    model.means_ = model.means_[order]
    if model.covariance_type != "tied":  # which all components share
        model.precisions_ = model.precisions_[order]
        model.precisions_cholesky_ = model.precisions_cholesky_[order]


def _as_matrices(model: GaussianMixture, n_dims: int, k: int) -> Floats:
    """Write the precisions of any shape of covariance as (k, d, d) matrices."""
    precisions = np.asarray(model.precisions_, np.float64)
    if model.covariance_type == "full":
        return precisions
    if model.covariance_type == "tied":
        return np.repeat(precisions[None], k, axis=0)
    widths = precisions.reshape(k, -1)  # one or d a component
    matrices: Floats = widths[:, :, None] * np.eye(n_dims)
    return matrices
