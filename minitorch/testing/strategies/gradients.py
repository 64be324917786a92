"""Strategies for inputs at which wrong gradients show: kinks, ties, repeats, shapes, layouts.

The same inputs come as tensors of minitorch or PyTorch, as arrays of JAX or NumPy.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from minitorch._dtypes import Array, from_numpy_dtype
from minitorch._tensor import Tensor
from minitorch.testing.strategies.tensors import (
    LAYOUTS,
    Shape,
    Strategy,
    broadcastable_shapes,
    ordinary_values,
    shapes,
)

# The layouts that a library has; elements that share memory cannot be checked one by one.
LIBRARIES = {
    "minitorch": ("contiguous", "transposed", "strided", "reversed"),
    "torch": ("contiguous", "transposed", "strided"),
    "jax": ("contiguous",),
    "numpy": ("contiguous", "transposed", "strided", "reversed"),
}
NEAR = 1e-8  # the least distance from 0 but for 0 itself: a power of it can still be divided by


def gradient_values(dtype: Any = "float64", extremes: bool = False) -> Strategy[float]:
    """Finite numbers at kinks, next to them, and of ordinary size, up to 4.

    Args:
        dtype: a floating one, of any library, or its name.
        extremes: draw huge and tiny numbers too, at which most functions overflow or vanish.

    >>> gradient_values("float32").example()  # doctest: +SKIP
    -1e-08
    """
    kind = _floating(dtype)
    info = np.finfo(kind)
    near = float(kind.type(max(NEAR, float(info.smallest_normal))))
    edges = [0.0, 1.0, near, 0.5, float(1 + info.eps)]
    if extremes:
        edges += [float(size) for size in (info.max, info.smallest_normal, info.eps)]
        edges += [float(np.sqrt(size)) for size in (info.max, info.smallest_normal)]
    ordinary = ordinary_values(from_numpy_dtype(kind))
    return st.sampled_from([sign * edge for edge in edges for sign in (1, -1)]) | ordinary.map(
        lambda number: number if abs(number) >= near else 0.0
    )


@st.composite
def gradient_inputs(
    draw: Any,
    shape: Shape | Strategy[Shape] | None = None,
    dtype: Any = None,
    *,
    library: str = "minitorch",
    require_grad: bool = True,
    extremes: bool = False,
    elements: Strategy[float] | None = None,
    layouts: Sequence[str] | None = None,
) -> Any:
    """Inputs for a gradient check: leaves of one library, with what hurts.

    Zeros, values next to kinks, ties, constants, repeated slices; dimensions of size 1 and 0;
    transposed and strided memory. Not an expanded one, which no checker takes: where slices
    repeat, `gradcheck` tries it by itself.

    Args:
        shape: or a strategy for one; by default up to 3 dimensions of size 0 to 3.
        dtype: of any library, or its name; by default float64, for JAX what it is set to.
        library: "minitorch", "torch", "jax" or "numpy".
        require_grad: of tensors.
        extremes: draw huge and tiny numbers too, at which most functions overflow or vanish.
        elements: of the inputs, instead of `gradient_values`.
        layouts: names of memory layouts to choose from; by default all that the library has.

    Raises:
        ValueError: for another library, or a layout that it has not.
        TypeError: for a dtype that is not floating.

    >>> from hypothesis import given
    >>> from minitorch.testing import assert_gradients
    >>> @given(gradient_inputs(shape=(2, 3)))
    ... def test_cube(x):
    ...     assert_gradients(lambda x: x**3, x)
    >>> test_cube()
    """
    if library not in LIBRARIES:
        raise ValueError(
            f"gradient_inputs: no library {library!r}; choose from {', '.join(LIBRARIES)}"
        )
    names = LIBRARIES[library] if layouts is None else tuple(layouts)
    if unknown := set(names) - set(LIBRARIES[library]):
        raise ValueError(
            f"gradient_inputs: {library} has no layout {', '.join(sorted(unknown))} for inputs to "
            f"check; choose from {', '.join(LIBRARIES[library])}"
        )
    kind = _floating(_default(library) if dtype is None else dtype)
    size = shapes(max_dims=3, max_side=3) if shape is None else shape
    sides = tuple(draw(size) if isinstance(size, Strategy) else size)
    within = gradient_values(kind, extremes) if elements is None else elements
    array = LAYOUTS[draw(st.sampled_from(names))](_array(draw, kind, sides, within))
    if library == "numpy":
        return array
    if library == "jax":
        return import_module("jax.numpy").asarray(array)
    wrap = Tensor._wrap if library == "minitorch" else import_module("torch").from_numpy
    made = wrap(array)
    return made.requires_grad_(require_grad)


@st.composite
def gradient_pairs(draw: Any, /, *, max_dims: int = 3, **options: Any) -> tuple[Any, Any]:
    """Two inputs whose shapes broadcast with each other.

    Args:
        max_dims: dimensions at most.
        options: as for `gradient_inputs`, but for the shape.

    >>> from hypothesis import given
    >>> from minitorch.testing import assert_gradients
    >>> @given(gradient_pairs())
    ... def test_product(pair):
    ...     assert_gradients(lambda x, y: x * y, pair)
    >>> test_product()
    """
    one, other = draw(broadcastable_shapes(2, max_dims=max_dims, max_side=3))
    return draw(gradient_inputs(one, **options)), draw(gradient_inputs(other, **options))


def _array(draw: Any, kind: np.dtype[Any], shape: Shape, within: Strategy[float]) -> Array:
    """Elements that are all apart, tied, all equal, or a slice that is repeated."""
    along = [axis for axis, side in enumerate(shape) if side > 1]
    how = draw(st.sampled_from(["apart", "tied", "equal", *(["repeated"] if along else [])]))
    if how in ("tied", "equal"):
        count = 2 if how == "tied" else 1
        within = st.sampled_from(draw(st.lists(within, min_size=count, max_size=count)))
    axis = draw(st.sampled_from(along)) if how == "repeated" else None
    drawn = tuple(1 if i == axis else side for i, side in enumerate(shape))
    array = draw(arrays.arrays(kind, drawn, elements=within, fill=st.nothing()))
    return array if axis is None else np.repeat(array, shape[axis], axis)


def _default(library: str) -> str:
    doubles = library != "jax" or import_module("jax").config.jax_enable_x64
    return "float64" if doubles else "float32"


def _floating(dtype: Any) -> np.dtype[Any]:
    """The NumPy dtype that any library's dtype, or a name, stands for."""
    numpy_knows = isinstance(dtype, (str, type, np.dtype))
    kind = np.dtype(dtype if numpy_knows else str(dtype).rpartition(".")[2])
    if kind.kind != "f":
        raise TypeError(f"gradient inputs are floating, as float64; got {dtype}")
    return kind
