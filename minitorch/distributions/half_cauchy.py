"""The half Cauchy distribution."""

from __future__ import annotations

import math
from typing import ClassVar

from minitorch._tensor import Tensor
from minitorch.distributions.cauchy import Cauchy
from minitorch.distributions.half_normal import Half
from minitorch.factory import full


class HalfCauchy(Half):
    """Absolute values of Cauchy variables of median 0.

    Args:
        scale: half the width of these at half the height, a number or a tensor.
        validate_args: whether to check arguments.

    >>> import minitorch
    >>> HalfCauchy(1.0).cdf(minitorch.tensor(1.0))
    tensor(0.5000)
    """

    _expanded: ClassVar = {}
    _base = Cauchy

    @property
    def mean(self) -> Tensor:
        return full(self._extended_shape(), math.inf, dtype=self.scale.dtype)

    @property
    def variance(self) -> Tensor:
        return self.base_dist.variance
