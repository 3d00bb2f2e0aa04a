"""What checks the documentation's examples can fail."""

from __future__ import annotations

import shlex

import pytest
from docs.generate_cli import commands, tree

from coterie.errors import ConfigError
from tests.docs.examples import check_command, merged, parse_config

KNOWN = dict(commands(tree()))


@pytest.mark.parametrize(
    "line", ["coterie run", "coterie segments show s-1 --json", "coterie score new.csv -o out.csv"]
)
def test_commands_that_exist_pass(line: str) -> None:
    check_command(shlex.split(line), KNOWN)


@pytest.mark.parametrize("line", ["coterie", "coterie publish", "coterie segments", "coterie segments split"])
def test_commands_that_do_not_exist_are_found(line: str) -> None:
    with pytest.raises(AssertionError, match="names no command"):
        check_command(shlex.split(line), KNOWN)


@pytest.mark.parametrize("option", ["--nope", "-x", "--jsn=1"])
def test_options_that_do_not_exist_are_found(option: str) -> None:
    with pytest.raises(AssertionError, match=r"`coterie run` has no option"):
        check_command(["coterie", "run", option], KNOWN)


def test_a_part_of_a_config_is_checked_within_a_whole_one() -> None:
    base = {
        "tables": {"t": {"role": "users", "source": "t.csv", "user": "u"}},
        "features": {"f": {"kind": "x", "from": "t"}},
    }
    assert parse_config(merged(base, {"clean": {"min_events_per_user": 5}})).clean.min_events_per_user == 5
    with pytest.raises(ConfigError, match="min_events_per_usr"):
        parse_config(merged(base, {"clean": {"min_events_per_usr": 5}}))
