"""Putting scripts and data into a page so that neither can get out of its place.

The page may run two scripts, named by their hashes in its content security policy, and may ask the network for nothing;
text from the data could not run even if it were not escaped.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from coterie import records

# Characters that could end a <script>, open a comment, or break a line in an old JavaScript.
_UNSAFE = {ord(character): f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"}


def json_in_script(value: Mapping[str, Any]) -> Markup:
    """Give JSON that may stand inside ``<script type="application/json">`` whatever text is in it."""
    text = json.dumps(records.plain(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Markup(text.translate(_UNSAFE))  # noqa: S704  # made safe in this very line


def script(source: str) -> Markup:
    """Give trusted JavaScript that may stand inside ``<script>``: nothing in it ends the element early."""
    text = source.replace("\r\n", "\n").replace("</script", "<\\/script").replace("<!--", "<\\!--")
    return Markup(text)  # noqa: S704  # our own scripts, never text from the data


def security_policy(*scripts: str) -> str:
    """Give the policy of a page that runs these scripts and no other, and loads nothing from anywhere."""
    hashes = " ".join(f"'sha256-{_digest(text)}'" for text in scripts)
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
