"""Sentences on users, told of whatever is segmented: the same sentence, other nouns.

Decisions and reports are written of users (or people) and items. Where films are segmented, "people are resampled" says
"films are resampled", and the items that a user takes up are the users who take a film up.
"""

from __future__ import annotations

import dataclasses
import re
from typing import Final, TypeVar

from coterie.terms import A_USER, Noun

T = TypeVar("T")
_WORDS: Final = re.compile(r"\b(?:(an?) )?(users?|people|persons?|everybody does|everybody|items?)\b", re.IGNORECASE)
_VOWELS: Final = "aeiou"


def told_of(text: str, entity: Noun, counterpart: Noun) -> str:
    """Give a text with the words for users and items exchanged.

    Args:
        text: our own words alone; names of tables and titles would be changed, too.
        entity: what is segmented. counterpart: what it is told apart by.

    Example:
        >>> from coterie.terms import Noun
        >>> told_of("People of a person's group take up an item.", Noun("item", "films"), Noun("user", "users"))
        "Films of an item's group take up a user."
    """
    if entity == A_USER:
        return text
    known = {"user": entity.one, "person": entity.one, "item": counterpart.one}
    known |= {"users": entity.many, "people": entity.many, "persons": entity.many, "items": counterpart.many}
    known |= {"everybody": f"all {entity.many}", "everybody does": f"all {entity.many} do"}

    def exchanged(found: re.Match[str]) -> str:
        article, word = found.groups()
        told = known[word.lower()]
        if article is not None:
            told = f"{'an' if told[0].lower() in _VOWELS and told != A_USER.one else 'a'} {told}"
        return told[:1].upper() + told[1:] if found.group()[0].isupper() else told

    return _WORDS.sub(exchanged, text)


def all_told_of(record: T, entity: Noun, counterpart: Noun, *fields: str) -> T:
    """Give a dataclass with the texts of some of its fields told of something else; a field may hold several.

    Args:
        fields: of text, of a tuple of texts, or of a tuple of dataclasses, whose fields of text are then told.
    """
    if entity == A_USER:
        return record

    def told(value: object) -> object:
        match value:
            case str():
                return told_of(value, entity, counterpart)
            case tuple():
                return tuple(told(one) for one in value)
        texts = [field.name for field in dataclasses.fields(value) if field.type in {"str", str}]  # type: ignore[arg-type]
        return all_told_of(value, entity, counterpart, *texts)

    changes = {name: told(getattr(record, name)) for name in fields}
    return dataclasses.replace(record, **changes)  # type: ignore[type-var]
