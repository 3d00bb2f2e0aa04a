"""Segment ids across runs: on disk with made-up runs, then the whole way."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

import coterie
from coterie.errors import ConfigError, ModelError, StoreError
from coterie.runs import identity
from coterie.runs.identity import caught_up, editing, identities, project_folder, read_lineage
from coterie.segments.lineage import Identified
from coterie.segments.matching import Partition
from coterie.segments.registry import REGISTRY, Registry, load, merged, renamed
from coterie.tables import Tables
from tests.projects import quick_sample

AT = "2026-01-01T00:00:00+00:00"
NO_TABLES = Tables({})


def partition(*groups: range) -> Partition:
    pairs = sorted((f"u-{user:04}", label) for label, users in enumerate(groups) for user in users)
    ids, labels = zip(*pairs, strict=True)
    return Partition(np.array(ids), np.array(labels, np.int32), tuple(str(label) for label in range(len(groups))))


class KilledError(Exception):
    """Stands for a process that ends."""


@dataclass
class Project:
    """Makes runs of a project that consist of nothing but their ids."""

    folder: Path
    made: int = 0

    def run(self, *groups: range, killed: bool = False, entity: str = "users", knows_users: bool = True) -> Identified:
        self.made += 1
        run = f"20260101-00000{self.made}-aaaaaa"
        with identities(self.folder) as opened:
            found = opened.identify(partition(*groups), NO_TABLES, entity=entity, knows_users=knows_users)
            staging = self.folder / "staging"
            staging.mkdir(parents=True)
            opened.write(staging, run_id=run, created=datetime(2026, 1, 1, tzinfo=UTC), segments=())
            (self.folder / "runs").mkdir(exist_ok=True)
            staging.rename(self.folder / "runs" / run)
            if not killed:
                opened.record()
        return found

    @property
    def registry(self) -> Registry:
        return load(self.folder / REGISTRY)


@pytest.fixture
def project(tmp_path) -> Project:
    return Project(tmp_path)


FIRST = range(60), range(60, 90), range(90, 110)
LATER = range(60, 95), range(58), range(95, 115)


def test_ids_follow_the_users(project):
    assert project.run(*FIRST).segment_ids == ("s-1", "s-2", "s-3")
    assert project.run(*LATER).segment_ids == ("s-2", "s-1", "s-3")
    assert project.registry.runs == ("20260101-000001-aaaaaa", "20260101-000002-aaaaaa")


def test_numbers_of_rows_name_nobody_in_another_run(project):
    project.run(*FIRST)
    with identities(project.folder) as opened:
        found = opened.identify(partition(*LATER), NO_TABLES, knows_users=False)
    assert found.lineage.evidence == "nothing"  # these runs have no model that could say who was where


def test_numbers_of_rows_name_nobody_in_a_later_run_with_names(project):
    project.run(*FIRST, knows_users=False)
    assert project.run(*LATER).lineage.evidence == "nothing"


def test_an_item_with_the_id_of_a_user_is_not_that_user(project):
    project.run(*FIRST)
    found = project.run(*FIRST, entity="items")
    assert found.lineage.evidence == "first"
    assert found.segment_ids == ("s-4", "s-5", "s-6")
    assert {entry.id: entry.entity for entry in project.registry.entries}["s-4"] == "items"
    assert project.run(*LATER, entity="items").segment_ids == ("s-5", "s-4", "s-6")


def test_a_run_of_items_between_two_of_users_costs_no_id(project):
    project.run(*FIRST)
    project.run(*FIRST, entity="items")
    assert {entry.status for entry in project.registry.entries} == {"active"}
    assert project.run(*LATER).segment_ids == ("s-2", "s-1", "s-3")
    assert project.run(*LATER, entity="items").segment_ids == ("s-5", "s-4", "s-6")
    newest = (project.registry.newest("users"), project.registry.newest("items"), project.registry.newest("films.tags"))
    assert newest == ("20260101-000003-aaaaaa", "20260101-000004-aaaaaa", "")


@pytest.mark.parametrize("lost", ["runs", ".coterie"])
def test_users_are_known_again_after_a_run_of_items_from_either_copy(project, lost):
    project.run(*FIRST)
    project.run(*FIRST, entity="films.tags")
    shutil.rmtree(project.folder / lost)
    assert project.run(*LATER).segment_ids == ("s-2", "s-1", "s-3")


def test_where_users_cannot_be_known_again_segments_of_items_stay(project):
    project.run(*FIRST)
    project.run(*FIRST, entity="items")
    assert project.run(range(500, 560)).lineage.evidence == "nothing"
    retired = {entry.id for entry in project.registry.entries if entry.status == "retired"}
    assert retired == {"s-1", "s-2", "s-3"}


def test_a_run_of_items_leaves_what_a_person_merged_among_users_to_the_next_run_of_users(project):
    project.run(*FIRST)
    project.run(*FIRST, entity="items")
    with editing(project.folder) as opened:
        opened.registry = merged(opened.registry, "s-1", "s-3", at=AT)
    project.run(*FIRST, entity="items")
    assert project.registry.entry("s-3").pending is True
    assert project.run(*LATER).segment_ids == ("s-2", "s-1", "s-1")
    assert project.registry.entry("s-3").pending is False


def test_a_segment_of_users_and_one_of_items_cannot_be_merged(project):
    project.run(*FIRST)
    project.run(*FIRST, entity="items")
    expected = "s-1 is a segment of users and s-4 one of items; name two of one kind"
    with pytest.raises(ConfigError, match=expected):
        merged(project.registry, "s-1", "s-4", at=AT)


def test_ids_outlive_the_folders_of_old_runs(project):
    project.run(*FIRST)
    shutil.rmtree(project.folder / "runs")
    assert project.run(*LATER).segment_ids == ("s-2", "s-1", "s-3")


def test_ids_outlive_the_state_folder(project):
    project.run(*FIRST)
    shutil.rmtree(project.folder / ".coterie")
    assert project.run(*LATER).segment_ids == ("s-2", "s-1", "s-3")


def test_a_copy_of_members_that_is_damaged_is_not_needed(project):
    project.run(*FIRST)
    (project.folder / ".coterie" / "identity-users.npz").write_bytes(b"PK damaged")
    assert project.run(*LATER).segment_ids == ("s-2", "s-1", "s-3")


def test_without_any_record_of_members_every_id_is_new_and_that_is_said(project):
    project.run(*FIRST)
    shutil.rmtree(project.folder / "runs")
    shutil.rmtree(project.folder / ".coterie")
    found = project.run(*LATER)
    assert found.segment_ids == ("s-4", "s-5", "s-6")
    assert found.lineage.evidence == "nothing"
    assert {entry.id: entry.status for entry in project.registry.entries}["s-1"] == "retired"
    (run,) = (project.folder / "runs").iterdir()
    assert identity.is_cut_off(run)


def test_a_run_killed_before_it_was_recorded_is_caught_up_with(project):
    project.run(*FIRST)
    project.run(*LATER, range(200, 260), killed=True)
    assert project.registry.runs == ("20260101-000001-aaaaaa",)
    assert caught_up(project.folder).entry("s-4").first_run == "20260101-000002-aaaaaa"
    assert project.registry.runs == ("20260101-000001-aaaaaa",)  # reading wrote nothing
    found = project.run(range(200, 260), *LATER)
    assert found.segment_ids == ("s-4", "s-2", "s-1", "s-3")
    assert len(project.registry.runs) == 3


def test_a_first_run_killed_before_it_was_recorded_is_caught_up_with(project):
    project.run(*FIRST, killed=True)
    assert not (project.folder / REGISTRY).exists()
    assert project.run(*LATER).segment_ids == ("s-2", "s-1", "s-3")


def test_a_run_killed_before_it_appeared_leaves_no_trace(project, monkeypatch):
    project.run(*FIRST)
    before = (project.folder / REGISTRY).read_bytes()
    with pytest.raises(KilledError), identities(project.folder) as opened:
        opened.identify(partition(range(200, 260)), NO_TABLES)
        raise KilledError
    assert (project.folder / REGISTRY).read_bytes() == before
    assert project.run(*LATER, range(300, 350)).segment_ids == ("s-2", "s-1", "s-3", "s-4")


def test_a_lost_registry_is_made_again_from_the_runs(project):
    project.run(*FIRST)
    with editing(project.folder) as opened:
        opened.registry = renamed(opened.registry, "s-1", at=AT, name="Owls")
    project.run(*LATER, range(200, 260))
    whole = project.registry
    (project.folder / REGISTRY).unlink()
    assert [entry.id for entry in caught_up(project.folder).entries] == [entry.id for entry in whole.entries]


def test_a_damaged_registry_stops_a_run_before_it_starts_and_is_never_overwritten(project):
    project.run(*FIRST)
    (project.folder / REGISTRY).write_text("{damaged")
    with pytest.raises(ModelError, match=r"cannot be read .* left as it is"):
        project.run(*LATER)
    with pytest.raises(ModelError, match="cannot be read"), editing(project.folder):
        pytest.fail("opened")
    assert (project.folder / REGISTRY).read_text() == "{damaged"


def test_a_damaged_lineage_is_named(project):
    project.run(*FIRST, killed=True)
    (run,) = (project.folder / "runs").iterdir()
    (run / "lineage.json").write_text('{"schema": "coterie.lineage", "version": 1, "body": {}}')
    with pytest.raises(ModelError, match=r"lineage.json' is damaged \(\d+ faults\); move the run away"):
        read_lineage(run)


def test_what_a_person_merges_is_applied_by_the_next_run_and_every_later_one(project):
    project.run(*FIRST)
    with editing(project.folder) as opened:
        opened.registry = merged(opened.registry, "s-1", "s-3", at=AT)
    for _ in range(2):
        found = project.run(*LATER)
        assert found.segment_ids == ("s-2", "s-1", "s-1")
        assert [origin.id for origin in found.origins] == ["s-1", "s-2"]
    assert project.registry.entry("s-3").pending is False


def test_an_error_while_editing_changes_nothing(project):
    project.run(*FIRST)
    before = (project.folder / REGISTRY).read_bytes()
    with pytest.raises(KilledError), editing(project.folder) as opened:
        opened.registry = renamed(opened.registry, "s-1", at=AT, name="Owls")
        raise KilledError
    assert (project.folder / REGISTRY).read_bytes() == before


def test_there_is_nothing_to_edit_before_the_first_run(tmp_path):
    with pytest.raises(StoreError, match=r"there are no segments in '.*' yet; make a run"), editing(tmp_path):
        pytest.fail("opened")
    assert list(tmp_path.iterdir()) == []


def test_a_project_is_named_by_its_folder_or_its_config(tmp_path):
    (tmp_path / "coterie.toml").write_text("")
    assert project_folder(tmp_path) == project_folder(tmp_path / "coterie.toml") == tmp_path
    with pytest.raises(StoreError, match=r"there is no project in '.*nowhere'"):
        project_folder(tmp_path / "nowhere")


WRITER = """
import sys
from pathlib import Path
from tests.runs.test_identity import Project
project = Project(Path(sys.argv[1]), int(sys.argv[2]))
print(project.run(range(60), range(60, 90), range(int(sys.argv[3]), int(sys.argv[3]) + 40)).segment_ids[2])
"""


def test_two_runs_at_once_give_no_id_twice(project):
    project.run(range(60), range(60, 90))
    # Both hold a segment of users that the other does not have.
    commands = [[sys.executable, "-c", WRITER, str(project.folder), str(n), str(200 * n)] for n in (1, 2)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for command in commands]
    given = [process.communicate()[0].strip() for process in running]
    assert sorted(given) == ["s-3", "s-4"]
    assert len(project.registry.runs) == 3


@pytest.fixture(scope="module")
def retrained(tmp_path_factory):
    """A small project, run, renamed, then run with other users, seeds and order of rows."""
    folder = tmp_path_factory.mktemp("retrained")
    config = quick_sample(folder)
    config.write_text(config.read_text().replace("k = [4, 6]", "k = 5"))
    whole = (folder / "ratings.csv").read_text().splitlines(keepends=True)
    fewer = [row for row in whole[1:] if not row.split(",")[0].endswith("3")]
    (folder / "ratings.csv").write_text("".join([whole[0], *fewer]))
    first = coterie.run(config)
    with editing(folder) as opened:
        opened.registry = renamed(opened.registry, "s-2", at=AT, name="The second", colour="#123456")
    (folder / "ratings.csv").write_text("".join([whole[0], *reversed(whole[1:])]))
    config.write_text(config.read_text().replace("seed = 7", "seed = 11"))
    return first, coterie.run(config)


def by_segment(run) -> dict[str, set[str]]:
    rows = run.assignments()
    return {s.id: set(rows.filter(rows["segment_id"] == s.id)["user_id"]) for s in run.segments}


def test_more_users_another_seed_and_another_order_of_rows_change_no_id(retrained):
    first, second = retrained
    assert {segment.id for segment in second.segments} == {segment.id for segment in first.segments}
    assert all(segment.change == "kept" for segment in second.segments)
    before, now = by_segment(first), by_segment(second)
    common = set.union(*before.values()) & set.union(*now.values())
    assert all(len(before[i] & now[i]) > 0.9 * len(before[i] & common) for i in before)


def test_everything_in_a_run_speaks_of_the_same_ids(retrained):
    _, second = retrained
    ids = [segment.id for segment in second.segments]
    assert [profile.segment_id for profile in second.profiles] == ids
    assert set(second.model().segment_ids) == set(ids)
    assert [segment.size for segment in second.segments] == sorted((s.size for s in second.segments), reverse=True)
    found = by_segment(second)
    assert [segment.size for segment in second.segments] == [len(found[i]) for i in ids]


def test_a_name_and_a_colour_follow_the_id_into_run_and_report(retrained):
    first, second = retrained
    segment, _ = second.segment("s-2")
    assert (segment.name, segment.colour) == ("The second", "#123456")
    assert segment.working_name == first.segment("s-2")[0].working_name
    page = second.report.read_text()
    assert "The second" in page
    assert "#123456" in page
    assert "The second" not in first.report.read_text()


def test_an_older_run_is_not_touched(retrained):
    first, _ = retrained
    text = json.loads((first.folder / "segments.json").read_text())
    assert {segment["change"] for segment in text["body"]} == {"born"}


def test_where_no_user_is_common_the_earlier_model_says_who_would_have_been_where(retrained, tmp_path):
    _, second = retrained
    folder = tmp_path / "moved"
    shutil.copytree(second.folder.parents[1], folder)
    for name in ("ratings.csv", "people.csv"):
        header, *rows = (folder / name).read_text().splitlines(keepends=True)
        (folder / name).write_text("".join([header, *(f"other-{row}" for row in rows)]))
    third = coterie.run(folder)
    assert read_lineage(third.folder).lineage.evidence == "model"
    assert {segment.id for segment in third.segments} == {segment.id for segment in second.segments}


def test_two_segments_merged_by_hand_are_one_in_the_whole_next_run(retrained, tmp_path):
    _, second = retrained
    folder = tmp_path / "merged"
    shutil.copytree(second.folder.parents[1], folder)
    with editing(folder) as opened:
        opened.registry = merged(opened.registry, "s-1", "s-3", at=AT)
    third = coterie.run(folder)
    before, now = by_segment(second), by_segment(third)
    assert now["s-1"] == before["s-1"] | before["s-3"]
    assert "s-3" not in now
    assert [profile.segment_id for profile in third.profiles] == [segment.id for segment in third.segments]
    segment, _ = third.segment("s-1")
    assert (segment.size, segment.lift) == (len(now["s-1"]), None)
    assert len(segment.merged) == 1
    assert third.manifest.agreement.share == 1.0
    assert any("s-1 was merged by hand" in warning for warning in third.decision.warnings)
    fourth = coterie.run(folder)
    assert by_segment(fourth) == now
    assert replace(fourth.segment("s-1")[0], change="kept") == fourth.segment("s-1")[0]
