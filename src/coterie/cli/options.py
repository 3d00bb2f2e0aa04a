"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from coterie.errors import StoreError

ProjectOption = Annotated[
    Path, typer.Option("--project", "-p", help="The project's folder, with its runs, or its coterie.toml.")
]
RunOption = Annotated[str | None, typer.Option("--run", help="A run's id; by default the newest.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")]


def made_folder(folder: Path) -> Path:
    """Make the folder that ``--out`` names, and give it.

    Raises:
        StoreError: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"cannot make the folder '{folder}': {error.strerror or error}; choose another --out"
        ) from error
    return folder
