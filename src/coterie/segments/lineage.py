"""A run's own account of where its segments come from: what ``lineage.json`` in its folder holds.

It says enough to bring the registry up to date again, should the process have ended between the two.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from coterie.clustering.contract import Labels
from coterie.segments.matching import Change, Lineage
from coterie.terms import NOISE, OF_USERS

SCHEMA = "coterie.lineage"
VERSION = 1


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a segment comes from.

    Args:
        id: of the segment. clusters: labels behind it, one but where a person merged segments.
        parts: an id a cluster; other than ``id`` where a person merged that one into this.
        change, score, parents, resembles: as those of ``Heir``, of the cluster that bears the segment's own id, else of
            the largest.
    """

    id: str
    clusters: tuple[int, ...]
    parts: tuple[str, ...]
    change: Change
    score: float | None
    parents: tuple[str, ...]
    resembles: str


@dataclass(frozen=True, slots=True)
class Record:
    """What a run adds to the registry.

    Args:
        run: its id. at: when it was made, ISO 8601.
        previous: the run that it was matched with, the newest before it of the same entity, "" if none.
        lineage: every heir has its id. segments: (k,) the segment of each cluster; differs from the heirs' ids where a
            person merged segments.
        working_names: by id. names: those that people had given, by id.
        entity: what was segmented.
    """

    run: str
    at: str
    previous: str
    lineage: Lineage
    segments: tuple[str, ...]
    working_names: Mapping[str, str]
    names: Mapping[str, str]
    entity: str = OF_USERS

    def origins(self) -> tuple[Origin, ...]:
        """Give the segments, in the order of their first clusters."""
        return origins(self.lineage, self.segments)

    def segment_of(self, part: str) -> str:
        """Give the segment that a cluster of this run belongs to, by the cluster's own id; "" stays."""
        by_part = {heir.id: segment for heir, segment in zip(self.lineage.heirs, self.segments, strict=True)}
        return by_part.get(part, part)


@dataclass(frozen=True, slots=True)
class Identified:
    """The clusters of a run as segments.

    Args:
        lineage: where the clusters come from, each with its id. segment_ids: (k,) the segment of each cluster; two have
            the same where a person merged segments.
        cluster_labels: (n,) clusters of the fit. names, colours: that people gave, by segment.
    """

    lineage: Lineage
    segment_ids: tuple[str, ...]
    cluster_labels: Labels
    names: Mapping[str, str] = field(default_factory=dict)
    colours: Mapping[str, str] = field(default_factory=dict)

    @property
    def origins(self) -> tuple[Origin, ...]:
        """The segments, largest first."""
        members = self.cluster_labels[self.cluster_labels != NOISE]
        sizes = np.bincount(members, minlength=len(self.segment_ids))
        found = origins(self.lineage, self.segment_ids)
        return tuple(sorted(found, key=lambda origin: -int(sizes[list(origin.clusters)].sum())))

    @property
    def labels(self) -> Labels:
        """(n,) positions in ``origins``, or NOISE."""
        position = np.full(len(self.segment_ids) + 1, NOISE, np.int32)  # NOISE is -1, the last of them
        for place, origin in enumerate(self.origins):
            position[list(origin.clusters)] = place
        labels: Labels = position[self.cluster_labels]
        return labels


def numbered(lineage: Lineage, next_number: int) -> Lineage:
    """Give every cluster that keeps no id the next new one, in the order of labels: larger clusters first."""
    heirs = []
    for heir in lineage.heirs:
        heirs.append(heir if heir.id else replace(heir, id=f"s-{next_number}"))
        next_number += not heir.id
    return replace(lineage, heirs=tuple(heirs))


def origins(lineage: Lineage, segments: tuple[str, ...]) -> tuple[Origin, ...]:
    """Put together what each segment is made of, in the order of its first cluster.

    Args:
        lineage: numbered. segments: (k,) the segment of each cluster.
    """
    return tuple(_origin(lineage, segments, segment) for segment in dict.fromkeys(segments))


def _origin(lineage: Lineage, segments: tuple[str, ...], segment: str) -> Origin:
    clusters = tuple(label for label, its in enumerate(segments) if its == segment)
    heirs = [lineage.heirs[label] for label in clusters]
    head = next((heir for heir in heirs if heir.id == segment), heirs[0])
    has_past = lineage.evidence not in {"first", "nothing"}
    return Origin(
        id=segment,
        clusters=clusters,
        parts=tuple(heir.id for heir in heirs),
        change=head.change,
        score=head.score if has_past else None,
        parents=head.parents,
        resembles=head.resembles,
    )
