"""What an install weighs beside others', and how soon it answers: a fresh environment, ``--help`` and the demo.

    python bench/install.py

For every package the wheels that pip picks on this machine are fetched one by one and counted, packed and unpacked;
nothing of the peers is installed. Coterie is installed into a fresh environment as well: what that takes on disk with
compiled byte code (and pip), the seconds of ``coterie --help`` (median of five, after one), and of a first ``coterie
demo`` in an empty folder.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from costing import cost
from sections import keep, measured

ROOT = Path(__file__).parents[1]
PEERS = ("pycaret", "bertopic")
QUIET = ("--quiet", "--disable-pip-version-check", "--no-input")


@dataclass(frozen=True)
class Weight:
    """Packages of an install, and the bytes of their files packed and unpacked, in MB."""

    count: int
    packed: float
    unpacked: float


def pip(*words: str) -> None:
    command = [sys.executable, "-m", "pip", *words, *QUIET]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def unpacked(package: Path) -> int:
    """Give the bytes of a wheel's or a source archive's files."""
    if package.suffix == ".whl":
        with zipfile.ZipFile(package) as wheel:
            return sum(entry.file_size for entry in wheel.infolist())
    with tarfile.open(package) as archive:
        return sum(entry.size for entry in archive)


def weight(requirement: str) -> Weight:
    """Weigh what pip picks for a requirement in an empty environment."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        pip("install", "--dry-run", "--ignore-installed", "--report", str(report), requirement)
        urls = [one["download_info"]["url"] for one in json.loads(report.read_text())["install"]]
        sizes = [fetched(url, Path(folder) / str(number)) for number, url in enumerate(urls)]
    packed, whole = (sum(each) / 1e6 for each in zip(*sizes, strict=True))
    return Weight(len(urls), packed, whole)


def fetched(url: str, folder: Path) -> tuple[int, int]:
    """Fetch one package, or build this one, and give its bytes packed and unpacked."""
    how = ("wheel", "--wheel-dir") if url == ROOT.as_uri() else ("download", "--dest")
    pip(how[0], "--no-deps", how[1], str(folder), url)
    (package,) = folder.iterdir()
    found = package.stat().st_size, unpacked(package)
    package.unlink()
    return found


def installed(folder: Path) -> tuple[float, float, float]:
    """Install Coterie into a fresh environment; give its MB on disk, and seconds of help and of the demo."""
    place = folder / "fresh"
    subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
    subprocess.run([str(place / "bin" / "pip"), "install", str(ROOT), *QUIET], check=True)
    program = str(place / "bin" / "coterie")
    cost([program, "--help"])
    answers = [cost([program, "--help"]).seconds for _ in range(5)]
    demo = cost([program, "demo", str(folder / "demo")]).seconds
    disk = sum(path.lstat().st_size for path in place.rglob("*") if path.is_file() and not path.is_symlink())
    return disk / 1e6, median(answers), demo


def main() -> None:
    """Measure, and keep the section."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="not used: every bench takes it")
    parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="coterie-install-") as folder:
        disk, answer, demo = installed(Path(folder))
    lines = ["| | packages | wheels MB | unpacked MB |", "|---|---|---|---|"]
    for name, requirement in (("coterie", str(ROOT)), *zip(PEERS, PEERS, strict=True)):
        found = weight(requirement)
        lines.append(f"| {name} | {found.count} | {found.packed:,.0f} | {found.unpacked:,.0f} |")
        print(lines[-1], flush=True)
    text = (
        f"## Installing\n\n{measured(('coterie', 'pip'))} Command: `make bench PART=install`. What pip picks here, "
        "fetched and counted; of Coterie, the base install.\n\n"
        + "\n".join(lines)
        + f"\n\nA fresh environment with Coterie takes {disk:,.0f} MB on disk, byte code and pip included; `coterie "
        f"--help` answers in {answer:.2f} s, and a first `coterie demo` is done in {demo:.1f} s."
    )
    keep("install", text)
    print(text)


if __name__ == "__main__":
    main()
