"""A small neural network that squeezes each row through a bottleneck and must draw it again from there.

In comes an (n, m) matrix; out go n codes: what the ReLU units of the bottleneck say. Fitting needs PyTorch (the extra
"torch"); what is frozen are the encoder's weights as plain arrays and the training curves, so placing rows needs NumPy
alone. Nothing in PyTorch is random here: first weights, the rows held out and the order of batches all come from the
generator that is handed in. One thread trains, so that sums are made in one order.

Source:
    Hinton & Salakhutdinov (2006), "Reducing the dimensionality of data with neural networks". The loss over observed
    cells alone: Sedhain, Menon, Sanner & Xie (2015), "AutoRec: autoencoders meet collaborative filtering". The
    optimiser: Kingma & Ba (2015), "Adam". First weights: Glorot & Bengio (2010), "Understanding the difficulty of
    training deep feedforward neural networks", equation 12.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any, ClassVar, Literal, Self, get_args

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from coterie.config import refuse_unknown
from coterie.embedding.cells import present_cells
from coterie.embedding.contract import Points
from coterie.embedding.rows import as_csr, check_width, unit_rows
from coterie.errors import ConfigError, DataError
from coterie.features.contract import Matrix
from coterie.features.options import above_zero, flag, one_of, whole
from coterie.frozen import Frozen
from coterie.plugins import require

Floats = npt.NDArray[np.float64]
Loss = Literal["full", "masked"]
Length = Literal["l1", "l2", "none"]
HELD_OUT_SHARE = 0.1  # of the rows, to see when to stop
_TORCH_THREADS = threading.Lock()  # PyTorch has one number of threads for the whole process


@contextmanager
def _one_torch_thread(torch: ModuleType) -> Iterator[None]:
    with _TORCH_THREADS:
        before = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(before)


@dataclass(frozen=True, slots=True)
class Curve:
    """How training went.

    Args:
        train: (e,) mean loss on the rows learned from, after each epoch. validation: (e,) the same on held-out rows.
    """

    train: Floats
    validation: Floats

    @property
    def best_epoch(self) -> int:
        """Number of the epoch, from 0, whose weights were kept: that of the least loss on held-out rows."""
        return int(self.validation.argmin())


class FittedAutoencoder:
    """The encoder as arrays, and how it was trained.

    Args:
        weights: (m, d) float32. offsets: (d,) float32. length: the norm that codes are divided by. curve: of training.
    """

    def __init__(
        self, weights: npt.NDArray[np.float32], offsets: npt.NDArray[np.float32], length: Length, curve: Curve
    ) -> None:
        self.weights, self.offsets, self.curve, self._length = weights, offsets, curve, length
        self._weights = weights.astype(np.float64)

    @property
    def dims(self) -> int:
        """Width of the code."""
        return int(self.weights.shape[1])

    def apply(self, matrix: Matrix) -> Points:
        """Encode (n, m) rows; a row that wakes no unit gives the zero point."""
        check_width(matrix, len(self.weights), "this autoencoder")
        codes = np.maximum(as_csr(matrix) @ self._weights + self.offsets, 0.0)
        if self._length == "l1":
            sums = np.einsum("ij->i", codes)
            codes = codes / np.where(sums > 0, sums, 1.0)[:, None]
        return np.asarray(unit_rows(codes) if self._length == "l2" else codes, dtype=np.float32)

    def to_arrays(self) -> Frozen:
        """Give the encoder and the training curves."""
        arrays: dict[str, npt.NDArray[Any]] = {
            "weights": self.weights,
            "offsets": self.offsets,
            "train_loss": self.curve.train,
            "validation_loss": self.curve.validation,
        }
        return Frozen("autoencoder", {"length": self._length}, arrays)

    @classmethod
    def from_arrays(cls, frozen: Frozen) -> Self:
        """Give back an equal fitted autoencoder."""
        arrays = frozen.arrays
        curve = Curve(arrays["train_loss"], arrays["validation_loss"])
        return cls(arrays["weights"], arrays["offsets"], frozen.meta["length"], curve)


class Autoencoder:
    """Settings of the autoencoder.

    Args:
        dims: units of the bottleneck, the width of the embedding.
        loss: "full" is the mean squared error over all cells, "masked" over those that are not zero.
        epochs: passes over the rows, at most, >= 1.
        batch_size: rows to a step, >= 1.
        learning_rate: of Adam, > 0.
        patience: epochs without a lower loss on the held-out tenth of the rows before it stops, >= 1.
        l1_code: bring codes to sum one.
        unit_rows: bring codes to Euclidean length one; by default unless ``l1_code``.

    Raises:
        ConfigError: an option is unknown or out of its range, or codes are to have two lengths.
    """

    Fitted: ClassVar[type[FittedAutoencoder]] = FittedAutoencoder

    def __init__(self, **options: Any) -> None:
        known = ("dims", "loss", "epochs", "batch_size", "learning_rate", "patience", "l1_code", "unit_rows")
        refuse_unknown(options, known, "embedding (autoencoder)")
        self.dims = whole(options.get("dims", 100), "embedding.dims", low=1)
        self.loss = one_of(options.get("loss", "full"), get_args(Loss), "embedding.loss")
        self.epochs = whole(options.get("epochs", 100), "embedding.epochs", low=1)
        self.batch_size = whole(options.get("batch_size", 64), "embedding.batch_size", low=1)
        self.learning_rate = above_zero(options.get("learning_rate", 0.001), "embedding.learning_rate")
        self.patience = whole(options.get("patience", 10), "embedding.patience", low=1)
        self.l1_code = flag(options.get("l1_code", False), "embedding.l1_code")
        self.unit_rows = flag(options.get("unit_rows", not self.l1_code), "embedding.unit_rows")
        if self.l1_code and self.unit_rows:
            raise ConfigError(
                "'embedding.l1_code' and 'embedding.unit_rows' are both true, and a code has one length; leave one out"
            )

    def fit(self, matrix: Matrix, rng: np.random.Generator) -> FittedAutoencoder:
        """Train on nine tenths of the (n, m) rows, until the others are drawn no better.

        Raises:
            MissingExtraError: PyTorch is not installed.
            DataError: fewer than two rows have a cell other than zero, or training ran off to infinity.
        """
        torch = require("torch", extra="torch")
        cells = present_cells(matrix)
        cells = cells[np.flatnonzero(np.diff(cells.indptr))]  # nothing is to be learned from who did nothing
        if cells.shape[0] < 2:
            raise DataError(
                "an autoencoder needs at least two rows that are not all zero, one to learn from and one to stop by, "
                f"got {cells.shape[0]}; give it more data"
            )
        with _one_torch_thread(torch):
            weights, offsets, curve = _Training(torch, self, cells, rng).run()
        if not (np.isfinite(curve.train).all() and np.isfinite(curve.validation).all()):
            raise DataError(
                f"the autoencoder's loss ran off to infinity at 'embedding.learning_rate' = {self.learning_rate:g}; "
                "lower it, or bring the matrix to smaller values"
            )
        length: Length = "l1" if self.l1_code else "l2" if self.unit_rows else "none"
        return FittedAutoencoder(weights, offsets, length, curve)


class _Training:
    """One training: the network, its optimiser, and the rows on either side."""

    def __init__(self, torch: ModuleType, settings: Autoencoder, cells: sp.csr_array, rng: np.random.Generator) -> None:
        self._torch, self._settings, self._rng = torch, settings, rng
        order = rng.permutation(cells.shape[0])
        n_held = max(1, round(HELD_OUT_SHARE * len(order)))
        self._held, self._rows = cells[np.sort(order[:n_held])], cells[np.sort(order[n_held:])]
        self._parameters = [self._tensor(first) for first in self._first_values(cells.shape[1])]
        for parameter in self._parameters:
            parameter.requires_grad_(True)
        self._optimiser = torch.optim.Adam(self._parameters, lr=settings.learning_rate)

    def _tensor(self, values: npt.NDArray[Any]) -> Any:
        # Copied: PyTorch's own memory is aligned, and how memory lies can change the last bits of its products.
        return self._torch.tensor(values, dtype=self._torch.float32)

    def _first_values(self, width: int) -> tuple[Floats, Floats, Floats, Floats]:
        """Give weights and offsets of the encoder, then of the decoder."""
        dims, rng = self._settings.dims, self._rng
        # So small also in the decoder: what it first draws at random would else be unlearned by putting units to sleep.
        spread = np.sqrt(2.0 / (width + dims))
        encoder, decoder = rng.standard_normal((width, dims)), rng.standard_normal((dims, width))
        return spread * encoder, np.zeros(dims), spread * decoder, np.zeros(width)

    def run(self) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32], Curve]:
        """Give the encoder's weights and offsets at the best epoch, and the losses of all."""
        train, validation = [], []
        best, best_epoch, kept = np.inf, 0, self._encoder()
        for epoch in range(self._settings.epochs):
            train.append(self._learn())
            validation.append(self._look())
            if validation[-1] < best:
                best, best_epoch, kept = validation[-1], epoch, self._encoder()
            if not np.isfinite(train[-1]) or epoch - best_epoch >= self._settings.patience:
                break
        return *kept, Curve(np.array(train), np.array(validation))

    def _encoder(self) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        weights, offsets = (parameter.detach().numpy().copy() for parameter in self._parameters[:2])
        return weights, offsets

    def _learn(self) -> float:
        """Make one pass over the rows in a new order, and give the mean loss on the way."""
        order = self._rng.permutation(self._rows.shape[0])
        total = weight = 0.0
        for start in range(0, len(order), self._settings.batch_size):
            error, count = self._error(self._rows[order[start : start + self._settings.batch_size]])
            self._optimiser.zero_grad()
            (error / max(count, 1)).backward()
            self._optimiser.step()
            total, weight = total + error.item(), weight + count
        return total / max(weight, 1)

    def _look(self) -> float:
        """Give the mean loss on the held-out rows."""
        total = weight = 0.0
        with self._torch.no_grad():
            for start in range(0, self._held.shape[0], self._settings.batch_size):
                error, count = self._error(self._held[start : start + self._settings.batch_size])
                total, weight = total + error.item(), weight + count
        return total / max(weight, 1)

    def _error(self, rows: sp.csr_array) -> tuple[Any, int]:
        """Give the sum of squared errors of some rows, and of how many cells it is."""
        encoder, encoder_offsets, decoder, decoder_offsets = self._parameters
        dense = self._tensor(rows.toarray())
        drawn = self._torch.relu(dense @ encoder + encoder_offsets) @ decoder + decoder_offsets
        errors = (drawn - dense) ** 2
        if self._settings.loss == "masked":
            return (errors * (dense != 0)).sum(), rows.nnz
        return errors.sum(), dense.numel()
