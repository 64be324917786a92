"""Views as copies: ``torch.permute_copy(x, dims)`` is ``torch.permute(x, dims)``, copied.

PyTorch has them for programs that may not share memory. The `unsafe` forms of `split` do not watch
over writing into their results; here they are the ordinary ones.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minitorch.ops.shape import index, strided, views
from minitorch.ops.support.operands import require_tensor

if TYPE_CHECKING:
    from minitorch._tensor import Tensor

VIEWS: dict[str, Callable[..., Any]] = {
    "alias": views.alias,
    "as_strided": strided.as_strided,
    "detach": lambda input: input.detach(),
    "diagonal": strided.diagonal,
    "expand": views.expand,
    "permute": views.permute,
    "select": index.select,
    "split": views.split,
    "split_with_sizes": views.split_with_sizes,
    "squeeze": views.squeeze,
    "t": views.t,
    "transpose": views.transpose,
    "unbind": views.unbind,
    "unfold": strided.unfold,
    "unsqueeze": views.unsqueeze,
    "view": views.view,
}

__all__ = ["as_strided_scatter", "slice_copy", "unsafe_chunk", "unsafe_split"]
__all__ += ["unsafe_split_with_sizes", *(f"{name}_copy" for name in VIEWS)]

unsafe_chunk, unsafe_split = views.chunk, views.split
unsafe_split_with_sizes = views.split_with_sizes


def _copying(name: str, view: Callable[..., Any]) -> Callable[..., Any]:
    """The function that copies what `view` gives."""

    @functools.wraps(view)
    def function(input: Tensor, *args: Any, **kwargs: Any) -> Any:
        made = view(require_tensor(name, "input", input), *args, **kwargs)
        return tuple(x.clone() for x in made) if isinstance(made, tuple) else made.clone()

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"Copy what `{name.removesuffix('_copy')}` gives a view of."
    return function


globals().update({f"{name}_copy": _copying(f"{name}_copy", view) for name, view in VIEWS.items()})


def slice_copy(
    input: Tensor, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1
) -> Tensor:
    """Copy ``input[start:end:step]``, cut along `dim`.

    Raises:
        IndexError: for a dimension that `input` does not have.
        RuntimeError: unless `step` is positive.

    >>> import minitorch
    >>> slice_copy(minitorch.arange(6), 0, 1, None, 2)
    tensor([1, 3, 5])
    """
    if step <= 0:
        raise RuntimeError(f"slice step must be positive, got {step}")
    moved = views.movedim(require_tensor("slice_copy", "input", input), dim, 0)
    return views.movedim(moved[start:end:step], 0, dim).clone()


def as_strided_scatter(
    input: Tensor, src: Tensor, size: Any, stride: Any, storage_offset: int | None = None
) -> Tensor:
    """Copy `input`, with `src` in the place that `as_strided` gives a view of.

    Raises:
        RuntimeError: if `src` has another shape than `size`.

    >>> import minitorch
    >>> as_strided_scatter(minitorch.zeros(2, 2), minitorch.ones(2), (2,), (3,))
    tensor([[1., 0.],
            [0., 1.]])
    """
    made = require_tensor("as_strided_scatter", "input", input).contiguous().clone()
    place = strided.as_strided(made, size, stride, storage_offset)
    if place.shape != src.shape:
        raise RuntimeError(
            "expected src to have a size equal to the slice of self. src size = "
            f"{list(src.shape)}, slice size = {list(place.shape)}"
        )
    place.copy_(src)
    return made
