"""Working names: two or three words from what a segment significantly has more of, distinct among segments."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations

from coterie.segments.marks import is_activity, is_over, strength
from coterie.segments.sentences import direction, figure, is_notable, name_of, notable, strongest_numbers
from coterie.segments.types import Mark, SegmentProfile
from coterie.terms import A_USER, Noun

BEST = 4  # tags from which a name takes its one or two
LONGEST_TITLE = 32
SHORT_TITLE = 16  # two of such length still make a name
SHORTEST_VALUE = 3  # a shorter value, such as "F", says nothing without its attribute
# Answers that say nothing without their question.
BARE = frozenset({"yes", "no", "none", "never", "seldom", "rarely", "sometimes", "often", "always", "other", "missing"})
STRONG_D = 0.5  # Cohen 1988: a medium effect, from which activity may be part of a name
_YEAR = re.compile(r"\s*\(\d{4}\)$")
_JOINING = frozenset({"&", "fans", "users"})


def name_segments(
    profiles: Sequence[SegmentProfile], noun: Noun = A_USER, reserved: Iterable[str] = ()
) -> Mapping[str, str]:
    """Give a working name by segment id.

    In this order of preference: two tags ("Horror & Thriller fans"), one tag, two items of short titles, an item, an
    attribute's value ("Student users"), an attribute's mean ("Higher age users"), activity ("Heavy users"), then the
    same with activity before it ("Heavy Horror fans"). An item that goes by a number is no name. Two names never share
    all their words. A segment without a significant mark, or whose candidates are all taken by an earlier one, is
    called by its number ("Segment 3").

    Where something else than users is segmented, its own values come first ("Horror & Thriller films"), then those of
    the users who take it up ("Occupation student films"), and no single user makes a name.

    Args:
        reserved: names that are given already, by people for example.
    """
    names: dict[str, str] = {}
    taken = {_key(name, noun) for name in reserved}
    for profile in profiles:
        fallback = f"Segment {profile.segment_id.removeprefix('s-')}"
        name = next((name for name in _candidates(profile, noun) if _key(name, noun) not in taken), fallback)
        taken.add(_key(name, noun))
        names[profile.segment_id] = name
    return names


def short_marks(profile: SegmentProfile, n: int = 3, noun: Noun = A_USER) -> tuple[str, ...]:
    """Give the strongest over-indexed marks for a table cell: "Film-Noir 215", "student 180".

    Numbers that segments were formed on first, with the mean and that of all ("Opera 3.4 against 2.1"), of scales with
    named ends how much further towards one the segment lies ("serious +19"); then tags and attributes' values, in the
    order of their strength; items fill what is left. An item that goes by a number is called "item 883", so that its
    index is not taken for it. Where items are users, none is named.
    """
    formed = [_with_means(mark) for mark in _formed_on(profile.marks)]
    telling = [*notable(profile.marks, "tag", over=True), *notable(profile.marks, "category", over=True)]
    telling.sort(key=lambda mark: (-strength(mark), mark.kind, mark.column, mark.label))
    items = notable(profile.marks, "item", over=True) if noun == A_USER else []
    told = (f"{_short(mark)} {mark.index.value:.0f}" for mark in [*telling, *items] if mark.index is not None)
    return tuple([*formed, *told][:n])


def _candidates(profile: SegmentProfile, noun: Noun) -> Iterator[str]:
    if noun != A_USER:
        yield from _candidates_of_others(profile, noun)
        return
    marks = profile.marks
    tags = [_capital(mark.label) for mark in notable(marks, "tag", over=True)[:BEST]]
    numbers = [mark for mark in marks if mark.kind == "number" and is_notable(mark)]
    pace = next((_pace(mark) for mark in numbers if is_activity(mark) and abs(mark.effect) >= STRONG_D), None)
    subjects = [f"{tag} fans" for tag in tags]
    titles = [_capital(_title(mark)) for mark in notable(marks, "item", over=True) if _is_worded(mark.label)][:BEST]
    short = [title for title in titles if len(title) <= SHORT_TITLE]
    subjects += [f"{one} & {other} fans" for one, other in combinations(short, 2)]
    subjects += [f"{title} fans" for title in titles]
    subjects += _by_numbers(marks, noun)
    subjects += [f"{_capital(_short(mark))} users" for mark in notable(marks, "category", over=True)[:BEST]]
    subjects += [f"{_direction(mark)} users" for mark in _by_size(numbers) if not is_activity(mark)]
    yield from (f"{one} & {other} fans" for one, other in combinations(tags, 2))
    yield from subjects
    if pace is not None:
        yield f"{pace} users"
        yield from (f"{pace} {subject}" for subject in subjects)


def _candidates_of_others(profile: SegmentProfile, noun: Noun) -> Iterator[str]:
    marks = profile.marks
    own = [_capital(_short(mark)) for mark in notable(marks, "category", over=True)[:BEST]]
    taken_up_by = [_capital(mark.label) for mark in notable(marks, "tag", over=True)[:BEST]]
    numbers = [mark for mark in marks if mark.kind == "number" and is_notable(mark)]
    yield from _by_numbers(marks, noun)
    for labels in (own, taken_up_by):
        yield from (f"{one} & {other} {noun.many}" for one, other in combinations(labels, 2))
        yield from (f"{label} {noun.many}" for label in labels)
    yield from (f"{_direction(mark)} {noun.many}" for mark in _by_size(numbers) if not is_activity(mark))
    strong = [mark for mark in numbers if is_activity(mark) and abs(mark.effect) >= STRONG_D]
    yield from (f"{'Popular' if is_over(mark) else 'Seldom taken'} {noun.many}" for mark in strong)


def _by_numbers(marks: Sequence[Mark], noun: Noun) -> Iterator[str]:
    """Name by numbers that segments were formed on, the strongest first."""
    formed = _formed_on(marks)[:BEST]
    yield from (f"{_together(one, other)} {noun.many}" for one, other in combinations(formed, 2))
    yield from (f"{_direction(mark)} {noun.many}" for mark in formed)


def _formed_on(marks: Sequence[Mark]) -> list[Mark]:
    return [mark for mark in strongest_numbers(marks) if mark.use == "basis"]


def _by_size(numbers: Sequence[Mark]) -> list[Mark]:
    return sorted(numbers, key=lambda mark: (-abs(mark.effect), mark.table, mark.column))


def _together(one: Mark, other: Mark) -> str:
    """Join two directions: "Higher Opera & Theatre", "Higher Opera & Lower Cars", "Serious & Bold"."""
    is_repeated = one.poles is None and other.poles is None and is_over(one) == is_over(other)
    return f"{_direction(one)} & {_end(other) if is_repeated else _direction(other)}"


def _is_worded(label: str) -> bool:
    """Say whether a label has a letter; an item without a title goes by its id, which is often a mere number."""
    return any(character.isalpha() for character in label)


def _key(name: str, noun: Noun) -> frozenset[str]:
    return frozenset(name.lower().split()) - _JOINING - {noun.many.lower()}


def _capital(text: str) -> str:
    """Begin with a capital, but leave an id such as "sku-18" as it is."""
    first = text.split(" ", 1)[0]
    return text if any(character.isdigit() for character in first) else text[:1].upper() + text[1:]


def _title(mark: Mark) -> str:
    """Shorten a title: no year at its end, cut between words."""
    title = _YEAR.sub("", mark.label)
    if len(title) <= LONGEST_TITLE:
        return title
    return title[:LONGEST_TITLE].rsplit(" ", 1)[0] + "..."


def _short(mark: Mark) -> str:
    if mark.kind == "item":
        return _title(mark) if _is_worded(mark.label) else f"item {_title(mark)}"
    is_bare = len(mark.label) < SHORTEST_VALUE or mark.label.lower() in BARE
    return name_of(mark) if mark.kind == "category" and is_bare else mark.label


def _pace(mark: Mark) -> str:
    return "Heavy" if is_over(mark) else "Light"


def _direction(mark: Mark) -> str:
    return direction(mark) if mark.poles is None else _capital(_end(mark))


def _with_means(mark: Mark) -> str:
    if mark.poles is None:
        return f"{_end(mark)} {figure(mark.inside)} against {figure(mark.overall)}"
    return f"{_end(mark)} +{figure(abs(mark.inside - mark.overall))}"


def _end(mark: Mark) -> str:
    """Name a number, or the end of it that a segment lies towards."""
    return mark.column.replace("_", " ") if mark.poles is None else mark.poles[is_over(mark)]
