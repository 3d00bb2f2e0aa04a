"""The choice among the candidates of all recipes."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from coterie.runs.searching import pick
from tests.selection.candidates import candidate, config_for


def tried(users, one):
    return SimpleNamespace(
        placed=SimpleNamespace(ids=np.array(users)), sheet=SimpleNamespace(candidates=(one,)), gains=lambda _: None
    )


def test_users_whom_only_another_recipe_segments_are_counted_as_left_out():
    wide, narrow = candidate(3, 1.5, recipe="wide"), candidate(3, 1.9, recipe="narrow")
    won = pick(config_for(wide), [tried([f"u{i}" for i in range(8)], wide), tried(["u1", "u2", "v1", "v2"], narrow)])
    assert [c.dropped_share for c in won.choice.candidates] == pytest.approx([0.2, 0.6])
    assert won.choice.candidate.recipe == "wide"
    assert "leaves out 60% of users" in won.choice.candidates[1].misses[0]
    alone = pick(config_for(narrow), [tried(["u1", "u2"], narrow)])
    assert alone.choice.candidate.dropped_share == 0
