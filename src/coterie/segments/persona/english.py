"""English."""

from __future__ import annotations

from collections.abc import Sequence

from coterie.segments.persona.language import Language


def _listed(parts: Sequence[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def _form(count: int) -> str:
    return "one" if count == 1 else "many"


_PHRASES = {
    "size": "They are {counted}, {percent}% of all {nouns}.",
    "times": "{times} times as much",
    "more": "{percent}% more",
    "less": "{percent}% less",
    "named": "{name} ({much})",
    "quoted": "“{name}”",
    "tags_more": "More than other {nouns}, they go for {listed}.",
    "tags_less": "Less than other {nouns}, they go for {listed}.",
    "items_more": "More than other {nouns}, they pick {listed}.",
    "taken_up_more": "More than other {nouns}, they are taken up by people with {listed}.",
    "taken_up_less": "Less than other {nouns}, they are taken up by people with {listed}.",
    "category_more": "Their {about} is more often {listed}.",
    "category_less": "Their {about} is less often {listed}.",
    "tagged_more": "More of them are tagged {listed}.",
    "tagged_less": "Fewer of them are tagged {listed}.",
    "value_first": "{name} ({percent}%, against {percent_all}% of all {nouns})",
    "value_next": "{name} ({percent}%, against {percent_all}%)",
    "numbers_more": "They are higher than other {nouns} in {listed}.",
    "numbers_less": "They are lower than other {nouns} in {listed}.",
    "mean_first": "{name} ({value} on average, against {value_all} of all {nouns})",
    "mean_next": "{name} ({value}, against {value_all})",
    "leaning": "More than other {nouns}, they are {listed}.",
    "lean": "{name} ({value} further on the scale)",
    "number_more": "Their {name} is higher: {value} on average, against {value_all} of all {nouns}.",
    "number_less": "Their {name} is lower: {value} on average, against {value_all} of all {nouns}.",
    "active_more": "They are more active than other {nouns}: {value} events each on average, against {value_all}.",
    "active_less": "They are less active than other {nouns}: {value} events each on average, against {value_all}.",
    "taken_more": "They are taken up more than other {nouns}: {value} events each on average, against {value_all}.",
    "taken_less": "They are taken up less than other {nouns}: {value} events each on average, against {value_all}.",
    "pays": (
        "A choice made for this group pays: what it puts in front of people is {times} times as good as what is "
        "popular with everybody."
    ),
    "harms": (
        "A choice made for this group is worse: what it puts in front of people is {times} times as good as what is "
        "popular with everybody."
    ),
    "finds": (
        "Knowing this group pays: it finds who takes them up next {times} times as well as going by who takes up more "
        "in general."
    ),
    "misses": (
        "Knowing this group does worse: it finds who takes them up next {times} times as well as going by who takes up "
        "in general."
    ),
    "offer_tags": "Offer them {listed} first.",
    "offer_items": "To open with, offer {listed}.",
    "offer_to": "Offer them to people with {listed} first.",
    "avoid_tags": "Spare them {listed}.",
    "avoid_items": "Spare them {listed}.",
    "avoid_to": "Spare people with {listed}.",
    "caution": (
        "Take this sketch with care: when people are drawn again, less of this group comes back than should ({value}, "
        "against {value_all})."
    ),
    "nothing": "Nothing sets this group apart beyond chance, so there is nothing to say of it.",
    "nothing_taste": "In what they take up, nothing sets them apart clearly enough to say.",
    "nothing_people": "In who they are, nothing sets them apart clearly enough to say.",
    "nothing_activity": "How much they do does not set them apart clearly enough to say.",
    "nothing_pays": "That a choice made for this group pays has not been shown.",
    "nothing_offer": "On what to offer, the numbers are not clear enough to say.",
    "nothing_avoid": "On what to avoid, the numbers are not clear enough to say.",
    "no_events": "What to offer cannot be told: the data do not hold what anybody takes up.",
    "note": (
        "The groups were formed on what is marked “describes”: these figures say what a group is like, and are no "
        "proof that it is real. What is marked “tested” played no part in forming them."
    ),
}

# Neither numbers nor negations, nor words of frequency, cause or judgement: see ``Language``.
_PLAIN = """
a an the this that these those it its they them their theirs themselves we you your our us
is are was were be been being am has have had do does did will would may might can could should
of in on at by to from for with as into onto over across among between than out up off about upon
and or but so yet while when where who whom whose which what how
here there now then today again still also too both each other others another own same such like
group groups segment segments people person persons member members share part parts
title titles item items thing things kind kinds sort sorts tag tags tagged choice choices made
event events activity active level scale point points number numbers value values figure figures
go goes going take takes taking taken pick picks picking choose chooses choosing turn turns turning reach reaches
come comes coming back lean leans leaning drawn show shows showing find finds finding put puts
give gives given make makes say says tell tells see stand stands know knowing next last before after along
start starts open opens begin begins first section message campaign note sketch care build front
average mean general further good well popular often much
"""

_MORE = "more above higher greater larger bigger stronger offer offers offering pays recommend recommends"
_LESS = "less fewer below lower under smaller weaker seldom rarely spare spares avoid avoids worse skip skips"

ENGLISH = Language(
    code="en",
    phrases=_PHRASES,
    headings={
        "size": "How many they are",
        "taste": "What they go for",
        "people": "Who they are",
        "activity": "How active they are",
        "pays": "Does it pay",
        "offer": "What to offer",
        "avoid": "What to avoid",
        "caution": "Take care",
        "note": "How to read this",
    },
    nouns={
        "user": {"one": "user", "many": "users"},
        "item": {"one": "item", "many": "items"},
        "tag": {"one": "tag", "many": "tags"},
    },
    more=frozenset(_MORE.split()),
    less=frozenset(_LESS.split()),
    twice={"twice": 2.0, "double": 2.0, "doubly": 2.0, "thrice": 3.0, "triple": 3.0},
    against=frozenset({"against", "versus", "compared"}),
    everybody=("all {nouns}", "all others", "everybody", "everyone", "anybody"),
    percent=frozenset({"%", "percent"}),
    times=frozenset({"times"}),
    plain=frozenset(_PLAIN.split()),
    decimal=".",
    thousands=",",
    quotes=("“", "”"),
    listed=_listed,
    form=_form,
)
