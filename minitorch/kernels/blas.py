"""OpenBLAS as NumPy ships it, for what NumPy has no call for: products added to what is there."""

from __future__ import annotations

import ctypes
import functools
import os
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

ROW_MAJOR, AS_IT_IS, TURNED = 101, 111, 112  # of cblas.h
GEMM = {"f": ("sgemm", ctypes.c_float), "d": ("dgemm", ctypes.c_double)}


@functools.cache
def find(name: str) -> tuple[Any, Any] | None:
    """A function of OpenBLAS, and its type of integers; None under another BLAS."""
    folder = os.path.join(os.path.dirname(os.path.dirname(np.__file__)), "numpy.libs")
    names = os.listdir(folder) if os.path.isdir(folder) else []
    for path in [os.path.join(folder, file) for file in names if "openblas" in file]:
        library = ctypes.CDLL(path)
        for prefix in ("scipy_", ""):
            for suffix, integer in (("64_", ctypes.c_int64), ("", ctypes.c_int)):
                try:
                    return library[f"{prefix}{name}{suffix}"], integer
                except AttributeError:
                    continue
    return None


@functools.cache
def _gemm(kind: str) -> Any:
    name, number = GEMM[kind]
    found = find(f"cblas_{name}")
    if found is None:
        return None
    function, integer = found
    matrix = [ctypes.c_void_p, integer]
    function.argtypes = [*[ctypes.c_int] * 3, *[integer] * 3, number, *matrix, *matrix]
    function.argtypes += [number, *matrix]
    function.restype = None
    return function


def shifted(memory: Array, apart: int, start: int, shape: tuple[int, int]) -> Array:
    """The matrix that begins at `start` of flat memory, its rows `apart` from each other."""
    step = memory.itemsize
    return np.ndarray(shape, memory.dtype, memory, start * step, (apart * step, step))


def add_shifted(matrices: Array, memory: Array, apart: int, starts: list[int], out: Array) -> None:
    """out = the sum over k of matrices[k] @ x_k, where x_k is `shifted` to starts[k].

    Shape: matrices (K, M, C), without gaps; x_k (C, P); out (M, P), rows without gaps.
    """
    (_, M, C), P = matrices.shape, out.shape[1]
    gemm = _gemm(out.dtype.char)
    if gemm is None:
        out.fill(0)
        for k, start in enumerate(starts):
            out += np.matmul(matrices[k], shifted(memory, apart, start, (C, P)))
        return
    size, to = memory.itemsize, out.ctypes.data
    source, weights, between = memory.ctypes.data, matrices.ctypes.data, out.strides[0] // size
    for k, start in enumerate(starts):
        a, b = weights + k * M * C * size, source + start * size
        given = (M, P, C, 1.0, a, C, b, apart, float(k > 0), to, between)
        gemm(ROW_MAJOR, AS_IT_IS, AS_IT_IS, *given)


def products_shifted(g: Array, memory: Array, apart: int, starts: list[int], out: Array) -> None:
    """out[k] += g @ x_k transposed; x_k as in `add_shifted`.

    Shape: g (M, P), rows without gaps; x_k (C, P); out (K, M, C), without gaps.
    """
    (_, M, C), P = out.shape, g.shape[1]
    gemm = _gemm(out.dtype.char)
    if gemm is None:
        for k, start in enumerate(starts):
            out[k] += g @ shifted(memory, apart, start, (C, P)).T
        return
    size, to = memory.itemsize, out.ctypes.data
    source, gradients, between = memory.ctypes.data, g.ctypes.data, g.strides[0] // size
    for k, start in enumerate(starts):
        b, c = source + start * size, to + k * M * C * size
        given = (M, C, P, 1.0, gradients, between, b, apart, 1.0, c, C)
        gemm(ROW_MAJOR, AS_IT_IS, TURNED, *given)
