"""Names that libraries ask for in the part of PyTorch that is written in C++."""

from __future__ import annotations

import enum
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from minitorch import overrides as _overrides
from minitorch._missing import missing
from minitorch._not_covered import refused
from minitorch._storage import UntypedStorage as StorageBase
from minitorch._tensor import (
    Tensor as TensorBase,
    _disabled_torch_function_impl as _disabled_torch_function_impl,
)
from minitorch.random import Generator as Generator

__all__ = ["Generator", "ScriptObject", "StorageBase", "TensorBase", "Value"]
_TensorBase, _TensorMeta = TensorBase, type(TensorBase)


class ScriptObject:
    """An object of TorchScript: nothing is one."""


class Value:
    """A value of TorchScript's graph: nothing is one."""


PyTorchFileReader = refused("torch.PyTorchFileReader")
PyTorchFileWriter = refused("torch.PyTorchFileWriter")


class DispatchKey(enum.Flag):
    """Keys that PyTorch chooses kernels by: nothing is chosen here."""

    CPU = CUDA = XPU = Meta = 1
    Autograd = AutogradCPU = AutogradCUDA = 2
    AutocastCPU = AutocastCUDA = AutocastXPU = 4
    CompositeImplicitAutograd = CompositeExplicitAutograd = 8


def DispatchKeySet(key: Any) -> Any:
    """Return the set of one key, or of several joined by ``|``: nothing is dispatched by them."""
    return key


def _ExcludeDispatchKeyGuard(keys: Any) -> AbstractContextManager[None]:
    """Return a context manager that changes nothing."""
    return nullcontext()


_IncludeDispatchKeyGuard = _ExcludeDispatchKeyGuard


def _log_api_usage_once(event: str) -> None:
    """Do nothing: nobody counts."""


def _get_tracing_state() -> None:
    """None: nothing is traced."""


def _is_tracing() -> bool:
    """False."""
    return False


_jit_set_profiling_executor = _jit_set_profiling_mode = lambda on: False
_has_mkldnn = _has_cuda = has_mkl = False


def DisableTorchFunctionSubclass() -> AbstractContextManager[None]:
    """Return a context manager within which no class takes a function over."""
    return _overrides.disabled()


def DisableTorchFunction() -> AbstractContextManager[None]:
    """Return a context manager within which no class and no mode takes a function over."""
    return _overrides.disabled(2)


__getattr__ = missing(__name__, {"_nn": "minitorch._C._nn"})
