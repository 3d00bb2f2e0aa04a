"""Which candidate is taken, why, and how good it is: the rule of the design, in words a reader can check.

Among the candidates that meet the floors on stability and smallest share, the highest lift sets the mark; the smallest
k whose lift lies within one standard error of it is taken (the one-standard-error rule of Breiman, Friedman, Olshen &
Stone 1984, section 3.4.3). Where there are no events to hold out, the highest mean silhouette takes lift's place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from coterie.config import Clustering, Config, Evaluation, Floors
from coterie.selection.types import Answer, Candidate, Decision, Grade, LiftResult, stability_band

MOSTLY = 0.5  # where the report says "largely"
HEAVY_LIGHT = 0.25  # above a quarter of log activity's variance a reader should know; ML-100K's taste segments have .4


def misses(candidate: Candidate, floors: Floors) -> tuple[str, ...]:
    """Name the floors that a candidate misses, with the figures."""
    found = []
    weakest = min(candidate.jaccard)
    if weakest < floors.min_stability:
        found.append(f"its least stable segment has {weakest:.2f}, below {floors.min_stability:.2f}")
    if candidate.smallest_share < floors.min_share:
        found.append(f"its smallest segment holds {candidate.smallest_share:.1%}, below {floors.min_share:.1%}")
    return tuple(found)


def decide(candidates: tuple[Candidate, ...], config: Config) -> Decision:
    """Choose a candidate and answer the questions about it.

    Args:
        candidates: at least one, in order of k. config: for its floors and how things were measured.
    """
    floors = config.segments
    judged = tuple(replace(candidate, misses=misses(candidate, floors)) for candidate in candidates)
    chosen, reason = _choose(judged, config.clustering)
    answers = _answers(judged[chosen], floors)
    return Decision(
        judged,
        chosen,
        reason,
        _grade(answers),
        answers,
        _protocol(judged, judged[chosen], config.evaluation),
        _warnings(judged, chosen, config),
    )


def _choose(candidates: tuple[Candidate, ...], asked: Clustering) -> tuple[int, str]:
    if len(candidates) == 1:
        return 0, _only(candidates[0], asked)
    numbered = list(enumerate(candidates))
    eligible = [(i, c) for i, c in numbered if not c.misses]
    called = _caller(candidates)
    tried = _tried(candidates)
    if not eligible:
        index, best = max(numbered, key=lambda pair: (min(pair[1].jaccard), -pair[1].k))
        return index, (
            f"{tried}, and none meets the floors. {called(best)} is shown because its least stable segment holds best "
            f"({min(best.jaccard):.2f}); {' and '.join(best.misses)}."
        )
    measured = [(i, c, c.lift) for i, c in eligible if c.lift is not None]
    if measured:
        index, reason = _by_lift(measured, called)
        return index, f"{tried}; {len(measured)} {_meet(measured)} the floors on stability and size. {reason}"
    index, best = max(eligible, key=lambda pair: (pair[1].silhouette.value, -pair[1].k))
    return index, (
        f"{tried}; {len(eligible)} {_meet(eligible)} the floors. There are no events to hold out, so lift cannot "
        f"be measured; {called(best)} has the highest mean silhouette among them ({best.silhouette.value:.3f})."
    )


def _only(candidate: Candidate, asked: Clustering) -> str:
    told = f" It misses a floor: {' and '.join(candidate.misses)}." if candidate.misses else ""
    if asked.k[0] == asked.k[1]:
        return f"k = {candidate.k} is fixed in the configuration, so nothing was chosen.{told}"
    return f"Only k = {candidate.k} could be tried with so few different users, so nothing was chosen.{told}"


def _tried(candidates: tuple[Candidate, ...]) -> str:
    methods = list(dict.fromkeys(candidate.method for candidate in candidates))
    numbers = sorted({candidate.k for candidate in candidates})
    span = f"{numbers[0]} to {numbers[-1]}" if len(numbers) > 1 else f"{numbers[0]}"
    if len(methods) == 1:
        return f"{len(candidates)} numbers of segments were tried, {span}"
    return f"{len(candidates)} candidates were tried, {', '.join(methods[:-1])} and {methods[-1]} with k {span}"


def _caller(candidates: tuple[Candidate, ...]) -> Callable[[Candidate], str]:
    """Give how a candidate is called: by its k, and by its method where there are several."""
    if len({candidate.method for candidate in candidates}) == 1:
        return lambda candidate: f"k = {candidate.k}"
    return lambda candidate: f"{candidate.method} with k = {candidate.k}"


def _by_lift(measured: list[tuple[int, Candidate, LiftResult]], called: Callable[[Candidate], str]) -> tuple[int, str]:
    _, best, top = max(measured, key=lambda row: (row[2].lift.value, -row[1].k))
    mark = top.lift.value - top.standard_error
    near = [row for row in measured if row[2].lift.value >= mark]
    index, taken, lift = min(near, key=lambda row: (row[1].k, -row[2].lift.value))
    if taken is best:
        is_smallest = taken.k == min(row[1].k for row in measured)
        smaller = "none of these is smaller" if is_smallest else "no smaller k comes within one standard error of it"
        return index, f"{called(taken)} has the highest lift of these ({lift.lift.value:.2f}), and {smaller}."
    fewer = ": fewer segments with as much lift" if taken.k < best.k else ""
    return index, (
        f"The highest lift of these is {top.lift.value:.2f}, at {called(best)}, with a standard error of "
        f"{top.standard_error:.2f}. {called(taken)} is the smallest within one standard error of it "
        f"({lift.lift.value:.2f}){fewer}."
    )


def _meet(some: Sequence[object]) -> str:
    return "meets" if len(some) == 1 else "meet"


def _answers(candidate: Candidate, floors: Floors) -> tuple[Answer, ...]:
    lift = candidate.lift
    answers = [_reproducible(candidate, floors)]
    if lift is not None:
        answers.append(_pays(lift))
    return (*answers, _usable(candidate, floors))


def _reproducible(candidate: Candidate, floors: Floors) -> Answer:
    stable = sum(jaccard >= floors.min_stability for jaccard in candidate.jaccard)
    mean = sum(candidate.jaccard) / candidate.k
    detail = (
        f"Users were drawn anew and segmented again. On average {mean:.0%} of a segment and its closest match are the "
        f"same people (bootstrap Jaccard {mean:.2f}; the least stable segment has {min(candidate.jaccard):.2f}: "
        f"{stability_band(min(candidate.jaccard))}). "
        f"Starting the algorithm elsewhere gives the same segments to {candidate.seed_agreement:.2f} "
        "(adjusted Rand index; 1 = identical)."
    )
    passed = stable == candidate.k
    short = f"{'yes' if passed else 'not fully' if stable else 'no'}: {stable} of {candidate.k} segments hold"
    return Answer("Is it reproducible?", passed, short, detail)


def _pays(lift: LiftResult) -> Answer:
    passed = bool(lift.lift.low > 1)
    short = f"{'yes' if passed else 'no'}: lift {lift.lift.value:.2f}"
    detail = (
        f"On events that the segments had not seen, ranking items by what the user's segment likes is "
        f"{lift.lift.value:.2f} times as good as ranking them by what everybody likes (95 % interval "
        f"{lift.lift.low:.2f} to {lift.lift.high:.2f}, {lift.n_users:,} users; NDCG@10 {lift.ndcg_segment:.3f} "
        f"against {lift.ndcg_global:.3f}). 1 would mean that segments add nothing."
    )
    return Answer("Does it pay?", passed, short, detail)


def _usable(candidate: Candidate, floors: Floors) -> Answer:
    passed = candidate.smallest_share >= floors.min_share
    short = f"{'yes' if passed else 'no'}: {candidate.k} segments, the smallest {candidate.smallest_share:.1%}"
    detail = (
        f"The smallest segment has {min(candidate.sizes):,} users ({candidate.smallest_share:.1%}; at least "
        f"{floors.min_share:.1%} is asked for). Each of the {sum(candidate.sizes):,} segmented users is in one."
    )
    return Answer("Can it be used?", passed, short, detail)


def _grade(answers: tuple[Answer, ...]) -> Grade:
    passed = {answer.question: answer.passed for answer in answers}
    pays = passed.get("Does it pay?")
    if passed["Is it reproducible?"] and pays is not False:
        return "reproducible"
    return "constructive" if pays else "none"


def _protocol(candidates: Sequence[Candidate], candidate: Candidate, evaluation: Evaluation) -> tuple[str, ...]:
    lines = [
        f"Stability: {evaluation.bootstraps} bootstrap samples of users, clustered anew in the fixed embedding; each "
        "segment's highest Jaccard similarity to a segment of the sample, averaged (Hennig 2007). The embedding is not "
        "refitted, which is slightly on the kind side.",
        f"Agreement across seeds: mean adjusted Rand index over all pairs of {evaluation.seeds} refits of few starts.",
    ]
    if candidate.lift is not None:
        kind = "k was chosen on the same splits, so the lift of the chosen k is slightly on the kind side."
        lines.append(
            f"Lift: {evaluation.holdout:.0%} of every user's events held out at random, {evaluation.splits} times; "
            "features, embedding and clustering refitted on the rest each time; NDCG@10 over the full catalogue "
            "without items seen in training; popularity of positive events shrunk to the global rate with "
            f"{evaluation.pseudo_users:g} pseudo-users; users without held-out positives skipped; interval paired over "
            f"users.{f' {kind}' if len(candidates) > 1 else ''}"
        )
    return tuple(lines)


def _warnings(candidates: tuple[Candidate, ...], chosen: int, config: Config) -> tuple[str, ...]:
    warnings = []
    candidate, asked = candidates[chosen], config.clustering.k[1]
    if candidates[-1].k < asked:
        warnings.append(
            f"{sum(candidate.sizes):,} users are too few, or too much alike, for {asked} segments; at most "
            f"{candidates[-1].k} were tried."
        )
    idle = _idle(candidate)
    if idle:
        warnings.append(
            f"Knowing the segment does not measurably help to rank for {idle}: lift pays on average, not for everybody."
        )
    activity = candidate.activity_explained
    if activity is not None and activity > HEAVY_LIGHT:
        much = "for the most part" if activity >= MOSTLY else "in part"
        warnings.append(
            f"The segments explain {activity:.0%} of the differences in activity (log of events per user): {much} they "
            "tell heavy from light users, not only tastes."
        )
    if candidate.misses:
        warnings.append(f"The chosen segmentation misses a floor: {' and '.join(candidate.misses)}.")
    return tuple(warnings)


def _idle(candidate: Candidate) -> str:
    """Name the segments whose own lift may well be 1 or less, where the segmentation as a whole pays."""
    if candidate.lift is None or not candidate.lift.lift.low > 1:
        return ""
    within = enumerate(candidate.lift.per_segment, 1)
    return ", ".join(f"s-{number} (lift {lift.value:.2f})" for number, lift in within if lift.low <= 1)
