"""docs/cli.md is what the command line says of itself."""

from __future__ import annotations

from docs import generate_cli


def test_the_page_is_up_to_date() -> None:
    page = generate_cli.TARGET.read_text(encoding="utf-8")
    assert page == generate_cli.page(), "run: python docs/generate_cli.py"


def test_every_command_has_its_heading_and_its_words() -> None:
    known = dict(generate_cli.commands(generate_cli.tree()))
    assert {"coterie demo", "coterie run", "coterie segments show"} <= set(known)
    for path, command in known.items():
        section = generate_cli.page().split(f"## {path}\n")[1].split("\n## ")[0]
        assert command.help
        for param in command.params:
            assert param.name == "help" or param.help.rstrip(".") in section
