"""The evaluation of recommenders on the screen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from coterie.activation.recommending.judged import Judged, RecommenderEvaluation
    from coterie.selection.types import Interval

ALPHA = 0.05


def show_evaluation(found: RecommenderEvaluation) -> None:
    """Show measures with intervals, paired comparisons, and whether segments pay."""
    from rich.console import Console
    from rich.markup import escape

    console = Console()
    liked = "liked" if found.liked_from is None else f"of {found.liked_from:g} or more"
    console.print(
        f"{found.split} split of {found.run}: {found.trained:,} pairs to learn from, {found.held:,} held out; "
        f"{found.users:,} users with held-out items {liked}, all {found.items:,} items ranked",
        highlight=False,
        soft_wrap=True,
    )
    rows = [_measures(one) for one in found.judged]
    _table(console, ("", "NDCG@10", "Recall@20", "MAP", "coverage", "novelty (bits)", "settings"), rows)
    if found.rated:
        rated = [(one.name, _told(one.rmse), _told(one.mae)) for one in found.rated]
        _table(console, ("", "RMSE", "MAE"), rated)
    if found.compared:
        console.print("paired over users, Wilcoxon with Holm:", highlight=False)
        _table(console, ("", "measure", "difference", "p adjusted"), list(_comparisons(found)))
    if found.paying:
        console.print("do segments pay?", highlight=False)
        best = found.paying[0].best
        names = ("", "name", "users", "popularity", "by segment", "lift", *([best] if best else []))
        _table(console, names, list(_paying(found)))
    for one in found.left_out:
        console.print(f"[yellow]not measured:[/yellow] {escape(one)}", highlight=False, soft_wrap=True)
    for note in found.notes:
        console.print(f"[dim]{escape(note)}[/dim]", highlight=False, soft_wrap=True)


def _table(console: Console, names: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in names:
        left = name in {"", "name", "settings", "measure"}
        table.add_column(escape(name), justify="left" if left else "right", overflow="fold")
    for row in rows:
        table.add_row(*map(escape, row))
    console.print(table)
    console.print()


def _told(one: Interval, digits: int = 3) -> str:
    if not one.is_known:
        return "·"
    return f"{one.value:.{digits}f} ({one.low:.{digits}f} to {one.high:.{digits}f})"


def _measures(one: Judged) -> tuple[str, ...]:
    settings = ", ".join(f"{name} {value:g}" for name, value in one.options.items() if isinstance(value, int | float))
    measures = (_told(interval) for interval in (one.ndcg, one.recall, one.precision))
    return (one.name, *measures, f"{one.coverage:.1%}", f"{one.novelty.value:.2f}", settings)


def _comparisons(found: RecommenderEvaluation) -> Iterator[tuple[str, ...]]:
    for one in found.compared:
        sign = "*" if one.p_adjusted < ALPHA else " "
        p = "<0.0001" if one.p_adjusted < 0.0001 else f"{one.p_adjusted:.4f}"
        yield f"{one.first} - {one.second}", one.measure, _told(one.difference), f"{p} {sign}"


def _paying(found: RecommenderEvaluation) -> Iterator[tuple[str, ...]]:
    for one in found.paying:
        if one.users is None or one.lift is None:
            yield one.segment, one.name, "few", *["·"] * (4 if one.best else 3)
            continue
        personal = [] if one.personal is None else [f"{one.personal:.3f}"]
        numbers = (f"{one.users:,}", f"{one.popularity:.3f}", f"{one.by_segment:.3f}", _told(one.lift, 2))
        yield one.segment, one.name, *numbers, *personal
