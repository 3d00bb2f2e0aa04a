"""The one place where threads are counted.

Independent tasks run side by side, each with its numerical libraries held to one thread. So nothing is
oversubscribed, and no result depends on the number of threads: sums are made in the same order whatever it is.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from threadpoolctl import threadpool_limits

from coterie.errors import ConfigError, shown

T = TypeVar("T")
R = TypeVar("R")

THREADS_VARIABLE = "COTERIE_THREADS"


def default_threads() -> int:
    """Give the number of threads to use: ``COTERIE_THREADS``, else the processors this process may use.

    Raises:
        ConfigError: the variable is set, but not to a whole number >= 1.
    """
    asked = os.environ.get(THREADS_VARIABLE, "").strip()
    if asked:
        if not asked.isdecimal() or int(asked) < 1:
            raise ConfigError(f"'{THREADS_VARIABLE}' is {shown(asked)}; expected a whole number >= 1, or unset it")
        return int(asked)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def single_threaded() -> Iterator[None]:
    """Hold BLAS and OpenMP of this thread to one thread, so that sums are made in one order."""
    with threadpool_limits(limits=1):
        yield


def map_in_order(function: Callable[[T], R], tasks: Iterable[T], *, threads: int) -> Iterator[R]:
    """Apply ``function`` to every task and give the results in the order of the tasks.

    Args:
        function: releases the interpreter lock where it can; gets no shared state that it changes.
        tasks: independent of each other.
        threads: tasks that run at once, >= 1.
    """
    with single_threaded():
        if threads == 1:
            yield from map(function, tasks)
            return
        # OpenMP keeps its limit per thread, so every worker sets its own and holds it for its life.
        with ThreadPoolExecutor(threads, initializer=lambda: threadpool_limits(limits=1)) as pool:
            yield from pool.map(function, tasks)
