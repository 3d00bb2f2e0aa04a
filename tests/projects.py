"""Small projects for tests that go the whole way."""

from __future__ import annotations

from pathlib import Path

from coterie.sources.sample import write_sample

QUICK = """
[evaluation]
splits = 2
bootstraps = 6
seeds = 2
"""


def quick_sample(folder: Path, *, n_users: int = 300, with_truth: bool = False) -> Path:
    """Write the built-in sample, small and with few repetitions, and give its config's path."""
    config = write_sample(folder, n_users=n_users, n_items=120, with_truth=with_truth)
    text = config.read_text().replace("k = [2, 10]", "k = [4, 6]\nstarts = 3") + QUICK
    config.write_text(text)
    return config
