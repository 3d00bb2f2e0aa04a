"""A persona on the screen."""

from __future__ import annotations

from dataclasses import replace

from rich.console import Console
from rich.markup import escape

from coterie.report.persona import headed
from coterie.segments.persona import Persona
from coterie.segments.types import Segment


def named_now(persona: Persona | None, segment: Segment) -> Persona | None:
    """Give a persona by the name that its segment has now; a name that a person gave rests on no row."""
    if persona is None or persona.name == segment.name:
        return persona
    is_given = segment.name != segment.working_name
    return replace(persona, name=segment.name, is_given=is_given, resting_on=() if is_given else persona.resting_on)


def show_persona(persona: Persona, console: Console) -> None:
    """Show the sentences under their headings, and how many of a writer's were refused."""
    for _, heading, claims in headed(persona):
        console.print(f"[dim]{escape(heading)}[/dim]", highlight=False)
        for claim in claims:
            console.print(f"  {escape(claim.text)}", highlight=False)
    if persona.refused:
        console.print(
            f"[yellow]note:[/yellow] {len(persona.refused)} of what '{escape(persona.writer)}' said did not hold "
            "against its numbers; `--json` gives the reasons",
            highlight=False,
        )
