"""How alike two tags are written: what stays of a spelling when punctuation, versions and endings are taken off."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

# Signs that are part of a name, as they are said; and what is said, where it is written in several words.
_SIGNS: Final = (
    (r"\+\+", "plusplus"),
    (r"#", "sharp"),
    (r"&", " and "),
    (r"^\.(?=[a-z])", "dot"),
    (r"dot[- ]?js\b", "js"),
    (r"\b([a-z])[- ]sharp\b", r"\1sharp"),
    (r"\bplus[- ]plus\b", "plusplus"),
)
_VERSION: Final = re.compile(r"v?\d{1,2}(\.\d+)*(\.x)?|(19|20)\d\d|v\d+|cs\d|cc|r\d")
_ENDING: Final = re.compile(r"(?<=[a-z]{3})v?(\d{1,2}|(19|20)\d\d)(\.\d+)*$")
# Words that say whose a thing is, or that it is one, and not which.
_SAY_NOTHING: Final = frozenset(
    {"adobe", "asp", "aspnet", "autodesk", "framework", "js", "language", "microsoft", "ms", "net", "the", "vmware"}
)
_LEAST_STEM: Final = 3  # a stem of fewer letters says too little: s3 is not s
_LEAST_TYPO: Final = 6  # of a shorter word one letter makes another word

SAME_BUT_PUNCTUATION: Final = 1.0
SAME_BUT_NUMBER: Final = 0.95  # one thing, many things
ONE_LETTER: Final = 0.85
SAME_BUT_VERSION: Final = 0.85
SAME_BUT_ORDER: Final = 0.85
SAME_BUT_OWNER: Final = 0.8
LEAST_RATIO: Final = 0.9  # of letters in common, below which two long words are two words


@dataclass(frozen=True, slots=True)
class Spelling:
    """One tag, brought to its forms.

    Args:
        tag: as written.
        words: in lower case, split at punctuation and white space; numbers keep their points.
        squashed: words without anything between, but for two numbers: 1 0 is not 10.
        stem: squashed, without versions; "" where too little would be left.
        version: what was taken off.
    """

    tag: str
    words: tuple[str, ...]
    squashed: str
    stem: str
    version: str


def spell(tag: str) -> Spelling:
    """Bring a tag to its forms."""
    text = unicodedata.normalize("NFKC", tag).casefold().strip()
    for sign, said in _SIGNS:
        text = re.sub(sign, said, text)
    words = tuple(re.findall(r"v?\d+(?:\.(?:\d+|x))+|[^\W_]+", text))
    stem, version = [], []
    for at, word in enumerate(words):
        ending = _ENDING.search(word)
        if at and _VERSION.fullmatch(word):
            version.append(word)
        elif ending:
            stem.append(word[: ending.start()])
            version.append(ending.group())
        else:
            stem.append(word)
    bare = _squash(stem)
    enough = sum(letter.isalpha() for letter in bare) >= _LEAST_STEM
    return Spelling(tag, words, _squash(words), bare if enough else "", " ".join(version) if enough else "")


def likeness(one: Spelling, other: Spelling) -> tuple[float, str]:
    """Say how alike two spellings are, in [0, 1], and in what; 0 where they are different words."""
    if one.squashed == other.squashed:
        return SAME_BUT_PUNCTUATION, "same but for punctuation"
    if _singular(one.squashed) == _singular(other.squashed):
        return SAME_BUT_NUMBER, "same but for singular and plural"
    if len(one.words) > 1 and sorted(one.words) == sorted(other.words):
        return SAME_BUT_ORDER, "same words in another order"
    if one.stem and one.stem == other.stem:
        return SAME_BUT_VERSION, f"same but for a version: {', '.join(sorted({one.version, other.version} - {''}))}"
    if re.findall(r"\d+", one.squashed) != re.findall(r"\d+", other.squashed):
        return 0.0, ""  # 2d and 3d: one letter, another thing
    owner = _said_besides(one, other)
    if owner:
        return SAME_BUT_OWNER, f"same but for '{owner}'"
    return _misspelt(*_words_apart(one, other))


def _said_besides(one: Spelling, other: Spelling) -> str:
    """Give the words that only one of two tags has, where they say nothing; else ""."""
    kept = [[word for word in spelling.words if word not in _SAY_NOTHING] for spelling in (one, other)]
    both = [_squash(words).removesuffix("js") for words in kept]
    if both[0] != both[1] or len(both[0]) < _LEAST_STEM:
        return ""
    owners = [set(spelling.words) & _SAY_NOTHING - {"ms"} for spelling in (one, other)]
    if owners[0] - owners[1] and owners[1] - owners[0]:
        return ""  # adobe-cloud is not microsoft-cloud
    besides = sorted(set(one.words) ^ set(other.words))
    said = [word for word in besides if word in _SAY_NOTHING]
    return " ".join(said) or "js"


def _words_apart(one: Spelling, other: Spelling) -> tuple[str, str]:
    """Give the only word in which two tags of as many words differ; else all of both."""
    if len(one.words) == len(other.words):
        apart = [pair for pair in zip(one.words, other.words, strict=True) if pair[0] != pair[1]]
        if len(apart) == 1:
            return apart[0]
    return one.squashed, other.squashed


def _misspelt(one: str, other: str) -> tuple[float, str]:
    short = min(len(one), len(other))
    if short < _LEAST_TYPO or one[0] != other[0]:
        return 0.0, ""
    if _is_one_edit(one, other):
        return ONE_LETTER, "one letter apart"
    ratio = SequenceMatcher(None, one, other, autojunk=False).ratio()
    return (ratio * ONE_LETTER, f"{ratio:.0%} of letters alike") if ratio >= LEAST_RATIO else (0.0, "")


def _is_one_edit(one: str, other: str) -> bool:
    """Say whether one letter put in, left out or changed, or two changed places, makes one text of the other."""
    while one and other and one[0] == other[0]:
        one, other = one[1:], other[1:]
    while one and other and one[-1] == other[-1]:
        one, other = one[:-1], other[:-1]
    return max(len(one), len(other)) <= 1 or (len(one) == len(other) == 2 and one == other[::-1])


def _squash(words: tuple[str, ...] | list[str]) -> str:
    return re.sub(r"(?<=\d) (?=\d)", ".", " ".join(words)).replace(" ", "")


def _singular(squashed: str) -> str:
    return squashed[:-1] if len(squashed) > _LEAST_STEM and re.search(r"[^su]s$", squashed) else squashed
