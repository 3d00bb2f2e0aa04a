"""Makes the pictures of the report in docs/images from the built-in sample: python docs/screenshots.py

Needs an installed Chromium, or CHROMIUM to name one.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path

import coterie
from coterie.report.printing import find_chromium
from coterie.sources.sample import write_sample

IMAGES = Path(__file__).with_name("images")
# In a copy without a security policy a script shows one part alone; the page itself is not changed.
ALONE = """<script>
const wait = setInterval(() => {{
  if (document.documentElement.dataset.drawn !== "all") return;
  clearInterval(wait);
  const part = document.querySelector("{part}");
  document.body.replaceChildren(part);
  part.style.margin = "1rem 0";
}}, 50);
</script></body>"""


def shoot(page: str, name: str, height: int) -> None:
    """Take a picture of the top of a page."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "page.html"
        file.write_text(page, encoding="utf-8")
        flags = ("--headless", "--disable-gpu", "--no-sandbox", "--hide-scrollbars", "--virtual-time-budget=60000")
        own = (f"--user-data-dir={folder}/profile", f"--window-size=1200,{height}")
        command = [find_chromium(), *flags, *own, f"--screenshot={IMAGES / name}", file.as_uri()]
        subprocess.run(command, check=True, capture_output=True, timeout=300)
    print(f"wrote images/{name}")


def main() -> None:
    """Run the sample and take both pictures."""
    with tempfile.TemporaryDirectory() as folder:
        page = coterie.run(write_sample(Path(folder))).report.read_text(encoding="utf-8")
    shoot(page, "report.png", 1330)
    open_page = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page)
    shoot(ALONE.format(part=".card").join(open_page.rsplit("</body>", 1)), "segment-card.png", 1900)


if __name__ == "__main__":
    main()
