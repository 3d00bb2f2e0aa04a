"""The words of a run's summary."""

from __future__ import annotations

from dataclasses import replace

from coterie.cli import summary
from coterie.tables import RuleCount


def test_a_run_without_events_does_not_count_them(sample_run, capsys):
    summary.show_run(sample_run, as_json=False)
    assert f"{sample_run.manifest.n_events:,} events" in " ".join(capsys.readouterr().out.split())
    summary.show_run(replace(sample_run, manifest=replace(sample_run.manifest, n_events=0, n_items=0)), as_json=False)
    said = " ".join(capsys.readouterr().out.split())
    assert f"{sample_run.manifest.n_users:,} users;" in said
    assert "0 events" not in said
    assert "0 items" not in said


def test_cells_that_were_blanked_are_told_beside_rows_that_were_rejected(sample_run, capsys):
    blanked = [
        RuleCount("people", "not a number, cell blanked", "age", 1_200, False, "old"),
        RuleCount("people", "not traits, cell blanked", "quiz", 34, False, "calm"),
        RuleCount("ratings", "unknown item, kept", "item_id", 5, False, "x"),
    ]

    def said(rejected: int, *quality: RuleCount) -> str:
        inputs = tuple(replace(one, rejected=rejected * (one.table == "ratings")) for one in sample_run.manifest.inputs)
        run = replace(sample_run, quality=quality, manifest=replace(sample_run.manifest, inputs=inputs))
        summary.show_run(run, as_json=False)
        return " ".join(capsys.readouterr().out.split())

    read = next(one.read for one in sample_run.manifest.inputs if one.table == "ratings")
    where = "(see rejects/ beside the report)"
    assert "blanked" not in said(0, blanked[2])
    assert f"; no row was rejected, but 1,234 bad cells of 'people' blanked {where}" in said(0, *blanked)
    assert f"; 2 of {read:,} rows of 'ratings' rejected, 1,234 bad cells of 'people' blanked {where}" in said(
        2, *blanked
    )
    assert f"; 2 of {read:,} rows of 'ratings' rejected {where}" in said(2)
