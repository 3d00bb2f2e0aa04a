"""Latent classes as numbers: shares, probabilities of answers, and the expectation maximisation that finds them.

Answers come in as codes, -1 where missing; classes go out. Only distinct patterns of answers are looked at, each with
the number of users who gave it, so that neither the order of rows nor their number of copies touches a sum.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from coterie.clustering.answers import NO_ANSWER, Codes
from coterie.clustering.distances import Floats

Offsets = npt.NDArray[np.int64]

SHORT_STEPS: Final = 30  # EM steps of every start, before the best goes on
MAX_STEPS: Final = 1_000
ENOUGH: Final = 1e-7  # gain of the objective a user, in nats, below which EM has arrived


@dataclass(frozen=True, slots=True, eq=False)
class Classes:
    """The classes.

    Args:
        weights: (k,) shares, > 0, sum 1.
        probabilities: (c, k) of each category of each item, one item after another; each item's sum to 1 in a class.
        offsets: (m + 1,) where each item's categories begin; the last is c.
    """

    weights: Floats
    probabilities: Floats
    offsets: Offsets

    def one_hot(self, codes: Codes) -> sp.csr_array:
        """Write (n, m) codes as (n, c) ones and zeros."""
        return one_hot(codes, self.offsets)

    def log_joint(self, answers: sp.csr_array) -> Floats:
        """Give (n, k) the logarithm of a class's weight times its probability of (n, c) answers.

        SciPy's product with a sparse matrix sums each row by itself, in order: a row alone gives the same bits.
        """
        joint: Floats = answers @ np.log(self.probabilities) + np.log(self.weights)
        return joint

    def take(self, chosen: npt.NDArray[np.int64]) -> Classes:
        """Give some of the classes, in the order asked; their weights are scaled where some are left out."""
        weights = self.weights[chosen]
        if len(weights) < len(self.weights):
            weights = weights / weights.sum()
        return Classes(weights, np.ascontiguousarray(self.probabilities[:, chosen]), self.offsets)


def one_hot(codes: Codes, offsets: Offsets) -> sp.csr_array:
    """Write (n, m) codes as (n, c) ones and zeros; a missing answer is zero in all categories of its item."""
    answered = codes != NO_ANSWER
    ends = np.concatenate([[0], answered.sum(axis=1).cumsum()])
    columns = (codes + offsets[:-1])[answered]
    return sp.csr_array((np.ones(len(columns)), columns, ends), shape=(len(codes), int(offsets[-1])))


def log_sum_exp(logs: Floats) -> Floats:
    """Give (n,) the logarithm of the sum of exponentials of each row of (n, k), also where each would be 0."""
    highest = logs.max(axis=1)
    summed: Floats = highest + np.log(np.exp(logs - highest[:, None]).sum(axis=1))
    return summed


@dataclass(frozen=True, slots=True, eq=False)
class Patterns:
    """Distinct patterns of answers.

    Args:
        answers: (u, c) ones and zeros. users: (u,) who gave each pattern. offsets: (m + 1,) of the items.
        prior: (c,) imagined answers of each category, > 0, each item's sum to the same.
    """

    answers: sp.csr_array
    users: Floats
    offsets: Offsets
    prior: Floats

    @classmethod
    def of(cls, codes: Codes, offsets: Offsets, smoothing: float) -> Self:
        """Count the patterns of (n, m) codes, and spread ``smoothing`` users over each item as all answered it.

        Each category is taken to have one answer more, so that one without any has a chance too.
        """
        distinct, users = np.unique(codes, axis=0, return_counts=True)
        answers = one_hot(distinct, offsets)
        counted = answers.T @ users + 1.0
        return cls(answers, users.astype(np.float64), offsets, smoothing * counted / _per_item(counted, offsets))

    def fit(self, k: int, starts: int, rng: np.random.Generator) -> Classes:
        """Find k classes: some steps from every start, and from the best of these to the end."""
        short = [self._climb(self._start(k, rng), SHORT_STEPS) for _ in range(starts)]
        objectives = [self.objective(classes) for classes in short]
        return self._climb(short[int(np.argmax(objectives))], MAX_STEPS)

    def log_likelihood(self, classes: Classes) -> float:
        """Give the logarithm of the probability of all users' answers."""
        return float(self.users @ log_sum_exp(classes.log_joint(self.answers)))

    def objective(self, classes: Classes) -> float:
        """Give what no step lowers: the log-likelihood plus the logarithm of the prior, less a constant."""
        return self.log_likelihood(classes) + self._log_prior(classes)

    def step(self, classes: Classes) -> tuple[Classes, float]:
        """Give classes whose objective is not lower, and the objective of those that came in.

        Shares and answers are counted anew, with everybody in each class by posterior probability.
        """
        k = len(classes.weights)
        joint = classes.log_joint(self.answers)
        logs = log_sum_exp(joint)
        users = np.exp(joint - logs[:, None]) * self.users[:, None]
        weights = users.sum(axis=0) + self._imagined / k
        counted = self.answers.T @ users + self.prior[:, None] / k
        better = Classes(weights / weights.sum(), counted / _per_item(counted, self.offsets), self.offsets)
        return better, float(self.users @ logs) + self._log_prior(classes)

    def criteria(self, classes: Classes) -> tuple[float, float]:
        """Give BIC and AIC, lower is better; n is the number of users with an answer.

        Free are k - 1 weights and, for each class and item, one probability fewer than there are answered categories.
        """
        given = np.diff(self.answers.indptr) > 0
        seen = (self.answers.T @ self.users > 0).astype(np.int64)
        a_class = np.maximum(np.add.reduceat(seen, self.offsets[:-1]) - 1, 0).sum()
        free = len(classes.weights) * (int(a_class) + 1) - 1
        deviance = -2.0 * self.log_likelihood(classes)
        return deviance + free * float(np.log(self.users[given].sum())), deviance + 2.0 * free

    def _log_prior(self, classes: Classes) -> float:
        of_answers = self.prior @ np.log(classes.probabilities).mean(axis=1)
        return float(of_answers + self._imagined * np.log(classes.weights).mean())

    @property
    def _imagined(self) -> float:
        """Users imagined, of all classes together."""
        return float(self.prior[: self.offsets[1]].sum())

    def _start(self, k: int, rng: np.random.Generator) -> Classes:
        """Draw each class's probabilities evenly from all that sum to 1."""
        drawn = rng.standard_exponential((int(self.offsets[-1]), k)) + np.finfo(np.float64).tiny
        return Classes(np.full(k, 1.0 / k), drawn / _per_item(drawn, self.offsets), self.offsets)

    def _climb(self, classes: Classes, most_steps: int) -> Classes:
        before = -np.inf
        for _ in range(most_steps):
            classes, reached = self.step(classes)
            if reached - before < ENOUGH * self.users.sum():
                break
            before = reached
        return classes


def _per_item(counted: Floats, offsets: Offsets) -> Floats:
    """Give beside each category, (c,) or (c, k), the sum over its item's."""
    summed: Floats = np.repeat(np.add.reduceat(counted, offsets[:-1], axis=0), np.diff(offsets), axis=0)
    return summed
