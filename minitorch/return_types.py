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


class _MinAndMax(NamedTuple):
    min: Tensor
    max: Tensor

    def __repr__(self) -> str:
        return _print(self)


class aminmax(_MinAndMax):
    """What `aminmax` returns."""


class cummax(_ValuesAndIndices):
    """What `cummax` returns."""


class cummin(_ValuesAndIndices):
    """What `cummin` returns."""


class kthvalue(_ValuesAndIndices):
    """What `kthvalue` returns."""


class max(_ValuesAndIndices):
    """What `max` over a dimension returns."""


class median(_ValuesAndIndices):
    """What `median` over a dimension returns."""


class min(_ValuesAndIndices):
    """What `min` over a dimension returns."""


class mode(_ValuesAndIndices):
    """What `mode` returns."""


class nanmedian(_ValuesAndIndices):
    """What `nanmedian` over a dimension returns."""


class sort(_ValuesAndIndices):
    """What `sort` returns."""


class topk(_ValuesAndIndices):
    """What `topk` returns."""
