"""The shared library, and how NumPy arrays go into it."""

from __future__ import annotations

import ctypes
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

LIBRARY = Path(__file__).with_name("native.so")
Passed = npt.NDArray[Any] | int | float | None


@cache
def library() -> ctypes.CDLL:
    try:
        return ctypes.CDLL(str(LIBRARY))
    except OSError as error:
        message = f"Coterie's kernels are not built for this machine ({error}); run: pip install --editable ."
        raise ImportError(message) from error


def call(name: str, *arguments: Passed) -> None:
    """Call a kernel; whole numbers go as 64-bit ones, arrays as the address of their first cell, None as none.

    Raises:
        MemoryError: there was not enough memory.
    """
    if getattr(library(), name)(*map(_passed, arguments)):
        raise MemoryError(f"there is not enough memory for {name.removeprefix('coterie_')}")


def _passed(argument: Passed) -> Any:
    if isinstance(argument, np.ndarray):
        return ctypes.c_void_p(argument.ctypes.data)
    if argument is None:
        return ctypes.c_void_p(None)
    return ctypes.c_double(argument) if isinstance(argument, float) else ctypes.c_int64(argument)


def dense(
    array: npt.NDArray[Any], kind: type[np.generic], shape: tuple[int | None, ...], name: str
) -> npt.NDArray[Any]:
    """Give an array whose cells lie in C order, and refuse another shape: a kernel reads what it is told to."""
    if len(array.shape) != len(shape) or any(
        want is not None and got != want for got, want in zip(array.shape, shape, strict=True)
    ):
        raise ValueError(f"{name} has shape {array.shape}; expected {shape}")
    return np.ascontiguousarray(array, kind)
