"""What the names of columns and files say about what they hold.

A name is cut into lower-case words (``userId``, ``user_id`` and ``USER ID`` are all "user", "id"); each word may point
to a meaning. Names only hint: ``by_name`` weighs them against the values.
"""

from __future__ import annotations

import re
from typing import Final

_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


def _set(words_of_a_meaning: str) -> frozenset[str]:
    return frozenset(words_of_a_meaning.split())


ID: Final = _set("id ids handle key code no nr num number uuid guid index idx")
USER: Final = _set(
    "user users uid customer customers client clients member members subscriber subscribers panelist panelists "
    "visitor visitors account accounts person persons people learner learners student students viewer viewers "
    "listener listeners reader readers shopper shoppers buyer buyers fan fans patient patients player players "
    "profile profiles household households username reviewer reviewers msisdn"
)
ITEM: Final = _set(
    "item items iid product products movie movies film films article articles song songs track tracks artist "
    "artists album albums book books video videos course courses sku asin isbn page pages url domain show shows "
    "series episode episodes game games character characters content contents listing listings app apps "
    "application applications podcast podcasts brand brands recipe recipes merchant merchants store stores "
    "likable likeable title titles offer offers station channel channels program programme hashtag business "
    "restaurant hotel service"
)
# What stands for items where a table names users and nothing better.
TOPIC: Final = _set("tag tags topic topics interest interests category categories genre genres skill keyword")
TAGS: Final = _set("tag tags genre genres category categories topic topics keyword keywords label labels style styles")
RATING: Final = _set("rating ratings stars star score scores grade preference")
COUNT: Final = _set(
    "quantity qty count counts plays playcount views clicks listens purchases amount seconds minutes duration "
    "watch watched volume visits weight value times"
)
MONEY: Final = _set("price revenue spend cost total")
TIME: Final = _set(
    "timestamp time date datetime at ts day when created updated viewed purchased watched started followed month"
)
TITLE: Final = _set("title name fullname label headline")
ZIP: Final = _set("zip zipcode postal postcode plz")
PERSONAL: Final = _set("age gender sex occupation job income education country city state zip zipcode born")
# Person attributes a column without a name may turn out to be; used as its proposed name.
GENDERS: Final = frozenset({"m", "f", "male", "female", "x", "d", "other", "nonbinary"})


def words(name: str) -> frozenset[str]:
    """Cut a name into lower-case words."""
    return frozenset(word.lower() for word in _WORD.findall(name))


def is_key(name: str, meaning: frozenset[str]) -> int:
    """Say how surely a name is that of an id: 3 the thing itself or its id, 2 an id of it among more, 0 not.

    Args:
        name: of a column. meaning: ``USER``, ``ITEM`` or ``TOPIC``.
    """
    found = words(name)
    if not found & meaning:
        return 0
    if found <= meaning | ID:
        return 3
    return 2 if found & ID and not found & (TIME | RATING | COUNT | MONEY) else 0


def is_known(name: str) -> bool:
    """Say whether a name has a word that any meaning knows, which tells a header from data."""
    known = ID | USER | ITEM | TOPIC | TAGS | RATING | COUNT | MONEY | TIME | TITLE | ZIP | PERSONAL
    return bool(words(name) & known)
