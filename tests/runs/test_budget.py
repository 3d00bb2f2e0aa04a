"""A budget of memory is kept by fitting on some users; everybody gets a segment all the same."""

from __future__ import annotations

import polars as pl
import pytest
from sklearn.metrics import adjusted_rand_score

from coterie import project
from coterie.cli.checking import check_project
from coterie.config import load_config
from coterie.errors import ConfigError
from coterie.runs import budget, tables_on_disk
from coterie.terms import OF_ITEMS, OF_USERS
from tests.projects import quick_sample


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    return load_config(quick_sample(tmp_path_factory.mktemp("budget")))


def with_budget(config, memory_gb, entity=OF_USERS):
    changed = config.project.model_copy(update={"memory_gb": memory_gb, "entity": entity})
    return config.model_copy(update={"project": changed})


def test_a_plan_keeps_to_its_budget(config):
    for memory_gb in (1.0, 2.0, 4.0, 8.0):
        for n_events in (0, 1_000, 10_000_000, 50_000_000, 100_000_000, 300_000_000):
            found = budget.plan(with_budget(config, memory_gb), n_events)
            assert found.is_kept == (found.needed_gb <= memory_gb)
            assert (found.share == 1) == (found.whole_gb <= memory_gb)
            assert found.needed_gb <= found.whole_gb


def test_a_plan_is_told(config):
    assert "will fit on all users" in budget.plan(with_budget(config, 4.0), 25_000_000).told()
    told = budget.plan(with_budget(config, 6.0), 200_000_000).told()
    assert "will sample 87% of users to fit; apply to all" in told
    assert "raise memory_gb" in budget.plan(with_budget(config, 1.0), 100_000_000).told()


def test_items_are_not_sampled(config):
    found = budget.plan(with_budget(config, 1.0, OF_ITEMS), 100_000_000)
    assert (found.share, found.is_kept) == (1.0, False)


def test_a_budget_is_a_number_of_gigabytes(tmp_path):
    path = quick_sample(tmp_path)
    path.write_text(path.read_text().replace("[project]", "[project]\nmemory_gb = 0.1"))
    with pytest.raises(ConfigError, match=r"project\.memory_gb"):
        load_config(path)


def test_check_tells_the_plan(tmp_path):
    assert "will fit on all users" in check_project(quick_sample(tmp_path)).plan


@pytest.fixture(scope="module")
def sampled_run(tmp_path_factory):
    path = quick_sample(tmp_path_factory.mktemp("sampled"), n_users=600, with_truth=True)
    n_events = len((path.parent / "ratings.csv").read_text().splitlines()) - 1
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(budget, "FITTING", 2 * 4 * budget.GB / n_events)  # so that half of these events are too many
        return project.run(path)


def test_everybody_gets_a_segment_of_a_model_fitted_on_some(sampled_run):
    truth = pl.read_csv(sampled_run.folder.parents[1] / "truth.csv", schema_overrides={"user_id": pl.String})
    both = sampled_run.assignments().join(truth, on="user_id")
    assert both.height == sampled_run.manifest.n_users == 600
    assert adjusted_rand_score(both[truth.columns[-1]], both["segment_id"]) > 0.8
    assert sampled_run.manifest.agreement.n_users == 600
    assert sampled_run.manifest.agreement.share == 1.0
    assert sum(segment.size for segment in sampled_run.segments) == 600


def test_the_protocol_says_on_how_many(sampled_run):
    (told,) = [line for line in sampled_run.decision.protocol if "random sample" in line and "memory_gb" in line]
    n_fitted = sum(sampled_run.chosen.sizes)
    assert 0 < n_fitted < 600
    assert f"{n_fitted:,} users, a random sample of 600" in told


def test_a_run_warns_of_a_budget_that_even_a_sample_breaks(tmp_path):
    path = quick_sample(tmp_path, n_users=300)
    n_events = len((path.parent / "ratings.csv").read_text().splitlines()) - 1
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(budget, "MAPPED", 5 * budget.GB / n_events)
        (warned,) = [line for line in project.run(path).decision.warnings if line.startswith("memory: ")]
    assert "raise memory_gb, or bring fewer events" in warned


def test_a_sample_is_of_users_in_every_table(sampled_run):
    tables = tables_on_disk.load(sampled_run.folder, OF_USERS).tables
    some = budget.sampled(tables, 0.25, 7)
    users = {name: set(some[name].frame.collect("polars")["user_id"].to_list()) for name in ("ratings", "people")}
    assert users["ratings"] <= users["people"]
    assert len(users["people"]) == 150
    every = tables["ratings"].frame.collect("polars").to_native()
    assert (
        some["ratings"].frame.collect("polars").shape[0]
        == every.filter(pl.col("user_id").is_in(users["people"])).height
    )
    assert budget.sampled(tables, 1.0, 7) is tables
