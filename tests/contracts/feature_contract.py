"""What every feature must keep; inherit it, give the two fixtures, and pytest runs it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

from coterie import frozen, plugins
from coterie.engines import local
from coterie.errors import ConfigError
from coterie.features.contract import Feature, FeatureBlock, FittedFeature, Ids
from coterie.tables import Tables

STRANGER = "~nobody"  # sorts behind every id of letters and digits


def dense(block: FeatureBlock) -> np.ndarray:
    return block.values.toarray() if sp.issparse(block.values) else block.values


def shuffled(tables: Tables, seed: int) -> Tables:
    """Give the same tables at hand, their rows in another order."""

    def mixed(frame: Any) -> Any:
        return local.lazy(local.collect(frame).sample(fraction=1.0, shuffle=True, seed=seed))

    return Tables(
        {
            table.name: replace(table, frame=mixed(table.frame), tags=None if table.tags is None else mixed(table.tags))
            for table in tables
        }
    )


class FeatureContract:
    """Inherit, and give the fixtures ``feature`` (settings) and ``tables`` (about ten users, plain ids)."""

    @pytest.fixture
    def ids(self, feature: Feature, tables: Tables) -> Ids:
        return feature.entities(tables)

    @pytest.fixture
    def fitted(self, feature: Feature, tables: Tables, ids: Ids) -> FittedFeature:
        return feature.fit(tables, ids)

    def test_entities_are_sorted_and_unique(self, ids: Ids) -> None:
        assert ids.dtype.kind == "U"
        assert len(ids) >= 2
        assert ids.tolist() == sorted(set(ids.tolist()))

    def test_block_has_one_finite_float32_row_an_entity(self, fitted: FittedFeature, tables: Tables, ids: Ids) -> None:
        block = fitted.apply(tables, ids)
        assert block.name == fitted.name
        assert block.ids.tolist() == ids.tolist()
        assert block.columns.tolist() == fitted.columns.tolist()
        assert fitted.columns.dtype.kind == "U"
        assert len(set(fitted.columns.tolist())) == len(fitted.columns)
        assert block.values.shape == (len(ids), len(fitted.columns))
        assert block.values.dtype == np.float32
        assert np.isfinite(dense(block)).all()
        assert np.any(dense(block))

    def test_sparse_rows_are_canonical(self, fitted: FittedFeature, tables: Tables, ids: Ids) -> None:
        values = fitted.apply(tables, ids).values
        if sp.issparse(values):
            assert isinstance(values, sp.csr_array)
            assert (values.data != 0).all()
            fresh = sp.csr_array((values.data, values.indices, values.indptr), shape=values.shape)
            assert fresh.has_canonical_format

    def test_a_row_alone_is_the_row_of_the_batch(self, fitted: FittedFeature, tables: Tables, ids: Ids) -> None:
        batch = dense(fitted.apply(tables, ids))
        alone = [dense(fitted.apply(tables, ids[at : at + 1])) for at in (0, 3, len(ids) - 1)]
        np.testing.assert_array_equal(np.vstack(alone), batch[[0, 3, len(ids) - 1]])

    def test_a_row_does_not_depend_on_the_other_ids(self, fitted: FittedFeature, tables: Tables, ids: Ids) -> None:
        batch = dense(fitted.apply(tables, ids))
        np.testing.assert_array_equal(dense(fitted.apply(tables, ids[1::2])), batch[1::2])

    def test_order_of_rows_does_not_matter(self, feature: Feature, tables: Tables, ids: Ids) -> None:
        mixed = shuffled(tables, seed=1)
        there, here = feature.fit(mixed, ids), feature.fit(tables, ids)
        _assert_same(there.to_arrays(), here.to_arrays())
        np.testing.assert_array_equal(dense(there.apply(mixed, ids)), dense(here.apply(tables, ids)))

    def test_frozen_and_thawed_it_is_the_same(
        self, feature: Feature, fitted: FittedFeature, tables: Tables, ids: Ids, tmp_path: Path
    ) -> None:
        part = fitted.to_arrays()
        frozen.save(part, tmp_path, "part")
        read = frozen.load(tmp_path, "part")
        _assert_same(read, part)
        assert read.meta["name"] == fitted.name  # by which a basis knows its blocks again
        thawed = plugins.find("features", read.kind).Fitted.from_arrays(read)
        assert type(thawed) is type(fitted) is feature.Fitted
        assert thawed.name == fitted.name
        assert thawed.columns.tolist() == fitted.columns.tolist()
        before, after = fitted.apply(tables, ids), thawed.apply(tables, ids)
        assert sp.issparse(after.values) == sp.issparse(before.values)
        np.testing.assert_array_equal(dense(after), dense(before))

    def test_an_unknown_entity_gets_a_finite_row_and_changes_no_other(
        self, fitted: FittedFeature, tables: Tables, ids: Ids
    ) -> None:
        more = np.append(ids, STRANGER)
        rows = dense(fitted.apply(tables, more))
        assert np.isfinite(rows[-1]).all()
        np.testing.assert_array_equal(rows[:-1], dense(fitted.apply(tables, ids)))

    def test_no_ids_give_no_rows(self, fitted: FittedFeature, tables: Tables, ids: Ids) -> None:
        assert fitted.apply(tables, ids[:0]).values.shape == (0, len(fitted.columns))

    def test_fitting_changes_no_settings(self, feature: Feature, tables: Tables, ids: Ids) -> None:
        before = dict(vars(feature))
        feature.fit(tables, ids)
        assert vars(feature) == before

    def test_unknown_option_is_refused(self, feature: Feature) -> None:
        with pytest.raises(
            ConfigError, match=r"unknown key 'block_wieght' in features\.x; did you mean 'block_weight'"
        ):
            type(feature)("x", feature.table, block_wieght=2.0)  # type: ignore[call-arg]

    def test_a_weight_of_nothing_is_refused(self, feature: Feature) -> None:
        with pytest.raises(ConfigError, match=r"'features\.x\.block_weight' is '0'; expected a number > 0"):
            type(feature)("x", feature.table, block_weight=0)  # type: ignore[call-arg]


def _assert_same(one: frozen.Frozen, other: frozen.Frozen) -> None:
    assert one.kind == other.kind
    assert dict(one.meta) == dict(other.meta)
    assert one.arrays.keys() == other.arrays.keys()
    for name, array in one.arrays.items():
        assert array.dtype == other.arrays[name].dtype, name
        assert array.dtype != object
        np.testing.assert_array_equal(array, other.arrays[name], err_msg=name)


__all__ = ["STRANGER", "FeatureContract", "dense", "shuffled"]
