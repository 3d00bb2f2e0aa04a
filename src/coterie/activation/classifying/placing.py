"""Segments for whoever is at hand: by fold-in where the basis is known, by the classifier where it is not.

Both say how sure they are of the segment that everything of somebody would give. The classifier's confidence is its
calibrated probability; that of fold-in is how often fold-in was right of those with as many events and as strong a
place whose other events were hidden.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from coterie import frozen, plugins
from coterie.activation.classifying.calibrating import band_of, tempered
from coterie.activation.classifying.choosing import spread
from coterie.activation.classifying.contract import Codes, FittedClassifier, Floats
from coterie.activation.classifying.hiding import Counts
from coterie.activation.classifying.inputs import FittedInputs
from coterie.activation.classifying.logistic import FittedLogistic, Logistic
from coterie.activation.classifying.rows import is_blank
from coterie.errors import ModelError
from coterie.features.contract import Ids
from coterie.frozen import Frozen
from coterie.model import SegmentModel
from coterie.parallel import single_libraries
from coterie.tables import Tables

KIND: Final = "segment-classifier"
FLOOR: Final = 0.5  # confidence below which no segment is named


@dataclass(frozen=True, slots=True, eq=False)
class Trust:
    """How far fold-in is to be trusted, by events and strength.

    Args:
        fitted: says whether fold-in gives the segment that all events give; None where it always or never did.
        always: the share that it did where ``fitted`` is None.
    """

    fitted: FittedLogistic | None
    always: float

    @classmethod
    def of(cls, events: Counts, strength: Floats, right: npt.NDArray[np.bool_], rng: np.random.Generator) -> Self:
        """Learn from (n,) fold-ins of whom some events were hidden."""
        if not len(right) or right.all() or not right.any():
            return cls(None, float(right.mean()) if len(right) else np.nan)
        return cls(Logistic().fit(_told(events, strength), right.astype(np.int64), rng), float(right.mean()))

    def confidence(self, events: Counts, strength: Floats) -> Floats:
        """(n,) probabilities that fold-in is right."""
        if self.fitted is None:
            return np.full(len(events), self.always)
        return self.fitted.probabilities(_told(events, strength))[:, 1]


def _told(events: Counts, strength: Floats) -> Floats:
    amount = np.log1p(events.astype(np.float64))
    return np.column_stack([amount, strength, amount * strength, amount**2])


@dataclass(frozen=True, slots=True, eq=False)
class SegmentClassifier:
    """A run's classifier, frozen.

    Args:
        inputs: what is read. classifier: fitted. temperatures: that its log-odds are divided by, by how much is known.
        segment_ids: (k,) by class. base: (k,) how frequent each was where it was learned.
        trust: in fold-in; None where segments are not formed on events.
    """

    inputs: FittedInputs
    classifier: FittedClassifier
    temperatures: Floats
    segment_ids: tuple[str, ...]
    base: Floats
    trust: Trust | None

    def probabilities(self, tables: Tables, ids: Ids) -> tuple[Floats, npt.NDArray[np.bool_]]:
        """Ask of each segment, from whatever is known.

        Args:
            tables: checked ones, with all tables of the run; empty where nothing is known (see ``hiding.with_empty``).
            ids: (n,) sorted.

        Returns:
            (n, k) calibrated probabilities, base rates for whom nothing is known, and (n,) whether anything is known.
        """
        found = self.inputs.apply(tables, ids)
        with single_libraries():
            raw = spread(self.classifier, found.values, len(self.segment_ids))
        told = tempered(raw, self.temperatures[band_of(found.sureness)])
        return np.where(is_blank(found.values)[:, None], self.base, told), found.known

    def save(self, folder: Path) -> None:
        """Write arrays and JSON; nothing in it is code, and the run's model is not in it."""
        frozen.save(self.inputs.to_arrays(), folder, "inputs")
        frozen.save(self.classifier.to_arrays(), folder, "classifier")
        trust = self.trust.fitted if self.trust is not None else None
        if trust is not None:
            frozen.save(trust.to_arrays(), folder, "trust")
        meta = {
            "segment_ids": list(self.segment_ids),
            "has_trust": self.trust is not None,
            "is_fitted": trust is not None,
        }
        always = np.array([self.trust.always if self.trust is not None else np.nan])
        frozen.save(
            Frozen(KIND, meta, {"always": always, "temperatures": self.temperatures, "base": self.base}), folder, "head"
        )

    @classmethod
    def load(cls, folder: Path, model: SegmentModel) -> Self:
        """Read what ``save`` wrote.

        Args:
            model: of the run.

        Raises:
            ModelError: a part is missing, damaged or of another version.
        """
        head, part = frozen.load(folder, "head"), frozen.load(folder, "classifier")
        try:
            classifier = plugins.find("classifiers", part.kind).Fitted.from_arrays(part)
            inputs = FittedInputs.from_arrays(frozen.load(folder, "inputs"), model.space)
            always = float(head.arrays["always"][0])
            fitted = FittedLogistic.from_arrays(frozen.load(folder, "trust")) if head.meta["is_fitted"] else None
            trust = Trust(fitted, always) if head.meta["has_trust"] else None
            temperatures, base = head.arrays["temperatures"], head.arrays["base"]
            return cls(inputs, classifier, temperatures, tuple(head.meta["segment_ids"]), base, trust)
        except (KeyError, TypeError, IndexError) as error:
            raise ModelError(f"the frozen classifier in '{folder}' is damaged: {error}; ask again") from error


def labels_of(model: SegmentModel, segment_ids: tuple[str, ...]) -> Codes:
    """(clusters + 1,) class of each cluster's segment; -1 for one that is no class, and, last, for noise."""
    place = {name: at for at, name in enumerate(segment_ids)}
    return np.array([*(place.get(name, -1) for name in model.segment_ids), -1], np.int64)
