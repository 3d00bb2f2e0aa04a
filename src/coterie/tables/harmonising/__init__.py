"""Several spellings to one name for each tag: carriers of tags in, proposed merges with their evidence out.

Nothing is merged here. A proposal is a line of a review file (``coterie.vocabulary``), which a person decides;
spellings that differ in punctuation alone are decided "auto".
"""

from coterie.tables.harmonising.proposing import CARRIER, Carriers, Merge, propose_merges
from coterie.tables.harmonising.reviewing import Review, reviewed

__all__ = ["CARRIER", "Carriers", "Merge", "Review", "propose_merges", "reviewed"]
