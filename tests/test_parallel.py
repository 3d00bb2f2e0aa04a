"""Tasks side by side give what they give one after the other."""

from __future__ import annotations

import os
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from threadpoolctl import threadpool_info

from coterie.errors import ConfigError
from coterie.parallel import THREADS_VARIABLE, default_threads, map_in_order, single_threaded


def library_threads() -> list[int]:
    np.ones((2, 2)) @ np.ones((2, 2))  # loads the library
    return [library["num_threads"] for library in threadpool_info()]


@given(st.lists(st.integers(), max_size=20), st.integers(1, 3))
def test_results_stand_in_the_order_of_the_tasks(tasks, threads):
    assert list(map_in_order(lambda task: task * 2, tasks, threads=threads)) == [task * 2 for task in tasks]


def test_a_late_first_task_stays_first():
    second_is_done = threading.Event()

    def task(number: int) -> int:
        if number == 0:
            assert second_is_done.wait(20), "the tasks do not run side by side"
        else:
            second_is_done.set()
        return number

    assert list(map_in_order(task, range(2), threads=2)) == [0, 1]


def test_one_thread_and_two_give_the_same_numbers():
    rng = np.random.default_rng(0)
    matrices = [rng.normal(size=(60, 60)).astype(np.float32) for _ in range(6)]
    one, two = (list(map_in_order(lambda m: m @ m.T, matrices, threads=threads)) for threads in (1, 2))
    assert [m.tobytes() for m in one] == [m.tobytes() for m in two]


@pytest.mark.parametrize("threads", [1, 2])
def test_an_exception_passes_through(threads):
    def fails(number: int) -> int:
        if number == 1:
            raise ZeroDivisionError("of the task")
        return number

    results = map_in_order(fails, range(3), threads=threads)
    assert next(results) == 0
    with pytest.raises(ZeroDivisionError, match="of the task"):
        next(results)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_every_worker_is_held_to_one_thread_of_the_numerical_libraries(threads):
    before = library_threads()
    together = threading.Barrier(threads)

    def ask(_: int) -> tuple[str, list[int]]:
        together.wait(20)  # so that every worker gets a task
        return threading.current_thread().name, library_threads()

    asked = list(map_in_order(ask, range(threads), threads=threads))
    assert len({worker for worker, _ in asked}) == threads
    assert all(set(found) == {1} for _, found in asked)
    assert library_threads() == before


def test_the_limit_ends_with_its_block():
    before = library_threads()
    with single_threaded():
        assert set(library_threads()) == {1}
    assert library_threads() == before


@pytest.mark.parametrize(("asked", "expected"), [("3", 3), (" 12 ", 12)])
def test_the_number_of_threads_is_that_of_the_variable(monkeypatch, asked, expected):
    monkeypatch.setenv(THREADS_VARIABLE, asked)
    assert default_threads() == expected


@pytest.mark.parametrize("asked", [None, ""])
def test_without_the_variable_it_is_the_processors(monkeypatch, asked):
    monkeypatch.delenv(THREADS_VARIABLE, raising=False)
    if asked is not None:
        monkeypatch.setenv(THREADS_VARIABLE, asked)
    assert default_threads() == len(os.sched_getaffinity(0))


@pytest.mark.parametrize("asked", ["0", "-1", "two", "2.5", "²"])
def test_a_variable_that_is_no_number_of_threads_is_refused(monkeypatch, asked):
    monkeypatch.setenv(THREADS_VARIABLE, asked)
    with pytest.raises(ConfigError, match=f"^'COTERIE_THREADS' is '{asked}'; expected a whole number >= 1, or unset"):
        default_threads()
