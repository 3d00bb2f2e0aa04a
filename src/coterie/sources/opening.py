"""A table's config to its source: every plug-in is asked whether it reads such a location."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from coterie import plugins
from coterie.config import Table
from coterie.errors import ConfigError, shown
from coterie.secrets import masked
from coterie.sources.contract import Source


def open_source(config: Table, folder: Path) -> Source:
    """Give the source that reads the table's location; nothing is read yet.

    Args:
        config: the table.
        folder: what a relative path stands relative to, the folder of the config.

    Raises:
        ConfigError: no source reads such a location, or several do; names the known ones.
    """
    known = plugins.names("sources")
    accepting = [name for name in known if plugins.find("sources", name).accepts(config.source)]
    if len(accepting) == 1:
        return cast(Source, plugins.find("sources", accepting[0])(config, folder))
    location = shown(masked(config.source))
    if accepting:
        raise ConfigError(f"the location {location} is read by several sources: {', '.join(accepting)}; remove one")
    raise ConfigError(
        f"no source reads the location {location}; known sources are {', '.join(known)}; "
        "a path whose name has a colon is written './name'"
    )
