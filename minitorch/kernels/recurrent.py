"""Recurrent layers over a whole sequence, and back through it.

The rows of a sequence lie step after step. Step t is ``rows[start:stop]`` and belongs to the first
``stop - start`` sequences of the batch: the longest come first, so that those which have ended are
simply left alone, and keep their last state.

An object is one run: `run` goes through the steps and keeps what `back` needs. Whatever does not
depend on the step before is computed for all steps at once, outside the loops.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
Steps = Sequence[tuple[int, int]]


class Gradients(NamedTuple):
    """What `back` finds; the gradients of the first states overwrite those of the last."""

    from_input: Array  # in the input part of the gates, (rows, gates * H)
    from_hidden: Array  # in the hidden part; the same array where the gate is the sum of both
    projected: Array | None = None  # in what the projection made, (rows, P)


def _sigmoid(x: Array) -> None:
    """1 / (1 + exp(-x)), in place."""
    np.negative(x, out=x)
    np.exp(x, out=x)
    np.add(x, 1, out=x)
    np.reciprocal(x, out=x)


class Recurrence:
    """One layer in one direction.

    Args:
        w: the hidden weights, (gates * H, P).
        b: the hidden biases, or None.
        projection: (P, H), which brings the LSTM's output to P features; or None, then P is H.
        steps: (start, stop) of each step, in the order of the run.

    Attributes:
        before: the hidden state before each step, row by row.
    """

    before: Array

    def __init__(self, w: Array, b: Array | None, projection: Array | None, steps: Steps) -> None:
        self.w, self.b, self.projection, self.steps = w, b, projection, steps

    def run(self, z: Array, h: Array, c: Array | None) -> Array:
        """The hidden state after each step, as rows.

        Args:
            z: the input part of the gates; overwritten.
            h, c: the first states (N, P) and (N, H); overwritten by the last.
        """
        raise NotImplementedError

    def back(self, grad: Array, dh: Array, dc: Array | None) -> Gradients:
        """The gradients in the gates, given those in the outputs and in the last states.

        Args:
            grad: (rows, P).
            dh, dc: (N, P) and (N, H); overwritten by the gradients in the first states.
        """
        raise NotImplementedError


class Elman(Recurrence):
    """h = tanh(z + W h + b), or relu."""

    relu = False

    def run(self, z: Array, h: Array, c: Array | None) -> Array:
        if self.b is not None:
            z += self.b
        self.before, self.after = np.empty_like(z), z
        wt = self.w.T
        for start, stop in self.steps:
            state, new = h[: stop - start], z[start:stop]
            self.before[start:stop] = state
            new += state @ wt
            if self.relu:
                np.maximum(new, 0, out=new)
            else:
                np.tanh(new, out=new)
            state[...] = new
        return self.after.copy()  # the caller may write into it

    def back(self, grad: Array, dh: Array, dc: Array | None) -> Gradients:
        after = self.after
        dz = (after > 0).astype(after.dtype) if self.relu else 1 - after * after
        for start, stop in reversed(self.steps):
            state, d = dh[: stop - start], dz[start:stop]
            state += grad[start:stop]
            d *= state
            np.dot(d, self.w, out=state)
        return Gradients(dz, dz)


class ElmanReLU(Elman):
    """h = relu(z + W h + b)."""

    relu = True


class LSTM(Recurrence):
    """c = f c + i g, h = o tanh(c): i, f, o are sigmoids and g a tanh of the parts of z + W h."""

    def run(self, z: Array, h: Array, c: Array | None) -> Array:
        assert c is not None
        if self.b is not None:
            z += self.b
        (rows, _), (_, H) = z.shape, c.shape
        out, kind = np.empty((rows, h.shape[1]), z.dtype), z.dtype
        self.gates, self.before = z, np.empty_like(out)
        self.cell_before, self.tanh_cell = np.empty((2, rows, H), kind)
        hidden = out if self.projection is None else np.empty((rows, H), kind)
        self.hidden = None if self.projection is None else hidden
        wt, product, scratch = self.w.T, np.empty((len(h), 4 * H), kind), np.empty_like(c)
        for start, stop in self.steps:
            n = stop - start
            state, cell, gates, g = h[:n], c[:n], z[start:stop], scratch[:n]
            self.before[start:stop] = state
            self.cell_before[start:stop] = cell
            gates += np.dot(state, wt, out=product[:n])
            np.tanh(gates[:, 2 * H : 3 * H], out=g)
            _sigmoid(gates)  # of g as well: one call on all is quicker than two on parts
            gates[:, 2 * H : 3 * H] = g
            g *= gates[:, :H]
            cell *= gates[:, H : 2 * H]
            cell += g
            bent = np.tanh(cell, out=self.tanh_cell[start:stop])
            np.multiply(gates[:, 3 * H :], bent, out=hidden[start:stop])
            if self.projection is not None:
                np.dot(hidden[start:stop], self.projection.T, out=out[start:stop])
            state[...] = out[start:stop]
        return out

    def back(self, grad: Array, dh: Array, dc: Array | None) -> Gradients:
        assert dc is not None
        rows, H = self.tanh_cell.shape
        gates, bent = self.gates.reshape(rows, 4, H), self.tanh_cell
        i, f, g, o = gates.transpose(1, 0, 2)
        # Each gate's slope, times what it is multiplied by; the loop adds the gradient.
        dz = gates * (1 - gates)
        dz[:, 0] *= g
        dz[:, 1] *= self.cell_before
        np.multiply(i, 1 - g * g, out=dz[:, 2])
        dz[:, 3] *= bent
        to_cell = o * (1 - bent * bent)
        projected = None if self.projection is None else np.empty_like(grad)
        for start, stop in reversed(self.steps):
            n = stop - start
            state, cell, d = dh[:n], dc[:n], dz[start:stop]
            state += grad[start:stop]
            if projected is None:
                hidden = state
            else:
                projected[start:stop] = state
                hidden = state @ self.projection
            slope = to_cell[start:stop]
            slope *= hidden
            cell += slope
            d[:, :3] *= cell[:, np.newaxis]
            d[:, 3] *= hidden
            cell *= f[start:stop]
            np.dot(d.reshape(n, 4 * H), self.w, out=state)
        dz = dz.reshape(rows, 4 * H)
        return Gradients(dz, dz, projected)


class GRU(Recurrence):
    """h = (1 - u) n + u h, where n = tanh(z_n + r (W_n h + b_n)), and r, u = sigmoid of theirs."""

    def run(self, z: Array, h: Array, c: Array | None) -> Array:
        rows, H = len(z), h.shape[1]
        out, self.before = np.empty((2, rows, H), z.dtype)
        self.gates, self.from_hidden = z, np.empty_like(z)
        wt = self.w.T
        for start, stop in self.steps:
            state, gates, part = h[: stop - start], z[start:stop], self.from_hidden[start:stop]
            self.before[start:stop] = state
            np.dot(state, wt, out=part)
            if self.b is not None:
                part += self.b
            both, new = gates[:, : 2 * H], gates[:, 2 * H :]
            both += part[:, : 2 * H]
            _sigmoid(both)
            new += both[:, :H] * part[:, 2 * H :]
            np.tanh(new, out=new)
            state -= new
            state *= both[:, H:]
            state += new
            out[start:stop] = state
        return out

    def back(self, grad: Array, dh: Array, dc: Array | None) -> Gradients:
        rows, H = self.before.shape
        gates = self.gates.reshape(rows, 3, H)
        r, u, n = gates.transpose(1, 0, 2)
        dz = gates * (1 - gates)
        dz[:, 1] *= self.before - n
        new = (1 - u) * (1 - n * n)  # n's, of the input part
        np.multiply(new, r, out=dz[:, 2])
        dz[:, 0] *= new * self.from_hidden[:, 2 * H :]
        for start, stop in reversed(self.steps):
            count = stop - start
            state, d = dh[:count], dz[start:stop]
            state += grad[start:stop]
            d *= state[:, np.newaxis]
            new[start:stop] *= state
            state *= u[start:stop]
            state += d.reshape(count, 3 * H) @ self.w
        from_input = dz.copy()
        from_input[:, 2] = new
        return Gradients(from_input.reshape(rows, 3 * H), dz.reshape(rows, 3 * H))
