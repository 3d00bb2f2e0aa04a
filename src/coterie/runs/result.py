"""A finished run as an object: read back from its folder, asked for its answers."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from pydantic import TypeAdapter, ValidationError

from coterie import explore as explorations
from coterie import manifest as manifests
from coterie import records
from coterie.activation.classifying import fitting
from coterie.activation.classifying.fitting import Classification
from coterie.activation.graphs import keeping
from coterie.activation.graphs.keeping import KeptGraph
from coterie.config import Config, parse_config
from coterie.errors import ModelError, StoreError, UnknownNameError
from coterie.explore import Exploration
from coterie.manifest import Manifest
from coterie.model import SegmentModel
from coterie.plots.records import Projection, UserMap
from coterie.runs import tables_on_disk
from coterie.runs.views import Segments, run_html
from coterie.segments import evaluation as evaluation_types
from coterie.segments import persona as persona_types
from coterie.segments import types as segment_types
from coterie.segments.evaluation import Evaluation
from coterie.segments.persona import Persona
from coterie.segments.types import Segment, SegmentProfile
from coterie.selection import types as decision_types
from coterie.selection.evidence import types as evidence_types
from coterie.selection.evidence.types import Evidence
from coterie.selection.recipes import recipe_called
from coterie.selection.types import Candidate, Decision
from coterie.stores.directory import DirectoryStore
from coterie.tables import RuleCount, Tables

if TYPE_CHECKING:
    from coterie.plots.theme import Chart

RUNS = "runs"
EVIDENCE = "evidence.json"
PERSONAS = "personas.json"
EVALUATION = "evaluation.json"
EXPLORATION = "exploration.json"
CLASSIFICATION = "classification.json"
GRAPH = "graph.json"
MAP, MAP_SCHEMA, MAP_VERSION = "map.json", "coterie.map", 1


@dataclass(frozen=True, slots=True)
class Run:
    """One whole run (see ``open_run``).

    Args:
        folder: where it is. manifest: what it read, did and cost. decision: the sheet and the choice.
        segments: largest first. profiles: one a segment, in the same order. quality: what checks and cleaning did.
    """

    folder: Path
    manifest: Manifest
    decision: Decision
    segments: Segments
    profiles: tuple[SegmentProfile, ...]
    quality: tuple[RuleCount, ...]

    @property
    def id(self) -> str:
        """Name of the run, which begins with the time it was made."""
        return self.manifest.run_id

    @property
    def chosen(self) -> Candidate:
        """The row of the decision sheet that was taken."""
        return self.decision.candidates[self.decision.chosen]

    @property
    def report(self) -> Path:
        """The report's page."""
        return self.folder / "report.html"

    @property
    def config(self) -> Config:
        """The configuration the run was made with."""
        return parse_config(self.manifest.config)

    @property
    def chosen_config(self) -> Config:
        """The config with what the chosen recipe changes of it."""
        return recipe_called(self.config, self.chosen.recipe).config

    @property
    def evidence(self) -> Evidence | None:
        """What the decision rests on; None of a run that kept none.

        Raises:
            ModelError: the record is damaged or of another version.
        """
        found: Evidence | None = self._kept(EVIDENCE, Evidence, evidence_types.SCHEMA, evidence_types.VERSION)
        return found

    @property
    def personas(self) -> tuple[Persona, ...]:
        """What may be said of each segment, in their order; empty of a run that kept none.

        Raises:
            ModelError: the record is damaged or of another version.
        """
        return self._kept(PERSONAS, tuple[Persona, ...], persona_types.SCHEMA, persona_types.VERSION) or ()

    @property
    def evaluations(self) -> tuple[Evaluation, ...]:
        """How attractive and how distinct each segment is, in their order; empty of a run that kept none.

        Raises:
            ModelError: the record is damaged or of another version.
        """
        return self._kept(EVALUATION, tuple[Evaluation, ...], evaluation_types.SCHEMA, evaluation_types.VERSION) or ()

    def persona(self, segment_id: str) -> Persona | None:
        """Give one segment's persona, or None of a run that kept none."""
        return next((persona for persona in self.personas if persona.segment_id == segment_id), None)

    @property
    def exploration(self) -> Exploration | None:
        """What the tables hold, and what checks and cleaning did; None of a run that kept none.

        Raises:
            ModelError: the record is damaged or of another version.
        """
        found: Exploration | None = self._kept(EXPLORATION, Exploration, explorations.SCHEMA, explorations.VERSION)
        return found

    def _kept(self, name: str, kind: Any, schema: str, version: int) -> Any:
        """Read a record, or give None where a run kept none."""
        path = self.folder / name
        return read_record(path, kind, schema, version) if path.is_file() else None

    @property
    def classification(self) -> Classification | None:
        """How well segments are told from what is known; None of a run that did not measure it (``[scoring]``).

        Raises:
            ModelError: the record is damaged or of another version.
        """
        path = self.folder / CLASSIFICATION
        if not path.is_file():
            return None
        found: Classification = read_record(path, Classification, fitting.SCHEMA, fitting.VERSION)
        return found

    @property
    def graph(self) -> KeptGraph | None:
        """Which items the same users like, as the report shows it; None of a run that did not ask (``[graph]``).

        Raises:
            ModelError: the record is damaged or of another version.
        """
        found: KeptGraph | None = self._kept(GRAPH, KeptGraph, keeping.SCHEMA, keeping.VERSION)
        return found

    @property
    def user_map(self) -> UserMap | None:
        """Users as points on two axes; None of a run that kept none.

        Raises:
            ModelError: the record is damaged or of another version.
        """
        path = self.folder / MAP
        return read_map(path) if path.is_file() else None

    @property
    def plots(self) -> tuple[str, ...]:
        """Names of the plots that ``plot`` draws, as on the command line."""
        from coterie.runs import reporting  # noqa: PLC0415  # loads the plotting library

        records = reporting.shown_of(self)
        return tuple(plot.name for plot in reporting.plots_of(self) if plot.draw(records) is not None)

    def plot(self, name: str, *, width: int = 640) -> Chart:
        """Draw a plot as an Altair chart, with its title and how to read it.

        Args:
            name: as ``plots`` lists it, for example "stability-by-k" or "segment/s-1/tag". width: in pixels.

        Raises:
            UnknownNameError: there is none of that name; offers the nearest.
            DataError: the run has nothing to show in it.
        """
        from coterie.runs import reporting  # noqa: PLC0415  # loads the plotting library

        return reporting.chart_of(self, name, width)

    def report_pdf(self, path: str | Path) -> Path:
        """Print the report as PDF by an installed Chromium, with segments as people call them now.

        Raises:
            MissingProgramError: there is no Chromium; says what to install.
            StoreError: nothing was printed, or the file cannot be written.
        """
        from coterie.runs import reporting  # noqa: PLC0415  # loads the plotting library

        reporting.print_report(self, Path(path))
        return Path(path)

    def model(self) -> SegmentModel:
        """Load the frozen model."""
        return SegmentModel.load(self.folder / "model")

    def tables(self) -> Tables:
        """Open the checked tables, as what is segmented sees them (``coterie.tables.viewpoint``)."""
        return tables_on_disk.load(self.folder, self.config.project.entity).tables

    def assignments(self) -> pl.DataFrame:
        """Give user, segment, strength and distance of every segmented user, sorted by user."""
        return pl.read_parquet(self.folder / "assignments.parquet")

    def segment(self, segment_id: str) -> tuple[Segment, SegmentProfile]:
        """Give one segment and its profile.

        Raises:
            UnknownNameError: there is no such segment; offers the nearest.
        """
        for segment, profile in zip(self.segments, self.profiles, strict=True):
            if segment.id == segment_id:
                return segment, profile
        raise UnknownNameError("segment", segment_id, [segment.id for segment in self.segments])

    def profile(self, segment_id: str) -> SegmentProfile:
        """Give the profile of one segment.

        Raises:
            UnknownNameError: there is no such segment; offers the nearest.
        """
        return self.segment(segment_id)[1]

    def _repr_html_(self) -> str:
        """Show verdict, answers and segments, in a notebook."""
        return run_html(self)


def write_records(
    folder: Path,
    *,
    decision: Decision,
    segments: tuple[Segment, ...],
    profiles: tuple[SegmentProfile, ...],
    quality: tuple[RuleCount, ...],
) -> None:
    """Write the records that a run's answers are made of, but for its manifest."""
    records.write(folder / "decision.json", decision_types.SCHEMA, decision_types.VERSION, decision)
    records.write(folder / "segments.json", segment_types.SEGMENTS_SCHEMA, segment_types.SEGMENTS_VERSION, segments)
    records.write(folder / "profiles.json", segment_types.PROFILES_SCHEMA, segment_types.PROFILES_VERSION, profiles)
    records.write(folder / "quality.json", "coterie.quality", 1, quality)


def write_map(path: Path, user_map: UserMap) -> None:
    """Write the map of users."""
    records.write(path, MAP_SCHEMA, MAP_VERSION, user_map)


def read_map(path: Path) -> UserMap:
    """Read what ``write_map`` wrote.

    Raises:
        ModelError: missing, damaged, or of another schema or version.
    """
    kept: _KeptMap = read_record(path, _KeptMap, MAP_SCHEMA, MAP_VERSION)
    x, y = np.asarray(kept.x, np.float64), np.asarray(kept.y, np.float64)
    return UserMap(x, y, kept.segments, kept.n_total, kept.explained, kept.projection)


@dataclass(frozen=True, slots=True)
class _KeptMap:
    """``UserMap`` as it is kept."""

    x: tuple[float, ...]
    y: tuple[float, ...]
    segments: tuple[str, ...]
    n_total: int
    explained: tuple[float, float] | None
    projection: Projection


def read_profiles(path: Path) -> tuple[SegmentProfile, ...]:
    """Read profiles; those of version 1 lack what came later, and may show small bins.

    Raises:
        ModelError: missing, damaged, or of another schema or version.
    """
    found: tuple[SegmentProfile, ...] = read_record(
        path, tuple[SegmentProfile, ...], segment_types.PROFILES_SCHEMA, segment_types.PROFILES_VERSION, former=(1, 2)
    )
    return found


def read_record(path: Path, kind: Any, schema: str, version: int, *, former: Collection[int] = ()) -> Any:
    """Read one record into its dataclass.

    Args:
        former: versions that are read as well; see ``records.read``.

    Raises:
        ModelError: missing, damaged, or of another schema or version.
    """
    try:
        return TypeAdapter(kind).validate_python(records.read(path, schema, version, former=former))
    except ValidationError as error:
        raise ModelError(
            f"the record '{path}' is damaged ({error.error_count()} faults); run `coterie run` again"
        ) from error


def open_run(path: str | Path = ".", run_id: str | None = None) -> Run:
    """Open a run: its own folder, or a project's folder (or config), of which the newest run or the one named.

    Raises:
        StoreError: there is no finished run.
        UnknownNameError: there is no run of that name; offers the nearest.
        ModelError: a record is damaged or of another version.
    """
    folder = Path(path)
    folder = folder.parent if folder.is_file() else folder
    if run_id is not None or not (folder / "manifest.json").is_file():
        store = DirectoryStore(folder / RUNS)
        chosen = run_id if run_id is not None else store.latest()
        if chosen is None:
            raise StoreError(f"there is no finished run in '{folder / RUNS}'; make one with `coterie run`")
        folder = store.open(chosen)
    return Run(
        folder=folder,
        manifest=read_record(
            folder / "manifest.json", Manifest, manifests.SCHEMA, manifests.VERSION, former=manifests.FORMER
        ),
        decision=read_record(folder / "decision.json", Decision, decision_types.SCHEMA, decision_types.VERSION),
        segments=Segments(
            read_record(
                folder / "segments.json",
                tuple[Segment, ...],
                segment_types.SEGMENTS_SCHEMA,
                segment_types.SEGMENTS_VERSION,
            )
        ),
        profiles=read_profiles(folder / "profiles.json"),
        quality=read_record(folder / "quality.json", tuple[RuleCount, ...], "coterie.quality", 1),
    )
