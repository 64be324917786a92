"""The gates of recurrent layers: all that a step does beside its product, in one call.

A step's numbers lie in a row here, gate after gate. Loops have few arrays each: of more, the
compiler does not find out whether they overlap, and takes one number at a time.

An LSTM's steps are one call altogether, products included, where a batch fills vectors: each
product is so small that to hand it to BLAS takes as long as to do it.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.kernels.compiled import Array, exact, inner, loop, served
from minitorch.kernels.compiled.elementary import exp, number, tanh
from minitorch.kernels.compiled.vectors import HIGH, add_outer, lanes, nothing, store

if TYPE_CHECKING:
    from minitorch.kernels.recurrent import Fill


@loop
def _tanh(x: Array, y: Array) -> None:
    for i in range(x.size):
        y[i] = tanh(x[i])


@loop
def _exp_plus_1(z: Array) -> None:
    for i in range(z.size):
        z[i] = exp(z[i]) + number(1, z[i])


@loop
def _lstm_gates(z: Array, pair: Array, terms: Array, cell: Array, bent: Array, out: Array) -> None:
    n = cell.size
    _tanh(z[2 * n : 3 * n], pair[:n])
    _exp_plus_1(z)
    for i in range(2 * n):
        terms[i] = pair[i] / z[i]
    for i in range(n):
        cell[i] = terms[n + i] - terms[i]
    _tanh(cell, bent)
    for i in range(n):
        out[i] = bent[i] / z[3 * n + i]


TALL = 2 * HIGH  # rows of a block of sums, one vector each


def _rows(rows: int) -> Any:
    # A function for that many rows of a product.
    @inner
    def multiply(
        w: Any, place: Any, M: Any, K: Any, x: Any, at: Any, N: Any, y: Any, to: Any
    ) -> None:
        block = nothing(x, rows)
        for k in range(K):
            block = add_outer(block, rows, x, at + k * N, w, place + k * M)
        store(block, rows, y, to, N)

    return multiply


_tall, _single = _rows(TALL), _rows(1)


@inner
def _multiply(w: Any, M: Any, K: Any, x: Any, at: Any, N: Any, step: Any, y: Any, to: Any) -> None:
    # y (M, N), from `to` on, = w (K, M) transposed times x (K, N), from `at` on; all of them flat.
    for n in range(0, N, step):
        m = 0
        while M - m >= TALL:
            _tall(w, m, M, K, x, at + n, N, y, to + m * N + n)
            m += TALL
        while m < M:
            _single(w, m, M, K, x, at + n, N, y, to + m * N + n)
            m += 1


@loop
def _lstm_run(
    w: Array, K: int, before: Array, z: Array, pairs: Array, terms: Array, bents: Array, n: int,
    N: int, step: int,
) -> None:  # fmt: skip
    # All flat; w (K, 4 * H), and n = H * N.
    for t in range(len(bents) // n):
        _multiply(w, 4 * n // N, K, before, t * K * N, N, step, z, 4 * n * t)
        new, cell = before[(t + 1) * K * N :], pairs[2 * n * (t + 1) + n :]
        a, b = 2 * n * t, 2 * n * (t + 1)
        _lstm_gates(z[2 * a : 2 * b], pairs[a:b], terms[a:b], cell[:n], bents[a // 2 : b // 2],
                    new[:n])  # fmt: skip


def lstm_steps(
    fill: Fill, before: Array, z: Array, pairs: Array, terms: Array, bents: Array, hidden: Array,
    w_hr: Array | None,
) -> Any:  # fmt: skip
    T, H, N = bents.shape
    if not served(z) or not H * N:
        return NotImplemented
    step, arrays = lanes(z.dtype), (before, z, pairs, terms, bents)
    whole = w_hr is None and N % step == 0 and all(x.flags.c_contiguous for x in arrays)
    if whole and isinstance(fill, partial):
        (w,), K = fill.args, before.shape[1]
        flat = [x.reshape(-1) for x in arrays]
        _lstm_run(np.ascontiguousarray(w.T).reshape(-1), K, *flat, H * N, N, step)
        return None
    P = H if w_hr is None else len(w_hr)
    given = z, pairs[:-1], terms, pairs[1:, 1], bents, hidden
    rows = zip(*[x.reshape(T, -1) for x in given], strict=True)
    for state, all_z, row, out, new in zip(before, z, rows, hidden, before[1:, :P], strict=False):
        fill(state, all_z)
        _lstm_gates(*row)
        if w_hr is not None:
            np.dot(w_hr, out, new)
    return None


@exact
def _lstm_slopes(
    z: Array, pair: Array, terms: Array, bent: Array, hidden: Array, dh: Array, cell: Array,
    dz: Array,
) -> None:  # fmt: skip
    # What is kept: 1 / i, 1 / f, 1 / o in z; -g in `pair`; -g i and c f in `terms`.
    n, one = cell.size, z.dtype.type(1)
    for k in range(n):
        dz[3 * n + k] = (one - one / z[3 * n + k]) * hidden[k] * dh[k]
    for k in range(n):
        cell[k] += (one / z[3 * n + k] - hidden[k] * bent[k]) * dh[k]
    for k in range(n):
        dz[k] = (one / z[k] - one) * terms[k] * cell[k]
    for k in range(n):
        dz[n + k] = (one - one / z[n + k]) * terms[n + k] * cell[k]
    for k in range(n):
        dz[2 * n + k] = (one / z[k] - terms[k] * pair[k]) * cell[k]
    for k in range(n):
        cell[k] /= z[n + k]


@loop
def _lstm_back(
    w: Array, z: Array, pairs: Array, terms: Array, bents: Array, hidden: Array, grad: Array,
    state: Array, cell: Array, dz: Array, N: int, step: int,
) -> None:  # fmt: skip
    # All flat; w (4 * H, H).
    n = cell.size
    for t in range(len(bents) // n - 1, -1, -1):
        a, b = n * t, n * (t + 1)
        new = grad[a:b]
        for k in range(n):
            state[k] += new[k]
        _lstm_slopes(z[4 * a : 4 * b], pairs[2 * a : 2 * b], terms[2 * a : 2 * b], bents[a:b],
                     hidden[a:b], state, cell, dz[4 * a : 4 * b])  # fmt: skip
        _multiply(w, n // N, 4 * n // N, dz, 4 * a, N, step, state, 0)


def lstm_slopes(
    w_hh: Array, w_hr: Array | None, z: Array, pairs: Array, terms: Array, bents: Array,
    hidden: Array, grad: Array, state: Array, cell: Array, projected: Array | None,
) -> Any:  # fmt: skip
    T, H, N = bents.shape
    if not served(z, grad) or not H * N:
        return NotImplemented
    dz, w, step = np.empty_like(z), w_hh.T, lanes(z.dtype)
    arrays = z, pairs, terms, bents, hidden, grad, state, cell, dz
    if w_hr is None and N % step == 0 and w_hh.flags.c_contiguous and served(*arrays, w_hh):
        flat = [np.ascontiguousarray(x).reshape(-1) for x in arrays[:6]]
        kept = state.reshape(-1), cell.reshape(-1), dz.reshape(-1)
        if state.flags.c_contiguous and cell.flags.c_contiguous:
            _lstm_back(w_hh.reshape(-1), *flat, *kept, N, step)
            return dz, cell
    d_hidden = state if w_hr is None else np.empty_like(cell)
    states = d_hidden.reshape(-1), cell.reshape(-1)
    rows = [x.reshape(T, -1) for x in (z, pairs[:-1], terms, bents, hidden, dz)]
    for t in range(T - 1, -1, -1):
        np.add(state, grad[t], state)
        if w_hr is not None:
            assert projected is not None
            projected[t] = state
            np.dot(w_hr.T, state, d_hidden)
        *row, d_step = [x[t] for x in rows]
        _lstm_slopes(*row, *states, d_step)
        np.dot(w, dz[t], state)
    return dz, cell


@loop
def _gru_gates(z: Array, old: Array, new: Array) -> None:
    n = new.size
    _exp_plus_1(z[: 2 * n])
    for i in range(n):
        z[3 * n + i] = tanh(z[3 * n + i] + z[2 * n + i] / z[i])
    for i in range(n):
        new[i] = (old[i] + z[3 * n + i]) / z[n + i] - z[3 * n + i]


def gru_steps(fill: Fill, before: Array, z: Array, states: Array) -> Any:
    T, rows, N = z.shape
    if not served(z) or not rows * N:
        return NotImplemented
    flat = states.reshape(T + 1, -1)
    for state, all_z, row, old, new in zip(
        before, z, z.reshape(T, -1), flat, flat[1:], strict=False
    ):
        fill(state, all_z)
        _gru_gates(row, old, new)
    return None


@exact
def _gru_slopes(z: Array, old: Array, dh: Array, dz: Array) -> None:
    # What is kept: 1 / r, 1 / u, -z_h, -n in z. At the end, dh is the state's own part.
    n, one = old.size, z.dtype.type(1)
    for k in range(n):
        minus_n = z[3 * n + k]
        dz[3 * n + k] = (one - minus_n * minus_n) * (one - one / z[n + k]) * dh[k]
    for k in range(n):
        dz[2 * n + k] = dz[3 * n + k] / z[k]
    for k in range(n):
        dz[k] = (one / z[k] - one) * z[2 * n + k] * dz[2 * n + k]
    for k in range(n):
        u = one / z[n + k]
        dz[n + k] = (one - u) * u * (old[k] + z[3 * n + k]) * dh[k]
    for k in range(n):
        dh[k] /= z[n + k]


def gru_slopes(w_hh: Array, z: Array, states: Array, grad: Array, state: Array) -> Any:
    T, rows, N = z.shape
    if not served(z, grad) or not rows * N:
        return NotImplemented
    dz, w, H = np.empty_like(z), np.ascontiguousarray(w_hh.T), rows // 4
    flat, olds, flat_dz = z.reshape(T, -1), states[:-1].reshape(T, -1), dz.reshape(T, -1)
    dh, product = state.reshape(-1), np.empty_like(state)
    for t in range(T - 1, -1, -1):
        np.add(state, grad[t], state)
        _gru_slopes(flat[t], olds[t], dh, flat_dz[t])
        np.dot(w, dz[t, : 3 * H], product)
        np.add(state, product, state)
    return dz
