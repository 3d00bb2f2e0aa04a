from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from coterie.errors import ConfigError, ModelError, UnknownNameError
from coterie.segments.lineage import Identified, Record, numbered
from coterie.segments.matching import Gone, Heir, Lineage, first, unknown
from coterie.segments.registry import Entry, Registry, load, merged, number_of, recorded, renamed, save, unmerged

AT = "2026-01-01T00:00:00+00:00"


def record(run: str, lineage: Lineage, registry: Registry, **names: str) -> Record:
    """What a run would write, given the registry it found."""
    whole = numbered(lineage, registry.next_number)
    segments = tuple(registry.root(heir.id) for heir in whole.heirs)
    working = {segment: f"Working {segment}" for segment in segments}
    return Record(run, AT, registry.runs[-1] if registry.runs else "", whole, segments, working, names)


def after(registry: Registry, run: str, *heirs: Heir, gone: tuple[Gone, ...] = ()) -> Registry:
    return recorded(registry, record(run, Lineage("members", 100, heirs, gone), registry))


def kept(segment_id: str, score: float = 0.9) -> Heir:
    return Heir(segment_id, "kept", score, (segment_id,))


@pytest.fixture
def registry() -> Registry:
    """Three segments after one run."""
    return recorded(Registry(), record("r-1", first(3), Registry()))


def test_a_first_run_gives_numbers_from_one(registry):
    assert [entry.id for entry in registry.entries] == ["s-1", "s-2", "s-3"]
    entry = registry.entry("s-2")
    assert (entry.status, entry.first_run, entry.last_run, entry.called) == ("active", "r-1", "r-1", "Working s-2")
    assert [(event.kind, event.score) for event in entry.history] == [("born", None)]


def test_a_second_run_keeps_retires_and_gives_a_number_never_given(registry):
    registry = after(registry, "r-2", kept("s-2"), kept("s-1"), gone=(Gone("s-3", "retired", "", 0.1),))
    registry = after(registry, "r-3", kept("s-2"), kept("s-1"), Heir("", "born", 0.0))
    assert [(entry.id, entry.status) for entry in registry.entries] == [
        ("s-1", "active"), ("s-2", "active"), ("s-3", "retired"), ("s-4", "active")
    ]  # fmt: skip
    assert registry.entry("s-3").last_run == "r-1"
    assert [event.kind for event in registry.entry("s-3").history] == ["born", "retired"]
    assert registry.entry("s-4").first_run == "r-3"


def test_a_run_is_recorded_once(registry):
    again = recorded(registry, record("r-1", first(3), Registry()))
    assert again == registry


def test_a_split_and_a_merger_are_told(registry):
    heirs = (
        Heir("s-1", "split", 0.6, ("s-1",)),
        Heir("", "split", 0.4, ("s-1",)),
        Heir("s-2", "merged", 0.7, ("s-2", "s-3")),
    )
    registry = after(registry, "r-2", *heirs, gone=(Gone("s-3", "merged", "s-2", 0.3),))
    assert registry.entry("s-4").parents == ("s-1",)
    assert registry.entry("s-4").history[-1].detail == "part of s-1"
    assert registry.entry("s-2").history[-1].detail == "with s-3"
    assert (registry.entry("s-3").status, registry.entry("s-3").merged_into) == ("merged", "s-2")
    assert registry.joined == {}


def test_names_colours_and_notes_survive_five_retrains(registry):
    registry = renamed(registry, "s-2", at=AT, name="  Night   owls ", colour="#00ff00", note="as agreed")
    for run in range(2, 7):
        registry = after(registry, f"r-{run}", kept("s-1"), kept("s-2"), kept("s-3"))
    entry = registry.entry("s-2")
    assert (entry.called, entry.colour, entry.notes) == ("Night owls", "#00FF00", ("as agreed",))
    assert entry.history[1].detail == "name 'Night owls', colour #00FF00, note added"
    assert registry.names == {"s-2": "Night owls"}
    assert registry.colours == {"s-2": "#00FF00"}
    taken_back = renamed(registry, "s-2", at=AT, name="", colour="").entry("s-2")
    assert (taken_back.called, taken_back.colour) == ("Working s-2", None)


def test_a_merger_is_taken_back_before_any_run_as_if_it_had_not_been(registry):
    named = renamed(registry, "s-3", at=AT, name="Owls", colour="#123456")
    back = unmerged(merged(named, "s-1", "s-3", at=AT), "s-3", at=AT, note="a mistake")
    entry = back.entry("s-3")
    assert (entry.status, entry.merged_into, entry.by_hand, entry.pending) == ("active", "", False, False)
    assert (entry.called, entry.colour, entry.notes) == ("Owls", "#123456", ("a mistake",))
    assert [event.detail for event in back.entry("s-1").history][-2:] == [
        "s-3 into s-1, by hand", "s-3 out of s-1 again, by hand"
    ]  # fmt: skip
    assert back.joined == {}
    assert [entry.status for entry in after(back, "r-2", kept("s-1"), kept("s-2"), kept("s-3")).entries] == [
        "active"
    ] * 3


def test_a_merger_that_a_run_has_made_is_taken_back_by_the_next_run(registry):
    joined = after(merged(registry, "s-1", "s-3", at=AT), "r-2", kept("s-1"), kept("s-2"), kept("s-3"))
    assert joined.entry("s-3").status == "merged"
    back = unmerged(joined, "s-3", at=AT)
    assert (back.entry("s-3").status, back.entry("s-1").status) == ("retired", "active")
    again = after(back, "r-3", kept("s-1"), kept("s-2"), kept("s-3"))
    assert [entry.status for entry in again.entries] == ["active"] * 3
    assert again.entry("s-3").last_run == "r-3"


def test_what_a_person_merged_is_one_from_the_next_run_on_and_stays_so(registry):
    registry = merged(registry, "s-1", "s-3", at=AT, note="the same people")
    entry = registry.entry("s-3")
    assert (entry.status, entry.merged_into, entry.pending, entry.notes) == (
        "merged",
        "s-1",
        True,
        ("the same people",),
    )
    for run in ("r-2", "r-3"):
        made = record(run, Lineage("members", 9, (kept("s-2"), kept("s-1"), kept("s-3")), ()), registry)
        assert made.segments == ("s-2", "s-1", "s-1")
        (_, origin) = made.origins()
        assert (origin.id, origin.clusters, origin.parts) == ("s-1", (1, 2), ("s-1", "s-3"))
        registry = recorded(registry, made)
        entry = registry.entry("s-3")
        assert (entry.status, entry.pending, entry.last_run) == ("merged", False, run)
    assert [event.kind for event in registry.entry("s-3").history] == ["born", "merged", "merged"]


def test_a_merger_the_other_way_round(registry):
    registry = merged(registry, "s-1", "s-3", at=AT, into="s-3")
    assert registry.entry("s-1").merged_into == "s-3"
    registry = merged(registry, "s-2", "s-3", at=AT)
    assert registry.joined == {"s-1": "s-2", "s-3": "s-2"}


def test_a_segment_lives_on_in_what_a_person_merged_into_it(registry):
    registry = merged(registry, "s-1", "s-3", at=AT)
    registry = after(registry, "r-2", kept("s-2"), kept("s-3"), gone=(Gone("s-1", "retired", "", 0.0),))
    assert registry.entry("s-1").status == "active"
    registry = after(registry, "r-3", kept("s-2"), gone=(Gone("s-3", "merged", "s-2", 0.4),))
    entry = registry.entry("s-1")
    assert (entry.status, entry.merged_into, entry.by_hand) == ("merged", "s-2", False)
    assert registry.entry("s-3").merged_into == "s-1"


def test_a_question_is_asked_until_a_name_or_a_merger_answers_it(registry):
    heirs = kept("s-1"), kept("s-2"), Heir("", "born", 0.4, resembles="s-3")
    registry = after(registry, "r-2", *heirs, gone=(Gone("s-3", "retired", "", 0.4),))
    registry = after(registry, "r-3", kept("s-1"), kept("s-2"), kept("s-4"))
    assert registry.entry("s-4").resembles == "s-3"
    assert renamed(registry, "s-4", at=AT, name="New people").entry("s-4").resembles == ""
    registry = merged(registry, "s-3", "s-4", at=AT)
    assert registry.entry("s-4").resembles == ""
    registry = after(registry, "r-4", kept("s-1"), kept("s-2"), kept("s-4"))
    assert (registry.entry("s-3").status, registry.entry("s-3").last_run) == ("active", "r-4")


def test_a_cut_is_told_in_the_history(registry):
    registry = recorded(registry, record("r-2", unknown(2, ("s-1", "s-2", "s-3")), registry))
    assert [entry.id for entry in registry.entries if entry.status == "active"] == ["s-4", "s-5"]
    assert registry.entry("s-1").history[-1].detail == "no user links it to this run"


def test_a_registry_made_again_from_runs_knows_names_and_mergers(registry):
    registry = merged(renamed(registry, "s-1", at=AT, name="Owls"), "s-1", "s-3", at=AT)
    runs = [record("r-1", first(3), Registry())]
    runs.append(record("r-2", Lineage("members", 9, (kept("s-2"), kept("s-1"), kept("s-3")), ()), registry))
    runs[0] = replace(runs[0], names={"s-1": "Owls"})
    again = Registry()
    for made in runs:
        again = recorded(again, made)
    assert again.entry("s-1").name == "Owls"
    assert again.joined == {"s-3": "s-1"}


def test_segments_of_several_clusters_are_ordered_by_their_users():
    lineage = numbered(first(3), 1)
    cluster_labels = np.array([0, 0, 0, 1, 1, 2, 2, -1], np.int32)
    found = Identified(lineage, ("s-1", "s-2", "s-2"), cluster_labels)
    assert [origin.id for origin in found.origins] == ["s-2", "s-1"]
    assert found.labels.tolist() == [1, 1, 1, 0, 0, 0, 0, -1]
    plain = Identified(lineage, ("s-1", "s-2", "s-3"), cluster_labels)
    assert plain.labels.tolist() == cluster_labels.tolist()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda r: renamed(r, "s-1", at=AT), "nothing to change: give a name, a colour or a note"),
        (lambda r: renamed(r, "s-1", at=AT, name="x" * 81), "a name has at most 80 characters"),
        (lambda r: renamed(r, "s-1", at=AT, name="a\x07b"), "all of them printable"),
        (lambda r: renamed(r, "s-1", at=AT, colour="blue"), "'blue' is no colour; expected '#' and six hexadecimal"),
        (lambda r: renamed(r, "s-3", at=AT, name="OWLS"), "s-2 is called 'OWLS' already; choose another name"),
        (
            lambda r: unmerged(r, "s-1", at=AT),
            "s-1 cannot be taken out of another segment: nobody merged it with anoth",
        ),
        (lambda r: unmerged(merged(r, "s-1", "s-2", at=AT), "s-1", at=AT), "in it are s-2; name one of these"),
        (
            lambda r: unmerged(
                renamed(merged(renamed(r, "s-2", at=AT, name="Owls"), "s-1", "s-2", at=AT), "s-1", at=AT, name="owls"),
                "s-2",
                at=AT,
            ),
            "s-1 is called 'Owls' already; choose another name",
        ),
        (lambda r: merged(r, "s-1", "s-1", at=AT), "s-1 cannot be merged with itself"),
        (lambda r: merged(r, "s-1", "s-2", at=AT, into="s-3"), "'into' is one of the two, s-1 or s-2, got s-3"),
        (lambda r: merged(merged(r, "s-1", "s-2", at=AT), "s-3", "s-2", at=AT), "s-2 is part of s-1 now; merge s-1"),
        (lambda r: renamed(merged(r, "s-1", "s-2", at=AT), "s-2", at=AT, name="x"), "part of s-1 now; rename s-1"),
    ],
)
def test_a_change_that_cannot_be_is_refused(registry, change, message):
    registry = renamed(registry, "s-2", at=AT, name="Owls")
    with pytest.raises(ConfigError, match=message):
        change(registry)


def test_two_retired_segments_cannot_be_merged(registry):
    gone = (Gone("s-2", "retired", "", 0.0), Gone("s-3", "retired", "", 0.0))
    registry = after(registry, "r-2", kept("s-1"), gone=gone)
    with pytest.raises(ConfigError, match="s-2 and s-3 are both retired"):
        merged(registry, "s-2", "s-3", at=AT)


def test_an_unknown_id_offers_the_nearest(registry):
    with pytest.raises(UnknownNameError, match=r"unknown segment 's-33'; did you mean 's-3'\?"):
        registry.entry("s-33")


def test_a_registry_comes_back_from_disk_as_it_was(registry, tmp_path):
    registry = merged(renamed(registry, "s-1", at=AT, name="Öwls"), "s-1", "s-3", at=AT)
    save(registry, tmp_path / "segments.json")
    assert load(tmp_path / "segments.json") == registry
    before = (tmp_path / "segments.json").read_bytes()
    save(load(tmp_path / "segments.json"), tmp_path / "segments.json")
    assert (tmp_path / "segments.json").read_bytes() == before
    assert json.loads(before)["schema"] == "coterie.registry"


def test_where_there_is_no_file_there_are_no_segments(tmp_path):
    assert load(tmp_path / "segments.json") == Registry()


@pytest.mark.parametrize(
    ("entries", "reason"),
    [
        ((Entry("s-1"), Entry("s-1")), "an id is there twice"),
        ((Entry("t-1"),), "'t-1' is no id of a segment"),
        ((Entry("s-1", status="merged", merged_into="s-2"),), "s-1 is merged into 's-2'"),
        ((Entry("s-1", merged_into="s-1"),), "does not fit its status"),
        (
            (Entry("s-1", status="merged", merged_into="s-2"), Entry("s-2", status="merged", merged_into="s-1")),
            "is merged into itself",
        ),
    ],
)
def test_a_registry_that_contradicts_itself_is_not_read(tmp_path, entries, reason):
    save(Registry(entries), tmp_path / "segments.json")
    with pytest.raises(ModelError, match=rf"cannot be read \(.*{reason}.*left as it is"):
        load(tmp_path / "segments.json")


@pytest.mark.parametrize("text", ["", "{", '{"schema": "other"}', '{"schema": "coterie.registry", "version": 9}'])
def test_a_damaged_registry_is_named_and_left_as_it_is(tmp_path, text):
    (tmp_path / "segments.json").write_text(text)
    with pytest.raises(ModelError, match=r"the registry of segments '.*' cannot be read .* and is left as it is; put"):
        load(tmp_path / "segments.json")
    assert (tmp_path / "segments.json").read_text() == text


def test_faults_in_entries_are_counted(tmp_path):
    body = '{"schema": "coterie.registry", "version": 1, "body": {"entries": [{"id": 3}], "runs": 1}}'
    (tmp_path / "segments.json").write_text(body)
    with pytest.raises(ModelError, match=r"cannot be read \(2 faults\)"):
        load(tmp_path / "segments.json")


@pytest.mark.parametrize("bad", ["s-0", "s-01", "s-", "x", ""])
def test_what_is_no_id_has_no_number(bad):
    with pytest.raises(ModelError, match="is no id of a segment"):
        number_of(bad)
