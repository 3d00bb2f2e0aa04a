"""A small neural network: two hidden layers of 64 rectified units, fitted in NumPy, frozen as its weights.

A part of the rows is held out to see when to stop. Where it stops getting better the learning rate is halved, then
training ends, and the weights of the best epoch are kept. Loss and accuracy on both parts, by epoch, stay with them.

Source:
    Kingma & Ba (2015), "Adam: a method for stochastic optimization", algorithm 1. First weights: He, Zhang, Ren & Sun
    (2015), "Delving deep into rectifiers", equation 10.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Self

import numpy as np
import numpy.typing as npt

from coterie.activation.classifying.contract import Codes, Floats, TrainingCurves, check_fit
from coterie.activation.classifying.rows import LEAST, Scaling, product, softmax
from coterie.config import refuse_unknown
from coterie.features.options import above_zero, number, whole
from coterie.frozen import Frozen
from coterie.parallel import single_libraries

KIND: Final = "network"
OPTIONS: Final = ("hidden", "l1", "l2", "rate", "batch", "epochs", "patience", "plateau", "held_out")
CURVES: Final = ("train_loss", "validation_loss", "train_accuracy", "validation_accuracy", "rate")
FIRST_DECAY, SECOND_DECAY, TINY = 0.9, 0.999, 1e-8  # Kingma & Ba, section 2
WORTH: Final = 1e-4  # log loss by which an epoch must be better to count as such
Layers = tuple[Floats, ...]  # weights and offsets in turn


@dataclass(frozen=True, slots=True, eq=False)
class FittedNetwork:
    """Frozen weights.

    Args:
        classes: (k,). scaling: of the columns. layers: weights and offsets, from the columns on. curves: of training.
    """

    classes: Codes
    scaling: Scaling
    layers: Layers
    curves: TrainingCurves | None

    def probabilities(self, X: Floats) -> Floats:
        """(n, k) probabilities; see the contract."""
        scores = self.scaling.apply(X)
        for at in range(0, len(self.layers), 2):
            scores = product(np.maximum(scores, 0.0) if at else scores, self.layers[at]) + self.layers[at + 1]
        return softmax(scores)

    def to_arrays(self) -> Frozen:
        """Give weights and curves."""
        s, c = self.scaling, self.curves
        assert c is not None
        arrays: dict[str, npt.NDArray[Any]] = {f"layer{at}": layer for at, layer in enumerate(self.layers)}
        arrays |= {"centre": s.centre, "spread": s.spread, "told": s.told, "classes": self.classes}
        arrays |= {name: np.array(getattr(c, name), np.float64) for name in CURVES}
        return Frozen(KIND, {"layers": len(self.layers), "best": c.best}, arrays)

    @classmethod
    def from_arrays(cls, frozen: Frozen) -> Self:
        """Give back an equal classifier."""
        a = frozen.arrays
        curves = TrainingCurves(**{name: tuple(a[name].tolist()) for name in CURVES}, best=int(frozen.meta["best"]))
        layers = tuple(a[f"layer{at}"] for at in range(frozen.meta["layers"]))
        return cls(a["classes"], Scaling(a["centre"], a["spread"], a["told"]), layers, curves)


class Network:
    """Settings of the network.

    Args:
        hidden: units of each of the two hidden layers, >= 1. l1, l2: penalties on the weights, >= 0.
        rate: learning rate at the beginning, > 0. batch: rows a step, >= 1. epochs: at most, >= 1.
        patience: epochs without getting better after which training ends, >= 1. plateau: after which the learning rate
            is halved, >= 1. held_out: share of the rows, in (0, 1), to see when to stop.

    Raises:
        ConfigError: an option is unknown or out of range.
    """

    Fitted: ClassVar[type[FittedNetwork]] = FittedNetwork

    def __init__(
        self,
        *,
        hidden: int = 64,
        l1: float = 1e-6,
        l2: float = 1e-2,
        rate: float = 3e-3,
        batch: int = 128,
        epochs: int = 80,
        patience: int = 10,
        plateau: int = 4,
        held_out: float = 0.15,
        **unknown: Any,
    ) -> None:
        refuse_unknown(unknown, OPTIONS, KIND)
        self.hidden = whole(hidden, f"{KIND}.hidden", low=1)
        self.l1, self.l2 = number(l1, f"{KIND}.l1", low=0), number(l2, f"{KIND}.l2", low=0)
        self.rate = above_zero(rate, f"{KIND}.rate")
        self.batch = whole(batch, f"{KIND}.batch", low=1)
        self.epochs = whole(epochs, f"{KIND}.epochs", low=1)
        self.patience = whole(patience, f"{KIND}.patience", low=1)
        self.plateau = whole(plateau, f"{KIND}.plateau", low=1)
        self.held_out = number(held_out, f"{KIND}.held_out", low=0.01, high=0.9)

    def fit(self, X: Floats, y: Codes, rng: np.random.Generator, *, groups: Codes | None = None) -> FittedNetwork:
        """Train; see the contract."""
        classes = check_fit(X, y)
        target = np.searchsorted(classes, y)
        held = _held_out(np.arange(len(y)) if groups is None else groups, self.held_out, rng)
        scaling = Scaling.of(X[~held])
        rows = scaling.apply(X)
        layers = _first(rows.shape[1], self.hidden, len(classes), rng)
        with single_libraries():
            layers, curves = self._trained(layers, rows, target, held, rng)
        return FittedNetwork(classes, scaling, layers, curves)

    def _trained(
        self, layers: Layers, rows: Floats, target: Codes, held: Any, rng: np.random.Generator
    ) -> tuple[Layers, TrainingCurves]:
        seen, kept = np.flatnonzero(~held), np.flatnonzero(held)
        adam, rate, best, since, cut = _Adam(layers), self.rate, np.inf, 0, 0
        found, told, best_epoch = layers, [], 0
        for epoch in range(self.epochs):
            order = rng.permutation(seen)
            for first in range(0, len(order), self.batch):
                chosen = order[first : first + self.batch]
                layers = adam.stepped(layers, self._slopes(layers, rows[chosen], target[chosen]), rate)
            told.append((*_judged(layers, rows[seen], target[seen]), *_judged(layers, rows[kept], target[kept]), rate))
            loss = told[-1][2]
            if loss < best - WORTH:
                best, found, best_epoch, since, cut = loss, layers, epoch, 0, 0
                continue
            since, cut = since + 1, cut + 1
            if since >= self.patience:
                break
            if cut >= self.plateau:
                rate, cut = rate / 2, 0
        t_loss, t_right, v_loss, v_right, rates = zip(*told, strict=True)
        return found, TrainingCurves(t_loss, v_loss, t_right, v_right, rates, best_epoch)

    def _slopes(self, layers: Layers, X: Floats, target: Codes) -> list[Floats]:
        """Give the gradient of the mean log loss and of the penalties, layer by layer."""
        outputs = _forward(layers, X)
        error = softmax(outputs[-1])
        error[np.arange(len(target)), target] -= 1.0
        error /= len(target)
        slopes: list[Floats] = []
        for at in range(len(layers) - 2, -1, -2):
            entered, weights = outputs[at // 2], layers[at]
            slopes = [entered.T @ error + self.l2 * weights + self.l1 * np.sign(weights), error.sum(axis=0), *slopes]
            error = (error @ weights.T) * (entered > 0)
        return slopes


def _held_out(groups: Codes, share: float, rng: np.random.Generator) -> Any:
    """(n,) whether a row is held out; at least one group is, and at least one is not."""
    names, places = np.unique(groups, return_inverse=True)
    n = min(max(round(share * len(names)), 1), len(names) - 1)
    chosen = np.zeros(len(names), np.bool_)
    chosen[rng.permutation(len(names))[:n]] = True
    return chosen[places]


def _first(m: int, hidden: int, k: int, rng: np.random.Generator) -> Layers:
    sizes = [(m, hidden), (hidden, hidden), (hidden, k)]
    drawn = [(rng.normal(0, np.sqrt(2 / size[0]), size), np.zeros(size[1])) for size in sizes]
    return tuple(part for pair in drawn for part in pair)


def _forward(layers: Sequence[Floats], X: Floats) -> list[Floats]:
    """Give what enters each layer, then the scores."""
    outputs = [X]
    for at in range(0, len(layers), 2):
        scores = outputs[-1] @ layers[at] + layers[at + 1]
        outputs.append(np.maximum(scores, 0.0) if at < len(layers) - 2 else scores)
    return outputs


def _judged(layers: Layers, X: Floats, target: Codes) -> tuple[float, float]:
    """Give mean log loss and accuracy."""
    probabilities = softmax(_forward(layers, X)[-1])
    own = probabilities[np.arange(len(target)), target]
    right = probabilities.argmax(axis=1) == target
    return float(-np.log(np.maximum(own, LEAST)).mean()), float(right.mean())


class _Adam:
    def __init__(self, layers: Layers) -> None:
        self.first, self.second = [np.zeros_like(p) for p in layers], [np.zeros_like(p) for p in layers]
        self.steps = 0

    def stepped(self, layers: Layers, slopes: list[Floats], rate: float) -> Layers:
        """Give the layers after one step."""
        self.steps += 1
        moved = []
        for at, (layer, slope) in enumerate(zip(layers, slopes, strict=True)):
            self.first[at] = FIRST_DECAY * self.first[at] + (1 - FIRST_DECAY) * slope
            self.second[at] = SECOND_DECAY * self.second[at] + (1 - SECOND_DECAY) * slope**2
            m = self.first[at] / (1 - FIRST_DECAY**self.steps)
            v = self.second[at] / (1 - SECOND_DECAY**self.steps)
            moved.append(layer - rate * m / (np.sqrt(v) + TINY))
        return tuple(moved)
