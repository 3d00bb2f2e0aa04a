from __future__ import annotations

from dataclasses import replace

from coterie.report.sheet import sheet
from coterie.selection.types import Explained, Interval
from tests.report import samples


def test_the_sheet_by_hand():
    found = sheet(samples.decision())
    assert [row.k for row in found.rows if row.is_chosen] == [5]
    row = dict(zip((column.title for column in found.columns), found.rows[3].cells, strict=True))
    assert row == {
        "Lift": "1.61",
        "95% interval": "1.55 to 1.67",
        "NDCG@10 by group": "0.212",
        "NDCG@10 by all": "0.132",
        "Stability, lowest": "0.77",
        "Stability, highest": "0.91",
        "Agreement of seeds": "0.91",
        "Smallest group": "10.9%",
        "Newcomers' rule agrees": "100.0%",
        "Silhouette": "0.170",
        "Calinski–Harabasz": "155.0",
        "Davies–Bouldin": "1.85",
        "Inertia": "27,316",
        "Activity explained": "6%",
    }
    assert found.rows[-1].misses.startswith("stability 0.5")


def test_columns_that_no_candidate_has_anything_for_are_left_out():
    titles = [column.title for column in sheet(samples.decision(events=False)).columns]
    assert "Stability, lowest" in titles
    assert not {"Lift", "95% interval", "Activity explained", "BIC", "In no group"} & set(titles)


def test_settings_recipes_noise_and_criteria_are_shown_where_there_are_any():
    decision = samples.decision()
    explained = Explained(Interval(0.2, 0.1, 0.3), 0.05, -0.01)
    dense = replace(
        decision.candidates[0],
        method="dbscan",
        recipe="weight binary",
        settings={"eps": 0.3125},
        noise_share=0.25,
        bic=1234.5,
        slsw=(0.9, 0.8),
        slsa=(float("nan"), 0.7),
        explained=explained,
    )
    found = sheet(replace(decision, candidates=(decision.candidates[0], dense), chosen=1))
    plain, row = (dict(zip((c.title for c in found.columns), row.cells, strict=True)) for row in found.rows)
    assert [(r.method, r.recipe) for r in found.rows] == [
        ("kmeans", "as configured"),
        ("dbscan (eps 0.3125)", "weight binary"),
    ]
    assert (row["In no group"], row["BIC"], row["SLSw, lowest"], row["SLSa, lowest"]) == (
        "25.0%",
        "1,234",
        "0.80",
        "0.70",
    )
    assert row["Held-out columns explained"] == "20.0% ± 5.0%"
    assert (plain["In no group"], plain["BIC"]) == ("–", "–")


def test_a_sampled_silhouette_shows_its_interval():
    decision = samples.decision()
    candidate = replace(decision.candidates[0], silhouette=Interval(0.2, 0.18, 0.22), inertia=12.3456)
    cells = sheet(replace(decision, candidates=(candidate,), chosen=0)).rows[0].cells
    assert "0.200 (0.180 to 0.220)" in cells
    assert "12.35" in cells
