"""Which tags may be one: pairs that are written alike, weighed by the company they keep.

Two tags that mean one thing are carried beside the same other tags; whether they stand beside each other (users who
follow both) or take turns (courses have the one or the other) depends on who tags, so it is told and does not decide.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl
import scipy.sparse as sp

from coterie.tables.harmonising.spelling import SAME_BUT_PUNCTUATION, Spelling, likeness, spell
from coterie.terms import TAG

CARRIER: Final = "carrier"
Embed = Callable[[Sequence[str]], npt.NDArray[np.floating]]

LEAST_SCORE: Final = 0.55
SPELLING_SHARE: Final = 0.7  # of the score; the rest is company
GRAMS_SHARED: Final = 0.3  # cosine of letter triples from which two spellings are compared letter by letter
SAME_MEANING: Final = 0.85  # what meaning alone is worth beside spelling
LEAST_MEANING: Final = 0.8  # cosine of meanings from which spellings need not be alike
FEW: Final = 3.0  # carriers' worth of doubt in how alike the company is


@dataclass(frozen=True, slots=True, eq=False)
class Carriers:
    """Who carries which tags.

    Args:
        rows: one row a (carrier, tag): a user or an item, as text, and a tag.
    """

    rows: pl.DataFrame

    @property
    def n_tags(self) -> int:
        """Different tags."""
        return self.rows[TAG].n_unique()


@dataclass(frozen=True, slots=True)
class Merge:
    """One proposal.

    Args:
        tag: what is merged.
        into: what it would be called: the tag without a version, then the commoner, the shorter, the alphabet's first.
        score: in [0, 1], 1 = the same but for punctuation.
        why: the evidence, for a person.
        is_sure: whether it may be made without asking.
    """

    tag: str
    into: str
    score: float
    why: str
    is_sure: bool


def propose_merges(
    carriers: Carriers, *, least_score: float = LEAST_SCORE, embed: Embed | None = None
) -> tuple[Merge, ...]:
    """Propose which tags are one, best first; for each tag its best partner.

    Args:
        carriers: who carries which tags. least_score: proposals below are left out, in [0, 1].
        embed: gives (t, d) vectors of meaning for t texts; None: spelling and company alone.
    """
    rows = carriers.rows.select(CARRIER, TAG).unique().sort(TAG, CARRIER)
    counted = rows.group_by(TAG).len("carriers").sort(TAG)
    tags, counts = counted[TAG].to_list(), counted["carriers"].to_list()
    if len(tags) < 2:
        return ()
    spellings = [spell(tag) for tag in tags]
    companies = _Companies(_incidence(rows, tags))
    meanings = None if embed is None else _unit(np.asarray(embed(tags), dtype=np.float64))
    best: dict[int, tuple[bool, Merge]] = {}
    for i, j in _candidates(spellings, meanings):
        spelt, why = _alike(spellings[i], spellings[j], None if meanings is None else float(meanings[i] @ meanings[j]))
        if not spelt:
            continue
        # Into the tag without a version, then the commoner, then the shorter one.
        into, rarer = sorted((i, j), key=lambda at: (bool(spellings[at].version), -counts[at], len(tags[at]), tags[at]))
        merge = _merge(tags[rarer], tags[into], spelt, why, companies.of(rarer, into))
        ranked = (bool(spellings[into].version) and not merge.is_sure, merge)
        if merge.score >= least_score and (rarer not in best or _rank(ranked) < _rank(best[rarer])):
            best[rarer] = ranked
    return tuple(sorted((merge for _, merge in best.values()), key=_key))


@dataclass(frozen=True, slots=True)
class _Company:
    """How two tags meet: carriers of both, of the rarer one, and the cosine of the tags beside them, in [0, 1]."""

    both: int
    rarer: int
    alike: float


def _alike(one: Spelling, other: Spelling, meant: float | None) -> tuple[float, str]:
    """Say how alike two tags are in spelling or meaning, in [0, 1], and in what."""
    spelt, why = likeness(one, other)
    if meant is None or meant < LEAST_MEANING or spelt >= meant:
        return spelt, why
    return max(spelt, meant * SAME_MEANING), f"mean the same ({meant:.0%} alike)"


def _merge(tag: str, into: str, spelt: float, why: str, company: _Company) -> Merge:
    is_sure = spelt == SAME_BUT_PUNCTUATION
    score = spelt if is_sure else SPELLING_SHARE * spelt + (1 - SPELLING_SHARE) * company.alike
    met = f"{company.both} of {company.rarer} carriers carry both; company {company.alike:.0%} alike"
    return Merge(tag, into, round(score, 3), f"{why}; {met}", is_sure)


def _key(merge: Merge) -> tuple[float, str, str]:
    return -merge.score, merge.tag, merge.into


def _rank(ranked: tuple[bool, Merge]) -> tuple[bool, float, str, str]:
    """Rank a tag's partners: those without a version first, so that mvc4 goes into mvc, not into mvc5."""
    return ranked[0], *_key(ranked[1])


def _candidates(spellings: Sequence[Spelling], meanings: npt.NDArray[np.float64] | None) -> list[tuple[int, int]]:
    """Give the pairs that are worth comparing: that share letter triples, a stem or sorted words, or mean alike."""
    grams = _grams(spellings)
    near = (grams @ grams.T).tocoo()
    keep = (near.row < near.col) & (near.data >= GRAMS_SHARED)
    pairs = set(zip(near.row[keep].tolist(), near.col[keep].tolist(), strict=True))
    for key in (lambda s: s.stem, lambda s: " ".join(sorted(s.words))):
        by_key: dict[str, list[int]] = {}
        for at, spelling in enumerate(spellings):
            by_key.setdefault(key(spelling), []).append(at)
        for key_of, members in by_key.items():
            if key_of:
                pairs.update((members[a], members[b]) for a in range(len(members)) for b in range(a + 1, len(members)))
    if meanings is not None:
        rows, cols = np.nonzero(np.triu(meanings @ meanings.T >= LEAST_MEANING, k=1))
        pairs.update(zip(rows.tolist(), cols.tolist(), strict=True))
    return sorted(pairs)


def _grams(spellings: Sequence[Spelling]) -> sp.csr_array:
    """(t, g) letter triples of squashed spellings, rows of length 1; a word's ends count as letters."""
    index: dict[str, int] = {}
    rows, cols = [], []
    for at, spelling in enumerate(spellings):
        text = f"^{spelling.squashed}$"
        for gram in {text[i : i + 3] for i in range(max(len(text) - 2, 1))}:
            rows.append(at)
            cols.append(index.setdefault(gram, len(index)))
    grams = sp.csr_array((np.ones(len(rows)), (rows, cols)), shape=(len(spellings), len(index)))
    lengths = np.sqrt(np.asarray(grams.sum(axis=1)).ravel())
    return sp.csr_array(sp.diags_array(1 / np.maximum(lengths, 1)) @ grams)


def _incidence(rows: pl.DataFrame, tags: Sequence[str]) -> sp.csr_array:
    """(t, c) who carries which tag."""
    at = {tag: number for number, tag in enumerate(tags)}
    carrier = rows[CARRIER].rank("dense").cast(pl.Int64).to_numpy() - 1
    tag = rows[TAG].replace_strict(at, return_dtype=pl.Int64).to_numpy()
    return sp.csr_array((np.ones(len(rows)), (tag, carrier)), shape=(len(tags), int(carrier.max()) + 1))


class _Companies:
    """The tags that stand beside each tag, counted once.

    Args:
        taken: (t, c) who carries which tag.
    """

    def __init__(self, taken: sp.csr_array) -> None:
        self._carriers = np.asarray(taken.sum(axis=1)).ravel()
        self._both = sp.csr_array(taken @ taken.T)
        self._beside = sp.csr_array(self._both @ sp.diags_array(1 / np.sqrt(self._carriers)))

    def of(self, rarer: int, into: int) -> _Company:
        """Compare the company of two tags, doubting few carriers."""
        besides = [self._beside[[at]].toarray().ravel() for at in (rarer, into)]
        for beside in besides:
            beside[[rarer, into]] = 0.0
        lengths = float(np.linalg.norm(besides[0]) * np.linalg.norm(besides[1]))
        alike = float(besides[0] @ besides[1]) / lengths if lengths > 0 else 0.0
        n_rarer, both = int(self._carriers[rarer]), int(self._both[[rarer]].toarray()[0, into])
        return _Company(both, n_rarer, alike * n_rarer / (n_rarer + FEW))


def _unit(vectors: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(lengths > 0, lengths, 1.0)
