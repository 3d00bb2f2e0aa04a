"""What a step costs: seconds and the highest resident memory while it ran."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

_STATUS = Path("/proc/self/status")
_RESET = Path("/proc/self/clear_refs")


@dataclass(slots=True)
class Cost:
    """Filled when the measured block ends."""

    seconds: float = 0.0
    peak_mb: float = 0.0


@contextmanager
def measured() -> Iterator[Cost]:
    """Measure a block. Where the system can reset its high-water mark (Linux) the peak is the block's own; elsewhere it
    is that of the process so far.
    """
    cost = Cost()
    with suppress(OSError):
        _RESET.write_text("5", encoding="ascii")
    start = time.perf_counter()
    try:
        yield cost
    finally:
        cost.seconds = time.perf_counter() - start
        cost.peak_mb = peak_mb()


def peak_mb() -> float:
    """Give the process' highest resident memory since the last reset, in MB."""
    with suppress(OSError):
        for line in _STATUS.read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1000
    unit = 1_000_000 if sys.platform == "darwin" else 1000
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
