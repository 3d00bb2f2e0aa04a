"""Writes docs/cli.md from the command line itself: python docs/generate_cli.py"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from coterie.cli.app import app

TARGET = Path(__file__).with_name("cli.md")
INTRODUCTION = """\
<!-- Made by docs/generate_cli.py; change the command's help text, not this page. -->

# Command line

One verb a step. Every command that answers takes `--json`. Exit codes: 0 fine, 1 failed, 2 misused. An error is one
line that says what was wrong and what to do; `--debug` shows its traceback.
"""


def commands(command: Any, path: str = "coterie") -> Iterator[tuple[str, Any]]:
    """Give each command that does something with the words that call it, in the order of the help."""
    children = getattr(command, "commands", None)
    if not children:
        yield path, command
        return
    for name, child in children.items():
        yield from commands(child, f"{path} {name}")


def tree() -> Any:
    """Give the root of the command tree."""
    return typer.main.get_command(app)


def page() -> str:
    """Give the whole page."""
    parts = [INTRODUCTION, *(_section(path, command) for path, command in commands(tree()))]
    return "\n".join(parts)


def _section(path: str, command: Any) -> str:
    shown = [param for param in command.params if not getattr(param, "hidden", False) and param.name != "help"]
    arguments = [param for param in shown if param.param_type_name == "argument"]
    usage = " ".join(
        [path, *(_usage(param) for param in arguments), *(["[OPTIONS]"] if len(shown) > len(arguments) else [])]
    )
    lines = [f"## {path}", "", " ".join(command.help.split()), "", "```text", usage, "```", ""]
    if shown:
        lines += ["| argument or option | default | meaning |", "|---|---|---|"]
        lines += [f"| {_names(param)} | {_default(param)} | {_meaning(param)} |" for param in shown]
        lines.append("")
    return "\n".join(lines)


def _usage(param: Any) -> str:
    name = param.name.upper()
    return name if param.required else f"[{name}]"


def _names(param: Any) -> str:
    names = [param.name.upper()] if param.param_type_name == "argument" else [*param.opts, *param.secondary_opts]
    return ", ".join(f"`{name}`" for name in names)


def _default(param: Any) -> str:
    if param.required:
        return "required"
    if param.default is None or param.default is False:
        return ""
    return f"`{param.default}`"


def _meaning(param: Any) -> str:
    bounds = [f"at least {param.min}"] * (param.min is not None) + [f"at most {param.max}"] * (param.max is not None)
    text = (param.help or "").replace("|", "\\|")
    return "; ".join([text.rstrip("."), *bounds]) + "."


if __name__ == "__main__":
    TARGET.write_text(page(), encoding="utf-8")
    print(f"wrote {TARGET.name}")
