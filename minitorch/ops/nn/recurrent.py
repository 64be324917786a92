"""Recurrent layers: one node for a layer's whole sequence in one direction, and stacks of them.

Elman, Cognitive Science 14, 1990 (RNN); Hochreiter, Schmidhuber, Neural Computation 9, 1997 (LSTM),
with projections as Sak et al., https://arxiv.org/abs/1402.1128; Cho et al.,
https://arxiv.org/abs/1406.1078 (GRU).
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from minitorch._dtypes import Array
from minitorch.autograd.function import Function
from minitorch.kernels import recurrent as kernels
from minitorch.ops.math.linalg import linear
from minitorch.ops.nn.dropout import dropout as drop
from minitorch.ops.nn.second_order import composed_gradients
from minitorch.ops.shape.views import cat
from minitorch.ops.support.operands import require_tensor

if TYPE_CHECKING:
    from minitorch._tensor import Tensor

__all__ = ["gru_cell", "lstm_cell", "rnn_relu_cell", "rnn_tanh_cell"]

Weights = Sequence[Any]  # w_ih, w_hh, then b_ih, b_hh or None, None, then w_hr or None
Steps = tuple[tuple[int, int], ...]
Step = Callable[..., tuple[Any, Any]]


# ---- one step, in tensors: what the kernels compute, and what higher orders differentiate -----


def _elman(activation: str) -> Step:
    def step(part: Tensor, h: Tensor, c: None, w: Tensor, b: Any, projection: None) -> Any:
        return getattr(part + linear(h, w, b), activation)(), None

    return step


def _lstm(part: Tensor, h: Tensor, c: Tensor, w: Tensor, b: Any, projection: Any) -> Any:
    i, f, g, o = (part + linear(h, w, b)).chunk(4, -1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    h = o.sigmoid() * c.tanh()
    return h if projection is None else linear(h, projection), c


def _gru(part: Tensor, h: Tensor, c: None, w: Tensor, b: Any, projection: None) -> Any:
    (r, u, n), (r_hidden, u_hidden, n_hidden) = part.chunk(3, -1), linear(h, w, b).chunk(3, -1)
    r, u = (r + r_hidden).sigmoid(), (u + u_hidden).sigmoid()
    n = (n + r * n_hidden).tanh()
    return n + u * (h - n), None


KINDS: dict[str, tuple[type[kernels.Recurrence], Step]] = {
    "rnn_tanh": (kernels.Elman, _elman("tanh")),
    "rnn_relu": (kernels.ElmanReLU, _elman("relu")),
    "lstm": (kernels.LSTM, _lstm),
    "gru": (kernels.GRU, _gru),
}


@functools.lru_cache(8)  # batches mostly have the same steps as the one before
def _steps(batch_sizes: tuple[int, ...], backwards: bool) -> Steps:
    """Where each step's rows start and stop, the last step first if `backwards`."""
    steps = tuple(itertools.pairwise((0, *itertools.accumulate(batch_sizes))))
    return steps[::-1] if backwards else steps


class Run(NamedTuple):
    """Steps that follow on each other, have equally many rows, and lie one after another."""

    start: int  # of their rows
    length: int  # in steps
    N: int  # rows a step
    backwards: bool  # whether they lie in reverse

    def of(self, array: Array) -> Array:
        """A view of this part of an array of all rows, (length, N, features), in order."""
        features, size = array.shape[-1], self.length * self.N
        rows = array.reshape(math.prod(array.shape[:-1]), features)
        steps = rows[self.start : self.start + size].reshape(self.length, self.N, features)
        return steps[::-1] if self.backwards else steps


@functools.lru_cache(8)
def _runs(steps: Steps) -> tuple[Run, ...]:
    """The steps by runs, in order."""
    if len(steps) == 1:
        ((start, stop),) = steps
        return (Run(start, 1, stop - start, False),)
    runs = []
    for N, group in itertools.groupby(steps, lambda step: step[1] - step[0]):
        starts = [start for start, _ in group]
        runs.append(Run(min(starts), len(starts), N, starts[0] > starts[-1]))
    return tuple(runs)


def _states(arrays: list[Array], layer: bool) -> tuple[Array, Array | None]:
    """h, and c or None: views without the dimension of a `layer`."""
    h, *c = [array[0] if layer else array for array in arrays]
    return h, c[0] if c else None


# ---- layers upon layers -------------------------------------------------------------------------


def _grouped(params: Sequence[Any], has_biases: bool, layers: int) -> list[Weights]:
    """Each layer's and direction's five weights, of PyTorch's flat list."""
    size = len(params) // layers
    groups = [list(params[at : at + size]) for at in range(0, len(params), size)]
    if not has_biases:
        groups = [[*group[:2], None, None, *group[2:]] for group in groups]
    return [[*group, None] if len(group) == 4 else group for group in groups]


class Recurrent(Function):
    """y[t], h = step(x[t], h) for each step t: (y, last h), and for an LSTM (y, last h, last c).

    `steps` are the (start, stop) of each among the rows of x, in their order. A step belongs to
    the first ``stop - start`` sequences of the batch: the longest come first, so that those which
    have ended are left alone, and keep their last state. x may have more than two dimensions: all
    but the last count as rows. With `layer`, states are (1, N, features), one layer's
    of several; else (N, features).
    """

    def forward(
        self,
        x: Array,
        h: Array,
        c: Array | None,
        w_ih: Array,
        w_hh: Array,
        b_ih: Array | None,
        b_hh: Array | None,
        w_hr: Array | None,
        *,
        kind: str,
        steps: Steps,
        layer: bool = False,
    ) -> Any:
        inputs = x, h, c, w_ih, w_hh, b_ih, b_hh, w_hr
        self.save(*inputs)
        self.kind, self.steps, self.layer = kind, steps, layer
        dtype = x.dtype
        if dtype == np.float16:  # computed in float32, as its products are elsewhere
            wide = [None if array is None else array.astype(np.float32) for array in inputs]
            x, h, c, w_ih, w_hh, b_ih, b_hh, w_hr = wide  # type: ignore[assignment]
        y = np.empty((*x.shape[:-1], h.shape[-1]), x.dtype)
        lasts = [array.copy() for array in (h, c) if array is not None]
        h, c = _states(lasts, layer)
        runs = []
        for part in _runs(steps):
            run = KINDS[kind][0](w_ih, w_hh, b_ih, b_hh, w_hr)
            states = h[: part.N], c if c is None else c[: part.N]
            run.run(part.of(x), *states, part.of(y), keep=bool(self.edges))
            runs.append((part, run))
        if self.edges:
            self.cache = runs
        return tuple([array.astype(dtype, copy=False) for array in (y, *lasts)])

    def backward(self, *grads: Tensor) -> Any:
        return composed_gradients(self, self.unrolled, self.saved, grads)

    def backward_kernel(self, *grads: Array) -> Any:
        x, *_ = map(self.saved_at, (0, 1, 2, 3, 4, 7))  # the biases may have been changed
        dtype = self.cache[0][1].x.dtype
        y, *lasts = [grad.astype(dtype, copy=False) for grad in grads]
        firsts = [last.copy() for last in lasts]
        h, c = _states(firsts, self.layer)
        wanted = [self.needs(0), *map(self.needs, range(3, 8))]
        totals: list[Any] = [None] * 6
        if wanted[0]:
            totals[0] = np.empty(x.shape, dtype)
        for part, run in reversed(self.cache):
            dh, dc = h[: part.N], c if c is None else c[: part.N]
            dx, *others = run.back(part.of(y), dh, dc, wanted)
            if dx is not None:
                part.of(totals[0])[...] = dx
            for number, array in enumerate(others, 1):
                if array is not None:
                    total = totals[number]
                    totals[number] = array if total is None else total + array
        return totals[0], *(*firsts, None)[:2], *totals[1:]

    def unrolled(
        self, x: Any, h: Any, c: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any, w_hr: Any
    ) -> Any:
        """`forward`, composed of other operations."""
        step, outs = KINDS[self.kind][1], {}
        if self.layer:
            h, c = h.squeeze(0), c if c is None else c.squeeze(0)
        parts = linear(x.flatten(0, -2), w_ih, b_ih)  # (rows, gates * H)
        for start, stop in self.steps:
            n = stop - start
            new, cell = step(parts[start:stop], h[:n], c if c is None else c[:n], w_hh, b_hh, w_hr)
            outs[start] = new
            h = new if n == len(h) else cat([new, h[n:]])
            if cell is not None:
                c = cell if n == len(c) else cat([cell, c[n:]])
        y = cat([outs[start] for start in sorted(outs)]).reshape(*x.shape[:-1], h.shape[1])
        lasts = [h] if c is None else [h, c]
        return y, *(last.unsqueeze(0) if self.layer else last for last in lasts)


def recurrent(
    kind: str,
    x: Tensor,
    batch_sizes: Sequence[int] | None,
    h: Tensor | None,
    c: Tensor | None,
    params: Sequence[Any],
    has_biases: bool,
    num_layers: int,
    dropout: float,
    train: bool,
    bidirectional: bool,
) -> tuple[Tensor, ...]:
    """A stack of recurrent layers: the last layer's outputs, and each one's last states.

    Args:
        kind: rnn_tanh, rnn_relu, lstm or gru.
        x: ``(T, N, features)``; or, with `batch_sizes`, the rows of all steps.
        batch_sizes: how many rows each step has, never more than the one before.
        h, c: ``(layers * directions, N, features)``; or both None, for zeros.
        params: w_ih, w_hh, b_ih, b_hh and w_hr (those that there are) of each layer and direction.
        dropout: probability, of the outputs of all layers but the last; in training only.

    Raises:
        RuntimeError: for a sequence without steps, or different dtypes.
    """
    dtype = x._array.dtype
    for name, other in (("hx", h), ("cx", c), *(("weights", p) for p in params)):
        if other is not None and other._array.dtype != dtype:
            raise RuntimeError(
                f"{kind}: input and {name} must have the same dtype, but got {x.dtype} and "
                f"{other.dtype}; convert one with .to()"
            )
    T, N = x._array.shape[:2]
    sizes, directions = (N,) * T if batch_sizes is None else tuple(batch_sizes), 1 + bidirectional
    if not sizes:
        raise RuntimeError("Expected sequence length to be larger than 0 in RNN")
    groups = _grouped(params, has_biases, num_layers * directions)
    firsts: list[Sequence[Any]]
    if h is None:
        rows, P = params[1]._array.shape
        widths, layers = [P, rows // 4] if kind == "lstm" else [P], num_layers * directions
        firsts = [[np.zeros((1, sizes[0], width), dtype)] * layers for width in widths]
    else:
        given = [state for state in (h, c) if state is not None]
        firsts = [[state] if len(state) == 1 else state.split(1) for state in given]
    lasts: list[list[Tensor]] = [[] for _ in firsts]
    for layer in range(num_layers):
        ways = []
        for direction in range(directions):
            at = layer * directions + direction
            states, steps = [first[at] for first in firsts], _steps(sizes, direction == 1)
            inputs = x, *(*states, None)[:2], *groups[at]
            y, *ends = Recurrent.apply(*inputs, kind=kind, steps=steps, layer=True)
            ways.append(y)
            for last, end in zip(lasts, ends, strict=True):
                last.append(end)
        x = ways[0] if directions == 1 else cat(ways, -1)
        if train and dropout and layer < num_layers - 1:
            x = drop(x, dropout)
    return x, *(last[0] if len(last) == 1 else cat(last) for last in lasts)


# ---- one step -----------------------------------------------------------------------------------


def _cell(
    kind: str, input: Tensor, hx: Tensor, cx: Any, w_ih: Tensor, w_hh: Tensor, b_ih: Any, b_hh: Any
) -> tuple[Tensor, ...]:
    """One step of a layer: the new states."""
    states = (hx,) if cx is None else (hx, cx)
    for name, x in (("input", input), *(("hx", state) for state in states), ("w_ih", w_ih)):
        require_tensor(f"{kind}_cell", name, x)
        if x._array.dtype != input._array.dtype:
            raise RuntimeError(
                f"{kind}_cell: expected one dtype, but input is {input.dtype} and {name} is "
                f"{x.dtype}; convert one with .to()"
            )
    N, features = input._array.shape
    expected, H = w_ih._array.shape[1], w_hh._array.shape[1]
    if features != expected:
        raise RuntimeError(f"input has inconsistent input_size: got {features} expected {expected}")
    for number, state in enumerate(states):
        shape = state._array.shape
        if shape[0] != N:
            raise RuntimeError(
                f"Input batch size {N} doesn't match hidden{number} batch size {shape[0]}"
            )
        if shape[1] != H:
            raise RuntimeError(
                f"hidden{number} has inconsistent hidden_size: got {shape[1]}, expected {H}"
            )
    if input._array.dtype.kind != "f":  # PyTorch takes integers where its operations happen to
        if input._array.dtype.kind in "iu" and kind in ("lstm", "gru"):
            raise RuntimeError(
                f"{kind}_cell: expected floats, got {input.dtype}; convert with .float()"
            )
        return KINDS[kind][1](linear(input, w_ih, b_ih), hx, cx, w_hh, b_hh, None)[: len(states)]
    steps = ((0, N),)
    _, *new = Recurrent.apply(input, hx, cx, w_ih, w_hh, b_ih, b_hh, None, kind=kind, steps=steps)
    return tuple(new)


def rnn_tanh_cell(
    input: Tensor,
    hx: Tensor,
    w_ih: Tensor,
    w_hh: Tensor,
    b_ih: Tensor | None = None,
    b_hh: Tensor | None = None,
) -> Tensor:
    """``tanh(W_ih x + b_ih + W_hh h + b_hh)``.

    Shape: input ``(N, features)``, hx ``(N, H)``, w_ih ``(H, features)``, w_hh ``(H, H)``, the
    biases ``(H)``; the result as hx.

    Raises:
        RuntimeError: for sizes or dtypes that do not fit together.
    """
    return _cell("rnn_tanh", input, hx, None, w_ih, w_hh, b_ih, b_hh)[0]


def rnn_relu_cell(
    input: Tensor,
    hx: Tensor,
    w_ih: Tensor,
    w_hh: Tensor,
    b_ih: Tensor | None = None,
    b_hh: Tensor | None = None,
) -> Tensor:
    """``relu(W_ih x + b_ih + W_hh h + b_hh)``; shapes and errors as `rnn_tanh_cell`."""
    return _cell("rnn_relu", input, hx, None, w_ih, w_hh, b_ih, b_hh)[0]


def gru_cell(
    input: Tensor,
    hx: Tensor,
    w_ih: Tensor,
    w_hh: Tensor,
    b_ih: Tensor | None = None,
    b_hh: Tensor | None = None,
) -> Tensor:
    """One step of gated recurrent units: the new hidden state.

    The weights and biases hold those of r, z and n, one after another: w_ih is
    ``(3 H, features)``. Errors as `rnn_tanh_cell`.
    """
    return _cell("gru", input, hx, None, w_ih, w_hh, b_ih, b_hh)[0]


def lstm_cell(
    input: Tensor,
    hx: Sequence[Tensor],
    w_ih: Tensor,
    w_hh: Tensor,
    b_ih: Tensor | None = None,
    b_hh: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """One step of long short-term memory: the new hidden and cell state.

    hx is the pair of both. The weights and biases hold those of i, f, g and o, one after another:
    w_ih is ``(4 H, features)``. Errors as `rnn_tanh_cell`, and:

    Raises:
        TypeError: if hx is one tensor.
    """
    if not isinstance(hx, (tuple, list)):
        raise TypeError(
            "lstm_cell(): argument 'hx' (position 2) must be tuple of Tensors, not "
            f"{type(hx).__name__}"
        )
    h, c = _cell("lstm", input, hx[0], hx[1], w_ih, w_hh, b_ih, b_hh)
    return h, c
