"""The report as PDF, printed by an installed Chromium: the page draws what is missing and lays itself out for A4.

The browser gets a profile of its own that is thrown away, resolves no name, so that nothing leaves the machine, and is
ended with all its processes where it takes too long.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

from coterie import records
from coterie.errors import MissingProgramError, StoreError, shown

VARIABLE: Final = "CHROMIUM"  # names the browser, by its path or as it is found in PATH
NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PATIENCE_S: Final = 180.0
_FLAGS: Final = (
    *("--headless", "--disable-gpu", "--disable-dev-shm-usage", "--disable-sync", "--disable-extensions"),
    *("--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-default-apps"),
    *("--host-resolver-rules=MAP * ~NOTFOUND", "--virtual-time-budget=60000"),
    *("--no-pdf-header-footer", "--generate-pdf-document-outline"),
)


def find_chromium() -> str:
    """Give the program of an installed Chromium, the one that the variable ``CHROMIUM`` names where it is set.

    Raises:
        MissingProgramError: there is none; says what to install.
    """
    named = os.environ.get(VARIABLE, "")
    for name in (named,) if named else NAMES:
        found = shutil.which(name)
        if found is not None:
            return found
    if named:
        raise MissingProgramError(
            f"the variable {VARIABLE} names {shown(named)}, which is no program; expected the path of a Chromium"
        )
    raise MissingProgramError(
        "a PDF is printed by Chromium, which is missing; install it (`apt-get install chromium`), name one in the "
        f"variable {VARIABLE}, or write the page with --html and print it from any browser"
    )


def write_pdf(path: Path, page: str, *, patience_s: float = PATIENCE_S) -> None:
    """Print a page; the file appears whole or not at all.

    Args:
        page: HTML text. patience_s: seconds after which the browser is ended.

    Raises:
        MissingProgramError: there is no Chromium.
        StoreError: it printed nothing, or too slowly, or the file cannot be written.
    """
    chromium = find_chromium()
    with tempfile.TemporaryDirectory(prefix="coterie-pdf-", ignore_cleanup_errors=True) as folder:
        source, printed = Path(folder) / "report.html", Path(folder) / "report.pdf"
        source.write_text(page, encoding="utf-8")
        own = (f"--user-data-dir={folder}/profile", f"--print-to-pdf={printed}", source.as_uri())
        # As root, as in most containers, Chromium refuses its sandbox; the page is our own and asks for nothing.
        as_root = ("--no-sandbox",) if os.geteuid() == 0 else ()
        said = _run([chromium, *_FLAGS, *as_root, *own], patience_s)
        if not printed.is_file():
            raise StoreError(f"Chromium ({chromium}) printed no PDF; it said: {shown(said or 'nothing')}")
        records.write_whole(path, printed.read_bytes())


def _run(command: list[str], patience_s: float) -> str:
    """Run a browser to its end, with all processes that it starts, and give the last line that it wrote."""
    with subprocess.Popen(  # noqa: S603  # the program that the user installed or named
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
    ) as started:
        try:
            _, told = started.communicate(timeout=patience_s)
        except subprocess.TimeoutExpired as error:
            raise StoreError(
                f"Chromium printed no PDF within {patience_s:g} seconds and was ended; try again, or print the page by "
                "hand"
            ) from error
        finally:
            with suppress(ProcessLookupError):
                os.killpg(started.pid, signal.SIGKILL)
    return told.decode(errors="replace").strip().rpartition("\n")[2]
