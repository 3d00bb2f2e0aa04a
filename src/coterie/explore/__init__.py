"""What the tables hold, before anything is made of them: one record from the checked tables and what cleaning did.

Whoever is segmented, the tables are told of as the config declares them. Nothing here names a value that fewer than
five users have.
"""

from coterie.explore.exploring import explore
from coterie.explore.types import SCHEMA, VERSION, Exploration

__all__ = ["SCHEMA", "VERSION", "Exploration", "explore"]
