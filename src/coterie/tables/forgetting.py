"""Tables without some users: their rows, what was refused of theirs, and the examples that came from them.

Who is gone is said by a question that is asked of ids, so that a list of names and a list of hashes do alike.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Self

import narwhals.stable.v2 as nw
import numpy as np
import numpy.typing as npt
import polars as pl

from coterie.config import Table
from coterie.engines import local
from coterie.tables import rules
from coterie.tables.assessing import Checked, assess, beside
from coterie.tables.cells import identifier
from coterie.tables.coded import Ids
from coterie.tables.types import CheckedTable, RuleCount, events_of
from coterie.terms import EVENTS, ITEMS, USER

Gone = Callable[[Ids], npt.NDArray[np.bool_]]


def among(users: Iterable[str]) -> Gone:
    """Give the question whether ids are among some."""
    listed = np.array(sorted(users), dtype=np.str_)
    return lambda ids: np.isin(ids, listed)


@dataclass(frozen=True, slots=True)
class KeptOut:
    """Users who are not to come back, as salted hashes.

    Whoever holds the salt can try ids until one fits, so this hides nobody for good; see docs/decisions.

    Args:
        salt: random, of the project. digests: of the users' ids.
    """

    salt: str
    digests: frozenset[str]

    @classmethod
    def nobody(cls) -> Self:
        """Give an empty list with a salt of its own."""
        return cls(secrets.token_hex(16), frozenset())

    def also(self, users: Iterable[str]) -> KeptOut:
        """Give the list with more users."""
        return replace(self, digests=self.digests | {self._digest(user) for user in users})

    def __call__(self, ids: Ids) -> npt.NDArray[np.bool_]:
        """(n,) whether each id is on the list."""
        return np.array([self._digest(user) in self.digests for user in ids.tolist()], np.bool_)

    def _digest(self, user: str) -> str:
        key = bytes.fromhex(self.salt)
        return hashlib.blake2b(user.encode("utf-8", "surrogatepass"), key=key, digest_size=16).hexdigest()


def without(table: CheckedTable, gone: Gone) -> tuple[CheckedTable, int]:
    """Give a table of events or users without some users, and how many rows they had.

    Args:
        table: as checks and cleaning left it, users in ``user_id``; one of items is given back as it is.
    """
    if table.role == ITEMS:
        return table, 0
    if table.role == EVENTS:
        events = events_of(table)
        is_gone = gone(events.users)
        if not is_gone.any():
            return table, 0
        left = events.take(~is_gone[events.user])
        return CheckedTable.of_events(table.name, left, table.attributes), events.n_events - left.n_events
    rows = local.collect(table.frame)
    is_gone = gone(np.array(rows[USER].to_list(), dtype=np.str_))
    if not is_gone.any():
        return table, 0
    return table.with_frame(local.lazy(rows.filter(pl.Series(~is_gone)))), int(is_gone.sum())


def refused_without(rejects: nw.LazyFrame[Any], table: Table, gone: Gone) -> pl.DataFrame:
    """Give refused rows without those of some users.

    Args:
        rejects: the source's own columns as they came, column and reason. table: its config.
    """
    rows = local.collect(rejects)
    return rows.filter(pl.Series(~gone(refused_users(rows, table)), dtype=pl.Boolean))


def refused_users(rows: pl.DataFrame, table: Table) -> Ids:
    """Give the user of each of (n,) refused rows, as checks read it; "" where there is none."""
    if table.user is None or table.user not in rows.columns:
        return np.full(rows.height, "", dtype=np.str_)
    frame = local.lazy(rows.with_row_index(beside("place")))
    cells = {USER: identifier(table.user, frame.collect_schema()[table.user])}
    named = local.collect(assess(frame, cells, [USER]).select(beside("place"), beside(USER))).sort(beside("place"))
    ids: Ids = np.array(named[beside(USER)].fill_null("").to_list(), dtype=np.str_)
    return ids


def counts_without(
    counts: Iterable[RuleCount], name: str, table: Table, rejects: pl.DataFrame | None, gone: Gone
) -> tuple[RuleCount, ...]:
    """Give counts whose examples come from rows that are left; how many rows there were stays.

    Args:
        counts: of all tables. name: of the table that users were taken out of. table: its config.
        rejects: what is left of its refused rows; None where there were none.
    """
    keys = tuple(key for key in (table.user, table.item) if key is not None)
    told = rules.tally(name, local.lazy(rejects), keys) if rejects is not None and rejects.height else ()
    examples = {(count.rule, count.column): count.example for count in told}
    answer = []
    for count in counts:
        if count.table == name and count.example:
            example = examples.get((count.rule, count.column), "")
            is_id = count.rule.endswith(rules.KEPT)  # of somebody or something that no table knows; not refused
            if is_id and not gone(np.array([count.example], dtype=np.str_))[0]:
                example = count.example
            answer.append(replace(count, example=example))
        else:
            answer.append(count)
    return tuple(answer)


def kept_out_of(checked: Checked, table: Table, kept_out: KeptOut) -> Checked:
    """Give a checked table without the users who are not to come back, and with a count of their rows."""
    left, rows = without(checked.table, kept_out)
    rejects = refused_without(checked.rejects, table, kept_out)
    counts = counts_without(checked.counts, left.name, table, rejects, kept_out)
    if rows:
        counts = (*counts, RuleCount(left.name, rules.KEPT_OUT, "", rows, counts_as_reject=False))
    return Checked(left, local.lazy(rejects), counts, checked.read)
