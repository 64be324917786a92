"""Another tensor in the place of a module's parameter or buffer, where libraries look for it."""

from __future__ import annotations

from minitorch._missing import missing
from minitorch._tensor import Tensor
from minitorch.nn.modules.module import Module

_MISSING: object = object()


def swap_tensor(
    module: Module, name: str, tensor: object, allow_missing: bool = False
) -> Tensor | object | None:
    """Put `tensor` in the place of the parameter, buffer or attribute `name`; return the old one.

    Args:
        module: whose it is.
        name: of it in `module` itself, without a dot.
        tensor: need not be a parameter; None, or `_MISSING`, which takes the name away.
        allow_missing: whether there may be none, which is returned as `_MISSING`.

    Raises:
        TypeError: if `module` is no module, or `tensor` or what was there no tensor.
        KeyError: for a name that is empty or has a dot.
        AttributeError: if there is none, and there must be.
    """
    if not isinstance(module, Module):
        raise TypeError(f"{module} is not an instance of torch.nn.Module")
    if tensor is not _MISSING:
        _require_tensor_or_none("", tensor)
    if "." in name:
        raise KeyError('tensor name can\'t contain "."')
    if name == "":
        raise KeyError('tensor name can\'t be empty string ""')
    old: Tensor | object | None
    for held in (module._parameters, module._buffers):
        if name in held:
            old = held[name]
            if tensor is _MISSING:
                del held[name]
            else:
                held[name] = tensor
            return old
    old = getattr(module, name, _MISSING)
    if old is not _MISSING:
        _require_tensor_or_none(f"attribute `{name}`: ", old)
    elif not allow_missing:
        raise AttributeError(f"{module._get_name()} has no attribute `{name}`")
    if tensor is not _MISSING:
        setattr(module, name, tensor)
    elif old is not _MISSING:
        delattr(module, name)
    return old


def _require_tensor_or_none(which: str, value: object) -> None:
    if value is not None and not isinstance(value, Tensor):
        raise TypeError(f"{which}{value} is not an instance of torch.Tensor")


__getattr__ = missing(__name__)
