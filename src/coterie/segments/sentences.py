"""Plain sentences on a segment, made from nothing but its significant marks.

The words hold for any kind of event: a view, a like, a visit, a course. A mark must also be large enough to be worth
saying: with many users nearly every small difference is significant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from coterie.segments.marks import ACTIVITY_LABEL, is_activity, is_over
from coterie.segments.types import DistinctItem, Mark, MarkKind
from coterie.terms import A_USER, Noun

NOTABLE_OVER = 110.0  # an index from here on is worth saying
NOTABLE_UNDER = 90.0  # and up to here
NOTABLE_D = 0.2  # Cohen 1988: a small effect
MOST = 3  # features named in one sentence


def is_notable(mark: Mark) -> bool:
    """Say whether a mark is significant and large enough to be put into words."""
    if not mark.significant:
        return False
    if mark.kind == "number":
        return abs(mark.effect) >= NOTABLE_D and (mark.inside > mark.overall) == is_over(mark)
    if mark.index is None:
        return False
    return mark.index.value >= NOTABLE_OVER if is_over(mark) else mark.index.value <= NOTABLE_UNDER


def notable(marks: Iterable[Mark], kind: MarkKind, *, over: bool) -> list[Mark]:
    """Give the marks of one kind and direction that may be put into words, in their order."""
    return [mark for mark in marks if mark.kind == kind and is_over(mark) == over and is_notable(mark)]


def surest_items_first(marks: Sequence[Mark], distinct: Sequence[DistinctItem]) -> list[Mark]:
    """Put the items that tell a segment most surely first, by their cautious index; all else stays in its order."""
    places = {item.label: place for place, item in enumerate(distinct)}
    is_item = [mark.kind == "item" and is_over(mark) for mark in marks]
    items = iter(
        sorted(
            (mark for mark, its in zip(marks, is_item, strict=True) if its),
            key=lambda mark: places.get(mark.label, len(places)),
        )
    )
    return [next(items) if its else mark for mark, its in zip(marks, is_item, strict=True)]


def sentences(marks: Sequence[Mark], noun: Noun = A_USER) -> tuple[str, ...]:
    """Say in a few sentences what marks a segment; none where nothing is significant.

    Args:
        marks: of one segment, strongest first within a kind and direction.
        noun: what is segmented. Where it is not users, users are what takes it up: their categories are told, but not
            who they are.
    """
    by_users = [
        _say("Over-indexes on", notable(marks, "tag", over=True), _with_index),
        _say("Takes up less of", notable(marks, "tag", over=False), _with_index),
        _say("Stands out by", notable(marks, "item", over=True), _titled),
        _say("Seldom takes up", notable(marks, "item", over=False), _titled),
    ]
    of_others = [
        _say("Taken up more by", notable(marks, "tag", over=True), _with_index),
        _say("Taken up less by", notable(marks, "tag", over=False), _with_index),
    ]
    said = [
        *(by_users if noun == A_USER else of_others),
        _say("More often", notable(marks, "category", over=True), _times),
        _say("Less often", notable(marks, "category", over=False), _valued),
    ]
    said += [_say_number(mark, noun) for mark in [*strongest_numbers(marks), *_active(marks)]]
    return tuple(sentence for sentence in said if sentence)


def strongest_numbers(marks: Iterable[Mark]) -> list[Mark]:
    """Give the numbers that are worth a sentence: of those that segments were formed on, then of those that describe
    them, the strongest few above and below average, strongest first. How much users do is none of them.
    """
    found = [mark for mark in marks if mark.kind == "number" and is_notable(mark) and not is_activity(mark)]
    chosen = []
    for use in ("basis", "descriptor"):
        for over in (True, False):
            of_kind = [mark for mark in found if mark.use == use and is_over(mark) == over]
            chosen += sorted(of_kind, key=_by_strength)[:MOST]
    return sorted(chosen, key=lambda mark: (mark.use, *_by_strength(mark)))


def _by_strength(mark: Mark) -> tuple[float, str, str]:
    return -abs(mark.effect), mark.table, mark.column


def _active(marks: Iterable[Mark]) -> list[Mark]:
    return [mark for mark in marks if is_activity(mark) and is_notable(mark)]


def name_of(mark: Mark) -> str:
    """Name a category's value together with its attribute, as in "occupation student"."""
    return f"{_words(mark.column)} {mark.label}"


def listed(parts: Sequence[str]) -> str:
    """Join as in "a, b and c"."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def figure(value: float) -> str:
    """Write a number in about three digits, thousands apart from 10,000 on, so that a year keeps its form."""
    if abs(value) >= 10_000:
        return f"{value:,.0f}"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _say(opening: str, marks: Sequence[Mark], put: Callable[[Mark], str]) -> str:
    if not marks:
        return ""
    return f"{opening} {listed([put(mark) for mark in marks[:MOST]])}."


def _with_index(mark: Mark) -> str:
    return f"{mark.label} (index {_index(mark):.0f})"


def _titled(mark: Mark) -> str:
    return f"'{mark.label}' (index {_index(mark):.0f})"


def _times(mark: Mark) -> str:
    return f"{name_of(mark)} ({_index(mark) / 100:.1f} times the average share)"


def _valued(mark: Mark) -> str:
    return f"{name_of(mark)} (index {_index(mark):.0f})"


def _index(mark: Mark) -> float:
    return mark.index.value if mark.index is not None else 100.0


def _say_number(mark: Mark, noun: Noun) -> str:
    means = f"{figure(mark.inside)} on average, against {figure(mark.overall)} among all {noun.many}"
    if is_activity(mark):
        where = mark.label.removeprefix(ACTIVITY_LABEL)  # named where there are several tables of events
        how = "active" if noun == A_USER else "taken up"
        return f"{'More' if is_over(mark) else 'Less'} {how}{where}: {means.replace(' on', ' events on', 1)}."
    scale = "" if mark.poles is None else f" (low is {mark.poles[0]}, high is {mark.poles[1]})"
    return f"{direction(mark)}: {means}{scale}."


def direction(mark: Mark) -> str:
    """Say which way a number differs: "Higher age", or "More serious, less playful" where its ends have names."""
    if mark.poles is None:
        return f"{'Higher' if is_over(mark) else 'Lower'} {_words(mark.column)}"
    low, high = mark.poles
    more, less = (high, low) if is_over(mark) else (low, high)
    return f"More {more}, less {less}"


def _words(column: str) -> str:
    return column.replace("_", " ")
