"""Which tags a user's events carry: an events table in, a user x tag matrix out.

Tags are the items of the events themselves (interests, assessed topics), or what the items are tagged with. Counts per
user and tag are brought to one of several forms; vocabulary and weights are those of the fit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Literal, Self, cast, get_args

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from coterie.config import refuse_unknown
from coterie.errors import ConfigError, DataError
from coterie.features import options
from coterie.features.contract import FeatureBlock, Ids
from coterie.features.tagging import Tagging, TagSource
from coterie.features.weighting import Floats, Pairs, smooth_idf, to_csr
from coterie.frozen import Frozen
from coterie.tables import Tables

KIND: Final = "tags"
OPTIONS: Final = ("through", "form", "min_users", "positive_from", "pseudo_count", "vocabulary", "block_weight")
JEFFREYS: Final = 0.5  # Jeffreys' prior for a multinomial: half an event in every cell

Form = Literal["share", "tfidf", "clr", "l1", "count", "binary"]


@dataclass(frozen=True, slots=True, eq=False)
class FittedTags:
    """A frozen vocabulary and form.

    Args:
        name: the block's name.
        columns: (m,) sorted tags.
        form: see ``Tags``.
        pseudo_count: for "clr".
        idf: (m,) for "tfidf", else empty.
        tagging: how events lead to tags.
    """

    name: str
    columns: npt.NDArray[np.str_]
    form: Form
    pseudo_count: float
    idf: Floats
    tagging: Tagging

    def apply(self, tables: Tables, ids: Ids) -> FeatureBlock:
        """Give the rows of ``ids``, dense for "clr", else CSR; a user without an event of a known tag is all zeros.

        Raises:
            ModelError: only events of some value count, and the table has no values any more.
        """
        counts = self.tagging.counts(tables, ids)
        pairs = counts.pairs(self.columns)
        if self.form == "clr":
            known = np.bincount(pairs.rows, minlength=len(ids)) > 0  # who has all tags alike has a row of zeros too
            return FeatureBlock(self.name, ids, self.columns, centred_log_ratios(pairs, self.pseudo_count), known)
        matrix = to_csr(pairs, self._weights(pairs, counts.totals), "l1" if self.form == "l1" else "none")
        return FeatureBlock(self.name, ids, self.columns, matrix)

    def _weights(self, pairs: Pairs, totals: Floats) -> Floats:
        match self.form:
            case "binary":
                return np.ones(len(pairs.rows))
            case "share":
                shares: Floats = pairs.counts / totals[pairs.rows]
                return shares
            case "tfidf":
                return pairs.counts * self.idf[pairs.cols]
            case _:
                return pairs.counts

    def to_arrays(self) -> Frozen:
        """Give vocabulary, form and tagging as data."""
        meta = {"name": self.name, "form": self.form, "pseudo_count": self.pseudo_count}
        return self.tagging.to_arrays(KIND, meta, {"columns": self.columns, "idf": self.idf})

    @classmethod
    def from_arrays(cls, frozen: Frozen) -> Self:
        """Give back an equal fitted block."""
        meta, arrays = frozen.meta, frozen.arrays
        tagging = Tagging.from_arrays(frozen)
        return cls(meta["name"], arrays["columns"], meta["form"], meta["pseudo_count"], arrays["idf"], tagging)


class Tags:
    """Settings of a user x tag block.

    Args:
        name: the block's name. table: a table of role "events".
        through: a table of role "items" whose tags count, an event of an item with three tags for each of them; None:
            the events' items are tags themselves.
        form: what a cell holds:

            - "share" (default): part of the user's tagged events that carry the tag, in [0, 1]. Tags left out count in
              the whole; with several tags an item a row can sum to more than 1.
            - "l1": counts over their sum, so that a row sums to 1.
            - "tfidf": count x smooth inverse user frequency, learned at the fit.
            - "clr": centred log-ratio, ln(count + ``pseudo_count``) less its mean over all tags; a dense block.
            - "count" and "binary": events, or 1 where there is one.
        min_users: tags of fewer users in the fit are left out, >= 1.
        positive_from: only events of at least this value count. None: all do.
        pseudo_count: for "clr" alone, events added to every cell, > 0, since a zero has no logarithm; 0.5 if None.
        vocabulary: what some tags are called instead; in coterie.toml a file of reviewed merges.
        block_weight: weight beside other basis blocks, > 0.

    Raises:
        ConfigError: an option is unknown, out of range, or does not belong to the form.

    Source:
        Aitchison 1986, "The Statistical Analysis of Compositional Data", section 4.6: the centred log-ratio.
    """

    Fitted: ClassVar[type[FittedTags]] = FittedTags

    def __init__(
        self,
        name: str,
        table: str,
        *,
        through: str | None = None,
        form: str = "share",
        min_users: int = 2,
        positive_from: float | None = None,
        pseudo_count: float | None = None,
        vocabulary: Mapping[str, str] | None = None,
        block_weight: float = 1.0,
        **unknown: Any,
    ) -> None:
        where = f"features.{name}"
        refuse_unknown(unknown, OPTIONS, where)
        self.name, self.table = name, table
        self._tagged = TagSource.checked(
            table, where, through=through, positive_from=positive_from, vocabulary=vocabulary
        )
        self.form = cast(Form, options.one_of(form, get_args(Form), f"{where}.form"))
        self.min_users = options.whole(min_users, f"{where}.min_users", low=1)
        if pseudo_count is not None and form != "clr":
            raise ConfigError(
                f"'{where}.pseudo_count' belongs to form = 'clr', got form = '{form}'; take one of them out"
            )
        self.pseudo_count = (
            JEFFREYS if pseudo_count is None else options.above_zero(pseudo_count, f"{where}.pseudo_count")
        )
        self.block_weight = options.above_zero(block_weight, f"{where}.block_weight")

    def entities(self, tables: Tables) -> Ids:
        """Give the sorted ids of users with at least one event that carries a tag."""
        return self._tagged.fit(tables).users(tables)

    def fit(self, tables: Tables, ids: Ids) -> FittedTags:
        """Learn the vocabulary and what the form needs from the events of ``ids``.

        Raises:
            ConfigError: a table does not fit its option.
            DataError: fewer than two tags have ``min_users`` users.
        """
        tagging = self._tagged.fit(tables)
        counts = tagging.counts(tables, ids)
        users = counts.users_per_tag()
        kept = np.array([tag for tag, count in users.items() if count >= self.min_users], dtype=np.str_)
        if len(kept) < 2:
            raise DataError(
                f"{len(kept)} of {len(users):,} tags in '{self.table}' have at least {self.min_users} users; expected "
                f"two tags or more; lower 'features.{self.name}.min_users' or bring more events"
            )
        idf = smooth_idf(counts.pairs(kept)) if self.form == "tfidf" else np.zeros(0)
        return FittedTags(self.name, kept, self.form, self.pseudo_count, idf, tagging)


def centred_log_ratios(pairs: Pairs, pseudo_count: float) -> npt.NDArray[np.float32]:
    """(n, m) ln(count + pseudo_count) less its mean over the row; a row without a count is all zeros.

    Each row sums to 0. Only the logarithms of counts are added up, pair after pair, so a row depends on itself alone.
    """
    n, m = pairs.shape
    raised = np.log1p(pairs.counts / pseudo_count)  # ln(count + a) - ln(a): 0 for an empty cell
    means = pairs.per_user(raised) / m
    dense = sp.csr_array((raised, (pairs.rows, pairs.cols)), shape=(n, m)).toarray()
    ratios: npt.NDArray[np.float32] = (dense - means[:, np.newaxis]).astype(np.float32)
    return ratios
