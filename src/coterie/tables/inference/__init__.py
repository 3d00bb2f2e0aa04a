"""A folder of files in, a commented ``coterie.toml`` out: what ``coterie init`` writes.

``look`` says what a file is, ``columns`` what its values are; ``by_name``, ``by_content`` and ``events`` what they
mean; ``write`` puts it into words. Nothing is decided here that the config does not show.
"""

from coterie.tables.inference.guesses import TableGuess
from coterie.tables.inference.proposing import Proposal, propose

__all__ = ["Proposal", "TableGuess", "propose"]
