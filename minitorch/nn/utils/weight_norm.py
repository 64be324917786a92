"""Weight normalisation (Salimans & Kingma, 2016), in PyTorch's old form: a hook.

The new one is in `minitorch.nn.utils.parametrizations`.
"""

from __future__ import annotations

import warnings
from typing import Any, TypeVar

from minitorch._tensor import Tensor
from minitorch.nn.modules.module import Module
from minitorch.nn.parameter import Parameter, is_lazy
from minitorch.nn.utils._hooks import refuse_second, take_off
from minitorch.ops.nn.normalization import norm_except_dim, weight_norm as weight_of

M = TypeVar("M", bound=Module)


class WeightNorm:
    """The hook that computes the weight from its direction and its norm before each call."""

    def __init__(self, name: str, dim: int | None) -> None:
        self.name, self.dim = name, -1 if dim is None else dim

    def compute_weight(self, module: Module) -> Tensor:
        """The weight as it is now."""
        norms, directions = (getattr(module, f"{self.name}_{part}") for part in "gv")
        return weight_of(directions, norms, self.dim)

    def remove(self, module: Module) -> None:
        """Make the weight a parameter again."""
        weight = self.compute_weight(module)
        delattr(module, self.name)
        for part in "gv":
            del module._parameters[f"{self.name}_{part}"]
        setattr(module, self.name, Parameter(weight.data))

    def __call__(self, module: Module, inputs: Any) -> None:
        setattr(module, self.name, self.compute_weight(module))


def weight_norm(module: M, name: str = "weight", dim: int | None = 0) -> M:
    """Make parameter `name` the product of a learned norm (``name_g``) and direction (``name_v``).

    Args:
        dim: for each index of this dimension there is a norm; None for one altogether.

    Raises:
        RuntimeError: if it is already.
        ValueError: if it has no shape yet.
    """
    warnings.warn(
        "`torch.nn.utils.weight_norm` is deprecated in favor of "
        "`torch.nn.utils.parametrizations.weight_norm`.",
        FutureWarning,
        stacklevel=2,
    )
    refuse_second(module, WeightNorm, name, "weight_norm")
    hook = WeightNorm(name, dim)
    weight = getattr(module, name)
    if is_lazy(weight):
        raise ValueError(
            "The module passed to `WeightNorm` can't have uninitialized parameters. Make sure to "
            "run the dummy forward before applying weight normalization"
        )
    del module._parameters[name]
    module.register_parameter(f"{name}_g", Parameter(norm_except_dim(weight, 2, hook.dim).data))
    module.register_parameter(f"{name}_v", Parameter(weight.data))
    setattr(module, name, hook.compute_weight(module))
    module.register_forward_pre_hook(hook)
    return module


def remove_weight_norm(module: M, name: str = "weight") -> M:
    """Make parameter `name` one again.

    Raises:
        ValueError: if it is not normalised.
    """
    hook = take_off(module._forward_pre_hooks, WeightNorm, name)
    if hook is None:
        raise ValueError(f"weight_norm of '{name}' not found in {module}")
    hook.remove(module)
    return module
