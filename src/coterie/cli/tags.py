"""``coterie tags``: one name for each tag, proposed by the program and decided by a person."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import polars as pl

    from coterie.config import Config
    from coterie.tables import CheckedTable
    from coterie.tables.harmonising import Carriers, Review

tags_app = typer.Typer(help="Give each tag one name.", no_args_is_help=True)
REVIEW_NAME = "tags-review.csv"
SHOWN = 20


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What was written.

    Args:
        file: the review file. n_tags: different tags that were looked at. lines: of the file.
    """

    file: Path
    n_tags: int
    lines: tuple[Review, ...]

    def count(self, decision: str) -> int:
        """Lines with a decision."""
        return sum(line.decision == decision for line in self.lines)


@tags_app.callback()
def _tags() -> None:
    """Give each tag one name."""


@tags_app.command("review")
def review(
    tables: Annotated[
        list[str],
        typer.Argument(help="Tables of the config: of items with tags, or of events whose items are tags themselves."),
    ],
    config: Annotated[Path, typer.Option("--config", "-c", help="The project's coterie.toml, or its folder.")] = Path(
        "coterie.toml"
    ),
    file: Annotated[
        Path | None, typer.Option("--file", "-f", help=f"The review file; by default {REVIEW_NAME} beside the config.")
    ] = None,
    least_score: Annotated[
        float, typer.Option("--least-score", min=0, max=1, help="Proposals below are left out.")
    ] = 0.55,
    meaning: Annotated[
        Path | None, typer.Option("--meaning", help="The folder of a sentence-transformers model on this machine.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")] = False,
) -> None:
    """Propose which tags are the same, in a CSV file to decide in; what is decided there stays."""
    show_reviewed(review_tags(tables, config, file, least_score=least_score, meaning=meaning), as_json=as_json)


def review_tags(
    names: list[str], config: Path, file: Path | None, *, least_score: float, meaning: Path | None = None
) -> Reviewed:
    """Write or update a review file.

    Raises:
        CoterieError: a table is not there or holds no tags, or the file cannot be read or written.
    """
    from coterie.config import load_config
    from coterie.tables.harmonising import propose_merges, reviewed
    from coterie.tables.harmonising.meaning import local_embedder
    from coterie.tables.harmonising.reviewing import lines_of
    from coterie.vocabulary import OBEYED, followed, read_review

    loaded = load_config(config, read_vocabularies=False)
    folder = config if config.is_dir() else config.parent
    target = file or folder / REVIEW_NAME
    before = lines_of(read_review(target)) if target.exists() else ()
    embed = None if meaning is None else local_embedder(meaning)
    carriers = _carriers(loaded, folder, names)
    lines = reviewed(propose_merges(carriers, least_score=least_score, embed=embed), before)
    followed([(line.tag, line.into) for line in lines if line.decision in OBEYED], target.name)
    _write(target, lines)
    return Reviewed(target, carriers.n_tags, lines)


def _carriers(config: Config, folder: Path, names: list[str]) -> Carriers:
    import polars as pl

    from coterie.errors import UnknownNameError
    from coterie.sources.columns import require_columns
    from coterie.sources.opening import open_source
    from coterie.tables.build import build_for_scoring
    from coterie.tables.harmonising import Carriers

    raw = {}
    for name in names:
        if name not in config.tables:
            raise UnknownNameError("table", name, config.tables)
        raw[name] = open_source(config.tables[name], folder).scan()
        require_columns(raw[name], config.tables[name], name)
    built = build_for_scoring(config, raw)
    built.raise_if_over_limit()
    return Carriers(pl.concat([_carried(built.tables[name]) for name in names]))


def _carried(table: CheckedTable) -> pl.DataFrame:
    import narwhals.stable.v2 as nw

    from coterie.engines import local
    from coterie.errors import ConfigError
    from coterie.tables.harmonising import CARRIER
    from coterie.terms import EVENTS, ITEM, TAG, USER

    if table.role == EVENTS:
        pairs, carrier = table.frame.select(nw.col(USER).alias(CARRIER), nw.col(ITEM).alias(TAG)).unique(), "user"
    elif table.tags is not None:
        pairs, carrier = table.tags.select(nw.col(ITEM).alias(CARRIER), TAG).unique(), "item"
    else:
        raise ConfigError(
            f"the table '{table.name}' of role '{table.role}' has no tags; expected events, or items with "
            f"'tables.{table.name}.tags'"
        )
    named = pairs.with_columns(nw.concat_str([nw.lit(f"{carrier}:"), nw.col(CARRIER)]).alias(CARRIER))
    return local.collect(named.select(CARRIER, TAG))


def _write(target: Path, lines: tuple[Review, ...]) -> None:
    from coterie.errors import StoreError
    from coterie.tables.harmonising.reviewing import as_csv

    beside = target.with_name(f".{target.name}.new")
    try:
        beside.write_text(as_csv(lines), encoding="utf-8")
        beside.replace(target)
    except OSError as error:
        raise StoreError(
            f"cannot write '{target}': {error.strerror or error}; choose another place with --file"
        ) from error


def show_reviewed(found: Reviewed, *, as_json: bool) -> None:
    """Show the proposals that wait for a decision, and how many lines there are of each kind."""
    import json

    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    if as_json:
        lines = [asdict(line) for line in found.lines]
        typer.echo(
            json.dumps({"file": str(found.file), "tags": found.n_tags, "lines": lines}, ensure_ascii=False, indent=2)
        )
        return
    console = Console()
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in ("tag", "into", "score", "why"):
        table.add_column(column, no_wrap=column != "why")
    waiting = [line for line in found.lines if not line.decision]
    for line in waiting[:SHOWN]:
        table.add_row(*(escape(text) for text in (line.tag, line.into, line.score, line.why.split(";")[0])))
    if waiting:
        console.print(table)
    more = f", {len(waiting) - SHOWN} more are in the file" if len(waiting) > SHOWN else ""
    console.print(
        f"{found.n_tags:,} tags: {len(waiting)} proposals wait for yes or no{more}; {found.count('auto')} differ in "
        f"punctuation alone and are merged, {found.count('yes')} were decided yes, {found.count('no')} no",
        highlight=False,
    )
    console.print(
        f'decide in {escape(str(found.file))}, and name it in a feature: vocabulary = "{found.file.name}"',
        highlight=False,
        soft_wrap=True,
    )
