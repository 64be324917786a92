"""Spectral normalisation (Miyato et al., 2018), in PyTorch's old form: a hook.

The new one is in `minitorch.nn.utils.parametrizations`.
"""

from __future__ import annotations

from typing import Any, TypeVar

from minitorch._tensor import Tensor
from minitorch.autograd.mode import no_grad
from minitorch.nn import functional as F
from minitorch.nn.modules.conv import _ConvTransposeNd
from minitorch.nn.modules.module import Module
from minitorch.nn.parameter import Parameter, is_lazy
from minitorch.nn.utils._hooks import refuse_second, take_off

M = TypeVar("M", bound=Module)


def as_matrix(weight: Tensor, dim: int) -> Tensor:
    """The weight with a row for each index of `dim`."""
    if dim != 0:
        weight = weight.permute(dim, *(d for d in range(weight.dim()) if d != dim))
    return weight.reshape(weight.size(0), -1)


def dim_of_outputs(module: Module) -> int:
    """The dimension of a layer's weight that counts its outputs."""
    return 1 if isinstance(module, _ConvTransposeNd) else 0


def check_iterations(n_power_iterations: int) -> None:
    """Refuse a number of iterations that is not positive."""
    if n_power_iterations <= 0:
        raise ValueError(
            "Expected n_power_iterations to be positive, but got "
            f"n_power_iterations={n_power_iterations}"
        )


class SpectralNorm:
    """The hook that divides the weight by its largest singular value before each call.

    That is estimated by power iteration, one step a call in training.
    """

    _version = 1

    def __init__(
        self, name: str = "weight", n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12
    ) -> None:
        check_iterations(n_power_iterations)
        self.name, self.n_power_iterations = name, n_power_iterations
        self.dim, self.eps = dim, eps

    def compute_weight(self, module: Module, do_power_iteration: bool) -> Tensor:
        """The weight as it is now; `do_power_iteration` betters the singular vectors first."""
        weight, u, v = (getattr(module, f"{self.name}_{part}") for part in ("orig", "u", "v"))
        matrix = as_matrix(weight, self.dim)
        if do_power_iteration:
            with no_grad():
                for _ in range(self.n_power_iterations):
                    v.copy_(F.normalize(matrix.t().mv(u), dim=0, eps=self.eps))
                    u.copy_(F.normalize(matrix.mv(v), dim=0, eps=self.eps))
                # The next call will change these buffers; this one's graph keeps copies.
                u, v = u.clone(), v.clone()
        return weight / u.dot(matrix.mv(v))

    def remove(self, module: Module) -> None:
        """Make the weight a parameter again."""
        with no_grad():
            weight = self.compute_weight(module, do_power_iteration=False)
        for suffix in ("", "_u", "_v", "_orig"):
            delattr(module, self.name + suffix)
        module.register_parameter(self.name, Parameter(weight.detach()))

    def __call__(self, module: Module, inputs: Any) -> None:
        setattr(module, self.name, self.compute_weight(module, module.training))


class SpectralNormLoadStateDictPreHook:
    """Refuses states from before there was a version."""

    def __init__(self, fn: SpectralNorm) -> None:
        self.fn, self.name = fn, fn.name

    def __call__(self, state_dict: Any, prefix: str, local_metadata: Any, *lists: Any) -> None:
        key = prefix + self.name
        if "spectral_norm" not in local_metadata and key in state_dict:
            error_msgs = lists[-1]
            error_msgs.append(
                f'"{key}" is of a spectral_norm of a very old version of PyTorch, which is not '
                "covered; load and save it there first"
            )


class SpectralNormStateDictHook:
    """Writes the version into the state dict's metadata."""

    def __init__(self, fn: SpectralNorm) -> None:
        self.fn, self.name = fn, fn.name

    def __call__(self, module: Module, state_dict: Any, prefix: str, local_metadata: Any) -> None:
        versions = local_metadata.setdefault("spectral_norm", {})
        key = f"{self.name}.version"
        if key in versions:
            raise RuntimeError(f"Unexpected key in metadata['spectral_norm']: {key}")
        versions[key] = self.fn._version


def spectral_norm(
    module: M,
    name: str = "weight",
    n_power_iterations: int = 1,
    eps: float = 1e-12,
    dim: int | None = None,
) -> M:
    """Make parameter `name` the quotient of ``name_orig`` and its largest singular value.

    Args:
        n_power_iterations: how many steps to better the estimate, at each call in training.
        eps: the least norm of the singular vectors.
        dim: the dimension that counts the outputs; by default 0, or 1 for transposed convolutions.

    Raises:
        RuntimeError: if it is already.
        ValueError: for no iterations, or a parameter that is None.
    """
    refuse_second(module, SpectralNorm, name, "spectral_norm")
    fn = SpectralNorm(name, n_power_iterations, dim_of_outputs(module) if dim is None else dim, eps)
    weight = module._parameters[name]
    if weight is None:
        raise ValueError(f"`SpectralNorm` cannot be applied as parameter `{name}` is None")
    if is_lazy(weight):
        raise ValueError(
            "The module passed to `SpectralNorm` can't have uninitialized parameters. Make sure to "
            "run the dummy forward before applying spectral normalization"
        )
    with no_grad():
        height, width = as_matrix(weight, fn.dim).size()
        u = F.normalize(weight.new_empty(height).normal_(0, 1), dim=0, eps=eps)
        v = F.normalize(weight.new_empty(width).normal_(0, 1), dim=0, eps=eps)
    delattr(module, name)
    module.register_parameter(f"{name}_orig", weight)
    setattr(module, name, weight.data)  # what the first call replaces
    module.register_buffer(f"{name}_u", u)
    module.register_buffer(f"{name}_v", v)
    module.register_forward_pre_hook(fn)
    module._register_state_dict_hook(SpectralNormStateDictHook(fn))
    module._register_load_state_dict_pre_hook(SpectralNormLoadStateDictPreHook(fn))
    return module


def remove_spectral_norm(module: M, name: str = "weight") -> M:
    """Make parameter `name` one again, with the values that it has.

    Raises:
        ValueError: if it is not normalised.
    """
    hook = take_off(module._forward_pre_hooks, SpectralNorm, name)
    if hook is None:
        raise ValueError(f"spectral_norm of '{name}' not found in {module}")
    hook.remove(module)
    take_off(module._state_dict_hooks, SpectralNormStateDictHook, name)
    take_off(module._load_state_dict_pre_hooks, SpectralNormLoadStateDictPreHook, name)
    return module
