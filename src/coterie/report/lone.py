"""Pages of their own in the report's style: self-contained, they open from a disk without a network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jinja2
from markupsafe import Markup

from coterie import plots
from coterie.plots.theme import ON_DARK, printable
from coterie.report import embed
from coterie.report.page import text_of
from coterie.report.words import decimal, percent


def lone_page(template: str, facts: Mapping[str, Any], filters: Mapping[str, Callable[..., str]] | None = None) -> str:
    """Give a page as HTML text.

    Args:
        template: its name. facts: what it tells. filters: beside those that all pages have.
    """
    vega, draw = embed.script(plots.drawing_scripts()), embed.script(text_of("page.js"))
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("coterie.report", "templates"),
        autoescape=True,
        finalize=_printable,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update({"percent": percent, "decimal": decimal, "json_in_script": embed.json_in_script})
    environment.filters["told"] = str
    environment.filters.update(filters or {})
    return environment.get_template(template).render(
        **facts,
        colour=plots.colour,
        shape=plots.shape,
        style=Markup(text_of("page.css")),  # noqa: S704  # our own style sheet
        scripts=(vega, draw),
        on_dark=ON_DARK,
        policy=embed.security_policy(vega, draw),
    )


def _printable(value: Any) -> Any:
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value
