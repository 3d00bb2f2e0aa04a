"""The contract of a writer: the facts of one segment in, sentences out, each naming the facts that it rests on.

A writer is given nothing else: no table, no user. What it says is checked sentence by sentence
(``coterie.segments.persona.checking``) before anybody sees it, so a writer may be as free as it likes; what its facts
do not say is dropped.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from coterie.segments.persona.language import Language
from coterie.segments.persona.types import Facts, Sentence


class Writer(Protocol):
    """Writes the sentences of a persona; made from the options of ``[persona]`` in the config, by their names."""

    def write(self, facts: Facts, language: Language) -> Sequence[Sentence]:
        """Say what the facts say, strongest first.

        Args:
            facts: of one segment. language: the words that a sentence may be made of beside the names of its facts.

        Returns:
            Sentences in any order of their parts; of parts that it leaves out the template's are taken.

        Raises:
            CoterieError: it cannot write now, as when a service does not answer; the template then writes in its place.
        """
