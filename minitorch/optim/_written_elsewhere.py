"""Names for libraries that write optimizers of their own: those of `torch.optim.optimizer`."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from minitorch._dtypes import dtype, float32, float64, get_default_dtype
from minitorch._tensor import Tensor
from minitorch.autograd.mode import set_grad_enabled
from minitorch.optim._common import number

ParamsT: TypeAlias = Iterable[Tensor] | Iterable[dict[str, Any]] | Iterable[tuple[str, Tensor]]
params_t = ParamsT
_params_doc = _foreach_doc = _fused_doc = _maximize_doc = ""
_capturable_doc = _differentiable_doc = ""


class _RequiredParameter:
    """The default of an option that has none."""

    def __repr__(self) -> str:
        return "<required parameter>"


required = _RequiredParameter()


def _use_grad_for_differentiable(func: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a `step` that is recorded if the optimizer is to be differentiated."""

    @functools.wraps(func)
    def step(self: Any, *args: Any, **kwargs: Any) -> Any:
        with set_grad_enabled(self.defaults["differentiable"]):
            return func(self, *args, **kwargs)

    return step


def _disable_dynamo_if_unsupported(single_tensor_fn: Any = None) -> Callable[[Any], Any]:
    """Return a decorator that changes nothing: nothing is compiled."""
    return lambda function: function


def _default_to_fused_or_foreach(
    params: list[Tensor], differentiable: bool, use_fused: bool = False
) -> tuple[bool, bool]:
    """Neither, as on any CPU."""
    return False, False


_get_value = number
_to_scalar = number


def _dispatch_sqrt(x: Any) -> Any:
    """The square root of a number, or of a tensor."""
    return x.sqrt() if isinstance(x, Tensor) else math.sqrt(x)


def _stack_if_compiling(x: Any) -> Any:
    """`x` itself: nothing is compiled."""
    return x


def _view_as_real(params: list[Tensor], *state_and_grads: list[Tensor]) -> None:
    """Do nothing: complex numbers are out of scope."""


def _get_scalar_dtype(is_fused: bool | None = None) -> dtype:
    """The dtype of a count of steps."""
    return float64 if get_default_dtype() is float64 and not is_fused else float32


def _get_capturable_supported_devices(supports_xla: bool = True) -> list[str]:
    """Empty: there is the CPU alone."""
    return []
