"""The glossary as code: canonical column names, roles, kinds and constants.

Column names come only from here. Everything that reads or writes a table uses these names, so that no other
module spells one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

# Canonical columns of every checked table.
USER: Final = "user_id"  # text
ITEM: Final = "item_id"  # text
VALUE: Final = "value"  # float64, in the unit of the source
TIME: Final = "time_s"  # float64, seconds since 1970-01-01 UTC
TITLE: Final = "title"  # text, an item's name for people
TAG: Final = "tag"  # text, one row an (item, tag) pair
STATE: Final = "state"  # text, two-letter US state, derived from a zip code

# Columns that a source or a check adds; the leading underscore keeps them apart from a user's own.
ROW: Final = "_row"  # int64, 1-based line of data in its file, headers not counted
FILE: Final = "_file"  # text, the file's name where a source is many files
REASON: Final = "_reason"  # text, why a row was rejected
COLUMN: Final = "_column"  # text, the source's column that the reason is about, or empty

# Columns of what Coterie gives back.
SEGMENT: Final = "segment_id"  # text, s-1, s-2 ... or NOISE_ID
LABEL: Final = "cluster"  # int32, canonical cluster number, NOISE for noise
STRENGTH: Final = "strength"  # float64 in [0, 1], 0 = on the border, 1 = at the centre
DISTANCE: Final = "distance"  # float64, Euclidean distance to the own centre in the embedding
BY: Final = "by"  # text, how somebody got a segment: "fold-in", "classifier" or "none"
CONFIDENCE: Final = "confidence"  # float64 in [0, 1], that it is the segment that all events would give

NOISE: Final = -1
NOISE_ID: Final = "noise"

Role = Literal["events", "users", "items"]
AttributeKind = Literal["number", "category", "us_zip", "traits", "text"]
Use = Literal["basis", "descriptor"]
EVENTS: Final[Role] = "events"
USERS: Final[Role] = "users"
ITEMS: Final[Role] = "items"

# What is segmented (``[project] entity``); see ``coterie.tables.viewpoint``.
OF_USERS: Final = "users"
OF_ITEMS: Final = "items"
TAG_GROUP: Final = "tags"  # in "TABLE.tags": the tags of a table of items


@dataclass(frozen=True, slots=True)
class Noun:
    """What a thing is called: one of it, and many."""

    one: str
    many: str


A_USER: Final = Noun("user", "users")
AN_ITEM: Final = Noun("item", "items")
A_TAG: Final = Noun("tag", "tags")
