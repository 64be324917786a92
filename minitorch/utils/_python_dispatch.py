"""Names of PyTorch's dispatcher, which libraries import: it is not covered, and refused in use."""

from __future__ import annotations

from typing import Any, NoReturn

from minitorch._missing import missing


class TorchDispatchMode:
    """A mode that PyTorch's dispatcher asks.

    Raises:
        NotImplementedError: when it is entered.
    """

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        raise NotImplementedError

    def __enter__(self) -> NoReturn:
        raise NotImplementedError(
            f"{type(self).__name__}: __torch_dispatch__ is not covered by minitorch, and would "
            "never be called; derive from torch.overrides.TorchFunctionMode"
        )

    def __exit__(self, *exc_info: object) -> None:
        pass


def is_traceable_wrapper_subclass(t: object) -> bool:
    """False: no tensor is a wrapper around others."""
    return False


is_traceable_wrapper_subclass_type = is_traceable_wrapper_subclass

__getattr__ = missing(__name__)
