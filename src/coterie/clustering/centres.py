"""What fitted partitions with a centre a cluster have in common."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from coterie.clustering.contract import Labels


class FittedCentres:
    """Centres, largest cluster first, and the labels of the fit.

    Args:
        centres: (k, d). fit_labels: (n,) labels of the rows of the fit; None after ``from_arrays``.
    """

    def __init__(self, centres: npt.NDArray[np.float64], fit_labels: Labels | None = None) -> None:
        self.centres = centres
        self._fit_labels = np.empty(0, np.int32) if fit_labels is None else fit_labels

    @property
    def n_clusters(self) -> int:
        """Number of clusters."""
        return len(self.centres)

    @property
    def fit_labels(self) -> Labels:
        """(n,) labels of the rows of the fit."""
        return self._fit_labels
