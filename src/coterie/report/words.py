"""The report's sentences and numbers: records in, plain words out.

Page one is for somebody who knows nothing of clustering; whatever it claims is said here, so that it can be tested.
"""

from __future__ import annotations

import math
from datetime import datetime
from typing import Final

from coterie.manifest import Manifest, WindowRecord
from coterie.segments.types import Segment
from coterie.selection.types import Answer, Candidate, Decision, Grade, Interval
from coterie.tables import RuleCount
from coterie.tables.rules import takes_rows_out
from coterie.tables.window import Span
from coterie.terms import A_USER, Noun
from coterie.wording import told_of

NBSP: Final = "\u00a0"
MISSING: Final = "–"
NATURE: Final = (
    "Natural groups are separate clumps of people; the others are slices of a continuum. Groups can be useful without "
    "being natural."
)
_VERDICTS: Final[dict[Grade, str]] = {
    "natural": "Natural",
    "reproducible": "Reproducible",
    "constructive": "Constructive",
    "none": "Not supported",
}
# How much of activity may be explained before the words change; a convention of this report, not a test.
_HARDLY, _PARTLY = 0.10, 0.50
STABLE: Final = 0.75  # Hennig 2007: from here on a group may be called stable
_FLAG_CHARACTERS = 12


def percent(share: float | None, digits: int = 0) -> str:
    """Write a share of 0.314 as "31%"; a share too small for the digits as "< 1%"."""
    if share is None or not math.isfinite(share):
        return MISSING
    smallest = 10.0**-digits
    if 0 < 100 * share < smallest / 2:
        return f"<{NBSP}{smallest:.{digits}f}%"
    return f"{100 * share:.{digits}f}%"


def window(found: WindowRecord) -> str:
    """Say which events were read: "from 2024-01-01 on"."""
    return Span(found.since_s, found.until_s).told()


def decimal(value: float | None, digits: int = 2) -> str:
    """Write a number with fixed digits and thousands apart, or a dash where there is none."""
    if value is None or not math.isfinite(value):
        return MISSING
    text = f"{value:,.{digits}f}"
    return text.replace("-", "\u2212") if float(text.replace(",", "")) else text.lstrip("-")


def span(interval: Interval | None, digits: int = 2) -> str:
    """Write the ends of an interval, "1.52 to 1.68", or nothing where it has no width or is not known."""
    if interval is None or not interval.is_known or interval.low == interval.high:
        return ""
    return f"{decimal(interval.low, digits)} to {decimal(interval.high, digits)}"


def times(interval: Interval | None, digits: int = 2) -> str:
    """Write a lift as "1.60 ×", or a dash."""
    return f"{decimal(interval.value, digits)}{NBSP}×" if interval is not None and interval.is_known else MISSING


def value_label(value: float | None) -> str:
    """Write the value that events carry as short as it is: 5.0 as "5"; empty where events carry none."""
    return "" if value is None else f"{value:g}"


def moment(created: str) -> str:
    """Write a run's time for people: "22 November 2026, 09:14 UTC"; what is no ISO time stays as it is."""
    try:
        time = datetime.fromisoformat(created)
    except ValueError:
        return created
    zone = f" {time.tzname()}" if time.tzinfo else ""
    return f"{time.day} {time:%B %Y, %H:%M}{zone}"


def counted(number: int, one: str, many: str | None = None) -> str:
    """Write "1 group", "5 groups", "1,234 people"."""
    return f"{number:,}{NBSP}{one if number == 1 else many or one + 's'}"


def verdict(decision: Decision, n_groups: int | None = None) -> tuple[str, str]:
    """Give the verdict's name and what it means, in half a sentence.

    Args:
        n_groups: that are left, where some were merged by hand.
    """
    name = _VERDICTS[decision.grade]
    if n_groups == 1:
        return f"{name}, before groups were merged", "there is one group left, which tells nobody from anybody."
    if decision.grade == "none":
        return name, "the tests below do not support using these groups."
    if decision.has_too_few:
        return name, "there are too few to act on: take the groups for a description of these very ones."
    has_lift = decision.candidates[decision.chosen].lift is not None
    if decision.grade == "constructive":
        pays = "pay" if has_lift else "tell something of people beyond the answers they were formed on"
        limit = "but their borders move with the sample" if has_lift else "but they are cuts of a continuum"
        return name, f"the groups {pays}, {limit}."
    apart = "are clumps of their own, hold" if decision.grade == "natural" else "hold"
    if not has_lift:
        return name, f"the groups {apart}; whether they pay could not be tested."
    return name, f"the groups {apart}, and they pay."


def flag(answer: Answer) -> tuple[str, str]:
    """Split an answer into its flag and the rest: "not fully: 3 of 5 hold" into "Not fully" and "3 of 5 hold"."""
    head, colon, tail = (part.strip() for part in answer.short.partition(":"))
    if not colon or len(head) > _FLAG_CHARACTERS:
        return ("Yes" if answer.passed else "No"), _capital(answer.short.strip())
    return _capital(head), _capital(tail)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


ONE_GROUP: Final = (
    "One group tells nobody from anybody: whether groups hold and pay was measured before they were merged, and says "
    "nothing of this one."
)


def the_answer(manifest: Manifest, decision: Decision, segments: tuple[Segment, ...]) -> tuple[str, ...]:
    """Answer in a paragraph: how many groups, whether they pay, whether they hold, how large they are.

    People "fall into" groups that were found; where the verdict says that groups are cuts, people "were cut into" them.
    """
    n = sum(segment.size for segment in segments)
    fall, were = ("falls", "was") if n == 1 else ("fall", "were")
    verb = f"{were} cut into" if decision.grade in {"none", "constructive"} else f"{fall} into"
    first = f"{counted(n, 'person', 'people')} {verb} {counted(len(segments), 'group')}."
    if len(segments) == 1:
        sentences = [first, ONE_GROUP]
    else:
        found = decision.candidates[decision.chosen]
        sentences = [first, pays(found, manifest.entity), holds(segments, floor(manifest)), _sizes(segments)]
    if manifest.unsegmented_users:
        who = counted(manifest.unsegmented_users, "person", "people")
        sentences.append(f"{who} could not be placed in a group.")
    return tuple(told_of(sentence, manifest.entity, manifest.counterpart) for sentence in sentences if sentence)


def pays(candidate: Candidate, entity: Noun = A_USER) -> str:
    """Say what knowing the group does for recommendations, or of something else than users, for who takes it up."""
    if candidate.lift is None or not candidate.lift.lift.is_known:
        return "Whether the groups help to recommend could not be tested: there were no events to hold out."
    lift = candidate.lift.lift
    said = f"{decimal(lift.value, 1)}{NBSP}times as good"
    if entity != A_USER:
        better = "" if lift.low > 1 else "worse: " if lift.high < 1 else "not measurably better: "
        return (
            f"Knowing a person's group makes finding who takes it up next {better}{said} as naming those who take up "
            "most."
        )
    if lift.low > 1:
        return f"Knowing a person's group makes recommendations {said} as showing everybody what is popular."
    if lift.high < 1:
        return f"Knowing a person's group makes recommendations worse: {said} as showing everybody what is popular."
    return (
        f"Knowing a person's group does not make recommendations measurably better: {said} as showing everybody what "
        f"is popular, with an interval from {span(lift)}."
    )


def floor(manifest: Manifest) -> float:
    """Give the stability that the configuration asks of every segment; without one the field's 0.75."""
    asked = manifest.config.get("segments", {}).get("min_stability")
    return float(asked) if isinstance(asked, int | float) else STABLE


def holds(segments: tuple[Segment, ...], at_least: float = STABLE) -> str:
    """Say how many groups come back when people are resampled, at least as far as is asked."""
    stable = sum(segment.stability >= at_least for segment in segments)
    if stable == len(segments):
        return f"The groups hold when people are resampled: {stable} of {len(segments)} are stable."
    if stable == 0:
        return f"None of the {counted(len(segments), 'group')} holds when people are resampled."
    return f"{stable} of {len(segments)} groups hold when people are resampled; the others change with the sample."


def activity(candidate: Candidate) -> str:
    """Say how far the groups are only heavy against light users."""
    share = candidate.activity_explained
    if share is None or not math.isfinite(share):
        return "Not measured: there are no events to count."
    said = f"The groups explain {percent(share)} of the variation in how much people do"
    if share < _HARDLY:
        return f"{said}: they are hardly a matter of heavy against light users, so what sets them apart is taste."
    if share < _PARTLY:
        return (
            f"{said}: they are in part a matter of heavy against light users. Keep that in mind when comparing counts."
        )
    return f"{said}: they are largely a matter of heavy against light users, which a simple count would show as well."


def lift_explained(candidate: Candidate) -> str:
    """Say what was compared, with the two figures behind the lift."""
    lift = candidate.lift
    if lift is None:
        return "Not tested: lift needs events, of which some are held out and ranked."
    moved = "rose" if lift.ndcg_segment >= lift.ndcg_global else "fell"
    who = counted(lift.n_users, "person", "people")
    return (
        f"For {who}, part of what they did was held back. Items were then ranked twice: by what is popular with "
        "everybody, and by what is popular in the person's group. The quality of the ranking (NDCG@10, from 0 to 1) "
        f"{moved} from {decimal(lift.ndcg_global, 3)} to {decimal(lift.ndcg_segment, 3)}, a lift of "
        f"{decimal(lift.lift.value)} (95% interval {span(lift.lift) or MISSING})."
    )


def outcome(count: RuleCount) -> str:
    """Say what became of the rows that a rule counts."""
    if count.counts_as_reject:
        return "rejected"
    return "cleaned" if takes_rows_out(count.rule) else "kept"


def _sizes(segments: tuple[Segment, ...]) -> str:
    if len(segments) < 2:
        return ""
    largest, smallest = max(segments, key=lambda s: s.size), min(segments, key=lambda s: s.size)
    return f"The largest holds {percent(largest.share)} of them, the smallest {percent(smallest.share)}."
