"""The evidence behind a decision, as records that figures are made from: each computed from arrays, small, and sampled
where there is much, which it says.
"""

from __future__ import annotations

from coterie.selection.evidence.gather import Given, gather
from coterie.selection.evidence.types import SCHEMA, VERSION, Evidence

__all__ = ["SCHEMA", "VERSION", "Evidence", "Given", "gather"]
