from __future__ import annotations

from dataclasses import replace

from coterie.report.sheet import COLUMNS, sheet
from coterie.selection.types import Interval
from tests.report import samples


def test_the_sheet_by_hand():
    found = sheet(samples.decision())
    assert [row.k for row in found.rows if row.is_chosen] == [5]
    row = dict(zip((column.title for column in COLUMNS), found.rows[3].cells, strict=True))
    assert row == {
        "Lift": "1.61",
        "95% interval": "1.55 to 1.67",
        "NDCG@10 by group": "0.212",
        "NDCG@10 by all": "0.132",
        "Stability, lowest": "0.77",
        "Stability, highest": "0.91",
        "Agreement of seeds": "0.91",
        "Smallest group": "10.9%",
        "Silhouette": "0.170",
        "Calinski–Harabasz": "155.0",
        "Davies–Bouldin": "1.85",
        "Inertia": "27,316",
        "Activity explained": "6%",
    }
    assert found.rows[-1].misses.startswith("stability 0.5")


def test_without_events_the_cells_of_lift_are_dashes():
    row = sheet(samples.decision(events=False)).rows[0]
    assert row.cells[:4] == ("–",) * 4
    assert row.cells[-1] == "–"


def test_a_sampled_silhouette_shows_its_interval():
    decision = samples.decision()
    candidate = replace(decision.candidates[0], silhouette=Interval(0.2, 0.18, 0.22), inertia=12.3456)
    cells = sheet(replace(decision, candidates=(candidate,), chosen=0)).rows[0].cells
    assert "0.200 (0.180 to 0.220)" in cells
    assert "12.35" in cells
