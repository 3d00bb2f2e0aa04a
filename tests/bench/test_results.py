"""What benches write: costs of processes, sections side by side, ratios and exponents."""

import sys

import pytest
from costing import Cost, cost
from scale import exponent
from sections import keep
from whole import Turn, table


def test_a_command_costs_its_own_memory_and_not_that_of_who_asks() -> None:
    ballast = bytearray(300_000_000)
    small = cost([sys.executable, "-c", "print('done')"])
    large = cost([sys.executable, "-c", "print(len(bytearray(200_000_000)))"])
    assert len(ballast) > 0
    assert (small.said, large.said) == ("done", "200000000")
    assert small.peak_mb < 100
    assert 200 < large.peak_mb < 300
    assert 0 < small.seconds < 60


def test_a_command_that_fails_is_told() -> None:
    with pytest.raises(SystemExit, match="failed with status 3"):
        cost([sys.executable, "-c", "raise SystemExit(3)"])


def test_a_section_leaves_the_others_alone(tmp_path) -> None:
    for name, text in (("spine", "## Spine\n\n1"), ("whole-0025", "## Whole 25"), ("whole-0001", "## Whole 1")):
        keep(name, text, tmp_path)
    keep("spine", "## Spine\n\n2", tmp_path)
    page = (tmp_path / "RESULTS.md").read_text()
    assert [line for line in page.splitlines() if line.startswith("## ")] == ["## Whole 1", "## Whole 25", "## Spine"]
    assert "2" in page
    assert "1\n" not in page.split("## Spine")[1]


def test_ratios_are_taken_round_by_round() -> None:
    def turn(seconds: float) -> Turn:
        return Turn(Cost(seconds, 2 * seconds, 100.0, ""), 4, 1.5, 0.9)

    lines = table({"Coterie": [turn(1.0), turn(2.0), turn(4.0)], "peer": [turn(3.0), turn(5.0), turn(8.0)]})
    assert lines[2] == "| Coterie | 2.0 | 1.00, 1.00, 1.00 | 4.0 | 100 | 4 | 1.500 | 0.900 |"
    assert lines[3] == "| peer | 5.0 | 3.00, 2.50, 2.00 | 10.0 | 100 | 4 | 1.500 | 0.900 |"


def test_the_exponent_of_a_power_law() -> None:
    assert exponent([1, 10, 100], [0.5, 5.0, 50.0]) == pytest.approx(1.0)
    assert exponent([1, 4], [3.0, 6.0]) == pytest.approx(0.5)
