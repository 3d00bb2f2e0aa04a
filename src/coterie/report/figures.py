"""Which figures the report shows, each with its caption; a figure without data is left out rather than drawn empty."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from coterie import plots
from coterie.explore.types import Column, TableExplored
from coterie.plots.theme import Chart, known
from coterie.report.contents import ReportContents
from coterie.report.words import decimal, floor, percent
from coterie.segments.types import Histogram, Mark, SegmentProfile, Shares
from coterie.terms import STATE

_AXIS_ROOM = 48  # pixels
MOST_SPREADS = 40  # columns of a table that are drawn; all stand in exploration.json
MOST_NUMBERS = 12  # distributions drawn a segment: a survey has hundreds, and nobody looks at them
FEW_NUMBERS = 3  # distributions that are drawn each by itself
# What figures over all segments are called in the catalogue of plots, where that is not what they are called here.
_CALLED: Final = {
    "stability_k": "stability-by-k",
    "silhouette_k": "silhouette-by-k",
    "lift_k": "lift-by-k",
    "stability": "segment-stability",
    "lift": "segment-lift",
    "heat": "heatmap",
}
_KINDS = (("tag", "Tags"), ("item", "Items"), ("category", "Who they are"))


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of the page.

    Args:
        id: unique in the page. title: its heading. note: how to read it, or "". chart: what it shows.
        spec: the chart as Vega-Lite. room: pixels that it takes, axes and legend included, kept free until it is drawn.
    """

    id: str
    title: str
    note: str
    chart: Chart
    spec: Mapping[str, Any]
    room: int

    @property
    def name(self) -> str:
        """What it is called on the command line, and with hyphens for slashes in the name of its file."""
        own = self.id.removeprefix("fig-").removeprefix("evidence-").removeprefix("data-")
        if own == self.id.removeprefix("fig-"):
            own = _CALLED.get(own, own)
        of_segment = re.match(r"([a-z]+-\d+)-(.+)", own)
        return f"segment/{of_segment[1]}/{of_segment[2]}" if of_segment else own.replace("_", "-")


def overview(contents: ReportContents) -> dict[str, Figure]:
    """Give the figures over all segments, by name; one that has nothing to show is not there."""
    segments, decision = contents.segments, contents.decision
    sheet, chosen = decision.candidates, decision.chosen
    charts: dict[str, tuple[str, str, Chart]] = {
        "stability_k": (
            "Do the groups hold?",
            "One dot a group; each should lie high. The broken line is the floor.",
            plots.stability_by_k(sheet, chosen, floor=floor(contents.manifest)),
        ),
        "silhouette_k": (
            "Are the groups apart?",
            "Higher is further apart. Shown for comparison: it does not decide.",
            plots.silhouette_by_k(sheet, chosen),
        ),
        "stability": (
            "Stability of each group",
            "How much of the group comes back when people are resampled: 1 is all of it.",
            plots.segment_stability(segments),
        ),
    }
    if any(candidate.lift is not None and known(candidate.lift.lift) for candidate in sheet):
        charts["lift_k"] = (
            "Does it pay?",
            "Dot: lift. Line: 95% interval. Hollow: misses a floor. Broken line: no gain.",
            plots.lift_by_k(sheet, chosen),
        )
    if any(known(segment.lift) for segment in segments):
        charts["lift"] = ("Lift within each group", "Line: 95% interval.", plots.segment_lift(segments))
    if _has(contents.profiles, "tag"):
        charts["heat"] = (
            "",
            "",
            plots.index_heatmap(segments, contents.profiles),
        )
    if any(evaluation.is_placed for evaluation in contents.evaluations):
        charts["evaluation"] = ("", "", plots.evaluation_bubbles(segments, contents.evaluations))
    if contents.user_map is not None:
        charts["map"] = ("", "", plots.user_map(contents.user_map, segments))
    return {name: figure_of(f"fig-{name}", *rest) for name, rest in charts.items()}


def of_evidence(contents: ReportContents) -> dict[str, tuple[Figure, ...]]:
    """Give the figures of the evidence by the question they answer; a question without figures is not there."""
    shown = plots.Shown(
        contents.decision,
        contents.segments,
        evidence=contents.evidence,
        entity=contents.manifest.entity,
        counterpart=contents.manifest.counterpart,
    )
    found: dict[str, list[Figure]] = {question: [] for question in plots.QUESTIONS}
    for plot in plots.EVIDENCE:
        chart = plot.draw(shown)
        if chart is not None:
            found[plot.group].append(figure_of(f"fig-evidence-{plot.name}", shown.said(plot.title), plot.note, chart))
    return {question: tuple(figures) for question, figures in found.items() if figures}


def of_data(contents: ReportContents) -> dict[str, Figure]:
    """Give the figures of what the tables hold, by the plot's name; one that has nothing to show is not there."""
    shown = plots.Shown(contents.decision, exploration=contents.exploration)
    drawn = ((plot, plot.draw(shown)) for plot in plots.EXPLORED)
    return {
        plot.name: figure_of(f"fig-data-{plot.name}", plot.title, plot.note, chart)
        for plot, chart in drawn
        if chart is not None
    }


def of_newcomers(contents: ReportContents) -> tuple[Figure, ...]:
    """Give the figures of how soon a segment is known; none of a run that did not measure it."""
    shown = plots.Shown(
        contents.decision,
        contents.segments,
        entity=contents.manifest.entity,
        counterpart=contents.manifest.counterpart,
        classification=contents.classification,
    )
    drawn = ((plot, plot.draw(shown)) for plot in plots.SCORED)
    return tuple(
        figure_of(f"fig-{plot.name}", shown.said(plot.title), shown.said(plot.note), chart)
        for plot, chart in drawn
        if chart is not None
    )


def of_graph(contents: ReportContents) -> tuple[Figure, ...]:
    """Give the figure of which items go together; none of a run that has no such graph."""
    shown = plots.Shown(contents.decision, graph=contents.graph)
    drawn = ((plot, plot.draw(shown)) for plot in plots.LINKED)
    return tuple(
        figure_of(f"fig-{plot.name}", plot.title, plot.note, chart) for plot, chart in drawn if chart is not None
    )


def of_columns(place: int, table: TableExplored) -> tuple[Figure, ...]:
    """Give the figures of how a table's columns are spread, of the first ``MOST_SPREADS`` that can be drawn.

    Args:
        place: of the table among the others.
    """
    drawn = ((column, plots.column_spread(column)) for column in table.columns)
    found = [(column, chart) for column, chart in drawn if chart is not None]
    return tuple(
        figure_of(f"fig-columns_{place}_{at}", _said(column.name), _seen(column, table), chart)
        for at, (column, chart) in enumerate(found[:MOST_SPREADS])
    )


def _seen(column: Column, table: TableExplored) -> str:
    """Say of a column how many there are, and how much is missing."""
    kinds = f"{column.distinct:,} different. " if column.values is not None and column.distinct is not None else ""
    middle = ""
    if column.numbers is not None and column.values is None:
        median = "" if column.numbers.median is None else f"Median {decimal(column.numbers.median, 1)}, mean "
        middle = f"{median or 'Mean '}{decimal(column.numbers.mean, 1)}. "
    gaps = f"Missing in {percent(column.missing / table.rows, 1)}." if column.missing else ""
    return (kinds + middle + gaps).strip()


def of_segment(profile: SegmentProfile, tint: str | None = None) -> tuple[Figure, ...]:
    """Give a segment's figures: what it is above and below average on, then how its attributes are spread.

    Args:
        tint: the colour that a person chose for it.
    """
    own = profile.segment_id
    figures = []
    for kind, title in _KINDS:
        marks = _with_index(mark for mark in profile.marks if mark.kind == kind)
        if marks:
            formed = " The groups were formed on these." if all(mark.use == "basis" for mark in marks) else ""
            note = f"Dot: index. Line: 95% interval. Hollow: within chance.{formed}"
            figures.append(figure_of(f"fig-{own}-{kind}", title, note, plots.index_dots(own, marks, tint=tint)))
    drawn = [histogram for histogram in _widest_apart(profile) if any(histogram.inside)]
    if len(drawn) > FEW_NUMBERS:
        note = "Colour: this group. Grey: everybody. Each from its lowest to its highest; bins of few are left out."
        chart = plots.number_distributions(own, _labelled(profile, drawn), tint=tint)
        figures.append(figure_of(f"fig-{own}-numbers", "Numbers", note, chart))
        drawn = []
    for place, histogram in enumerate(drawn):
        chart = plots.number_distribution(own, histogram, tint=tint)
        note = f"Median {decimal(histogram.median, 1)}, mean {decimal(histogram.mean, 1)}."
        note += " Bins of few are left out." if None in histogram.inside else ""
        title = _said(_label_of(profile, histogram.column))
        figures.append(figure_of(f"fig-{own}-number-{place}", title, note, chart))
    for place, shares in enumerate(profile.shares):
        if sum(shares.counts):
            figures.append(_shares(f"fig-{own}-shares-{place}", own, shares, tint))
    return (*figures, *_details(profile, tint))


def _details(profile: SegmentProfile, tint: str | None) -> Iterator[Figure]:
    """Give the figures of what tells a segment, where it stands, when it is active, and its neighbour."""
    own = profile.segment_id
    if profile.markers:
        note = "How much of who is in the group this alone would tell."
        yield figure_of(
            f"fig-{own}-markers", "What tells them best", note, plots.markers(own, profile.markers, tint=tint)
        )
    if profile.percentiles:
        note = "Mean rank of the group's people among everybody: 50 is the middle."
        chart = plots.percentiles(own, profile.percentiles, tint=tint)
        yield figure_of(f"fig-{own}-percentiles", "Where they stand among everybody", note, chart)
    near = profile.neighbour
    if near is not None and any(one.kind != "number" for one in near.differences):
        note = f"Colour: {own}. Grey: {near.segment_id}, the group that is nearest. Only what is significant."
        chart = plots.neighbour(own, near, tint=tint)
        yield figure_of(f"fig-{own}-neighbour", f"How they differ from {near.segment_id}", note, chart)
    if profile.scores is not None:
        chart = plots.score_heatmap(own, profile.scores, tint=tint)
        note = "Events by value. –: too few people to say."
        yield figure_of(f"fig-{own}-scores", "Their most frequent items by value", note, chart)
    if profile.calendar is not None:
        note = f"Index by {profile.calendar.unit}, UTC. Grey: too few people to say."
        yield figure_of(
            f"fig-{own}-calendar", "When they are active", note, plots.activity_calendar(own, profile.calendar)
        )


def _labelled(profile: SegmentProfile, histograms: Iterable[Histogram]) -> list[Histogram]:
    return [replace(histogram, column=_label_of(profile, histogram.column)) for histogram in histograms]


def beyond_catalogue(contents: ReportContents) -> tuple[plots.Plot, ...]:
    """Give the figures of the page that the catalogue of plots does not have as plots: of columns, then of segments.

    With the catalogue they are all figures of the page.
    """
    own = {segment.id: segment for segment in contents.segments}
    taken = {plot.name for plot in plots.ALL}
    tables = contents.exploration.tables if contents.exploration is not None else ()
    found = [
        _as_plot(figure, f"{table.name}: {figure.title}", plots.EXPLORED[0].group)
        for place, table in enumerate(tables)
        for figure in of_columns(place, table)
    ]
    for profile in contents.profiles:
        segment = own[profile.segment_id]
        for figure in of_segment(profile, segment.colour):
            title = f"{segment.id} {segment.name}: {figure.title}"
            found.append(_as_plot(figure, title, f"Segment {segment.id}"))
    rest = (*overview(contents).values(), *(figure for group in of_evidence(contents).values() for figure in group))
    found += [
        _as_plot(figure, figure.title or figure.name, "The report") for figure in rest if figure.name not in taken
    ]
    return tuple(found)


def _as_plot(figure: Figure, title: str, group: str) -> plots.Plot:
    return plots.Plot(figure.name, title, figure.note, group, lambda _: figure.chart)


def _widest_apart(profile: SegmentProfile) -> tuple[Histogram, ...]:
    """Give the distributions of the numbers by which a segment differs most, in their order; all stand in its table."""
    effects = {mark.column: abs(mark.effect) for mark in profile.marks if mark.kind == "number"}
    largest = sorted(effects, key=lambda column: (-effects[column], column))[:MOST_NUMBERS]
    if len(profile.numbers) <= MOST_NUMBERS:
        return profile.numbers
    return tuple(histogram for histogram in profile.numbers if histogram.column in largest)


def _label_of(profile: SegmentProfile, column: str) -> str:
    labels = (mark.label for mark in profile.marks if mark.kind == "number" and mark.column == column and mark.poles)
    return next(labels, column)


def _shares(figure_id: str, segment_id: str, shares: Shares, tint: str | None) -> Figure:
    if shares.column != STATE:
        chart = plots.category_shares(segment_id, shares, tint=tint)
        return figure_of(figure_id, _said(shares.column), _left_out(shares), chart)
    outside = sum(
        count for value, count in zip(shares.values, shares.counts, strict=True) if value not in plots.state_names()
    )
    note = "Grey: too few people to say." + (f" {outside:,} are in places that are not named." if outside else "")
    return figure_of(figure_id, "US states", note, plots.state_map(segment_id, shares))


def _left_out(shares: Shares) -> str:
    more = len(shares.values) - plots.MOST_VALUES
    return f"The {plots.MOST_VALUES} most frequent of {len(shares.values)} values." if more > 0 else ""


def _has(profiles: Iterable[SegmentProfile], kind: str) -> bool:
    return any(mark.kind == kind for profile in profiles for mark in _with_index(profile.marks))


def _with_index(marks: Iterable[Mark]) -> tuple[Mark, ...]:
    return tuple(mark for mark in marks if known(mark.index))


def _said(column: str) -> str:
    text = " ".join(column.replace("_", " ").split())
    return text[:1].upper() + text[1:]


def figure_of(figure_id: str, title: str, note: str, chart: Chart) -> Figure:
    """Give a chart as a figure of a page."""
    spec = plots.without_outlines(plots.spec(chart))
    return Figure(figure_id, title, note, chart, spec, int(spec["height"]) + _AXIS_ROOM)
