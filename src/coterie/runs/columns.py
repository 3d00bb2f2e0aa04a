"""The readable columns of a run's users, as one table: what the rules of its profiles speak of."""

from __future__ import annotations

import numpy as np
import polars as pl

from coterie.runs.renaming import with_merged_tags
from coterie.runs.result import Run
from coterie.runs.steps import basis_of, profile_options
from coterie.segments.members import Members
from coterie.segments.profile import users_table
from coterie.terms import DISTANCE, NOISE, NOISE_ID, SEGMENT, USER


def user_columns(run: Run) -> pl.DataFrame:
    """Give one row a segmented user, sorted: id, segment and every readable column; unknown is null.

    Raises:
        DataError: a table of users describes one of them twice.
    """
    assigned = run.assignments()
    places = {segment.id: place for place, segment in enumerate(run.segments)} | {NOISE_ID: NOISE}
    labels = np.array([places[segment_id] for segment_id in assigned[SEGMENT].to_list()], dtype=np.int32)
    whole, columns = basis_of(run.config)
    members = Members(
        np.array(assigned[USER].to_list(), dtype=np.str_),
        labels,
        tuple(segment.id for segment in run.segments),
        assigned[DISTANCE].to_numpy(),
        whole,
        columns,
        run.manifest.entity,
    )
    tables = with_merged_tags(run.tables(), run.config)
    table = users_table(tables, members, profile_options(run.config, tables))
    return table.insert_column(1, assigned[SEGMENT])
