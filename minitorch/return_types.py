"""The named tuples that some operations return: PyTorch's ``torch.return_types``.

>>> import minitorch
>>> minitorch.tensor([3.0, 1.0]).min(dim=0)
torch.return_types.min(
values=tensor(1.),
indices=tensor(1))
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from minitorch._tensor import Tensor


def _print(result: NamedTuple) -> str:
    parts = ",\n".join(f"{name}={value!r}" for name, value in result._asdict().items())
    return f"torch.return_types.{type(result).__name__}(\n{parts})"


class _ValuesAndIndices(NamedTuple):
    """Some elements, and where along the dimension they were."""

    values: Tensor
    indices: Tensor

    def __repr__(self) -> str:
        return _print(self)


class aminmax(NamedTuple):
    """Result of `aminmax`."""

    min: Tensor
    max: Tensor

    def __repr__(self) -> str:
        return _print(self)


class cummax(_ValuesAndIndices):
    """Result of `cummax`."""


class cummin(_ValuesAndIndices):
    """Result of `cummin`."""


class kthvalue(_ValuesAndIndices):
    """Result of `kthvalue`."""


class max(_ValuesAndIndices):
    """Result of `max` over a dimension."""


class median(_ValuesAndIndices):
    """Result of `median` over a dimension."""


class min(_ValuesAndIndices):
    """Result of `min` over a dimension."""


class mode(_ValuesAndIndices):
    """Result of `mode`."""


class nanmedian(_ValuesAndIndices):
    """Result of `nanmedian` over a dimension."""


class sort(_ValuesAndIndices):
    """Result of `sort`."""


class topk(_ValuesAndIndices):
    """Result of `topk`."""
