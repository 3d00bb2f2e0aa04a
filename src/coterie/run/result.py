"""A finished run as an object: read back from its folder, asked for its answers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from coterie.manifest import Manifest
from coterie.segments.types import Segment, SegmentProfile
from coterie.selection.types import Decision
from coterie.tables.types import RuleCount


@dataclass(frozen=True, slots=True)
class Run:
    """One whole run (see ``open_run``)."""

    folder: Path
    manifest: Manifest
    decision: Decision
    segments: tuple[Segment, ...]
    profiles: tuple[SegmentProfile, ...]
    quality: tuple[RuleCount, ...]


def open_run(path: str | Path) -> Run:
    """Open a run's folder, or the newest run of a project's folder."""
    raise NotImplementedError(str(path))
