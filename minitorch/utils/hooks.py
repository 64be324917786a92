"""Where PyTorch keeps the handle of a hook."""

from minitorch._missing import missing
from minitorch.autograd.hooks import RemovableHandle as RemovableHandle

__all__ = ["RemovableHandle", "unserializable_hook"]


def unserializable_hook(hook):  # type: ignore[no-untyped-def]
    """Mark `hook` as one that is not saved with its tensor: none is."""
    hook.__torch_unserializable__ = True
    return hook


__getattr__ = missing(__name__)
