"""The page in a real browser: it draws every figure, says nothing on the console, and fits a phone."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from html import escape
from pathlib import Path

import pytest

from tests.report.html import Page
from tests.report.rendered import source

PHONE = 360  # CSS pixels

# A frame of a phone's width around the page, because a browser window may refuse to be that narrow. It asks the page
# whether it drew everything and how wide it is.
FRAME = """<!DOCTYPE html><html><head><title>frame</title></head><body>
<iframe style="width:{width}px;height:740px;border:0" srcdoc="{page}"></iframe>
<script>
const wait = setInterval(() => {{
  const inside = document.querySelector("iframe").contentDocument;
  if (inside?.documentElement?.dataset.drawn !== "all") return;
  clearInterval(wait);
  Object.assign(document.body.dataset, {{
    charts: inside.querySelectorAll(".chart").length,
    drawn: inside.querySelectorAll(".chart > svg, .chart > * > svg").length,
    images: inside.querySelectorAll("img").length,
    wide: inside.documentElement.scrollWidth,
  }});
}}, 50);
</script></body></html>"""


@pytest.fixture(scope="module")
def chromium() -> str:
    for name in ("chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name)
        if found:
            return found
    reason = "no Chromium is installed, so the page is not opened in a browser"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def opened(chromium: str, file: Path, *options: str) -> tuple[str, list[str]]:
    """Give a page's document once its scripts have run, and the lines that it wrote to the console."""
    done = subprocess.run(
        [
            *(chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-sync"),
            *("--no-first-run", "--disable-background-networking", "--enable-logging=stderr", "--v=0"),
            *(f"--user-data-dir={file.parent / 'profile'}", "--virtual-time-budget=30000", *options, file.as_uri()),
        ],
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=True,
    )
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


def test_every_figure_is_drawn_and_the_console_stays_empty(chromium: str, tmp_path: Path):
    file = tmp_path / "report.html"
    file.write_text(source("whole"), encoding="utf-8")
    document, console = opened(chromium, file, "--dump-dom")
    assert console == []
    html = Page(document)
    assert html.all("html")[0].attributes["data-drawn"] == "all"
    charts = document.split('<div class="chart ')[1:]
    assert len(charts) == len(html.of_class("chart")) > 30
    assert all("<svg" in chart.partition("<script")[0] for chart in charts)


UNFOLD = """<script>
const wait = setInterval(() => {
  if (document.documentElement.dataset.drawn !== "all") return;
  clearInterval(wait);
  const folds = [...document.querySelectorAll("details.evidence")];
  document.body.dataset.folded = folds.filter((fold) => !fold.open).length;
  folds.forEach((fold) => { fold.open = true; });
  setTimeout(() => {
    const widths = [...document.querySelectorAll(".evidence .wide .chart svg")].map((one) => one.clientWidth);
    Object.assign(document.body.dataset, { charts: widths.length, narrowest: Math.min(...widths) });
  }, 1000);
}, 50);
</script></body>"""


def test_what_is_unfolded_takes_the_width_of_the_page(chromium: str, tmp_path: Path):
    file = tmp_path / "report.html"
    html = UNFOLD.join(source("whole").rsplit("</body>", 1))
    file.write_text(re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", html), encoding="utf-8")
    document, console = opened(chromium, file, "--dump-dom")
    assert console == []
    told = Page(document).all("body")[0].attributes
    assert (told["data-folded"], told["data-charts"]) == ("8", "18")
    assert int(told["data-narrowest"]) > 400


@pytest.mark.parametrize("name", ["whole", "hostile"])
def test_it_fits_a_phone(chromium: str, tmp_path: Path, name: str):
    file = tmp_path / "frame.html"
    file.write_text(FRAME.format(width=PHONE, page=escape(source(name))), encoding="utf-8")
    document, console = opened(chromium, file, "--dump-dom")
    assert console == []
    told = Page(document).all("body")[0].attributes
    assert int(told["data-wide"]) <= PHONE
    assert told["data-drawn"] == told["data-charts"] != "0"
    assert told["data-images"] == "0"


def test_it_prints_with_all_figures(chromium: str, tmp_path: Path):
    file, printed = tmp_path / "report.html", tmp_path / "report.pdf"
    file.write_text(source("whole"), encoding="utf-8")
    _, console = opened(chromium, file, f"--print-to-pdf={printed}")
    assert console == []
    assert printed.read_bytes().startswith(b"%PDF")
