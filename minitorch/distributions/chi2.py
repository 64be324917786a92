"""The chi-squared distribution."""

from __future__ import annotations

from typing import Any, ClassVar

from minitorch._tensor import Tensor
from minitorch.distributions import constraints
from minitorch.distributions.gamma import Gamma


class Chi2(Gamma):
    """Sums of squares of `df` standard normal variables.

    Args:
        df: degrees of freedom, a number or a tensor.
        validate_args: whether to check arguments.

    >>> Chi2(3.0).variance
    tensor(6.)
    """

    arg_constraints: ClassVar[Any] = {"df": constraints.positive}
    _expanded: ClassVar = Gamma._expanded

    def __init__(self, df: Any, validate_args: bool | None = None) -> None:
        super().__init__(0.5 * df, 0.5, validate_args=validate_args)

    @property
    def df(self) -> Tensor:
        """Degrees of freedom."""
        return self.concentration * 2
