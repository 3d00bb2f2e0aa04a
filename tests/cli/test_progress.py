"""What a run says on stderr where it is no terminal."""

from __future__ import annotations

from coterie.cli.progress import Bars


def test_a_log_has_a_line_for_each_phase_and_recipe_but_not_for_each_task(capsys):
    with Bars() as bars:
        bars.started("clustering")
        for recipe in ("plain", "dims [8]"):
            for done in range(50):
                bars.advanced(f"{recipe}: resampling users", done, 50)
            for split in (1, 2, 3):
                bars.advanced(f"{recipe}: lift on held-out events {split} of 3", split, 3)
        bars.started("clustering")
        bars.advanced("plain: resampling users", 0, 50)
    assert capsys.readouterr().err.splitlines() == [
        "  plain: resampling users ...",
        "  plain: lift on held-out events ...",
        "  dims [8]: resampling users ...",
        "  dims [8]: lift on held-out events ...",
        "  plain: resampling users ...",
    ]


def test_a_terminal_has_a_bar_and_no_line_for_a_phase(capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    with Bars() as bars:
        bars.started("clustering")
        bars.advanced("resampling users", 1, 50)
    assert "resampling users ..." not in capsys.readouterr().err
