"""For tests: comparing results, making tensors, checking gradients.

`close` is `assert_close`; `creation` is `make_tensor`; `gradients` is `assert_gradients`;
`strategies` draws tensors for Hypothesis, and is imported by itself: it needs the extra `test`.
"""

from minitorch._missing import missing
from minitorch.testing.close import assert_allclose, assert_close
from minitorch.testing.creation import make_tensor
from minitorch.testing.gradients import assert_gradients

__all__ = ["assert_allclose", "assert_close", "assert_gradients", "make_tensor"]

__getattr__ = missing(__name__)
