"""Whose fan a user will become: likes before a cut and what describes the user in, probabilities by tag out.

A *fan* of a tag has at least ``min_likes`` likes of items that carry it, and likes it at an index of ``min_index`` or
more (100 = its share in the likes of all). What a user likes is cut in two, the earlier half and the later, or at
random where there are no times. The label is whether the later half makes a fan; the features are the earlier half
alone. For each tag *every liked item that carries it is left out of its features*, so that what is learned is what
other tags and descriptions say of it.

Two ways are fitted: a logistic regression for each tag (one-vs-rest), and an ensemble of chains, in which what is said
of one tag is read by the next. What is said of a tag reads nothing of that tag in a chain either: earlier links are
asked anew without its items.

Source:
    Read, Pfahringer, Holmes & Frank (2011), "Classifier chains for multi-label classification".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Self

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from coterie import plugins
from coterie.activation.classifying.contract import Codes
from coterie.activation.classifying.inputs import Described
from coterie.activation.classifying.logistic import FittedLogistic, Logistic
from coterie.activation.multilabel import Floats, LabelMeasures, Mask, best_threshold, gain, label_measures
from coterie.errors import DataError
from coterie.features.contract import Ids
from coterie.features.nesting import joined, parted
from coterie.frozen import Frozen
from coterie.parallel import single_libraries
from coterie.randomness import generator
from coterie.selection.types import Interval
from coterie.tables import Tables
from coterie.tables.suppression import MIN_CELL

KIND: Final = "fans"
SCHEMA: Final = "coterie.fans"
VERSION: Final = 1
MOST_TAGS: Final = 20
MOST_USERS: Final = 5_000
CHAINS: Final = 5
FOLDS: Final = 3
HELD_OUT: Final = 0.25
FEWEST_FANS: Final = 20  # among those that are learned from, and as many who are not
FEWEST_USERS: Final = 100
RARE: Final = 0.3  # penalty's inverse: features are many for a rare label


@dataclass(frozen=True, slots=True)
class FanRule:
    """Who counts as a fan of a tag.

    Args:
        min_likes: likes with the tag, >= 1. min_index: of its share, >= 0, 100 = that of all.
    """

    min_likes: int = 3
    min_index: float = 120.0


@dataclass(frozen=True, slots=True, eq=False)
class Likes:
    """What users like, item by item.

    Args:
        matrix: (n, items) 1 where liked. tagged: (items, m) 1 where an item carries a tag.
    """

    matrix: sp.csr_array
    tagged: sp.csr_array
    _known: dict[tuple[int, ...], Floats] = field(default_factory=dict, repr=False)

    def counts(self) -> Floats:
        """(n, m) likes by tag."""
        found: Floats = (self.matrix @ self.tagged).toarray().astype(np.float64)
        return found

    def totals(self) -> Floats:
        """(n,) liked items that carry a tag."""
        is_tagged = np.diff(self.tagged.indptr) > 0
        found: Floats = np.asarray(self.matrix @ is_tagged.astype(np.float64))
        return found

    def without(self, tags: Sequence[int]) -> Floats:
        """(n, m + 1) roots of the shares of tags among likes that carry none of some, and ln(1 + likes) of these."""
        key = tuple(sorted(set(tags)))
        if key not in self._known:
            free = np.asarray(self.tagged[:, list(key)].sum(axis=1)).ravel() == 0
            some = Likes(self.matrix, sp.csr_array(sp.diags_array(free.astype(np.float64)) @ self.tagged))
            counts, totals = some.counts(), some.totals()
            shares = np.sqrt(counts / np.maximum(totals, 1.0)[:, None])
            self._known[key] = np.hstack([shares, np.log1p(totals)[:, None]])
        return self._known[key]

    def take(self, rows: Codes) -> Likes:
        """Give some of the users."""
        return Likes(sp.csr_array(self.matrix[rows]), self.tagged)


def are_fans(likes: Likes, overall: Floats, rule: FanRule) -> Mask:
    """(n, m) who is a fan of which tag.

    Args:
        overall: (m,) share of each tag in the likes of all.
    """
    counts, totals = likes.counts(), likes.totals()
    shares = counts / np.maximum(totals, 1.0)[:, None]
    return np.asarray((counts >= rule.min_likes) & (100 * shares >= rule.min_index * overall - 1e-9))


@dataclass(frozen=True, slots=True, eq=False)
class Chain:
    """Links in an order.

    Args:
        order: (m,) places of tags. links: (m,) fitted ones, in that order: each reads the features without its tag,
            then what the earlier ones say.
    """

    order: tuple[int, ...]
    links: tuple[FittedLogistic, ...]

    def probability(self, likes: Likes, described: Floats, tag: int) -> Floats:
        """(n,) of one tag; links before it are asked without its items."""
        said: list[Floats] = []
        for place, link in zip(self.order, self.links, strict=True):
            rows = np.column_stack([likes.without((place, tag)), described, *said])
            said.append(link.probabilities(rows)[:, 1])
            if place == tag:
                break
        return said[-1]


@dataclass(frozen=True, slots=True, eq=False)
class FittedFans:
    """Both ways, frozen.

    Args:
        tags: (m,) those that are told of. rule: who is a fan. overall: (m,) shares in the likes of all.
        single: (m,) one for each tag. chains: the ensemble. is_chained: whether the ensemble is the better one.
        threshold: probability from which somebody is said to become a fan.
    """

    tags: tuple[str, ...]
    rule: FanRule
    overall: Floats
    single: tuple[FittedLogistic, ...]
    chains: tuple[Chain, ...]
    is_chained: bool
    threshold: float

    def probabilities(self, likes: Likes, described: Floats) -> Floats:
        """(n, m) probabilities to become a fan, by the better way."""
        return self.by_chains(likes, described) if self.is_chained else self.by_single(likes, described)

    def by_single(self, likes: Likes, described: Floats) -> Floats:
        """(n, m) by one classifier for each tag."""
        asked = enumerate(self.single)
        return np.column_stack(
            [one.probabilities(np.hstack([likes.without((t,)), described]))[:, 1] for t, one in asked]
        )

    def by_chains(self, likes: Likes, described: Floats) -> Floats:
        """(n, m) mean of all chains."""
        m = len(self.tags)
        found = np.zeros((likes.matrix.shape[0], m))
        for chain in self.chains:
            for tag in range(m):
                found[:, tag] += chain.probability(likes, described, tag)
        return found / max(len(self.chains), 1)

    def to_arrays(self) -> Frozen:
        """Give all links as data."""
        parts = {f"single-{t}": one.to_arrays() for t, one in enumerate(self.single)}
        for c, chain in enumerate(self.chains):
            parts |= {f"chain-{c}-{at}": link.to_arrays() for at, link in enumerate(chain.links)}
        facts = {
            "tags": list(self.tags),
            "rule": [self.rule.min_likes, self.rule.min_index],
            "overall": self.overall.tolist(),
            "orders": [list(chain.order) for chain in self.chains],
            "is_chained": self.is_chained,
            "threshold": self.threshold,
        }
        return joined(KIND, facts, parts)

    @classmethod
    def from_arrays(cls, frozen: Frozen) -> Self:
        """Give back equal fans."""
        facts, parts = parted(frozen)
        links = {name: FittedLogistic.from_arrays(part) for name, part in parts.items()}
        chains = tuple(
            Chain(tuple(order), tuple(links[f"chain-{c}-{at}"] for at in range(len(order))))
            for c, order in enumerate(facts["orders"])
        )
        return cls(
            tuple(facts["tags"]),
            FanRule(*facts["rule"]),
            np.array(facts["overall"], np.float64),
            tuple(links[f"single-{t}"] for t in range(len(facts["tags"]))),
            chains,
            facts["is_chained"],
            facts["threshold"],
        )


@dataclass(frozen=True, slots=True)
class FanMethod:
    """One method on held-out users.

    Args:
        name: "chains", "one-vs-rest", "cosine" or "popularity". measures: on all labels.
        becoming: the same on cells of who was no fan in the earlier half.
    """

    name: str
    measures: LabelMeasures
    becoming: LabelMeasures


@dataclass(frozen=True, slots=True)
class FanTag:
    """One tag: fans among the held-out users, and F1 of the chosen way; None where too few are behind it."""

    tag: str
    fans: int | None
    f1: float | None


@dataclass(frozen=True, slots=True)
class FanReport:
    """How well fans are told.

    Args:
        run: its id. rule: who is a fan. cut: "time" or "random". n, n_held_out: users learned from, and measured on.
        n_left_out: users with too few likes to be cut in two. chosen: the better of both ways, out of fold among those
            that are learned from. methods: on held-out users. gains: F1 over all cells of the chosen way above each
            other method, paired. tags: each tag.
    """

    run: str
    rule: FanRule
    cut: str
    n: int
    n_held_out: int
    n_left_out: int
    chosen: str
    methods: tuple[FanMethod, ...]
    gains: dict[str, Interval]
    tags: tuple[FanTag, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Lives:
    """Users cut in two.

    Args:
        before, after: what they liked. described: (n, d) what describes them, NaN for what is not known.
    """

    before: Likes
    after: Likes
    described: Floats

    def take(self, rows: Codes) -> Lives:
        """Give some of the users."""
        return Lives(self.before.take(rows), self.after.take(rows), self.described[rows])


def described_by(blocks: Sequence[Described], tables: Tables, ids: Ids) -> Floats:
    """(n, d) what blocks say of users, NaN for what is not known."""
    return np.hstack([np.empty((len(ids), 0)), *(block.read(tables, ids)[0] for block in blocks)])


def fit_fans(
    lives: Lives,
    names: Sequence[str],
    rule: FanRule,
    seed: int,
    *,
    run: str = "",
    cut: str = "time",
    left_out: int = 0,
    least: int = MIN_CELL,
) -> tuple[FittedFans, tuple[int, ...], FanReport]:
    """Fit both ways and measure them on users held out.

    Args:
        lives: of all users, tags of (items, m') in the order of ``names``. least: the fewest fans that are told of.

    Returns:
        The better way and the other, the places of the tags that it tells of, and how good that is.

    Raises:
        DataError: there are too few users, or no tag with enough fans and others.
    """
    n = len(lives.described)
    if n < FEWEST_USERS:
        raise DataError(
            f"{n:,} users have enough likes to be cut in two; telling fans needs {FEWEST_USERS}: lower the least likes"
        )
    order = generator(seed, "fans", "split").permutation(n)
    held, learned = np.sort(order[: round(HELD_OUT * n)]), np.sort(order[round(HELD_OUT * n) :])
    seen = lives.take(learned)
    overall = _overall(seen.after)
    kept = _kept(are_fans(seen.after, overall, rule))
    lives, overall = _of_tags(lives, kept), overall[list(kept)]
    tags = tuple(names[t] for t in kept)
    seen, asked = lives.take(learned), lives.take(held)
    labels, truth = are_fans(seen.after, overall, rule), are_fans(asked.after, overall, rule)
    with single_libraries():
        fitted, by_fold = _fitted(seen, labels, overall, seed, tags=tags, rule=rule)
        said = _said(fitted, seen, asked, labels, by_fold)
    chosen = "chains" if fitted.is_chained else "one-vs-rest"
    report = FanReport(
        run=run,
        rule=rule,
        cut=cut,
        n=len(learned),
        n_held_out=len(held),
        n_left_out=left_out,
        chosen=chosen,
        methods=_measured(said, truth, ~are_fans(asked.before, overall, rule), seed),
        gains={
            name: gain(truth, said[chosen], other, generator(seed, "fans", "gain"))
            for name, other in said.items()
            if name != chosen
        },
        tags=tuple(_of_tag(tag, truth[:, t], said[chosen][:, t], least) for t, tag in enumerate(tags)),
    )
    return fitted, kept, report


def _overall(likes: Likes) -> Floats:
    total = max(float(likes.totals().sum()), 1.0)
    shares: Floats = likes.counts().sum(axis=0) / total
    return shares


def _kept(labels: Mask) -> tuple[int, ...]:
    fans = labels.sum(axis=0)
    enough = np.flatnonzero((fans >= FEWEST_FANS) & (len(labels) - fans >= FEWEST_FANS))
    if len(enough) < 2:
        raise DataError(
            f"{len(enough)} tags have {FEWEST_FANS} fans and as many others among {len(labels):,} users; expected two "
            "tags or more: lower the least likes or the least index"
        )
    first = enough[np.argsort(-fans[enough], kind="stable")[:MOST_TAGS]]
    return tuple(sorted(first.tolist()))


def _of_tags(lives: Lives, kept: Sequence[int]) -> Lives:
    tagged = sp.csr_array(lives.before.tagged[:, list(kept)])
    return Lives(Likes(lives.before.matrix, tagged), Likes(lives.after.matrix, tagged), lives.described)


def _links(lives: Lives, labels: Mask, seed: int) -> tuple[tuple[FittedLogistic, ...], tuple[Chain, ...]]:
    """Fit one classifier for each tag, and the chains."""
    m = labels.shape[1]
    single = tuple(_link(lives, labels[:, t], t, ()) for t in range(m))
    chains = []
    for c in range(CHAINS):
        order = tuple(generator(seed, "fans", "chain", c).permutation(m).tolist())
        links = tuple(
            _link(lives, labels[:, t], t, tuple(labels[:, s] for s in order[:at])) for at, t in enumerate(order)
        )
        chains.append(Chain(order, links))
    return single, tuple(chains)


def _link(lives: Lives, label: Mask, tag: int, earlier: Sequence[Mask]) -> FittedLogistic:
    rows = np.column_stack([lives.before.without((tag,)), lives.described, *(one.astype(float) for one in earlier)])
    model = Logistic(inverse_penalty=RARE)
    return model.fit(rows, label.astype(np.int64), np.random.default_rng(0))  # nothing in it is random


def _fitted(
    lives: Lives, labels: Mask, overall: Floats, seed: int, *, tags: tuple[str, ...], rule: FanRule
) -> tuple[FittedFans, dict[str, Floats]]:
    """Fit both ways; choose by log loss out of fold."""
    n = len(labels)
    folds = generator(seed, "fans", "folds").permutation(n) % FOLDS
    by_fold = {name: np.empty(labels.shape) for name in ("one-vs-rest", "chains")}
    for fold in range(FOLDS):
        out, rest = np.flatnonzero(folds == fold), np.flatnonzero(folds != fold)
        if not (labels[rest].any(axis=0) & ~labels[rest].all(axis=0)).all():
            raise DataError("a tag has too few fans to be learned in folds; raise the least index or bring more users")
        links = _links(lives.take(rest), labels[rest], seed)
        some = FittedFans(tags, rule, overall, *links, is_chained=True, threshold=0.5)
        asked = lives.take(out)
        by_fold["one-vs-rest"][out] = some.by_single(asked.before, asked.described)
        by_fold["chains"][out] = some.by_chains(asked.before, asked.described)
    losses = {name: _loss(p, labels) for name, p in by_fold.items()}
    is_chained = losses["chains"] < losses["one-vs-rest"]
    threshold = best_threshold(by_fold["chains" if is_chained else "one-vs-rest"], labels)
    return FittedFans(tags, rule, overall, *_links(lives, labels, seed), is_chained, threshold), by_fold


def _loss(probabilities: Floats, labels: Mask) -> float:
    own = np.where(labels, probabilities, 1 - probabilities)
    return float(-np.log(np.maximum(own, 1e-12)).mean())


def _said(
    fitted: FittedFans, seen: Lives, asked: Lives, labels: Mask, by_fold: dict[str, Floats]
) -> dict[str, npt.NDArray[np.bool_]]:
    """(n, m) by method what is said of those asked; thresholds come from those that are learned from."""
    found = {
        "chains": fitted.by_chains(asked.before, asked.described),
        "one-vs-rest": fitted.by_single(asked.before, asked.described),
    }
    said = {name: p >= best_threshold(by_fold[name], labels) for name, p in found.items()}
    said["cosine"] = _by_cosine(seen.before, asked.before, labels)
    rates = np.broadcast_to(labels.mean(axis=0), labels.shape)
    said["popularity"] = np.broadcast_to(rates[0] >= best_threshold(rates, labels), said["chains"].shape)
    return said


def _by_cosine(seen: Likes, asked: Likes, labels: Mask) -> Mask:
    """(n, m) those nearest to a tag's fans, as large a share as fans are; profiles without the tag's items."""
    found = []
    for t in range(labels.shape[1]):
        profile, own = seen.without((t,))[:, :-1], asked.without((t,))[:, :-1]
        centre = _unit(profile[labels[:, t]].mean(axis=0, keepdims=True) - profile.mean(axis=0, keepdims=True))
        mean = profile.mean(axis=0, keepdims=True)
        near, far = _unit(profile - mean) @ centre.T, _unit(own - mean) @ centre.T
        found.append(far[:, 0] >= np.quantile(near[:, 0], 1 - labels[:, t].mean()))
    return np.column_stack(found)


def _unit(rows: Floats) -> Floats:
    lengths = np.sqrt((rows**2).sum(axis=1, keepdims=True))
    return rows / np.where(lengths > 0, lengths, 1.0)


def _measured(said: dict[str, Mask], truth: Mask, is_new: Mask, seed: int) -> tuple[FanMethod, ...]:
    """Measure all methods by the same draws of users."""
    return tuple(
        FanMethod(
            name,
            label_measures(truth, one, generator(seed, "fans", "intervals")),
            label_measures(truth & is_new, one & is_new, generator(seed, "fans", "intervals")),
        )
        for name, one in said.items()
    )


def _of_tag(tag: str, so: Mask, said: Mask, least: int) -> FanTag:
    fans, hits = int(so.sum()), int((so & said).sum())
    if fans < least:
        return FanTag(tag, None if fans else 0, None)
    return FanTag(tag, fans, 2 * hits / (fans + int(said.sum())))


def thaw_described(part: Frozen, chosen: Sequence[int]) -> Described:
    """Give back a block that describes users."""
    return Described(plugins.find("features", part.kind).Fitted.from_arrays(part), np.array(chosen, np.int64))
