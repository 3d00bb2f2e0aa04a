"""The report: one HTML page that holds everything it needs and opens from a disk without a network.

Records in, a file out. Text is escaped by Jinja; figures travel as JSON and are drawn by the Vega that the page brings.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from importlib import resources
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from coterie import records
from coterie.manifest import Manifest
from coterie.plots import colour, drawing, drawing_scripts, outlines, shape
from coterie.plots.theme import ON_DARK, printable
from coterie.report import embed, figures, words
from coterie.report.contents import ReportContents
from coterie.report.data import data_section
from coterie.report.first import first
from coterie.report.persona import persona_card
from coterie.report.sheet import sheet
from coterie.report.tried import tried
from coterie.segments.types import SegmentProfile
from coterie.terms import A_USER, STATE
from coterie.wording import told_of

__all__ = ["ReportContents", "render", "write_report"]

_PACKAGE = "coterie.report"
_FILTERS = ("percent", "decimal", "span", "times", "counted", "value_label", "outcome")


def write_report(path: Path, contents: ReportContents) -> None:
    """Write the report; its file appears whole or not at all.

    Raises:
        StoreError: the file cannot be written.
    """
    records.write_whole(path, render(contents).encode())


def render(contents: ReportContents) -> str:
    """Give the report as HTML text."""
    with drawing():
        return _render(contents)


def _render(contents: ReportContents) -> str:
    vega, draw = embed.script(drawing_scripts()), embed.script(text_of("page.js"))
    candidate = contents.decision.candidates[contents.decision.chosen]
    own = {segment.id: segment.colour for segment in contents.segments}
    return (
        _environment(contents.manifest)
        .get_template("page.html")
        .render(
            run=contents.manifest,
            decision=contents.decision,
            candidate=candidate,
            segments=contents.segments,
            cards=list(_cards(contents)),
            quality=contents.quality,
            user_map=contents.user_map,
            figures=figures.overview(contents),
            evidence=figures.of_evidence(contents),
            first=first(contents.decision, contents.segments, contents.evaluations),
            data=data_section(contents),
            classified=contents.classification,
            newcomers=figures.of_newcomers(contents),
            graph=contents.graph,
            together=figures.of_graph(contents),
            sheet=sheet(contents.decision),
            tried=tried(contents.decision),
            answer=words.the_answer(contents.manifest, contents.decision, contents.segments),
            words=words,
            colour=lambda segment_id: colour(segment_id, own.get(segment_id)),
            shape=shape,
            style=Markup(text_of("page.css")),  # noqa: S704  # our own style sheet
            outlines=_outlines(contents),
            scripts=(vega, draw),
            on_dark=ON_DARK,
            policy=embed.security_policy(vega, draw),
        )
    )


def _outlines(contents: ReportContents) -> Mapping[str, Any] | None:
    """Give the outlines of states where a card has a map of them, once for all."""
    return outlines() if any(its.column == STATE for profile in contents.profiles for its in profile.shares) else None


def _cards(contents: ReportContents) -> Iterator[dict[str, Any]]:
    for segment in contents.segments:
        profile = contents.profile_of(segment.id)
        if profile is not None and contents.manifest.entity != A_USER:
            profile = without_single_users(profile)
        yield {
            "segment": segment,
            "profile": profile,
            "persona": persona_card(contents.persona_of(segment.id)),
            "figures": figures.of_segment(profile, segment.colour) if profile else (),
            "numbers": [mark for mark in profile.marks if mark.kind == "number"] if profile else [],
        }


def without_single_users(profile: SegmentProfile) -> SegmentProfile:
    """Leave out who takes a segment up by name, where items are users: a page may go further than their table."""
    near = profile.neighbour
    if near is not None:
        near = replace(near, differences=tuple(one for one in near.differences if one.kind != "item"))
    return replace(
        profile,
        marks=tuple(mark for mark in profile.marks if mark.kind != "item"),
        top_items=(),
        distinctive=(),
        scores=None,
        markers=tuple(marker for marker in profile.markers if marker.kind != "item"),
        neighbour=near,
    )


def _environment(manifest: Manifest) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader(_PACKAGE, "templates"),
        autoescape=True,
        finalize=_printable,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update({name: getattr(words, name) for name in _FILTERS})
    environment.filters["told"] = partial(_told, manifest)
    environment.filters["json_in_script"] = embed.json_in_script
    return environment


def _told(manifest: Manifest, text: str) -> str:
    """Tell our own words of what is segmented; what is escaped stays so."""
    told = told_of(str(text), manifest.entity, manifest.counterpart)
    return Markup(told) if isinstance(text, Markup) else told  # noqa: S704  # it was markup before


def _printable(value: Any) -> Any:
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def text_of(name: str) -> str:
    """Give the text of a file beside the templates."""
    return (resources.files(_PACKAGE) / "templates" / name).read_text(encoding="utf-8")
