"""The review file: proposals in, lines that a person decides out; what was decided is never overwritten."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from coterie.spreadsheet import csv_of_rows
from coterie.tables.harmonising.proposing import Merge
from coterie.vocabulary import COLUMNS, Decision


@dataclass(frozen=True, slots=True)
class Review:
    """One line of a review file.

    Args:
        tag, into, score, why: of the proposal, see ``Merge``; the score as text.
        decision: "yes", "no", "auto" (merged without asking) or "" for not decided.
    """

    tag: str
    into: str
    score: str
    why: str
    decision: Decision


def reviewed(proposals: Sequence[Merge], before: Sequence[Review]) -> tuple[Review, ...]:
    """Join new proposals with an earlier review.

    Lines that are decided stay as they are, also where they are proposed no more; undecided ones are made anew. A tag
    that is decided to be merged gets no further proposal, and no pair is proposed again the other way round.
    """
    decided = [line for line in before if line.decision]
    known = {frozenset((line.tag, line.into)) for line in decided}
    merged = {line.tag for line in decided if line.decision != "no"}
    fresh = [
        Review(merge.tag, merge.into, f"{merge.score:.3f}", merge.why, "auto" if merge.is_sure else "")
        for merge in proposals
        if frozenset((merge.tag, merge.into)) not in known and merge.tag not in merged
    ]
    return (*decided, *fresh)


def lines_of(rows: Sequence[Mapping[str, str]]) -> tuple[Review, ...]:
    """Give the lines of a review file from its checked rows."""
    return tuple(
        Review(row["tag"], row["into"], row.get("score") or "", row.get("why") or "", cast(Decision, row["decision"]))
        for row in rows
    )


def as_csv(lines: Sequence[Review]) -> str:
    """Write a review as CSV with a header."""
    return csv_of_rows(COLUMNS, ((line.tag, line.into, line.score, line.why, line.decision) for line in lines))
