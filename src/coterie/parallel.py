"""The one place where threads are counted.

Independent tasks run side by side, each with its numerical libraries held to one thread. So nothing is
oversubscribed, and no result depends on the number of threads: sums are made in the same order whatever it is.
"""

from __future__ import annotations

import os
import threading
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


_here = threading.local()  # is_single: whether whatever runs in this thread is to use no other


def kernel_threads() -> int:
    """Give the threads that a kernel may use here: one where tasks run side by side already, else all."""
    return 1 if getattr(_here, "is_single", False) else default_threads()


@contextmanager
def single_libraries() -> Iterator[None]:
    """Hold BLAS and OpenMP to one thread, whose sums depend on it; kernels, whose sums do not, use all there are."""
    with threadpool_limits(limits=1):
        yield


@contextmanager
def single_threaded() -> Iterator[None]:
    """Hold BLAS, OpenMP and kernels of this thread to one thread, so that nothing is oversubscribed."""
    before = getattr(_here, "is_single", False)
    _here.is_single = True
    try:
        with threadpool_limits(limits=1):
            yield
    finally:
        _here.is_single = before


def _become_single() -> None:
    """Hold a worker to one thread for its life: OpenMP keeps its limit per thread, and so do kernels."""
    _here.is_single = True
    threadpool_limits(limits=1)


@contextmanager
def crew(threads: int) -> Iterator[Callable[[Callable[[T], R], Iterable[T]], Iterable[R]]]:
    """Give a ``map`` whose tasks run side by side, each held to one thread; BLAS and OpenMP are held to one meanwhile.

    For many short rounds of tasks: the threads are started once.

    Args:
        threads: tasks that run at once, >= 1.
    """
    with single_libraries():
        if threads == 1:
            yield map
            return
        with ThreadPoolExecutor(threads, initializer=_become_single) as pool:
            yield pool.map


def map_in_order(function: Callable[[T], R], tasks: Iterable[T], *, threads: int) -> Iterator[R]:
    """Apply ``function`` to every task and give the results in the order of the tasks.

    Args:
        function: releases the interpreter lock where it can; gets no shared state that it changes.
        tasks: independent of each other.
        threads: tasks that run at once, >= 1.
    """
    with single_threaded(), crew(threads) as side_by_side:
        yield from side_by_side(function, tasks)
