"""Recurrent layers over a run of steps, and back through it.

An object is one run, over steps that all have N sequences: `run` goes through the steps and keeps
what `back` needs. Whatever does not depend on the step before is computed for all of them at once,
outside the loops, which are left with as few calls as can be.

Inside, a step's numbers are (features, N), each feature in a row: a gate then is one piece of
memory, on which NumPy takes less than half of the time that it takes on columns of (N, features).
Sigmoids are 1 / (1 + exp(-z)); -z is what the product gives, since weights are negated beforehand,
and they are divided by, instead of inverted and multiplied with. In the loops, the last argument
of a NumPy function is where its result goes: by position, since ``out=`` takes longer.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from minitorch.kernels.choice import or_compiled

Array = np.ndarray[Any, np.dtype[Any]]
Gradients = list[Array | None]
Fill = Callable[[Array, Array], Any]

LINE = 64  # bytes of the processor's cache, and of its widest vectors


def _aligned(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """``np.empty`` whose memory starts with a line of the cache.

    BLAS reads a step's few columns in place, a sixth faster where no vector lies across two lines.
    """
    size = math.prod(shape) * dtype.itemsize
    memory = np.empty(size + LINE, np.uint8)
    start = -memory.__array_interface__["data"][0] % LINE
    return memory[start : start + size].view(dtype).reshape(shape)


def _by_rows(steps: Array) -> Array:
    """(T, features, N) as one matrix (features, T * N), for a product."""
    _, features, N = steps.shape
    if N == 0:
        return np.empty((features, 0), steps.dtype)
    # The N numbers of a feature are moved as one item, which takes half as long.
    items = steps.view(np.dtype((np.void, N * steps.itemsize)))[:, :, 0]
    return np.ascontiguousarray(items.T).view(steps.dtype)


def _turned(steps: Array) -> Array:
    """(T, N, features) as (T, features, N), in order of memory; or the other way round."""
    return np.ascontiguousarray(steps.transpose(0, 2, 1))


class Recurrence:
    """One layer in one direction.

    Args:
        w_ih, w_hh: weights (gates * H, features) and (gates * H, P).
        b_ih, b_hh: biases (gates * H), or None.
        w_hr: (P, H), which brings the LSTM's output to P features; or None, then P is H.

    Class attributes:
        gates: how many.
        negated: whether a step works with -z for z.

    A subclass writes `steps` and `slopes`.
    """

    gates = 1
    negated = False

    def __init__(
        self, w_ih: Array, w_hh: Array, b_ih: Array | None, b_hh: Array | None, w_hr: Array | None
    ) -> None:
        self.w_ih, self.w_hh, self.b_ih, self.b_hh, self.w_hr = w_ih, w_hh, b_ih, b_hh, w_hr
        self.H = len(w_hh) // self.gates
        self.rows = len(w_hh)  # of z
        # Which rows of the input weights belong to which of z. The hidden weights' come first.
        self.places: tuple[tuple[slice, slice], ...] = ((slice(None), slice(None)),)

    def run(self, x: Array, h: Array, c: Array | None, y: Array, keep: bool = True) -> None:
        """Go through the steps.

        Args:
            x: the inputs, (T, N, features).
            h, c: the first states (N, P) and (N, H); overwritten by the last.
            y: gets the hidden state after each step, (T, N, P).
            keep: whether there may be a way back.
        """
        self.x, self.keep = x, keep
        fill, before, z = self._prepare(x, h)
        P = h.shape[1]
        self.states = before[:, :P]  # before each step, and after the last
        self.steps(fill, before, z, c)
        if keep:  # a copy of y, to which the caller may write
            self.outputs = np.empty((len(x) + 1, *h.shape), x.dtype)
            self.outputs[0] = h
            self.outputs[1:] = self.states[1:].transpose(0, 2, 1)  # (T, N, P)
        y[...] = self.outputs[1:] if keep else self.states[1:].transpose(0, 2, 1)
        h[...] = self.states[-1].T

    def room(self, *shape: int) -> Array:
        """Memory for the steps' numbers: if they are not kept, each step has the same."""
        dtype = self.x.dtype
        if self.keep:
            return np.empty(shape, dtype)
        one = np.empty(shape[1:], dtype)
        return np.ndarray(shape, dtype, one, strides=(0, *one.strides))

    def _prepare(self, x: Array, h: Array) -> tuple[Fill, Array, Array]:
        """Prepare the way of a step from the state before it to its z.

        Returns:
            A function of ``before[t]`` and ``z[t]`` that completes the latter.
            before: (T + 1, at least P, N), of which the first P rows of each step are the state.
            z: (T, rows, N).
        """
        (T, N, features), P = x.shape, h.shape[1]
        bias = np.zeros((self.rows, 1), x.dtype)
        if self.b_hh is not None:
            bias[: len(self.b_hh), 0] = self.b_hh
        if self.b_ih is not None:
            for theirs, ours in self.places:
                bias[ours, 0] += self.b_ih[theirs]
        if self.rows == len(self.w_hh) and P + features <= T * N and N >= 4:
            # One product a step does it all: of weights, input weights and biases, side by side.
            before = np.empty((T + 1, P + features + 1, N), x.dtype)
            before[0, :P] = h.T
            before[:-1, P:-1] = x.transpose(0, 2, 1)  # (T, features, N)
            before[:, -1] = 1
            w = np.concatenate([self.w_hh, self.w_ih, bias], 1)  # (rows, P + features + 1)
            if self.negated:
                np.negative(w, out=w)
            return partial(np.dot, w), before, self.room(T, self.rows, N)
        # Few steps for so large weights: they stay as they are, and the input's part comes first.
        before = np.empty((T + 1, P, N), x.dtype)
        before[0] = h.T
        parts = np.dot(x.reshape(T * N, features), self.w_ih.T).reshape(T, N, len(self.w_ih))
        if self.negated:
            np.negative(parts, out=parts)
            np.negative(bias, out=bias)
        z = np.empty((T, self.rows, N), x.dtype)
        z[...] = bias
        for theirs, ours in self.places:
            z[:, ours] += parts[:, :, theirs].transpose(0, 2, 1)  # (T, ours, N)
        product = np.empty((len(self.w_hh), N), x.dtype)
        add: Callable[..., Any] = np.subtract if self.negated else np.add

        def fill(state: Array, z: Array) -> None:
            part = z[: len(product)]
            add(part, np.dot(self.w_hh, state, out=product), out=part)

        return fill, before, z

    def steps(self, fill: Fill, before: Array, z: Array, c: Array | None) -> None:
        """From each step's state to the next; `c` is overwritten."""
        raise NotImplementedError

    def back(self, grad: Array, dh: Array, dc: Array | None, wanted: Sequence[bool]) -> Gradients:
        """The gradients in x and in the weights and biases (six), where `wanted`.

        Args:
            grad: those in the outputs, (T, N, P).
            dh, dc: those in the last states; overwritten by those in the first.
        """
        T, N, features = self.x.shape
        d = _by_rows(self.slopes(_turned(grad), dh, dc))  # (rows, T * N)
        x = self.x.reshape(T * N, features)
        from_hidden = d[: len(self.w_hh)]
        dx = dw_ih = dw_hh = db_ih = db_hh = None
        if wanted[0]:
            dx, *more = (np.dot(d[ours].T, self.w_ih[theirs]) for theirs, ours in self.places)
            for other in more:
                dx += other
            dx = dx.reshape(self.x.shape)
        if wanted[1]:
            dw_ih = np.empty_like(self.w_ih, order="C")
            for theirs, ours in self.places:
                np.dot(d[ours], x, out=dw_ih[theirs])
        if wanted[2]:
            dw_hh = np.dot(from_hidden, self.outputs[:-1].reshape(T * N, self.outputs.shape[2]))
        if wanted[3] or wanted[4]:
            sums = np.dot(d, np.ones(T * N, d.dtype))
            db_hh = sums[: len(from_hidden)]
            db_ih = np.concatenate([sums[ours] for _, ours in self.places])
        return [dx, dw_ih, dw_hh, db_ih, db_hh, self.projection_gradient() if wanted[5] else None]

    def slopes(self, grad: Array, dh: Array, dc: Array | None) -> Array:
        """The gradients in z, (T, rows, N); arguments as `back`'s, but `grad` is (T, P, N)."""
        raise NotImplementedError

    def projection_gradient(self) -> Array | None:
        """That in `w_hr`, after `slopes`."""
        return None


class Elman(Recurrence):
    """h = tanh(z), where z = w_ih x + b_ih + w_hh h + b_hh."""

    def steps(self, fill: Fill, before: Array, z: Array, c: Array | None) -> None:
        for state, part, new in zip(before, z, before[1:, : self.H], strict=False):
            fill(state, part)
            self.bend(part, new)

    def bend(self, z: Array, out: Array) -> None:
        """Apply the non-linear function."""
        np.tanh(z, out=out)

    def bent(self, y: Array) -> Array:
        """The function's slope, from its value."""
        slope = y * y
        return np.subtract(1, slope, out=slope)

    def slopes(self, grad: Array, dh: Array, dc: Array | None) -> Array:
        d, w = self.bent(self.states[1:]), np.ascontiguousarray(self.w_hh.T)
        state = np.array(dh.T, order="C")
        for new, slope in zip(grad[::-1], d[::-1], strict=True):
            np.add(state, new, state)
            np.multiply(slope, state, slope)
            np.dot(w, slope, state)
        dh[...] = state.T
        return d


class ElmanReLU(Elman):
    """h = relu(z)."""

    def bend(self, z: Array, out: Array) -> None:
        np.maximum(z, 0, out=out)

    def bent(self, y: Array) -> Array:
        return (~(y <= 0)).astype(y.dtype)  # 1 at NaN, as in PyTorch


@or_compiled
def lstm_steps(
    fill: Fill, before: Array, z: Array, pairs: Array, terms: Array, bents: Array, hidden: Array,
    w_hr: Array | None,
) -> None:  # fmt: skip
    """Go through the steps of an LSTM, whose memory `LSTM.steps` has prepared."""
    T, H, N = bents.shape
    parts = z.reshape(T, 4, H, N)
    P = H if w_hr is None else len(w_hr)
    one, projected = np.ones((), z.dtype), iter(before[1:, :P])
    add, subtract, divide, exp, tanh = np.add, np.subtract, np.divide, np.exp, np.tanh
    given = before, z, parts[:, :2], parts[:, 2], parts[:, 3]
    between = pairs, pairs[:, 0], terms, terms[:, 0], terms[:, 1]
    for state, all_z, if_, g, o, pair, minus_g, both, minus, kept, cell, bent, out in zip(
        *given, *between, pairs[1:, 1], bents, hidden, strict=False
    ):
        fill(state, all_z)
        tanh(g, minus_g)
        exp(all_z, all_z)  # g's too: one call on all is quicker than two on parts
        add(all_z, one, all_z)
        divide(pair, if_, both)
        subtract(kept, minus, cell)
        tanh(cell, bent)
        divide(bent, o, out)
        if w_hr is not None:
            np.dot(w_hr, out, next(projected))


@or_compiled
def lstm_slopes(
    w_hh: Array, w_hr: Array | None, z: Array, pairs: Array, terms: Array, bents: Array,
    hidden: Array, grad: Array, state: Array, cell: Array, projected: Array | None,
) -> tuple[Array, Array]:  # fmt: skip
    """Go back through the steps of an LSTM.

    Args:
        z, pairs, terms, bents, hidden: as `lstm_steps` has left them.
        grad: the gradients in the outputs, (T, P, N).
        state, cell: those in the last states; overwritten.
        projected: gets the gradients in what `w_hr` gave, if there is one.

    Returns:
        The gradients in z, and in the first cell. (That in the first state is in `state`.)
    """
    T, H, N = bents.shape
    parts = z.reshape(T, 4, H, N)
    # What is multiplied by the gradient in c (for c before, i, f, g), and by that in h (o, c).
    d = _aligned((T, 6, H, N), grad.dtype)
    i, o = np.reciprocal(parts[:, 0]), np.reciprocal(parts[:, 3])
    f = np.reciprocal(parts[:, 1], out=d[:, 0])
    np.subtract(i, 1, out=d[:, 1])  # negative as is its term
    np.subtract(1, f, out=d[:, 2])
    d[:, 1:3] *= terms
    np.multiply(terms[:, 0], pairs[:-1, 0], out=d[:, 3])
    np.subtract(i, d[:, 3], out=d[:, 3])
    np.subtract(1, o, out=d[:, 4])
    d[:, 4] *= hidden
    np.multiply(hidden, bents, out=d[:, 5])
    np.subtract(o, d[:, 5], out=d[:, 5])
    w = w_hh.T
    d_hidden, summed = state if w_hr is None else np.empty_like(cell), np.empty_like(cell)
    dz = d[:, 1:5].reshape(T, 4 * H, N)
    dot, add, multiply = np.dot, np.add, np.multiply
    times, back = range(T - 1, -1, -1), d[::-1]
    slopes = back[:, :4], back[:, 4], back[:, 5], back[:, 0]
    for t, new, by_cell, to_o, to_cell, before, d_step in zip(
        times, grad[::-1], *slopes, dz[::-1], strict=True
    ):
        add(state, new, state)
        if w_hr is not None:
            assert projected is not None
            projected[t] = state
            dot(w_hr.T, state, d_hidden)
        multiply(to_o, d_hidden, to_o)
        multiply(to_cell, d_hidden, to_cell)
        add(cell, to_cell, summed)
        multiply(by_cell, summed, by_cell)
        cell = before
        dot(w, d_step, state)
    return dz, cell


class LSTM(Recurrence):
    """c = f c + i g, h = o tanh(c): i, f, o are sigmoids and g is a tanh of the parts of z."""

    gates = 4
    negated = True

    def steps(self, fill: Fill, before: Array, z: Array, c: Array | None) -> None:
        assert c is not None
        (T, _, N), H = z.shape, self.H
        # -g of each step and, beside it, the cell before: divided by what lies beside each other
        # in z, 1 + exp of i's and f's, they are the two `terms` of the new cell.
        pairs, terms = self.room(T + 1, 2, H, N), self.room(T, 2, H, N)
        bents = self.room(T, H, N)
        pairs[0, 1] = c.T
        hidden = self.states[1:] if self.w_hr is None else self.room(T, H, N)
        self.kept = z, pairs, terms, bents, hidden
        lstm_steps(fill, before, *self.kept, self.w_hr)
        c[...] = pairs[-1, 1].T

    def slopes(self, grad: Array, dh: Array, dc: Array | None) -> Array:
        assert dc is not None
        state, cell = np.array(dh.T, order="C"), np.array(dc.T, order="C")
        self.projected = None if self.w_hr is None else np.empty_like(grad)
        weights = self.w_hh, self.w_hr
        dz, cell = lstm_slopes(*weights, *self.kept, grad, state, cell, self.projected)
        dh[...], dc[...] = state.T, cell.T
        return dz

    def projection_gradient(self) -> Array | None:
        assert self.projected is not None
        return np.dot(_by_rows(self.projected), _by_rows(self.kept[-1]).T)


@or_compiled
def gru_steps(fill: Fill, before: Array, z: Array, states: Array) -> None:
    """Go through the steps of a GRU: `states` has room for what comes after each."""
    T, rows, N = z.shape
    parts = z.reshape(T, 4, rows // 4, N)
    scratch, one = np.empty(parts.shape[2:], z.dtype), np.ones((), z.dtype)
    add, subtract, divide, exp, tanh = np.add, np.subtract, np.divide, np.exp, np.tanh
    gates = (parts[:, gate] for gate in range(4))
    for state, all_z, r_u, r, u, from_hidden, n, old, new in zip(
        before, z, parts[:, :2], *gates, states, states[1:], strict=False
    ):
        fill(state, all_z)
        exp(r_u, r_u)
        add(r_u, one, r_u)
        divide(from_hidden, r, scratch)
        add(n, scratch, n)
        tanh(n, n)  # -n, that is
        add(old, n, scratch)
        divide(scratch, u, scratch)
        subtract(scratch, n, new)


@or_compiled
def gru_slopes(w_hh: Array, z: Array, states: Array, grad: Array, state: Array) -> Array:
    """Go back through the steps of a GRU.

    Args:
        z, states: as `gru_steps` has left them.
        grad: the gradients in the outputs, (T, P, N).
        state: that in the last state; overwritten by that in the first.

    Returns:
        The gradients in z.
    """
    T, rows, N = z.shape
    H = rows // 4
    parts = z.reshape(T, 4, H, N)
    sigmoids = np.reciprocal(parts[:, :2])
    r, u, minus_n = sigmoids[:, 0], sigmoids[:, 1], parts[:, 3]
    # What dh is multiplied by: for r, u, z_h, z_n, and the state before.
    d = _aligned((T, 5, H, N), grad.dtype)
    np.subtract(r, 1, out=d[:, 0])  # negative as is z_h in `parts`
    np.subtract(1, u, out=d[:, 1])
    new = np.multiply(minus_n, minus_n, out=d[:, 3])
    np.subtract(1, new, out=new)
    new *= d[:, 1]
    np.multiply(new, r, out=d[:, 2])
    d[:, :2] *= sigmoids
    d[:, 0] *= new
    d[:, 0] *= parts[:, 2]
    d[:, 1] *= states[:-1] + minus_n
    d[:, 4] = u
    w = np.ascontiguousarray(w_hh.T)
    from_hidden = d[:, :3].reshape(T, 3 * H, N)
    for new, all_d, d_step, before in zip(
        grad[::-1], d[::-1], from_hidden[::-1], d[::-1, 4], strict=True
    ):
        np.add(state, new, state)
        np.multiply(all_d, state, all_d)
        np.dot(w, d_step, state)
        np.add(state, before, state)
    return d[:, :4].reshape(T, 4 * H, N)


class GRU(Recurrence):
    """h = (1 - u) n + u h, where n = tanh(z_n + r z_h), and r, u are sigmoids of theirs.

    z_h is the hidden weights' part of n's z, and z_n the input weights'; z has the rows of r, u,
    z_h, z_n.
    """

    gates = 3
    negated = True

    def __init__(self, *weights: Any) -> None:
        super().__init__(*weights)
        H = self.H
        self.rows = 4 * H
        self.places = (slice(2 * H), slice(2 * H)), (slice(2 * H, None), slice(3 * H, None))

    def steps(self, fill: Fill, before: Array, z: Array, c: Array | None) -> None:
        self.z = z
        gru_steps(fill, before, z, self.states)

    def slopes(self, grad: Array, dh: Array, dc: Array | None) -> Array:
        state = np.array(dh.T, order="C")
        dz = gru_slopes(self.w_hh, self.z, self.states, grad, state)
        dh[...] = state.T
        return dz
