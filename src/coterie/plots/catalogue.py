"""Every plot of a run by its name: the question it answers, how to read it, and whether there is one.

The report shows those of the data and, under their questions, those of the evidence; ``coterie plot`` draws any.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from coterie.activation.classifying.fitting import STATES
from coterie.errors import UnknownNameError
from coterie.plots.agreement import agreement
from coterie.plots.choice import lift_by_k, silhouette_by_k, stability_by_k
from coterie.plots.classifying import calibration_curve, cold_start_curve
from coterie.plots.dendrogram import dendrogram
from coterie.plots.elbow import elbow
from coterie.plots.evaluation import evaluation_bubbles
from coterie.plots.explored import EXPLORED
from coterie.plots.gap import gap
from coterie.plots.gorge import gorge
from coterie.plots.graph import community_graph
from coterie.plots.kdistance import k_distance
from coterie.plots.null import null_test
from coterie.plots.parallel import parallel
from coterie.plots.plot import Plot, Shown
from coterie.plots.segments import index_heatmap, segment_lift, segment_sizes, segment_stability
from coterie.plots.separation import separation
from coterie.plots.silhouettes import silhouette, silhouettes
from coterie.plots.sls import slsa, slsw, stability_bars
from coterie.plots.som import som
from coterie.plots.theme import Chart, known
from coterie.plots.usermap import user_map

__all__ = ["ALL", "EVIDENCE", "EXPLORED", "LINKED", "QUESTIONS", "SCORED", "Plot", "Shown", "find_plot"]

NATURAL: Final = "Is it natural?"
HOLDS: Final = "Does it hold?"
NUMBER: Final = "Which number?"
METHODS: Final = "How do the algorithms compare?"
QUESTIONS: Final = (NATURAL, HOLDS, NUMBER, METHODS)
DECISION: Final = "The decision"
SEGMENTS: Final = "The segments"
NEWCOMERS: Final = "How soon is a segment known?"
TOGETHER: Final = "What goes together?"


def _of(part: str, draw: Callable[..., Chart]) -> Callable[[Shown], Chart | None]:
    """Draw one record of the evidence, where it is there."""

    def drawn(shown: Shown) -> Chart | None:
        record = getattr(shown.evidence, part, None)
        return None if record is None else draw(record)

    return drawn


def _silhouette(shown: Shown) -> Chart | None:
    profiles = shown.evidence.silhouettes if shown.evidence is not None else ()
    own = next((p for p in profiles if p.candidate == shown.decision.chosen), None)
    return None if own is None else silhouette(own)


def _silhouettes(shown: Shown) -> Chart | None:
    if shown.evidence is None or len(shown.evidence.silhouettes) < 2:
        return None
    return silhouettes(shown.evidence.silhouettes, shown.evidence.solution)


def _lift_by_k(shown: Shown) -> Chart | None:
    sheet = shown.decision.candidates
    if not any(c.lift is not None and known(c.lift.lift) for c in sheet):
        return None
    return lift_by_k(sheet, shown.decision.chosen)


def _stability_by_k(shown: Shown) -> Chart:
    return stability_by_k(shown.decision.candidates, shown.decision.chosen, floor=shown.floor)


def _silhouette_by_k(shown: Shown) -> Chart:
    return silhouette_by_k(shown.decision.candidates, shown.decision.chosen)


def _heatmap(shown: Shown) -> Chart | None:
    tagged = any(m.kind == "tag" and known(m.index) for p in shown.profiles for m in p.marks)
    return index_heatmap(shown.segments, shown.profiles) if tagged else None


def _sizes(shown: Shown) -> Chart | None:
    return segment_sizes(shown.segments) if shown.segments else None


def _segment_stability(shown: Shown) -> Chart | None:
    return segment_stability(shown.segments) if shown.segments else None


def _segment_lift(shown: Shown) -> Chart | None:
    return segment_lift(shown.segments) if any(known(s.lift) for s in shown.segments) else None


def _evaluation(shown: Shown) -> Chart | None:
    if not any(evaluation.is_placed for evaluation in shown.evaluations):
        return None
    return evaluation_bubbles(shown.segments, shown.evaluations)


def _map(shown: Shown) -> Chart | None:
    return user_map(shown.user_map, shown.segments) if shown.user_map is not None else None


def _cold_start(shown: Shown) -> Chart | None:
    found = shown.classification
    return None if found is None or found.cold_start is None else cold_start_curve(found.cold_start)


def _calibration(shown: Shown) -> Chart | None:
    if shown.classification is None:
        return None
    measures = shown.classification.measures
    return calibration_curve({state: measures[state].calibration for state in STATES if state in measures})


def _graph(shown: Shown) -> Chart | None:
    record = None if shown.graph is None else shown.graph.drawing
    return None if record is None else community_graph(record)


EVIDENCE: Final[tuple[Plot, ...]] = (
    Plot(
        "null",
        "Against data without structure",
        "Dot: separation of these groups. Grey: what structureless data give, up to 95%.",
        NATURAL,
        _of("null", null_test),
    ),
    Plot(
        "separation",
        "Where the groups lie",
        "Outline: half of a group. Line: share of people torn between two groups.",
        NATURAL,
        _of("separation", separation),
    ),
    Plot(
        "gorge",
        "Similarity to each group's middle",
        "Colour: members. Grey: all others. Groups that are apart have a gorge between the two.",
        NATURAL,
        _of("gorge", gorge),
    ),
    Plot(
        "dendrogram",
        "Tree of merges",
        "Long upright lines under the broken one: groups that are far from merging. Below: people in each branch.",
        NATURAL,
        _of("dendrogram", dendrogram),
    ),
    Plot(
        "kdistance",
        "Distance to near neighbours",
        "A sharp bend tells dense places from thin ones; an even curve has none to tell.",
        NATURAL,
        _of("k_distance", k_distance),
    ),
    Plot(
        "som",
        "Self-organising map",
        "Dark: a border. The coloured middle grows with the people in the unit.",
        NATURAL,
        _of("som", som),
    ),
    Plot(
        "stability",
        "Stability when people are resampled",
        "How much of each group comes back: 1 is all of it.",
        HOLDS,
        _of("stability", stability_bars),
    ),
    Plot(
        "slsw",
        "Stability within the solution",
        "One dot a resample; the upright line is the median.",
        HOLDS,
        _of("within", slsw),
    ),
    Plot(
        "slsa",
        "Stability across numbers of groups",
        "Block: a group. Band: people it shares with the next number's. Dark: its people come from one group.",
        HOLDS,
        _of("flow", slsa),
    ),
    Plot(
        "elbow",
        "Inertia and its elbow",
        "Ring: where the curve bends most. It does not decide: it bends without any groups too.",
        NUMBER,
        _of("elbow", elbow),
    ),
    Plot(
        "gap",
        "Gap statistic",
        "How much tighter than data spread evenly. Orange: the number it asks for; 1 is no groups.",
        NUMBER,
        _of("gap", gap),
    ),
    Plot(
        "silhouette",
        "Silhouettes of the chosen groups",
        "One bar a person. Left of 0: nearer to another group. Broken line: mean.",
        NUMBER,
        _silhouette,
    ),
    Plot(
        "silhouettes",
        "Silhouettes of every candidate",
        "One bar a person, one row a method. * is the chosen one: there alone colours are those of the groups.",
        NUMBER,
        _silhouettes,
    ),
    Plot(
        "agreement",
        "Agreement of candidates",
        "1: the same groups. 0: no more alike than by chance. * is the chosen one.",
        METHODS,
        _of("agreement", agreement),
    ),
    Plot(
        "parallel",
        "What the groups differ in",
        "Strong line: mean. Band: the middle half. Thin lines: people. Columns by how far they set groups apart.",
        METHODS,
        _of("parallel", parallel),
    ),
)

SUMMARY: Final[tuple[Plot, ...]] = (
    Plot(
        "lift-by-k",
        "Lift by number of groups",
        "How many times as good recommendations get. Line: 95% interval. Hollow: misses a floor. Broken line: no gain.",
        DECISION,
        _lift_by_k,
    ),
    Plot(
        "stability-by-k",
        "Stability by number of groups",
        "One dot a group; each should lie high. The broken line is the floor.",
        DECISION,
        _stability_by_k,
    ),
    Plot(
        "silhouette-by-k",
        "Silhouette by number of groups",
        "Higher is further apart. Shown for comparison: it does not decide.",
        DECISION,
        _silhouette_by_k,
    ),
    Plot("sizes", "Sizes of the groups", "Share of all people, and their number.", SEGMENTS, _sizes),
    Plot(
        "segment-stability",
        "Stability of each group",
        "How much of the group comes back when people are resampled: 1 is all of it.",
        SEGMENTS,
        _segment_stability,
    ),
    Plot(
        "segment-lift",
        "Lift within each group",
        "How many times as good recommendations get by knowing the group. Line: 95% interval.",
        SEGMENTS,
        _segment_lift,
    ),
    Plot(
        "heatmap",
        "What sets the groups apart",
        "Index: 100 is what everybody does, 200 is twice as much, 50 half as much.",
        SEGMENTS,
        _heatmap,
    ),
    Plot(
        "evaluation",
        "Which group first?",
        "Up: more attractive. Right: more distinct. Area: people. Broken lines: the average.",
        SEGMENTS,
        _evaluation,
    ),
    Plot("map", "The map", "Each point is a person; people with like tastes lie near each other.", SEGMENTS, _map),
)

SCORED: Final[tuple[Plot, ...]] = (
    Plot(
        "cold-start",
        "How soon is a segment known?",
        "By events known, all others hidden. Line: 95% interval. Broken line: the share that counts as known.",
        NEWCOMERS,
        _cold_start,
    ),
    Plot(
        "calibration",
        "Does confidence mean what it says?",
        "On the broken line it does. Above it more are right than is said. Bins of few go together.",
        NEWCOMERS,
        _calibration,
    ),
)

LINKED: Final[tuple[Plot, ...]] = (
    Plot(
        "graph",
        "What goes together",
        "Line: liked together beyond chance, the darker the further. The larger a dot, the higher its PageRank.",
        TOGETHER,
        _graph,
        as_declared=True,
    ),
)

ALL: Final = (*EVIDENCE, *SUMMARY, *SCORED, *LINKED, *EXPLORED)


def find_plot(name: str) -> Plot:
    """Give a plot by its name.

    Raises:
        UnknownNameError: there is none of that name; offers the nearest.
    """
    for plot in ALL:
        if plot.name == name:
            return plot
    raise UnknownNameError("plot", name, [plot.name for plot in ALL])
