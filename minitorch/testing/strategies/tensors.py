"""Strategies for tensors: every dtype, shape, memory layout, and values that hurt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import minitorch
from minitorch._dtypes import Array, dtype
from minitorch._tensor import Tensor

Strategy = st.SearchStrategy
Shape = tuple[int, ...]

FLOATING = (minitorch.float64, minitorch.float32, minitorch.float16)
INTEGRAL = (minitorch.int64, minitorch.int32, minitorch.int16, minitorch.int8, minitorch.uint8)


def dtypes(floating: bool = True, integral: bool = True, boolean: bool = True) -> Strategy[dtype]:
    """Element types, of the kinds asked for."""
    of_kinds = (FLOATING if floating else ()) + (INTEGRAL if integral else ())
    return st.sampled_from(of_kinds + ((minitorch.bool,) if boolean else ()))


def shapes(
    min_dims: int = 0, max_dims: int = 4, min_side: int = 0, max_side: int = 4
) -> Strategy[Shape]:
    """Shapes, 0-d and empty ones among them unless the limits forbid it."""
    sides = st.integers(min_side, max_side)
    return st.lists(sides, min_size=min_dims, max_size=max_dims).map(tuple)


def broadcastable_shapes(
    n: int = 2, max_dims: int = 4, min_side: int = 0, max_side: int = 4
) -> Strategy[tuple[Shape, ...]]:
    """`n` shapes that broadcast with each other."""
    drawn = arrays.mutually_broadcastable_shapes(
        num_shapes=n, max_dims=max_dims, min_side=min_side, max_side=max_side
    )
    return drawn.map(lambda found: tuple(found.input_shapes))


# ---- values -----------------------------------------------------------------------------------


def special_values(dtype: dtype) -> Strategy[Any]:
    """Values that go wrong most often: NaN, infinities, -0.0, the smallest and largest numbers."""
    kind = dtype.numpy
    if kind.kind == "b":
        return st.booleans()
    if kind.kind != "f":
        limits = np.iinfo(kind)
        return st.sampled_from(sorted({limits.min, limits.max, 0, 1, limits.max - 1}))
    info = np.finfo(kind)
    finite = (0.0, 1.0, info.eps, info.smallest_normal, info.smallest_subnormal, info.max)
    numbers = [float(sign * value) for value in finite for sign in (1, -1)]
    return st.sampled_from([*numbers, float("inf"), float("-inf"), float("nan")])


def ordinary_values(dtype: dtype) -> Strategy[Any]:
    """Numbers of ordinary size, among which there are ties."""
    kind = dtype.numpy
    if kind.kind == "b":
        return st.booleans()
    if kind.kind != "f":
        return st.integers(0 if kind.kind == "u" else -10, 10)
    width: Any = 8 * kind.itemsize
    return st.integers(-4, 4).map(float) | st.floats(-4, 4, width=width, allow_subnormal=False)


def values(dtype: dtype) -> Strategy[Any]:
    """Both kinds, the ordinary ones more often."""
    return ordinary_values(dtype) | ordinary_values(dtype) | special_values(dtype)


# ---- layouts ----------------------------------------------------------------------------------


def _strided(array: Array) -> Array:
    """Two apart, and with an offset."""
    apart = np.repeat(array[..., None], 2, axis=-1)  # not the last axis, for there may be none
    return apart[..., 1]


def _reversed(array: Array) -> Array:
    """Negative steps along every dimension."""
    back: Any = (..., *(slice(None, None, -1),) * array.ndim)  # "...": an array even if 0-d
    turned = array[back].copy()
    return turned[back]


def _expanded(array: Array) -> Array:
    """One slice, repeated along the first dimension with a step of 0."""
    if not array.ndim or not array.size:
        return np.array(array)
    return np.broadcast_to(np.array(array[:1]), array.shape)


LAYOUTS: dict[str, Callable[[Array], Array]] = {
    "contiguous": lambda array: np.array(array, order="C"),
    "transposed": lambda array: np.array(array, order="F"),  # the first dimension lies closest
    "strided": _strided,
    "reversed": _reversed,
    "expanded": _expanded,
}


def layouts(*names: str) -> Strategy[str]:
    """Names of memory layouts: of those given, or of all.

    ``contiguous``, ``transposed``, ``strided`` (two apart), ``reversed`` (negative strides, which
    PyTorch has not) and ``expanded`` (a stride of 0, so that not all values are kept).

    Raises:
        ValueError: for a name that is none of these.
    """
    for name in names:
        if name not in LAYOUTS:
            raise ValueError(f"layouts: no layout {name!r}; choose from {', '.join(LAYOUTS)}")
    return st.sampled_from(names or tuple(LAYOUTS))


# ---- tensors ----------------------------------------------------------------------------------


@st.composite
def tensors(
    draw: Any,
    dtype: dtype | Strategy[dtype] | None = None,
    shape: Shape | Strategy[Shape] | None = None,
    elements: Strategy[Any] | None = None,
    requires_grad: bool | None = False,
    layouts: Sequence[str] | Strategy[str] | None = None,
) -> Tensor:
    """Leaf tensors.

    Args:
        dtype: or a strategy for one; by default all of `dtypes()`.
        shape: or a strategy for one; by default all of `shapes()`.
        elements: of the tensor; by default `values(dtype)`, special ones among them.
        requires_grad: of floating tensors; None draws it.
        layouts: names of memory layouts to choose from, or a strategy for one; by default all.

    >>> from hypothesis import given
    >>> @given(tensors(minitorch.float32, (2, 3), layouts=["transposed"]))
    ... def test_strides(x):
    ...     assert x.shape == (2, 3) and x.stride() == (1, 2)
    >>> test_strides()
    """
    element_type = draw(dtypes()) if dtype is None else _drawn(draw, dtype)
    size = draw(shapes()) if shape is None else tuple(_drawn(draw, shape))
    how = layouts if isinstance(layouts, Strategy) else _of_names(layouts)
    within = values(element_type) if elements is None else elements
    kind = element_type.numpy
    array = draw(arrays.arrays(kind, size, elements=within, fill=st.nothing()))
    made = Tensor._wrap(LAYOUTS[draw(how)](array))
    wanted = draw(st.booleans()) if requires_grad is None else requires_grad
    return made.requires_grad_(wanted and element_type.is_floating_point)


def _drawn(draw: Any, value: Any) -> Any:
    return draw(value) if isinstance(value, Strategy) else value


def _of_names(names: Sequence[str] | None) -> Strategy[str]:
    return layouts(*(names or ()))  # the strategy, which an argument of `tensors` hides


# ---- operations -------------------------------------------------------------------------------


@dataclass(frozen=True)
class OpCase:
    """An operation at a point where it has a derivative: ``function(*inputs)``."""

    name: str
    function: Callable[..., Any]
    inputs: tuple[Tensor, ...]

    def __repr__(self) -> str:
        """As a call."""
        given = ", ".join(repr(x.detach().tolist()) for x in self.inputs)
        return f"{self.name}({given})"


_REAL, _POSITIVE = (-2.0, 2.0), (0.5, 2.0)
UNARY = {  # smooth within
    **dict.fromkeys(("cos", "exp", "sigmoid", "sin", "square", "tanh"), _REAL),
    **dict.fromkeys(("log", "reciprocal", "rsqrt", "sqrt"), _POSITIVE),
}
BINARY = {"add": _REAL, "div": _POSITIVE, "mul": _REAL, "pow": _POSITIVE, "sub": _REAL}
REDUCING = ("logsumexp", "mean", "softmax", "sum")  # each along a dimension


@st.composite
def op_cases(draw: Any, names: Sequence[str] | None = None) -> OpCase:
    """Differentiable operations with float64 inputs of every layout, which require grad.

    For tests of what is to work with any operation: a checker, a hook, a serializer.

    Args:
        names: of the operations, from `UNARY`, `BINARY`, `REDUCING` and "matmul"; by default all.
    """
    name = draw(st.sampled_from(names or (*UNARY, *BINARY, *REDUCING, "matmul")))

    def tensor(shape: Shape, limits: tuple[float, float]) -> Tensor:
        low, high = limits
        # None is tiny: where a derivative underflows, there is nothing to compare it with.
        numbers = st.integers(0, 512).map(lambda part: low + (high - low) * part / 512)
        kept = [layout for layout in LAYOUTS if layout != "expanded"]  # elements of their own
        made: Tensor = draw(tensors(minitorch.float64, shape, numbers, True, kept))
        return made

    function = getattr(minitorch, name)
    if name in UNARY:
        return OpCase(name, function, (tensor(draw(shapes(max_dims=3)), UNARY[name]),))
    if name in BINARY:
        pair = draw(broadcastable_shapes(2, max_dims=3))
        return OpCase(name, function, tuple(tensor(shape, BINARY[name]) for shape in pair))
    if name == "matmul":
        n, m, k = (draw(st.integers(1, 3)) for _ in range(3))
        return OpCase(name, function, (tensor((n, m), _REAL), tensor((m, k), _REAL)))
    shape = draw(shapes(min_dims=1, max_dims=3, min_side=1))
    dim = draw(st.integers(-len(shape), len(shape) - 1))
    along = f"{name}(dim={dim})"
    return OpCase(along, lambda x: function(x, dim), (tensor(shape, _REAL),))
