"""The pages of results: each bench keeps a section of its own, and bench/RESULTS.md is all of them in order."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

HERE = Path(__file__).parent
ORDER = ("whole", "scale", "limits", "parts", "install", "sql", "spine")


def machine() -> str:
    """Say what is measured on: processor, memory and Python."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    facts = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    widest = next((name for flag, name in (("avx512f", "AVX-512"), ("avx2", "AVX2")) if flag in facts), "no AVX2")
    return (
        f"{platform.machine()} ({widest}), {os.cpu_count()} processors, {memory:.0f} GiB, "
        f"Python {platform.python_version()}"
    )


def measured(libraries: Sequence[str]) -> str:
    """Say when, on what, and with which versions; libraries that are not installed are left out."""
    return f"Measured {datetime.now(UTC):%Y-%m-%d} on {machine()}, {', '.join(_versions(libraries))}."


def _versions(libraries: Sequence[str]) -> list[str]:
    found = []
    for name in libraries:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return found


def keep(name: str, text: str, folder: Path = HERE) -> None:
    """Keep a section, which starts with its heading, and write bench/RESULTS.md anew from all that are kept.

    Args:
        name: of a bench in ORDER, or of a part of one as in "parts-svd"; parts stand in order of their names.
    """
    kept = folder / "results"
    kept.mkdir(exist_ok=True)
    (kept / f"{name}.md").write_text(text.strip() + "\n")
    rank = {bench: place for place, bench in enumerate(ORDER)}
    paths = sorted(kept.glob("*.md"), key=lambda path: (rank[path.stem.split("-")[0]], path.stem))
    whole = [
        "# Results\n\nEach section is written by the command that it names.\n",
        *(path.read_text() for path in paths),
    ]
    (folder / "RESULTS.md").write_text("\n".join(whole))
