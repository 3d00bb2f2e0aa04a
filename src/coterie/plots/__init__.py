"""Figures: a record first, then an Altair chart made from it and nothing else.

This package alone knows the plotting library; others ask it for charts, their specs, pictures and drawing scripts.
"""

from __future__ import annotations

from coterie.plots.associations import associations
from coterie.plots.catalogue import ALL, EVIDENCE, EXPLORED, LINKED, QUESTIONS, SCORED, Plot, Shown, find_plot
from coterie.plots.choice import lift_by_k, silhouette_by_k, stability_by_k
from coterie.plots.classifying import calibration_curve, cold_start_curve, training_curves
from coterie.plots.columns import column_spread
from coterie.plots.details import (
    activity_calendar,
    markers,
    neighbour,
    number_distributions,
    percentiles,
    score_heatmap,
)
from coterie.plots.evaluation import evaluation_bubbles
from coterie.plots.export import sized, spec, svg, to_png, to_svg
from coterie.plots.graph import community_graph
from coterie.plots.migration import drift_bars, migration_flow
from coterie.plots.missing import missing
from coterie.plots.palette import colour, shape
from coterie.plots.profile import MOST_VALUES, category_shares, index_dots, number_distribution, state_map
from coterie.plots.reach import reach_curve, similarity_curve
from coterie.plots.records import UserMap, sample_map
from coterie.plots.scripts import drawing_scripts
from coterie.plots.segments import index_heatmap, segment_lift, segment_sizes, segment_stability
from coterie.plots.states import outlines, state_names, without_outlines
from coterie.plots.theme import drawing
from coterie.plots.usermap import user_map

__all__ = [
    "ALL",
    "EVIDENCE",
    "EXPLORED",
    "LINKED",
    "MOST_VALUES",
    "QUESTIONS",
    "SCORED",
    "Plot",
    "Shown",
    "UserMap",
    "activity_calendar",
    "associations",
    "calibration_curve",
    "category_shares",
    "cold_start_curve",
    "colour",
    "column_spread",
    "community_graph",
    "drawing",
    "drawing_scripts",
    "drift_bars",
    "evaluation_bubbles",
    "find_plot",
    "index_dots",
    "index_heatmap",
    "lift_by_k",
    "markers",
    "migration_flow",
    "missing",
    "neighbour",
    "number_distribution",
    "number_distributions",
    "outlines",
    "percentiles",
    "reach_curve",
    "sample_map",
    "score_heatmap",
    "segment_lift",
    "segment_sizes",
    "segment_stability",
    "shape",
    "silhouette_by_k",
    "similarity_curve",
    "sized",
    "spec",
    "stability_by_k",
    "state_map",
    "state_names",
    "svg",
    "to_png",
    "to_svg",
    "training_curves",
    "user_map",
    "without_outlines",
]
