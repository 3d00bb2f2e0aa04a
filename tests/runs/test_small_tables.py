"""Whole runs of small made-up tables, each odd in its own way."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from coterie.config import parse_config
from coterie.errors import ConfigError, DataError, UnknownNameError
from coterie.runs.runner import run_project

TABLE = {"role": "events", "user": "user", "item": "item"}
TASTE = {"kind": "interactions", "from": "likes"}
PEOPLE = {"role": "users", "user": "user", "attributes": {"age": "number"}}


def run(folder, frames, tables, features, **more):
    for name, frame in frames.items():
        frame.write_csv(folder / f"{name}.csv")
    raw = {
        "tables": {name: {**table, "source": f"{name}.csv"} for name, table in tables.items()},
        "features": features,
        "clustering": {"methods": ["kmeans"], "k": [2, 4], "starts": 2},
        "evaluation": {"bootstraps": 3, "splits": 1, "seeds": 2, "replicates": 19},
        **more,
    }
    return run_project(parse_config(raw), folder, threads=1)


def camps(n_users: int = 60, each: int = 4) -> pl.DataFrame:
    """Two camps of users that like the items of their own half."""
    rng = np.random.default_rng(0)
    rows = [(f"u{u:03}", f"i{(u % 2) * 8 + i}") for u in range(n_users) for i in rng.choice(8, each, replace=False)]
    return pl.DataFrame(rows, schema=["user", "item"], orient="row")


def ages(n_users: int = 60) -> pl.DataFrame:
    return pl.DataFrame(
        {"user": [f"u{u:03}" for u in range(n_users)], "age": [20.0 + 40 * (u % 2) + u % 3 for u in range(n_users)]}
    )


def test_segments_of_attributes_are_judged_by_lift_where_there_are_events(tmp_path):
    tables = {"likes": TABLE, "people": PEOPLE}
    block = {"who": {"kind": "attributes", "from": "people"}}
    made = run(tmp_path, {"likes": camps(), "people": ages()}, tables, block, embedding={"method": "pca"})
    lift = made.decision.candidates[made.decision.chosen].lift
    assert lift is not None
    assert lift.lift.low > 1
    assert "Does it pay?" in [answer.question for answer in made.decision.answers]


def test_users_with_one_event_leave_nothing_to_hold_out(tmp_path):
    likes = pl.DataFrame({"user": [f"u{u:03}" for u in range(80)], "item": [f"i{u % 2}" for u in range(80)]})
    made = run(tmp_path, {"likes": likes}, {"likes": TABLE}, {"taste": TASTE})
    assert [(c.k, c.lift) for c in made.decision.candidates] == [(2, None)]  # two distinct points, so no three clusters
    assert any("too much alike" in warning for warning in made.decision.warnings)
    assert "Only k = 2 could be tried" in made.decision.reason


def test_users_whose_every_weight_is_zero_are_counted(tmp_path):
    likes = camps().with_columns(
        value=pl.when(pl.col("user") < "u010").then(2.0).otherwise(4.0 + pl.int_range(pl.len()) % 2)
    )
    taste = {**TASTE, "weight": "positive"}
    made = run(
        tmp_path, {"likes": likes}, {"likes": {**TABLE, "value": "value", "duplicates": "max"}}, {"taste": taste}
    )
    assert made.manifest.n_users == 50
    assert made.manifest.unsegmented_users == 10
    assert "Each of the 50 segmented users is in one" in made.decision.answers[-1].detail


def test_too_few_users_of_any_weight_are_refused(tmp_path):
    likes = camps().with_columns(value=pl.when(pl.col("user") < "u055").then(2.0).otherwise(5.0))
    taste = {**TASTE, "weight": "positive"}
    with pytest.raises(DataError, match=r"5 users are left to segment; .* only weights of zero"):
        run(tmp_path, {"likes": likes}, {"likes": {**TABLE, "value": "value"}}, {"taste": taste})


@pytest.mark.parametrize(
    ("changes", "error"), [({"kind": "atributes"}, UnknownNameError), ({"colums": ["age"]}, ConfigError)]
)
def test_a_descriptor_with_a_slip_in_it_is_refused(tmp_path, changes, error):
    who = {"kind": "attributes", "from": "people", "use": "descriptor", **changes}
    tables = {"likes": TABLE, "people": PEOPLE}
    with pytest.raises(error, match=r"atributes|colums"):
        run(tmp_path, {"likes": camps(), "people": ages()}, tables, {"taste": TASTE, "who": who})


def test_profiles_have_the_same_bits_for_shuffled_rows(tmp_path):
    rng = np.random.default_rng(1)
    likes = camps(each=6)
    likes = likes.with_columns(value=pl.Series(rng.integers(1, 50, likes.height) / 10))
    config = {"likes": {**TABLE, "value": "value"}}
    found = []
    for name, frame in (("one", likes), ("other", likes.sample(fraction=1, shuffle=True, seed=3))):
        (tmp_path / name).mkdir()
        found.append(
            (run(tmp_path / name, {"likes": frame}, config, {"taste": TASTE}).folder / "profiles.json").read_bytes()
        )
    assert found[0] == found[1]


def test_only_the_columns_that_segments_are_formed_on_are_basis(tmp_path):
    people = ages().with_columns(town=pl.when(pl.col("age") > 40).then(pl.lit("north")).otherwise(pl.lit("south")))
    tables = {"people": PEOPLE | {"attributes": {"age": "number", "town": "category"}}}
    block = {"who": {"kind": "attributes", "from": "people", "columns": ["age"]}}
    made = run(tmp_path, {"people": people}, tables, block, embedding={"method": "none"})
    assert {(m.column, m.use) for p in made.profiles for m in p.marks} == {("age", "basis"), ("town", "descriptor")}
