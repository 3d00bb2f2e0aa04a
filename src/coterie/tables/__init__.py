"""Raw tables to checked ones: canonical columns, every rejected row kept with its reason.

``Tables`` is what the rest of Coterie reads. Every frame in it is a Narwhals lazy frame with the columns of
``coterie.terms``; no frame has an order, and no code may rely on one.
"""

from coterie.tables.types import CheckedTable, RuleCount, Tables

__all__ = ["CheckedTable", "RuleCount", "Tables"]
