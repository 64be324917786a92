"""A layer without its initialisation."""

from __future__ import annotations

import inspect
from typing import Any

from minitorch.nn.modules.module import Module
from minitorch.random import fork_rng


def skip_init(module_cls: type[Module], *args: Any, **kwargs: Any) -> Any:
    """A module of which the parameters hold no particular values, and for which nothing is drawn.

    Raises:
        RuntimeError: for a class that is no module, or whose constructor takes no `device`.

    >>> from minitorch import nn
    >>> skip_init(nn.Linear, 2, 3)
    Linear(in_features=2, out_features=3, bias=True)
    """
    if not issubclass(module_cls, Module):
        raise RuntimeError(f"Expected a Module; got {module_cls}")
    if "device" not in inspect.signature(module_cls).parameters:
        raise RuntimeError("Module must support a 'device' arg to skip initialization")
    with fork_rng():
        return module_cls(*args, **kwargs).to_empty(device=kwargs.get("device", "cpu"))
