"""The sample's catalogue: titles with genres, a year, and how good and how well known each is."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from coterie.sources.sample.vocabulary import GENRES, PLACES, TITLE_PATTERNS, TITLE_WORDS
from coterie.terms import ITEM

FIRST_YEAR, LAST_YEAR = 1958, 2025
POPULARITY_EXPONENT = 1.0  # of the Zipf-Mandelbrot law
POPULARITY_SHIFT = 8.0
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The titles and what decides who rates them.

    Args:
        table: item_id, title, genres ("Drama|Comedy"), year.
        genres: (m, g) share of each genre in the title; rows sum to 1.
        popularity: (m,) logarithm of how likely a title is picked when taste does not matter.
        quality: (m,) how much better than average it is rated, in stars.
    """

    table: pl.DataFrame
    genres: Floats
    popularity: Floats
    quality: Floats


def make_catalogue(n_items: int, rng: np.random.Generator) -> Catalogue:
    """Make ``n_items`` distinct titles."""
    names = _genres(n_items, rng)
    columns = {genre: column for column, genre in enumerate(GENRES)}
    genres = np.zeros((n_items, len(GENRES)))
    for row, of_title in enumerate(names):
        genres[row, [columns[genre] for genre in of_title]] = 1 / len(of_title)
    rank = rng.permutation(n_items)
    table = pl.DataFrame(
        {
            ITEM: np.arange(1, n_items + 1, dtype=np.int32),
            "title": _titles([of_title[0] for of_title in names], rng),
            "genres": ["|".join(of_title) for of_title in names],
            "year": (LAST_YEAR - rng.gamma(1.3, 14, n_items)).clip(FIRST_YEAR).astype(np.int32),
        }
    )
    popularity = -POPULARITY_EXPONENT * np.log(rank + POPULARITY_SHIFT)
    # The well known are a little better than the rest, as in every ratings table.
    quality = rng.normal(0, 0.35, n_items) + 0.15 * (popularity - popularity.mean())
    return Catalogue(table, genres, popularity, quality)


def _genres(n_items: int, rng: np.random.Generator) -> list[list[str]]:
    """Draw one to three genres a title, the main one first; most companions are usual ones."""
    known = list(GENRES)
    share = np.array([weight for weight, _ in GENRES.values()])
    main = rng.choice(len(known), size=n_items, p=share / share.sum())
    n_more = rng.choice(3, size=n_items, p=(0.35, 0.5, 0.15))
    usual = rng.random((n_items, 2)) < 0.8
    any_genre = rng.integers(len(known), size=(n_items, 2))
    pick = rng.random((n_items, 2))
    names = []
    for row in range(n_items):
        of_title = [known[main[row]]]
        companions = GENRES[of_title[0]][1]
        for place in range(n_more[row]):
            usual_one = companions[int(pick[row, place] * len(companions))]
            of_title.append(usual_one if usual[row, place] else known[any_genre[row, place]])
        names.append(list(dict.fromkeys(of_title)))
    return names


def _titles(main_genres: list[str], rng: np.random.Generator) -> list[str]:
    """Put words of the main genre together; a title that is taken becomes a numbered sequel."""
    picks = rng.random((len(main_genres), 4))
    taken: Counter[str] = Counter()
    titles = []
    for genre, (pattern, adjective, noun, place) in zip(main_genres, picks.tolist(), strict=True):
        adjectives, nouns = TITLE_WORDS[genre]
        title = _pick(TITLE_PATTERNS, pattern).format(
            adjective=_pick(adjectives, adjective), noun=_pick(nouns, noun), place=_pick(PLACES, place)
        )
        taken[title] += 1
        titles.append(title if taken[title] == 1 else f"{title} {taken[title]}")
    return titles


def _pick(words: tuple[str, ...], uniform: float) -> str:
    return words[int(uniform * len(words))]
