"""Hypothesis strategies: `tensors` for tests of any kind, `gradients` for checks of gradients.

>>> from hypothesis import given
>>> import minitorch
>>> from minitorch.testing.strategies import tensors
>>> @given(tensors(dtype=minitorch.float64))
... def test_doubling(x):
...     minitorch.testing.assert_close(x + x, 2 * x, equal_nan=True)
>>> test_doubling()
"""

from minitorch._extras import require

require("hypothesis", wanted_for="minitorch.testing.strategies", extra="pytest")

from minitorch.testing.strategies.gradients import (  # noqa: E402
    gradient_inputs as gradient_inputs,
    gradient_pairs as gradient_pairs,
    gradient_values as gradient_values,
)
from minitorch.testing.strategies.tensors import (  # noqa: E402
    BINARY as BINARY,
    FLOATING as FLOATING,
    INTEGRAL as INTEGRAL,
    LAYOUTS as LAYOUTS,
    REDUCING as REDUCING,
    UNARY as UNARY,
    OpCase as OpCase,
    broadcastable_shapes as broadcastable_shapes,
    dtypes as dtypes,
    layouts as layouts,
    op_cases as op_cases,
    ordinary_values as ordinary_values,
    shapes as shapes,
    special_values as special_values,
    tensors as tensors,
    values as values,
)
