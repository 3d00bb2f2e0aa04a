"""What a run's classifier is worth: a run in, a ``Classification`` out, fitted now or from the cache."""

from __future__ import annotations

from collections.abc import Callable

from coterie.activation.classifying.coldstart import KNOWN_FROM
from coterie.activation.classifying.fitting import Classification, at_level
from coterie.runs.classifying import classifier_of
from coterie.runs.result import Run


def _silent(_: str) -> None:
    return None


def classify(
    run: Run, *, known_from: float = KNOWN_FROM, listener: Callable[[str], None] = _silent
) -> Classification:  # fmt: skip
    """Measure how well segments are told from whatever is known: out of fold, and by number of events known.

    Args:
        run: a finished run; it stays as it is. known_from: share of entities, in (0, 1], whose segment is to be right
            before it counts as known. listener: told of what begins, where the classifier is fitted now.

    Raises:
        DataError: the run has too few entities or segments to learn from.
        ConfigError: the share is out of range.
    """
    return at_level(classifier_of(run, told=listener)[1], known_from)
