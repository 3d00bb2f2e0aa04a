"""Who was forgotten, without saying who: ``forgotten.json`` in a project's folder, and the list of those kept out.

The record says when, how many, in which runs, and which sources still held them. A list of salted hashes is there only
where somebody asked for it (``.coterie/kept-out.json``); a run leaves these users out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from coterie import records
from coterie.errors import StoreError
from coterie.runs.result import read_record
from coterie.sources import RawTable
from coterie.tables.forgetting import KeptOut

LOG = "forgotten.json"
SCHEMA, VERSION = "coterie.forgotten", 1
KEPT_OUT = Path(".coterie") / "kept-out.json"
KEPT_OUT_SCHEMA, KEPT_OUT_VERSION = "coterie.kept_out", 1


@dataclass(frozen=True, slots=True)
class Holding:
    """A source that held users when they were forgotten.

    Args:
        table: its name in the config. location: where it stands, secrets masked. fingerprint: of its content then.
        users: of those forgotten that it held.
    """

    table: str
    location: str
    fingerprint: str
    users: int


@dataclass(frozen=True, slots=True)
class Forgetting:
    """One time that users were forgotten.

    Args:
        at: when, ISO 8601 in UTC. users: how many. runs: that they were taken out of.
        stale: what was counted or fitted with them and is as it was.
        sources: that still held them; they are not Coterie's to change.
        kept_out: whether their hashes are on the list of those who are not to come back.
    """

    at: str
    users: int
    runs: tuple[str, ...]
    stale: tuple[str, ...]
    sources: tuple[Holding, ...]
    kept_out: bool


def load_log(folder: Path) -> tuple[Forgetting, ...]:
    """Read a project's record; empty where nobody was forgotten.

    Raises:
        ModelError: it is damaged.
    """
    if not (folder / LOG).is_file():
        return ()
    found: tuple[Forgetting, ...] = read_record(folder / LOG, tuple[Forgetting, ...], SCHEMA, VERSION)
    return found


def add_to_log(folder: Path, forgetting: Forgetting) -> None:
    """Add to a project's record; what it has of the same moment already is not said twice.

    Raises:
        StoreError: it cannot be written. ModelError: the one that is there is damaged.
    """
    others = tuple(one for one in load_log(folder) if one.at != forgetting.at)
    records.write(folder / LOG, SCHEMA, VERSION, (*others, forgetting))


def load_kept_out(folder: Path) -> KeptOut | None:
    """Read the list of users who are not to come back; None where there is none.

    Raises:
        ModelError: it is damaged.
    """
    if not (folder / KEPT_OUT).is_file():
        return None
    body = records.read(folder / KEPT_OUT, KEPT_OUT_SCHEMA, KEPT_OUT_VERSION)
    return TypeAdapter(KeptOut).validate_python(body)


def save_kept_out(folder: Path, kept_out: KeptOut) -> None:
    """Write the list, for its owner's eyes alone.

    Raises:
        StoreError: it cannot be written.
    """
    path = folder / KEPT_OUT
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        records.write(path, KEPT_OUT_SCHEMA, KEPT_OUT_VERSION, kept_out)
        path.chmod(0o600)
    except OSError as error:
        raise StoreError(f"cannot write '{path}': {error.strerror or error}; free some space") from error


def notes_on(log: tuple[Forgetting, ...], raw: Mapping[str, RawTable]) -> tuple[str, ...]:
    """Say of a new run whether users who were forgotten may be in it again.

    Args:
        log: of the project. raw: the tables that the run reads.
    """
    unguarded = [forgetting for forgetting in log if not forgetting.kept_out]
    if not unguarded:
        return ()
    same: dict[str, int] = {}
    changed = False
    for forgetting in unguarded:
        for held in forgetting.sources:
            table = raw.get(held.table)
            if table is not None and table.fingerprint == held.fingerprint:
                same[held.location] = same.get(held.location, 0) + held.users
            else:
                changed = True
    notes = [
        f"'{location}' is as it was when it held {_users(users)} who {_were(users)} forgotten: whoever was forgotten "
        "is read again from there; take the rows out of the source, or forget with --keep-out"
        for location, users in sorted(same.items())
    ]
    if changed and not same:
        total = sum(forgetting.users for forgetting in unguarded)
        notes.append(
            f"{_users(total)} {_were(total)} forgotten before, and the sources have changed since: whether they hold "
            "the forgotten cannot be told, since no list of them is kept (--keep-out keeps one)"
        )
    return tuple(notes)


def stale_note(users: int) -> str:
    """Say of a run that users were forgotten since it was made."""
    return (
        f"{_users(users)} {_were(users)} forgotten since this run: no row or vector of theirs is left, but sizes, "
        "profiles, measures and the model were made with them; run again for numbers without them"
    )


def with_stale_note(notes: tuple[str, ...], before: int, users: int) -> tuple[str, ...]:
    """Give a run's notes with the one on the forgotten brought up to date."""
    kept = tuple(note for note in notes if note != stale_note(before))
    return (*kept, stale_note(users))


def _users(n: int) -> str:
    return f"{n:,} user{'' if n == 1 else 's'}"


def _were(n: int) -> str:
    return "was" if n == 1 else "were"
