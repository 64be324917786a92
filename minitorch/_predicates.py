"""Questions about a tensor, as functions: ``torch.is_tensor(x)``, ``torch.numel(x)``..."""

from __future__ import annotations

from typing import Any, TypeGuard

from minitorch._constructors import TYPE_NAMES
from minitorch._storage import UntypedStorage
from minitorch._tensor import Tensor
from minitorch.ops.support.operands import require_tensor

__all__ = [
    "conj",
    "conj_physical",
    "conj_physical_",
    "get_device",
    "imag",
    "is_complex",
    "is_conj",
    "is_distributed",
    "is_floating_point",
    "is_inference",
    "is_neg",
    "is_nonzero",
    "is_same_size",
    "is_signed",
    "is_storage",
    "is_tensor",
    "is_vulkan_available",
    "isreal",
    "numel",
    "real",
    "resolve_conj",
    "resolve_neg",
    "typename",
]


def is_tensor(obj: Any) -> TypeGuard[Tensor]:
    """Whether `obj` is a tensor."""
    return isinstance(obj, Tensor)


def is_storage(obj: Any) -> bool:
    """Whether `obj` is a tensor's storage."""
    return isinstance(obj, UntypedStorage)


def is_floating_point(input: Tensor) -> bool:
    """Whether the elements are floats."""
    return require_tensor("is_floating_point", "input", input).is_floating_point()


def is_complex(input: Tensor) -> bool:
    """Always False: complex numbers are out of scope."""
    return require_tensor("is_complex", "input", input).is_complex()


def is_conj(input: Tensor) -> bool:
    """Always False: complex numbers are out of scope."""
    return require_tensor("is_conj", "input", input).is_conj()


is_neg = is_distributed = is_conj


def is_vulkan_available() -> bool:
    """False."""
    return False


def isreal(input: Tensor) -> Tensor:
    """True everywhere: complex numbers are out of scope."""
    return require_tensor("isreal", "input", input).isreal()


def conj(input: Tensor) -> Tensor:
    """The tensor itself: complex numbers are out of scope."""
    return require_tensor("conj", "input", input)


conj_physical = conj_physical_ = resolve_conj = resolve_neg = real = conj


def imag(input: Tensor) -> Tensor:
    """Refused, as PyTorch does for real tensors.

    Raises:
        RuntimeError: always.
    """
    return require_tensor("imag", "input", input).imag


def get_device(input: Tensor) -> int:
    """-1, as for every tensor on the CPU."""
    return require_tensor("get_device", "input", input).get_device()


def is_inference(input: Tensor) -> bool:
    """Whether it was made in inference mode."""
    return require_tensor("is_inference", "input", input).is_inference()


def is_nonzero(input: Tensor) -> bool:
    """Whether the one element of `input` is not 0.

    Raises:
        RuntimeError: if there is not just one.
    """
    return require_tensor("is_nonzero", "input", input).is_nonzero()


def is_same_size(input: Tensor, other: Tensor) -> bool:
    """Whether the two have the same shape."""
    return require_tensor("is_same_size", "input", input).is_same_size(other)


def is_signed(input: Tensor) -> bool:
    """Whether the dtype holds negative numbers."""
    return require_tensor("is_signed", "input", input).is_signed()


def numel(input: Tensor) -> int:
    """The number of elements."""
    return require_tensor("numel", "input", input).numel()


def typename(obj: Any) -> str:
    """PyTorch's name of an object's type: ``torch.FloatTensor`` for a float32 tensor."""
    if isinstance(obj, Tensor):
        return f"torch.{TYPE_NAMES[obj.dtype.name]}"
    kind = obj if hasattr(obj, "__qualname__") else type(obj)
    module = getattr(kind, "__module__", "builtins")
    if kind is Tensor:
        return "torch.Tensor"
    if module == "builtins":
        return kind.__qualname__
    top, dot, below = module.partition(".")
    return f"{'torch' if top == 'minitorch' else top}{dot}{below}.{kind.__qualname__}"
