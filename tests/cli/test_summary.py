"""The words of a run's summary."""

from __future__ import annotations

from dataclasses import replace

from coterie.cli import summary


def test_a_run_without_events_does_not_count_them(sample_run, capsys):
    summary.show_run(sample_run, as_json=False)
    assert f"{sample_run.manifest.n_events:,} events" in " ".join(capsys.readouterr().out.split())
    summary.show_run(replace(sample_run, manifest=replace(sample_run.manifest, n_events=0, n_items=0)), as_json=False)
    said = " ".join(capsys.readouterr().out.split())
    assert f"{sample_run.manifest.n_users:,} users;" in said
    assert "0 events" not in said
    assert "0 items" not in said
