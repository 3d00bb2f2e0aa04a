"""A second language, so that a test can see whether a word of English is left in the code."""

from __future__ import annotations

from collections.abc import Sequence

from coterie.segments.persona.language import Language


def _listed(parts: Sequence[str]) -> str:
    return " und ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


PHRASES = {
    "size": {
        "one": "Das ist {counted}, {percent} % aller {nouns}.",
        "many": "Das sind {counted}, {percent} % aller {nouns}.",
    },
    "times": "{times} mal so viel",
    "more": "{percent} % mehr",
    "less": "{percent} % weniger",
    "named": "{name} ({much})",
    "quoted": "„{name}“",
    "tags_more": "Mehr als andere greifen sie zu {listed}.",
    "tags_less": "Weniger als andere greifen sie zu {listed}.",
    "items_more": "Mehr als andere wählen sie {listed}.",
    "taken_up_more": "Mehr als andere werden sie gewählt von {listed}.",
    "taken_up_less": "Weniger als andere werden sie gewählt von {listed}.",
    "category_more": "Ihr Merkmal {about} ist mehr {listed}.",
    "category_less": "Ihr Merkmal {about} ist weniger {listed}.",
    "tagged_more": "Mehr von ihnen sind {listed}.",
    "tagged_less": "Weniger von ihnen sind {listed}.",
    "value_first": "{name} ({percent} %, gegenüber {percent_all} % aller {nouns})",
    "value_next": "{name} ({percent} %, gegenüber {percent_all} %)",
    "numbers_more": "Höher als andere liegen sie bei {listed}.",
    "numbers_less": "Niedriger als andere liegen sie bei {listed}.",
    "mean_first": "{name} ({value} im Mittel, gegenüber {value_all})",
    "mean_next": "{name} ({value}, gegenüber {value_all})",
    "leaning": "Mehr als andere sind sie {listed}.",
    "lean": "{name} (um {value} weiter)",
    "number_more": "Ihr Wert {name} ist höher: {value} im Mittel, gegenüber {value_all}.",
    "number_less": "Ihr Wert {name} ist niedriger: {value} im Mittel, gegenüber {value_all}.",
    "active_more": "Sie tun mehr als andere: {value} im Mittel, gegenüber {value_all}.",
    "active_less": "Sie tun weniger als andere: {value} im Mittel, gegenüber {value_all}.",
    "taken_more": "Sie werden mehr gewählt als andere: {value} im Mittel, gegenüber {value_all}.",
    "taken_less": "Sie werden weniger gewählt als andere: {value} im Mittel, gegenüber {value_all}.",
    "pays": "Eine eigene Wahl bringt mehr: sie ist {times} mal so gut.",
    "harms": "Eine eigene Wahl bringt weniger: sie ist {times} mal so gut.",
    "finds": "Eine eigene Suche bringt mehr: sie ist {times} mal so gut.",
    "misses": "Eine eigene Suche bringt weniger: sie ist {times} mal so gut.",
    "offer_tags": "Ihnen mehr von {listed}.",
    "offer_items": "Ihnen mehr von {listed}.",
    "offer_to": "Mehr für {listed}.",
    "avoid_tags": "Ihnen weniger von {listed}.",
    "avoid_items": "Ihnen weniger von {listed}.",
    "avoid_to": "Weniger für {listed}.",
    "caution": "Mit Vorsicht: weniger kehrt wieder ({value}, gegenüber {value_all}).",
    "nothing": "Nichts hebt sie ab.",
    "nothing_taste": "Im Geschmack hebt sie nichts ab.",
    "nothing_people": "Im Wesen hebt sie nichts ab.",
    "nothing_activity": "Im Umfang hebt sie nichts ab.",
    "nothing_pays": "Dass es lohnt, wurde nicht gezeigt.",
    "nothing_offer": "Was man anbietet, ist unklar.",
    "nothing_avoid": "Was man meidet, ist unklar.",
    "no_events": "Was man anbietet, steht nicht in den Daten.",
    "note": "Beschreibung, kein Beweis.",
}

PLAIN = """
das ist sind als greifen sie zu wählen werden gewählt von ihr merkmal wert ihnen im mittel um weiter liegen bei tun eine
eigene wahl suche bringt so viel gut für mit vorsicht kehrt wieder und
"""

GERMAN = Language(
    code="de",
    phrases=PHRASES,
    headings=dict.fromkeys(
        ("size", "taste", "people", "activity", "pays", "offer", "avoid", "caution", "note"), "Überschrift"
    ),
    nouns={"user": {"one": "Nutzer", "many": "Nutzer"}},
    more=frozenset({"mehr", "höher"}),
    less=frozenset({"weniger", "niedriger"}),
    twice={"doppelt": 2.0},
    against=frozenset({"gegenüber"}),
    everybody=("aller {nouns}", "andere"),
    percent=frozenset({"%", "prozent"}),
    times=frozenset({"mal"}),
    plain=frozenset(PLAIN.split()),
    decimal=",",
    thousands=".",
    quotes=("„", "“"),
    listed=_listed,
    form=lambda count: "one" if count == 1 else "many",
)
