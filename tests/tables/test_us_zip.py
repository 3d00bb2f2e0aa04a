"""Zip codes to states."""

from __future__ import annotations

import narwhals.stable.v2 as nw
import polars as pl

from coterie.tables import us_zip
from tests.tables.backends import cells_of

_ABBREVIATIONS = "ALAKAZARCACOCTDEFLGAHIIDILINIAKSKYLAMEMDMAMIMNMSMOMTNENVNHNJNMNYNCNDOHOKORPARISCSDTNTXUTVTVAWAWVWIWY"
STATES = frozenset(_ABBREVIATIONS[start : start + 2] for start in range(0, 100, 2))
OTHERS = frozenset({"DC", "AS", "GU", "MP", "PR", "VI", "FM", "MH", "PW", "AA", "AE", "AP"})


def test_the_list_names_every_state_and_only_postal_codes():
    assert frozenset(us_zip.prefixes().values()) == STATES | OTHERS
    assert all(code.isdigit() and len(code) in {3, 5} for code in us_zip.prefixes())
    assert len(us_zip.prefixes()) > 900


def test_known_codes(backend):
    known = {
        "85711": "AZ", "94043": "CA", "02138": "MA", "00501": "NY", "99501": "AK", "96813": "HI", "20001": "DC",
        "10001-1234": "NY", "100011234": "NY", "09012": "AE", "34034": "AA", "96201": "AP", "00901": "PR",
        "96910": "GU", "06390": "NY", "06391": "CT", "96799": "AS", "T8H1N": None, "00000": None, "1234": None,
        "123456": None, "": None, None: None, "१०००१": None, "10001-12": None,
    }  # fmt: skip
    frame = backend.frame(pl.DataFrame({"n": range(len(known)), "zip": list(known)}))
    assert cells_of(frame, state=us_zip.state(nw.col("zip")))["state"] == list(known.values())


def test_movielens_users(backend, ml_100k):
    columns = ["user_id", "age", "gender", "occupation", "zip"]
    users = pl.read_csv(
        ml_100k / "u.user", separator="|", has_header=False, new_columns=columns, infer_schema=False
    ).with_row_index("n")
    states = cells_of(backend.frame(users), state=us_zip.state(nw.col("zip")))["state"]
    assert 860 <= sum(state in STATES - {"AK", "HI"} for state in states) <= 905
    assert sum(state is None for state in states) == 21  # 18 Canadian codes, 00000 twice, and a prefix not in use
