"""Where PyTorch keeps the handle of a hook."""

from __future__ import annotations

import warnings
from typing import Any

from minitorch._missing import missing
from minitorch.autograd.hooks import RemovableHandle as RemovableHandle

__all__ = ["RemovableHandle", "unserializable_hook", "warn_if_has_hooks"]


def unserializable_hook(hook):  # type: ignore[no-untyped-def]
    """Mark `hook` as one that is not saved with its tensor: none is."""
    hook.__torch_unserializable__ = True
    return hook


def warn_if_has_hooks(tensor: Any) -> None:
    """Warn that the hooks of `tensor` are not saved with it, but for those that are marked."""
    for hook in (tensor._backward_hooks or {}).values():
        if not hasattr(hook, "__torch_unserializable__"):
            warnings.warn(
                f"backward hook {hook!r} on tensor will not be serialized.  If this is expected, "
                "you can decorate the function with @torch.utils.hooks.unserializable_hook to "
                "suppress this warning",
                stacklevel=2,
            )


__getattr__ = missing(__name__)
