"""Projects whose users have names that can be told from other words."""

from __future__ import annotations

import csv
from pathlib import Path

from tests.projects import quick_sample


def named(user: str) -> str:
    """Give the name of one of the sample's users; that of 1 begins that of 10, and is not it."""
    return f"fän-{user}"


def named_project(folder: Path, *, entity: str = "users", method: str = "kmeans", n_users: int = 150) -> Path:
    """Write the sample with names for ids, and give its config's path."""
    config = quick_sample(folder, n_users=n_users)
    for name in ("ratings.csv", "people.csv"):
        with (folder / name).open(encoding="utf-8", newline="") as opened:
            header, *rows = csv.reader(opened)
        at = header.index("user_id")
        with (folder / name).open("w", encoding="utf-8", newline="") as opened:
            renamed = [[named(c) if i == at and c.strip() else c for i, c in enumerate(row)] for row in rows]
            csv.writer(opened).writerows([header, *renamed])
    text = config.read_text().replace("[project]\n", f'[project]\nentity = "{entity}"\n', 1)
    config.write_text(text.replace('methods = ["kmeans"]', f'methods = ["{method}"]'))
    return config
