"""What the machine can do: products, reading, and gathering rows at the places that a table's cells name.

    python bench/limits.py --data FOLDER

FOLDER holds ``ratings.parquet``. An iteration of ALS with conjugate gradients has to read a row of factors for each
cell, once for the users and once for the items; how long that alone takes is measured with the table's own cells by
bench/gather.cpp, which is built here. Each figure is the best of five.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from parts import RANK, load, prepare
from sections import keep, measured
from threadpoolctl import threadpool_limits

HERE = Path(__file__).parent
THREADS, AHEAD = 2, 8  # the second as in gather.cpp
LIBRARIES = ("numpy", "scipy")


def best(work: Callable[[], object]) -> float:
    """Give the seconds of the fastest of five."""
    found = []
    for _ in range(5):
        start = time.perf_counter()
        work()
        found.append(time.perf_counter() - start)
    return min(found)


def product(n: int, inner: int, m: int) -> float:
    """Give the GFLOP/s of a product of single-precision matrices."""
    rng = np.random.default_rng(0)
    left, right = (rng.random(shape, np.float32) for shape in ((n, inner), (inner, m)))
    with threadpool_limits(THREADS):
        return 2e-9 * n * inner * m / best(lambda: left @ right)


def gatherer(folder: Path) -> ctypes.CDLL:
    """Build bench/gather.cpp for this processor."""
    library = folder / "gather.so"
    flags = ["-O3", "-march=native", "-std=c++17", "-shared", "-fPIC", "-pthread"]
    subprocess.run([os.environ.get("CXX", "c++"), *flags, str(HERE / "gather.cpp"), "-o", str(library)], check=True)
    return ctypes.CDLL(str(library))


def gather_seconds(cells: sp.csr_array, library: ctypes.CDLL) -> float:
    """Give the seconds in which the (m, 64) rows that (n, m) cells name are read and added up.

    Raises:
        SystemExit: the sums are not those of NumPy's product.
    """
    n, m = cells.shape
    rows, sums = np.random.default_rng(0).random((m, RANK), np.float32), np.empty(n, np.float32)
    starts = cells.indptr.astype(np.int64)
    places = np.concatenate([cells.indices.astype(np.int32), np.zeros(AHEAD, np.int32)])
    pointers = [ctypes.c_void_p(array.ctypes.data) for array in (starts, places, rows, sums)]
    count, threads = ctypes.c_int64(n), ctypes.c_int(THREADS)
    seconds = best(lambda: library.gather(*pointers[:2], count, pointers[2], threads, pointers[3]))
    ones = sp.csr_array((np.ones(cells.nnz, np.float32), cells.indices, cells.indptr), shape=cells.shape)
    if not np.allclose(sums, ones @ rows.sum(axis=1), rtol=1e-3):
        raise SystemExit("the rows that were gathered do not add up")
    return seconds


def limits(cells: sp.csr_array) -> dict[str, float]:
    """Measure everything on a table's cells."""
    filled = np.ones(2**28, np.float32)
    with tempfile.TemporaryDirectory() as folder:
        library = gatherer(Path(folder))
        sides = gather_seconds(cells, library) + gather_seconds(sp.csr_array(cells.T.tocsr()), library)
    return {
        "product of 4096 x 4096 matrices, GFLOP/s": product(4096, 4096, 4096),
        f"product of {cells.shape[0]:,} x {RANK} by {RANK} x {RANK}, GFLOP/s": product(cells.shape[0], RANK, RANK),
        "reading 1 GB in order on one thread, GB/s": filled.nbytes / 1e9 / best(filled.sum),
        f"gathering rows of {RANK} floats, GB/s": 2 * cells.nnz * RANK * 4 / 1e9 / sides,
        f"gathering for both sides of {cells.nnz:,} cells, s": sides,
    }


def main() -> None:
    """Measure, and keep the section."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    asked = parser.parse_args()
    prepare(asked.data)
    cells = load(asked.data, "train")
    lines = [f"| {name} | {value:,.3g} |" for name, value in limits(cells).items()]
    size = round(cells.nnz / 0.8e6)
    text = (
        f"## Limits of the machine, {size} million ratings\n\n{measured(LIBRARIES)} Command: `make bench PART=limits "
        "DATA=FOLDER`, two threads; the cells are four fifths of the table's. The last line is what an iteration of "
        "ALS of rank 64 costs at least.\n\n| | |\n|---|---|\n" + "\n".join(lines)
    )
    keep(f"limits-{size:04}", text)
    print(text)


if __name__ == "__main__":
    main()
