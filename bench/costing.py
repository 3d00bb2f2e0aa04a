"""What a command costs as a process of its own: seconds and peak memory of it and of all it starts."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import coterie

# What wait4 calls the peak of a process is at least that of the process that started it, so a small one does.
LAUNCHER = """
import json, os, sys, time
start = time.perf_counter()
_, status, usage = os.wait4(os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ), 0)
seconds = time.perf_counter() - start
print(json.dumps([os.waitstatus_to_exitcode(status), seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss]))
"""
COTERIE = (sys.executable, "-c", "from coterie.cli import main; main()")
MAXRSS_BYTES = 1 if sys.platform == "darwin" else 1024


@dataclass(frozen=True)
class Cost:
    """Seconds of wall time and of the processors, peak resident memory in MB (of the largest process), and stdout."""

    seconds: float
    cpu_s: float
    peak_mb: float
    said: str = field(repr=False)


def cost(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Cost:
    """Run a command to its end.

    Raises:
        SystemExit: it failed.
    """
    launch = [sys.executable, "-I", "-S", "-c", LAUNCHER, *command]
    done = subprocess.run(launch, stdout=subprocess.PIPE, env=environment, text=True, check=True)
    said, _, last = done.stdout.rstrip("\n").rpartition("\n")
    status, seconds, cpu_s, peak = json.loads(last)
    if status:
        raise SystemExit(f"{' '.join(command)} failed with status {status}")
    return Cost(seconds, cpu_s, peak * MAXRSS_BYTES / 1e6, said)


def run_cost(config: Path) -> tuple[Cost, coterie.Run]:
    """Run a project, and give what that cost and the finished run."""
    spent = cost([*COTERIE, "run", "--json", "--config", str(config)])
    run = coterie.open_run(config.parent)
    # A run sets the mark of its highest memory back before each step, whose own the manifest then has.
    return replace(spent, peak_mb=max(spent.peak_mb, *(step.peak_mb for step in run.manifest.steps))), run
