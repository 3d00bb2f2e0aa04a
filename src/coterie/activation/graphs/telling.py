"""A graph in sentences, for the screen and the page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from coterie import records
from coterie.activation.graphs.types import Community, Graph, Kind
from coterie.terms import A_USER, AN_ITEM, Noun

NOUNS: Final[dict[Kind, Noun]] = {"items": AN_ITEM, "users": A_USER, "browsing": Noun("page", "pages")}


def as_record(found: Graph) -> dict[str, Any]:
    """Give the graph as plain data, with whether its communities are more than chance."""
    return {**records.plain(found), "is_more_than_chance": found.is_more_than_chance}


def told(found: Graph) -> Iterator[str]:
    """Say what was kept, what was left out, and whether communities are more than chance."""
    if found.n_tested:
        yield (
            f"{found.n_over:,} of {found.n_enough:,} edges of {found.min_cell} users or more are more than chance "
            f"(false discovery rate 5%, {found.n_tested:,} pairs)"
        )
    for reason in found.left_out:
        yield f"left out: {reason}"
    yield f"modularity {found.modularity:.3f} in {_counted(len(found.communities))}"
    for one in found.references:
        yield (f"  {one.against}: {one.mean:.3f} on average, {one.values[-1]:.3f} at most of {len(one.values)}")
    yield (
        "the communities are more than chance"
        if found.is_more_than_chance
        else "no communities are claimed: chance gives the same modularity"
    )
    if found.agreement is not None:
        yield f"adjusted Rand index of communities with the run's segments: {found.agreement:.2f}"


def strongest(found: Graph, most: int) -> tuple[int, ...]:
    """Give the places of the edges that go furthest beyond chance, or weigh most where there is none."""
    links = found.links
    strength = links.weight if links.expected is None else links.weight - links.expected
    return tuple(sorted(range(len(links)), key=lambda at: (-strength[at], at))[:most])


def listed(found: Graph) -> tuple[Community, ...]:
    """Give the communities that may be named: none where none is claimed, and of users none of too few."""
    least = found.min_cell if found.kind == "users" else 1
    return tuple(one for one in found.communities if one.size >= least) if found.is_more_than_chance else ()


def _counted(communities: int) -> str:
    return f"{communities:,} communit{'y' if communities == 1 else 'ies'}"
