"""What tags mean, by a sentence model that lies on this machine; nothing is fetched."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from coterie import plugins
from coterie.errors import SourceError, shown
from coterie.tables.harmonising.proposing import Embed


def local_embedder(folder: Path) -> Embed:
    """Load a model of sentence-transformers from its folder.

    Returns:
        a function from t texts to (t, d) vectors; punctuation is read as space.

    Raises:
        SourceError: there is no such folder, or no model in it.
        MissingExtraError: sentence-transformers is not installed.
    """
    if not folder.is_dir():
        raise SourceError(f"there is no model at {shown(folder)}; expected the folder of a sentence-transformers model")
    library = plugins.require("sentence_transformers", extra="meaning")
    try:
        model = library.SentenceTransformer(str(folder), local_files_only=True)
    except (OSError, ValueError, KeyError) as error:
        raise SourceError(f"the model at {shown(folder)} cannot be loaded: {error}") from error

    def embed(texts: Sequence[str]) -> npt.NDArray[np.float64]:
        plain = [text.replace("-", " ").replace("_", " ") for text in texts]
        return np.asarray(model.encode(plain, show_progress_bar=False), dtype=np.float64)

    return embed
