"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ProjectOption = Annotated[
    Path, typer.Option("--project", "-p", help="The project's folder, with its runs, or its coterie.toml.")
]
RunOption = Annotated[str | None, typer.Option("--run", help="A run's id; by default the newest.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")]
