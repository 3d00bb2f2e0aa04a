"""Small searches: clouds of users with what they answered or took up."""

from __future__ import annotations

from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import polars as pl

from coterie.config import Config, parse_config
from coterie.features.contract import Ids
from coterie.model import fit_space
from coterie.selection.trials import Search
from coterie.tables import CheckedTable, Tables
from coterie.terms import EVENTS, ITEM, USER, USERS

LIKES = {"role": "events", "source": "likes.csv", "user": "u", "item": "i"}


def people(n_numbers: int) -> dict[str, Any]:
    numbers = {f"x{place}": "number" for place in range(n_numbers)}
    return {"role": "users", "source": "people.csv", "user": "u", "attributes": numbers}


def ids_of(n: int) -> Ids:
    return np.array([f"u{i:03}" for i in range(n)])


def clouds(sizes: tuple[int, ...], dims: int = 2, spread: float = 0.5) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Users around corners that lie far apart."""
    rng = np.random.default_rng(0)
    centres = 10 * np.eye(len(sizes), dims)
    return np.concatenate(
        [rng.normal(centre, spread, (size, dims)) for centre, size in zip(centres, sizes, strict=True)]
    ).astype(np.float32)


def of_points(points: np.ndarray[Any, np.dtype[np.float32]], **clustering: Any) -> Search:
    """A search on points whose space is not known."""
    ids = ids_of(len(points))
    config = parse_config(
        {
            "tables": {"people": people(1)},
            "features": {"who": {"kind": "attributes", "from": "people"}},
            "clustering": {"methods": ["kmeans"], **clustering},
            "evaluation": {"bootstraps": 2, "seeds": 2, "replicates": 19},
        }
    )
    frame = pl.LazyFrame({USER: ids, "x0": points[:, 0].astype(np.float64)})
    return Search(config, Tables({"people": CheckedTable("people", USERS, nw.from_native(frame))}), ids, points, 1)


def of_tables(raw: dict[str, Any], frames: dict[str, pl.DataFrame], **more: Any) -> Search:
    """A search of a config on tables, on the points that it gives."""
    config = parse_config({"evaluation": {"bootstraps": 2, "seeds": 2, "splits": 2, "replicates": 19}, **raw})
    roles = {"events": EVENTS, "users": USERS}
    tables = Tables(
        {
            name: CheckedTable(
                name, roles[table.role], nw.from_native(frames[name].lazy()), attributes=dict(table.attributes)
            )
            for name, table in config.tables.items()
        }
    )
    ids = np.unique(np.concatenate([frame[USER].to_numpy().astype(str) for frame in frames.values()]))
    return placed(config, tables, ids, **more)


def placed(config: Config, tables: Tables, ids: Ids, **more: Any) -> Search:
    space, points, known = fit_space(config, tables, ids, "space")
    return Search(config, tables, ids[known], points[known], 1, space=space, **more)


def camps(n_users: int = 60, each: int = 4) -> pl.DataFrame:
    """Two camps of users that like the items of their own half."""
    rng = np.random.default_rng(0)
    rows = [(f"u{u:03}", f"i{(u % 2) * 8 + i}") for u in range(n_users) for i in rng.choice(8, each, replace=False)]
    return pl.DataFrame(rows, schema=[USER, ITEM], orient="row")
