"""How good the chosen segmentation is: four questions, always in this order, and the grade that follows.

Natural, reproducible, constructive or none: the terms of Dolnicar, Grün & Leisch (2018), "Market Segmentation
Analysis", section 2.3, with conditions that can be checked (``_grade``).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from coterie.config import Config, Evaluation, Floors
from coterie.selection.choice import Choice, caller
from coterie.selection.comparing import comparisons
from coterie.selection.paying import MOST_CLUSTERED, MOST_EMBEDDED
from coterie.selection.trials import counts_clusters, most_drawn, starts_at_random
from coterie.selection.types import (
    UNSTABLE_BELOW,
    Answer,
    Candidate,
    Decision,
    Explained,
    GapCurve,
    Gate,
    Grade,
    LeftOut,
    LiftResult,
    NullTest,
    RecipeTried,
    stability_band,
)

NATURAL, HOLDS, PAYS, USABLE = "Is it natural?", "Is it reproducible?", "Does it pay?", "Can it be used?"
FEW_USERS = 100  # a share within a segment of 20 is known to +-22 points, and a held-out tenth is ten users
MOSTLY = 0.5  # where the report says "largely"
HEAVY_LIGHT = 0.25  # above a quarter of log activity's variance a reader should know; ML-100K's taste segments have .4
Z_95 = 1.959963984540054
OF_CATEGORIES = Answer(
    NATURAL,
    False,
    "not tested: categories lie apart by nature",
    "Answers such as yes and no have gaps between them whether or not there are groups of people, so a gap between "
    "segments shows nothing here. They may still be useful.",
)
TOO_MANY = Answer(
    NATURAL,
    False,
    "not tested: too many users for this method",
    "A method that looks for dense places would have to be run on all users of many made-up audiences, which takes "
    "hours for so many. They may still be useful.",
)
UNPAID = Answer(
    PAYS,
    False,
    "not measured: nothing to hold out",
    "There are no events to hold out, and not enough columns or too many, so it is not known whether the segments tell "
    "anything about a person beyond what they were formed on. They may still be useful.",
)


def judge(
    choice: Choice,
    config: Config,
    *,
    null: NullTest | None = None,
    gap: GapCurve | None = None,
    recipes: tuple[RecipeTried, ...] = (),
    left_out: tuple[LeftOut, ...] = (),
    segment_ids: Sequence[str] = (),
) -> Decision:
    """Answer the questions about the chosen candidate.

    Args:
        choice: which it is. config: of its recipe, for floors and how things were measured.
        null, gap: measured on its points; None where they could not be.
        recipes, left_out: what else was tried.
        segment_ids: that clusters go by, in label order; by default s-1, s-2 and so on.
    """
    candidate = choice.candidate
    segment_ids = segment_ids or [f"s-{number}" for number in range(1, candidate.k + 1)]
    answers = _answers(candidate, config.segments, null)
    grade = _grade(candidate, answers)
    return Decision(
        candidates=choice.candidates,
        chosen=choice.chosen,
        reason=choice.reason,
        grade=grade,
        answers=answers,
        protocol=_protocol(choice, config.evaluation, null),
        warnings=_warnings(choice, config, segment_ids, recipes),
        recipes=recipes,
        left_out=left_out,
        comparisons=comparisons(choice),
        null=null,
        gap=gap,
        gates=_gates(candidate, grade, config.segments),
    )


def _answers(candidate: Candidate, floors: Floors, null: NullTest | None) -> tuple[Answer, ...]:
    answers = [_untested(candidate) if null is None else _natural(null, candidate.activity_explained)]
    answers.append(_reproducible(candidate, floors))
    if candidate.lift is not None:
        answers.append(_pays(candidate.lift))
    else:
        answers.append(UNPAID if candidate.explained is None else _explains(candidate.explained))
    return (*answers, _usable(candidate, floors))


def _untested(candidate: Candidate) -> Answer:
    return OF_CATEGORIES if counts_clusters(candidate.method) else TOO_MANY


def _natural(null: NullTest, activity: float | None) -> Answer:
    alike = {"gaussian": "with the same correlations", "copula": "with the same distributions and correlations"}
    replicates = alike.get(null.null, "with the same distributions, but no correlations,")
    fall, expected, high = (f"{value:.0%}" for value in (null.statistic, null.null_mean, null.null_high))
    detail = (
        f"Between a segment and its nearest neighbour the density of users falls by {fall} on average. In "
        f"{null.replicates} made-up audiences {replicates} and no groups at all it falls by {expected} (95 % of them: "
        f"at most {high}; p = {null.p:.2g}). "
    )
    if null.is_natural and activity is not None and activity > HEAVY_LIGHT:
        why = (
            f"But the segments also explain {activity:.0%} of the differences in activity (above {HEAVY_LIGHT:.0%}), "
            "and few events alone leave gaps in an embedding: these may be gaps between light and heavy users, not "
            "between tastes."
        )
        return Answer(NATURAL, False, "not shown: the gaps may be of activity", detail + why)
    if null.is_natural:
        return Answer(
            NATURAL, True, f"yes: density falls by {fall} between segments", f"{detail}The segments are islands."
        )
    if null.p > 0.05:
        why = (
            "That is no more than correlations alone give: the segments are cuts of a continuum, which may still be "
            "useful."
        )
    else:
        why = (
            f"That is more than correlations alone give, but below {null.floor:.0%}: there is structure, yet no gaps "
            "to speak of; the segments are cuts of a continuum, which may still be useful."
        )
    return Answer(NATURAL, False, "no: a continuum without gaps", detail + why)


def _reproducible(candidate: Candidate, floors: Floors) -> Answer:
    floor = max(floors.min_stability, UNSTABLE_BELOW)  # what a project accepts is its own, what the word means is not
    stable = sum(jaccard >= floor for jaccard in candidate.jaccard)
    mean = sum(candidate.jaccard) / candidate.k
    detail = (
        f"Users were drawn anew and segmented again. On average {mean:.0%} of a segment and its closest match are the "
        f"same people (bootstrap Jaccard {mean:.2f}; the least stable segment has {min(candidate.jaccard):.2f}: "
        f"{stability_band(min(candidate.jaccard))})."
    )
    if starts_at_random(candidate.method):
        detail += (
            f" Starting the algorithm elsewhere gives the same segments to {candidate.seed_agreement:.2f} "
            "(adjusted Rand index; 1 = identical)."
        )
    passed = stable == candidate.k
    short = f"{'yes' if passed else 'not fully' if stable else 'no'}: {stable} of {candidate.k} segments hold"
    return Answer(HOLDS, passed, short, detail)


def _pays(lift: LiftResult) -> Answer:
    passed = bool(lift.lift.low > 1)
    short = f"{'yes' if passed else 'no'}: lift {lift.lift.value:.2f}"
    detail = (
        f"On events that the segments had not seen, ranking items by what the user's segment likes is "
        f"{lift.lift.value:.2f} times as good as ranking them by what everybody likes (95 % interval "
        f"{lift.lift.low:.2f} to {lift.lift.high:.2f}, {lift.n_users:,} users; NDCG@10 {lift.ndcg_segment:.3f} "
        f"against {lift.ndcg_global:.3f}). 1 would mean that segments add nothing."
    )
    return Answer(PAYS, passed, short, detail)


def _explains(found: Explained) -> Answer:
    passed = bool(found.value.low > max(found.random, 0.0))
    share = f"{found.value.value:.1%}"
    detail = (
        "There are no events to hold out, so columns were: segments formed without a column explain on average "
        f"{share} of its variance (95 % interval {found.value.low:.1%} to {found.value.high:.1%}); random segments of "
        f"the same sizes explain {max(found.random, 0.0):.1%}. It says that the segments tell something about a person "
        "beyond the answers they were formed on, not that acting on them earns anything: that only events can show."
    )
    return Answer(PAYS, passed, f"{'some' if passed else 'no'}: {share} of held-out columns explained", detail)


def _usable(candidate: Candidate, floors: Floors) -> Answer:
    n_users, smallest = _n_users(candidate), min(candidate.sizes)
    is_large = candidate.smallest_share >= floors.min_share
    is_many, is_most = n_users >= FEW_USERS, candidate.out_share <= floors.max_noise
    noise = _n_noise(candidate)
    left = f"{noise:,} users ({candidate.noise_share:.1%}) are noise, in no segment. " if noise else ""
    if candidate.dropped_share:
        left += f"The recipe leaves out {candidate.dropped_share:.1%} of the users that another one segments. "
    all_in = "" if left else f"Each of the {n_users:,} segmented users is in one. "
    detail = (
        f"The smallest segment has {smallest:,} users ({candidate.smallest_share:.1%}; at least "
        f"{floors.min_share:.1%} is asked for). {left}{all_in}The rule for newcomers gives "
        f"{candidate.assign_agreement:.1%} of the users of the fit the segment of the fit."
    )
    if not is_many:
        detail += f" {_few(n_users, smallest)}"
        return Answer(USABLE, False, f"no: {n_users} users are too few to act on", detail)
    if not is_most:
        return Answer(USABLE, False, f"no: {candidate.out_share:.0%} of users are in no segment", detail)
    short = f"{'yes' if is_large else 'no'}: {candidate.k} segments, the smallest {candidate.smallest_share:.1%}"
    return Answer(USABLE, is_large, short, detail)


def _few(n_users: int, smallest: int) -> str:
    margin = 100 * Z_95 * math.sqrt(0.25 / smallest)
    return (
        f"{n_users} users support a look at who is like whom (the dendrogram), and a description of these very users. "
        f"They do not support more: a share within the smallest segment is known to +-{margin:.0f} points, stability "
        "and lift are measured on a handful, and another sample of the same audience may well give other segments. "
        f"Bring {FEW_USERS} users or more."
    )


def _n_users(candidate: Candidate) -> int:
    return round(sum(candidate.sizes) / (1 - candidate.noise_share))


def _n_noise(candidate: Candidate) -> int:
    return _n_users(candidate) - sum(candidate.sizes)


def _grade(candidate: Candidate, answers: tuple[Answer, ...]) -> Grade:
    """Give the grade.

    Stability alone makes nothing reproducible: halves of one long cloud come back every time. Without islands it takes
    lift on events, which structureless data cannot have, to be called more than constructive. Islands are natural also
    where it could not be measured whether they pay, which the third answer then says.
    """
    passed = {answer.question: answer.passed for answer in answers}
    if _n_users(candidate) >= FEW_USERS and passed[HOLDS]:
        if passed[NATURAL] and (passed[PAYS] or UNPAID in answers):
            return "natural"
        if passed[PAYS] and candidate.lift is not None:
            return "reproducible"
    return "constructive" if passed[PAYS] else "none"


def _gates(candidate: Candidate, grade: Grade, floors: Floors) -> tuple[Gate, ...]:
    weakest, n_users = min(candidate.jaccard), _n_users(candidate)
    stability = f"the least stable segment has {weakest:.2f}; {floors.min_stability:.2f} is asked for"
    size = f"the smallest segment holds {candidate.smallest_share:.1%}; {floors.min_share:.1%} is asked for"
    noise = f"{candidate.out_share:.1%} of users are in no segment; at most {floors.max_noise:.0%} may be"
    return (
        Gate("verdict", grade != "none", f"the verdict is {grade}"),
        Gate("stability", weakest >= floors.min_stability, stability),
        Gate("size", candidate.smallest_share >= floors.min_share, size),
        Gate("noise", candidate.out_share <= floors.max_noise, noise),
        Gate("users", n_users >= FEW_USERS, f"{n_users:,} users; {FEW_USERS} are asked for"),
    )


def _protocol(choice: Choice, evaluation: Evaluation, null: NullTest | None) -> tuple[str, ...]:
    candidate = choice.candidate
    drawn = _at_most(_n_users(candidate), most_drawn(candidate.method))
    lines = [
        f"Stability: {evaluation.bootstraps} bootstrap samples of {drawn}users, clustered anew in the fixed embedding; "
        "each segment's highest Jaccard similarity to a segment of the sample, averaged (Hennig 2007). The embedding "
        "is not refitted, which is slightly on the kind side.",
        f"Agreement across seeds: mean adjusted Rand index over all pairs of {evaluation.seeds} refits of few starts"
        f"{f' on {drawn}users' if drawn else ''}.",
    ]
    if null is not None:
        lines.insert(
            0,
            f"Natural: the chosen algorithm run on {null.replicates} {null.null} replicates of the embedding, which "
            "have no groups; compared is the valley in the density between each cluster and its nearest neighbour, "
            "along the line between their centres. Natural needs p of at most 0.05 and a valley of at least "
            f"{null.floor:.0%}.",
        )
    kind = "It was chosen on the same splits, so its lift is slightly on the kind side."
    if candidate.lift is not None:
        lines.append(
            f"Lift: {evaluation.holdout:.0%} of every user's events held out at random, {evaluation.splits} times; "
            f"features, embedding and clustering refitted on the rest each time{_refitted_on(candidate)}; NDCG@10 over "
            "the full catalogue without items seen in training; popularity of positive events shrunk to the global "
            f"rate with {evaluation.pseudo_users:g} pseudo-users; users without held-out positives skipped; interval "
            f"paired over users.{f' {kind}' if len(choice.candidates) > 1 else ''}"
        )
    return tuple(lines)


def _at_most(n_users: int, most: int | None) -> str:
    """Say how many of the users are looked at where these are not all: "20,000 of the 162,541 "."""
    return f"{most:,} of the {n_users:,} " if most is not None and most < n_users else ""


def _refitted_on(candidate: Candidate) -> str:
    """Say on how many users each part is refitted for lift, where these are not all."""
    n_users = _n_users(candidate)
    clustered = MOST_CLUSTERED if counts_clusters(candidate.method) else None
    parts = {"the embedding": _at_most(n_users, MOST_EMBEDDED), "the clusters": _at_most(n_users, clustered)}
    told = [f"{part} on {number}users drawn at random" for part, number in parts.items() if number]
    return f" ({' and '.join(told)}, which place and label all of them)" if told else ""


def _warnings(
    choice: Choice, config: Config, segment_ids: Sequence[str], recipes: tuple[RecipeTried, ...]
) -> tuple[str, ...]:
    candidate = choice.candidate
    warnings = [*_of_numbers(choice, config), *_of_noise(choice), *_of_recipes(candidate, recipes), *_of_users(choice)]
    merged = sorted({one for one in segment_ids if list(segment_ids).count(one) > 1})
    if merged:
        warnings.append(
            f"{' and '.join(merged)} was merged by hand from several of the {candidate.k} segments found; the "
            f"figures of this decision are those of the {candidate.k}."
        )
    idle = _idle(candidate, segment_ids)
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


def _of_numbers(choice: Choice, config: Config) -> list[str]:
    """Warn where there are few users: for any use, or for as many segments as were asked for."""
    candidate, asked = choice.candidate, config.clustering.k[1]
    n_users = _n_users(candidate)
    warnings = [_few(n_users, min(candidate.sizes))] if n_users < FEW_USERS else []
    same = [c.k for c in choice.candidates if c.recipe == candidate.recipe and counts_clusters(c.method)]
    if same and max(same) < asked:
        warnings.append(
            f"{n_users:,} users are too few, or too much alike, for {asked} segments; at most {max(same)} were tried."
        )
    return warnings


def _of_noise(choice: Choice) -> list[str]:
    """Warn of users in no segment, and of methods that leave most users out: the space has no dense places."""
    called, left = caller(choice.candidates), _n_noise(choice.candidate)
    chosen = [f"{left:,} users ({choice.candidate.noise_share:.1%}) are noise and in no segment."] if left else []
    mostly = [c for c in choice.candidates if c.noise_share > MOSTLY]
    if not mostly:
        return chosen
    worst = max(mostly, key=lambda c: c.noise_share)
    return [
        *chosen,
        f"{called(worst)} leaves out {worst.noise_share:.0%} of users as noise: this space has few dense places, and a "
        "density method is a poor choice for it.",
    ]


def _of_recipes(candidate: Candidate, recipes: tuple[RecipeTried, ...]) -> list[str]:
    """Warn of recipes that failed, and of ones that were measured on columns of their own."""
    warnings = []
    failed = [recipe for recipe in recipes if recipe.failure]
    if failed:
        count = f"{len(failed)} of {len(recipes)} recipes"
        warnings.append(f"{count} could not be made; the first, '{failed[0].name}': {failed[0].failure}")
    others = any(recipe.measured and any(map(_is_of_features, recipe.changes)) for recipe in recipes)
    if candidate.lift is None and candidate.explained is not None and others and len(recipes) > 1:
        warnings.append(
            "Recipes with other features were measured on columns of their own, so that their shares of explained "
            "variance do not stand on one scale: a recipe of columns that repeat each other explains more of them."
        )
    return warnings


def _of_users(choice: Choice) -> list[str]:
    """Warn where recipes segment different numbers of users, as where a floor of a feature leaves some out."""
    of_recipe = {candidate.recipe: _n_users(candidate) for candidate in choice.candidates}
    fewest, most = min(of_recipe.values()), max(of_recipe.values())
    if len(of_recipe) < 2 or fewest == most:
        return []
    return [
        f"Recipes do not segment the same users: the chosen one has {of_recipe[choice.candidate.recipe]:,}, all have "
        f"{fewest:,} to {most:,}. Each is measured on its own users, so one that leaves out those who are hard to tell "
        "apart looks better for it."
    ]


def _is_of_features(key: str) -> bool:
    return key.startswith("features.")


def _idle(candidate: Candidate, segment_ids: Sequence[str]) -> str:
    """Name the segments whose own lift may well be 1 or less, where the segmentation as a whole pays."""
    if candidate.lift is None or not candidate.lift.lift.low > 1:
        return ""
    within = zip(segment_ids, candidate.lift.per_segment, strict=True)
    return ", ".join(f"{segment_id} (lift {lift.value:.2f})" for segment_id, lift in within if lift.low <= 1)
