"""What may be said of a segment: the significant rows of its profile that are large enough to tell, as facts.

Nothing on single users gets in: no exemplars, and no marks of items where items are users.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from coterie.segments.marks import is_activity, is_over
from coterie.segments.persona.types import Direction, Fact, Facts, Figure, Topic
from coterie.segments.sentences import is_notable, strongest_numbers, surest_items_first
from coterie.segments.types import Mark, Segment, SegmentProfile
from coterie.terms import A_USER, TAG, Noun

MOST: Final = 6  # tags of one direction
MOST_ITEMS: Final = 15  # of one direction: the best to open with is not the strongest, but one that many know
MOST_VALUES: Final = 12  # of categories, which are of several attributes
MIN_CELL: Final = 5  # users behind a fact, whatever the profile lets through
HOLDS: Final = 0.75  # Hennig 2007: from here on a segment may be called stable
_YEAR = re.compile(r"\s*\(\d{4}\)$")
# The way of library catalogues: "Godfather, The".
_ARTICLE = re.compile(r"^(?P<title>.+), (?P<article>The|A|An|Le|La|Les|L'|Un|Une|Il|El|Los|Las|Der|Die|Das|Den|Det)$")


@dataclass(frozen=True, slots=True)
class Subject:
    """Of whom a persona is made.

    Args:
        is_given: whether a person gave the segment's name. noun: what its members are called.
    """

    segment: Segment
    profile: SegmentProfile
    noun: Noun = A_USER
    is_given: bool = False


def facts_of(subject: Subject, shared: frozenset[str] = frozenset()) -> Facts:
    """Give the facts of one segment.

    Args:
        shared: titles that several items have once their year is cut; these keep it.
    """
    marks = [mark for mark in subject.profile.marks if _may_be_told(mark, subject.noun)]
    marks = surest_items_first(marks, subject.profile.distinctive)
    found = [_size(subject.segment), *_of_marks(marks, shared), *_of_segment(subject.segment)]
    numbered = tuple(replace(fact, id=f"f{number}") for number, fact in enumerate(found, start=1))
    segment = subject.segment
    return Facts(segment.id, segment.name, subject.noun, numbered, tuple(_looked_at(subject)))


def shared_titles(profiles: Iterable[SegmentProfile]) -> frozenset[str]:
    """Give the titles, without year, that several items of a run have."""
    labels = {mark.label for profile in profiles for mark in profile.marks if mark.kind == "item"}
    counts = Counter(_without_year(label) for label in labels)
    return frozenset(title for title, count in counts.items() if count > 1)


def spoken_title(label: str, shared: frozenset[str] = frozenset()) -> str:
    """Give a title as it is said: "The Godfather" for "Godfather, The (1972)"."""
    title = _without_year(label)
    year = label[len(title) :] if title in shared else ""
    turned = _ARTICLE.match(title)
    if turned:
        article = turned["article"]
        title = f"{article}{'' if article.endswith(chr(39)) else ' '}{turned['title']}"
    return f"{title}{year}"


def _without_year(label: str) -> str:
    return _YEAR.sub("", label) or label


def _may_be_told(mark: Mark, noun: Noun) -> bool:
    is_of_one_user = mark.kind == "item" and noun != A_USER
    return is_notable(mark) and not is_of_one_user and mark.n >= MIN_CELL and bool(mark.label.strip())


def _looked_at(subject: Subject) -> Iterator[Topic]:
    if subject.profile.activity is not None:
        yield from ("tag", "item") if subject.noun == A_USER else ("tag",)
    marks = subject.profile.marks
    if any(mark.kind == "category" for mark in marks):
        yield "category"
    if any(mark.kind == "number" and not is_activity(mark) for mark in marks):
        yield "number"
    if any(is_activity(mark) for mark in marks):
        yield "activity"
    if subject.segment.lift is not None and subject.segment.lift.is_known:
        yield "lift"


def _of_marks(marks: Sequence[Mark], shared: frozenset[str]) -> Iterator[Fact]:
    for kind, most in (("tag", MOST), ("item", MOST_ITEMS), ("category", MOST_VALUES)):
        for over in (True, False):
            of_kind = [mark for mark in marks if mark.kind == kind and is_over(mark) == over]
            yield from (_of_mark(mark, shared) for mark in of_kind[:most])
    yield from (_of_mark(mark, shared) for mark in strongest_numbers(marks))
    yield from (_of_mark(mark, shared) for mark in marks if is_activity(mark))


def _of_mark(mark: Mark, shared: frozenset[str]) -> Fact:
    topic: Topic = "activity" if is_activity(mark) else mark.kind
    direction: Direction = "more" if is_over(mark) or mark.poles is not None else "less"
    return Fact(
        id="",
        topic=topic,
        table=mark.table,
        column=mark.column,
        label=mark.label,
        names=tuple(dict.fromkeys(name for name in _names(mark, shared) if name.strip())),
        about=_spoken(mark.column) if mark.kind == "category" and mark.column != TAG else "",
        direction=direction,
        use=mark.use,
        inside=mark.inside,
        overall=mark.overall,
        interval=mark.index,
        p_adjusted=mark.p_adjusted,
        n=mark.n,
        n_all=mark.n_all,
        figures=_figures(mark),
    )


def _names(mark: Mark, shared: frozenset[str]) -> tuple[str, ...]:
    if is_activity(mark):
        return ()
    if mark.poles is not None:
        return (mark.poles[is_over(mark)],)
    if mark.kind == "number":
        return (_spoken(mark.label), mark.label)
    return (spoken_title(mark.label, shared), mark.label) if mark.kind == "item" else (mark.label,)


def _figures(mark: Mark) -> dict[Figure, float]:
    if mark.poles is not None:
        return {"value": abs(mark.inside - mark.overall)}
    figures: dict[Figure, float] = {}
    if mark.index is not None:
        figures |= {"times": mark.index.value / 100, "apart": abs(mark.index.value - 100)}
    if mark.kind == "number":
        return figures | {"value": mark.inside, "value_all": mark.overall}
    figures |= {"percent": 100 * mark.inside, "percent_all": 100 * mark.overall}
    return figures | ({"people": float(mark.n)} if mark.kind == "category" else {})


def _size(segment: Segment) -> Fact:
    figures: dict[Figure, float] = {"people": float(segment.size), "percent": 100 * segment.share}
    fact = _own("size", segment, segment.share, 1.0, figures)
    return replace(fact, n_all=round(segment.size / segment.share) if segment.share else segment.size)


def _of_segment(segment: Segment) -> Iterator[Fact]:
    lift = segment.lift
    if lift is not None and lift.is_known and (lift.low > 1 or lift.high < 1):
        fact = _own("lift", segment, lift.value, 1.0, {"times": lift.value})
        yield replace(fact, direction="more" if lift.low > 1 else "less", interval=lift)
    if segment.stability < HOLDS:
        figures: dict[Figure, float] = {"value": segment.stability, "value_all": HOLDS}
        yield replace(_own("stability", segment, segment.stability, HOLDS, figures), direction="less")


def _own(topic: Topic, segment: Segment, inside: float, overall: float, figures: dict[Figure, float]) -> Fact:
    """Give one of the segment's own figures."""
    return Fact(
        id="",
        topic=topic,
        table="",
        column="",
        label="",
        names=(),
        about="",
        direction="none",
        use=None,
        inside=inside,
        overall=overall,
        interval=None,
        p_adjusted=None,
        n=segment.size,
        n_all=segment.size,
        figures=figures,
    )


def _spoken(column: str) -> str:
    return " ".join(column.replace("_", " ").split())
